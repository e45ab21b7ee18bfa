package dev.millrace.crds;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class CompatibilityTest {
  private static final Path CRDS = Path.of(System.getProperty("millrace.root"), "crds");
  private static final String SPEC = "/spec/versions/0/schema/openAPIV3Schema/properties/spec";

  /** {@code crds/released/VERSION} holds the CRDs of each release, from the first one on. */
  @Test
  void takesWhatEveryReleaseTook() throws IOException {
    if (!Files.exists(CRDS.resolve("released"))) {
      return;
    }
    try (Stream<Path> released = Files.walk(CRDS.resolve("released"))) {
      for (Path before : released.filter(f -> f.toString().endsWith(".yaml")).toList()) {
        assertThat(
                Compatibility.problems(
                    Crds.YAML.readTree(before.toFile()),
                    Crds.YAML.readTree(CRDS.resolve(before.getFileName()).toFile())))
            .as(before.toString())
            .isEmpty();
      }
    }
  }

  @Test
  void nothingIsWrongWithWhatIsTheSame() throws IOException {
    assertThat(Compatibility.problems(crd(), crd())).isEmpty();
  }

  @Test
  void wideningIsCompatible() throws IOException {
    assertThat(
            changed(
                spec -> {
                  ((ObjectNode) spec.at("/properties")).putObject("checks").put("type", "array");
                  ((ObjectNode) spec.at("/properties/sinks")).put("maxItems", 128);
                  ((ObjectNode) spec.at("/properties/state")).withArray("enum").add("drained");
                  ((ObjectNode) spec).remove("required");
                }))
        .isEmpty();
  }

  @Test
  void aFieldThatIsGoneIsFound() throws IOException {
    assertThat(changed(spec -> ((ObjectNode) spec.at("/properties")).remove("sinks")))
        .containsExactly("spec.sinks: field is gone");
  }

  @Test
  void anotherTypeIsFound() throws IOException {
    assertThat(
            changed(
                spec ->
                    ((ObjectNode) spec.at("/properties/sources/items/properties/partitions"))
                        .put("type", "string")))
        .containsExactly("spec.sources[].partitions: type was \"integer\", is \"string\"");
  }

  @Test
  void narrowingIsFound() throws IOException {
    assertThat(
            changed(
                spec -> {
                  ((ObjectNode) spec.at("/properties/sinks")).put("maxItems", 8);
                  ((ObjectNode) spec.at("/properties/state")).putArray("enum").add("running");
                  ((ObjectNode) spec).withArray("required").add("sinks");
                  ((ObjectNode) spec)
                      .withArray("x-kubernetes-validations")
                      .addObject()
                      .put("rule", "false");
                }))
        .containsExactlyInAnyOrder(
            "spec.sinks: maxItems was 64, is 8",
            "spec.state: enum value paused is gone",
            "spec.state: enum value stopped is gone",
            "spec.sinks: is required now",
            "spec: new rule false");
  }

  @Test
  void aVersionThatIsGoneIsFound() throws IOException {
    JsonNode after = crd();
    ((ObjectNode) after.at("/spec/versions/0")).put("name", "v1");
    assertThat(Compatibility.problems(crd(), after)).containsExactly("v1alpha1: version is gone");
  }

  private static List<String> changed(Consumer<JsonNode> change) throws IOException {
    JsonNode after = crd();
    change.accept(after.at(SPEC));
    return Compatibility.problems(crd(), after);
  }

  private static JsonNode crd() throws IOException {
    return Crds.YAML.readTree(CRDS.resolve("pipelines.millrace.dev.yaml").toFile());
  }
}
