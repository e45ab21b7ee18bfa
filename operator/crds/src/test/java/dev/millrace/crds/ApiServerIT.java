package dev.millrace.crds;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.FieldValidateable;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The checked-in CRDs on a real API server: what it takes, what it refuses, and in which words. */
class ApiServerIT {
  private static final Path ROOT = Path.of(System.getProperty("millrace.root"));
  private static final StringBuilder messages = new StringBuilder();
  private static ApiServer server;

  @BeforeAll
  static void start() throws IOException, InterruptedException {
    server = new ApiServer();
    for (Crds.Kind kind : Crds.Kind.values()) {
      Path file = ROOT.resolve("crds/" + kind.crdName() + ".yaml");
      server
          .client()
          .resource(Serialization.unmarshal(Files.readString(file), CustomResourceDefinition.class))
          .create();
    }
    for (Crds.Kind kind : Crds.Kind.values()) {
      Awaitility.await(kind.crdName())
          .atMost(Duration.ofSeconds(60))
          .untilAsserted(
              () ->
                  assertThat(
                          server
                              .client()
                              .apiextensions()
                              .v1()
                              .customResourceDefinitions()
                              .withName(kind.crdName())
                              .get()
                              .getStatus()
                              .getConditions())
                      .anyMatch(
                          c -> c.getType().equals("Established") && c.getStatus().equals("True"))
                      // A schema that is not structural is accepted, and reported here.
                      .noneMatch(c -> c.getType().equals("NonStructuralSchema")));
    }
  }

  @AfterAll
  static void stop() throws IOException {
    Files.writeString(
        ROOT.resolve("operator/crds/target/messages.txt"), messages, StandardCharsets.UTF_8);
    if (server != null) {
      server.close();
    }
  }

  static Stream<Fixture> good() {
    return Fixture.all("good");
  }

  static Stream<Fixture> documented() {
    return Fixture.documented("how-to/production.md");
  }

  @ParameterizedTest
  @MethodSource
  void documented(Fixture fixture) {
    Resource<GenericKubernetesResource> resource = resource(fixture.document(), "documented");
    assertThat(resource.fieldValidation(FieldValidateable.Validation.STRICT).create()).isNotNull();
    resource.delete();
  }

  static Stream<Fixture> bad() {
    return Fixture.all("bad");
  }

  static Stream<Fixture> change() {
    return Fixture.all("change");
  }

  @ParameterizedTest
  @MethodSource
  void good(Fixture fixture) {
    Resource<GenericKubernetesResource> resource = resource(fixture.document(), fixture.toString());
    assertThat(resource.fieldValidation(FieldValidateable.Validation.STRICT).create()).isNotNull();
    resource.delete();
  }

  @ParameterizedTest
  @MethodSource
  void bad(Fixture fixture) {
    KubernetesClientException refusal =
        catchThrowableOfType(
            KubernetesClientException.class,
            () ->
                resource(fixture.document(), fixture.document().at("/metadata/name").asText())
                    .fieldValidation(FieldValidateable.Validation.STRICT)
                    .create());
    assertThat(refusal).as("refused").isNotNull();
    note(fixture, refusal);
    assertThat(refusal.getMessage()).contains(fixture.api().orElseThrow());
  }

  @ParameterizedTest
  @MethodSource
  void change(Fixture fixture) {
    Resource<GenericKubernetesResource> first =
        resource(fixture.documents().get(0), fixture.toString());
    GenericKubernetesResource created = first.create();
    KubernetesClientException refusal =
        catchThrowableOfType(
            KubernetesClientException.class,
            () -> {
              GenericKubernetesResource changed =
                  generic(fixture.documents().get(1), fixture.toString());
              changed.getMetadata().setResourceVersion(created.getMetadata().getResourceVersion());
              server.client().resource(changed).inNamespace("default").update();
            });
    first.delete();
    assertThat(refusal).as("refused").isNotNull();
    note(fixture, refusal);
    assertThat(refusal.getMessage()).contains(fixture.api().orElseThrow());
  }

  @Test
  void demoTvIsAccepted() throws IOException {
    JsonNode demo = Crds.YAML.readTree(ROOT.resolve("demo-tv/pipeline.yaml").toFile());
    Resource<GenericKubernetesResource> resource = resource(demo, "tv");
    assertThat(resource.fieldValidation(FieldValidateable.Validation.STRICT).create()).isNotNull();
    resource.delete();
  }

  /** Names in the fixtures are as they may be in one namespace at a time. */
  private static Resource<GenericKubernetesResource> resource(JsonNode document, String name) {
    return server.client().resource(generic(document, name)).inNamespace("default");
  }

  private static GenericKubernetesResource generic(JsonNode document, String name) {
    ObjectNode copy = document.deepCopy();
    if (document.at("/metadata/name").asText().length() < 52) {
      ((ObjectNode) copy.path("metadata")).put("name", name);
    }
    return Serialization.unmarshal(copy.toString(), GenericKubernetesResource.class);
  }

  private static void note(Fixture fixture, KubernetesClientException refusal) {
    String text =
        refusal.getStatus() == null ? refusal.getMessage() : refusal.getStatus().getMessage();
    messages.append(fixture).append(": ").append(text).append('\n');
  }
}
