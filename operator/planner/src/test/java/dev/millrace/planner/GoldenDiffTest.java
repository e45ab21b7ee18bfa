package dev.millrace.planner;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.millrace.model.ManifestReader;
import dev.millrace.model.Pipeline;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A pipeline was applied ({@code base-*}), then it was edited, or somebody did something in a
 * backend ({@code in.yaml}): what would happen now ({@code out.yaml}), a directory a case. {@code
 * -Dmillrace.golden.update=true} writes what would happen now, to be read before it is committed.
 *
 * <p>{@code in.yaml}: {@code base} names the pipeline, {@code edits} are replacements in its text,
 * {@code catalog} and {@code observed} are merge patches (RFC 7396) on what is known and seen.
 */
class GoldenDiffTest {
  private static final YAMLMapper YAML =
      YAMLMapper.builder()
          .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
          .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
          .disable(YAMLGenerator.Feature.SPLIT_LINES)
          .build();
  private static final Path GOLDEN = Path.of("src/test/resources/golden-diff");
  private static final String PREFIX = "team-a.";

  static Stream<Path> cases() throws IOException {
    return Files.list(GOLDEN).filter(Files::isDirectory).sorted();
  }

  private static JsonNode read(Path file) throws IOException {
    return Files.exists(file) ? YAML.readTree(file.toFile()) : YAML.createObjectNode();
  }

  private static Pipeline pipeline(String text) {
    ManifestReader.Read<Pipeline> read = ManifestReader.pipeline(text);
    assertThat(read.problems()).isEmpty();
    return read.resource();
  }

  private static Plan plan(Pipeline pipeline, JsonNode catalog) {
    Plan plan = Planner.plan(pipeline, GoldenTest.platform(), new FileCatalog(catalog));
    assertThat(plan.problems()).isEmpty();
    return plan;
  }

  @ParameterizedTest
  @MethodSource("cases")
  void differsAsBefore(Path directory) throws IOException {
    JsonNode in = read(directory.resolve("in.yaml"));
    String base = in.path("base").asText();
    String text = Files.readString(GOLDEN.resolve("base-" + base + ".yaml"));
    JsonNode catalog = read(GOLDEN.resolve("base-" + base + "-catalog.yaml"));
    Pipeline before = pipeline(text);
    Observed observed = Applied.of(plan(before, catalog), PREFIX + before.name());
    if (in.has("observed")) {
      observed =
          YAML.convertValue(merged(YAML.valueToTree(observed), in.get("observed")), Observed.class);
    }
    for (JsonNode edit : in.path("edits")) {
      assertThat(text).contains(edit.path("find").asText());
      text = text.replace(edit.path("find").asText(), edit.path("put").asText());
    }
    Pipeline after = pipeline(text);
    Plan plan = plan(after, merged(catalog, in.path("catalog")));
    Changes changes = Diff.of(plan, after, PREFIX + after.name(), observed);
    assertThat(Diff.of(plan, after, PREFIX + after.name(), observed)).isEqualTo(changes);

    String out = YAML.writeValueAsString(yaml(after, plan, changes));
    Path expected = directory.resolve("out.yaml");
    if (Boolean.getBoolean("millrace.golden.update")) {
      Files.writeString(expected, out);
    }
    assertThat(out).isEqualTo(Files.readString(expected));
  }

  private static ObjectNode yaml(Pipeline pipeline, Plan plan, Changes changes) {
    ObjectNode out = YAML.createObjectNode();
    out.put("impact", changes.impact().label());
    changes.silent().forEach((type, why) -> out.withObject("/silent").put(type, why));
    for (Change change : changes.all()) {
      ObjectNode node = out.withArray("changes").addObject();
      node.put("what", change.action().sign() + " " + change.impact() + " " + change.resource());
      node.put("for", change.component());
      if (change.drift()) {
        node.put("drift", true);
      }
      if (!change.reason().isEmpty()) {
        node.put("reason", change.reason());
      }
      for (FieldChange field : change.fields()) {
        node.withArray("fields")
            .add(
                field
                    + " ("
                    + field.impact()
                    + ")"
                    + (field.reason().isEmpty() ? "" : " " + field.reason()));
      }
    }
    Holds.of(Topology.of(pipeline, plan), changes, Consent.NONE)
        .forEach(
            (component, hold) ->
                out.withObject("/held")
                    .put(component, hold.needs() + " because of " + hold.because()));
    return out;
  }

  private static JsonNode merged(JsonNode target, JsonNode patch) {
    if (!patch.isObject()) {
      return patch.isMissingNode() ? target : patch;
    }
    ObjectNode out = target.isObject() ? target.deepCopy() : YAML.createObjectNode();
    for (Map.Entry<String, JsonNode> entry : patch.properties()) {
      if (entry.getValue().isNull()) {
        out.remove(entry.getKey());
      } else {
        out.set(entry.getKey(), merged(out.path(entry.getKey()), entry.getValue()));
      }
    }
    return out;
  }

  @Test
  void noFileIsUnused() throws IOException {
    Set<String> bases = new HashSet<>();
    for (Path directory : cases().toList()) {
      JsonNode in = read(directory.resolve("in.yaml"));
      bases.add("base-" + in.path("base").asText() + ".yaml");
      bases.add("base-" + in.path("base").asText() + "-catalog.yaml");
      assertThat(in.properties().stream().map(Map.Entry::getKey))
          .isSubsetOf("base", "edits", "catalog", "observed");
      assertThat(names(directory)).containsExactlyInAnyOrder("in.yaml", "out.yaml");
    }
    assertThat(names(GOLDEN).stream().filter(n -> n.endsWith(".yaml")))
        .containsExactlyInAnyOrderElementsOf(bases);
  }

  private static List<String> names(Path directory) throws IOException {
    return Files.list(directory).map(p -> p.getFileName().toString()).toList();
  }

  /** Two plans that do the same have one hash; whatever is wanted or done otherwise has another. */
  @Test
  void theHashFollowsWhatIsWantedAndWhatIsThere() throws IOException {
    String text = Files.readString(GOLDEN.resolve("base-tv.yaml"));
    JsonNode catalog = read(GOLDEN.resolve("base-tv-catalog.yaml"));
    Pipeline pipeline = pipeline(text);
    Plan plan = plan(pipeline, catalog);
    Observed observed = Applied.of(plan, "team-a.tv");
    String hash = Diff.of(plan, pipeline, "team-a.tv", observed).hash();
    assertThat(Diff.of(plan(pipeline, catalog), pipeline, "team-a.tv", observed).hash())
        .isEqualTo(hash);
    Pipeline edited = pipeline(text.replace("tasks: 2", "tasks: 3"));
    assertThat(Diff.of(plan(edited, catalog), edited, "team-a.tv", observed).hash())
        .isNotEqualTo(hash);
    Observed without =
        YAML.convertValue(
            merged(
                YAML.valueToTree(observed),
                YAML.readTree("{connectors: {team-a.tv.minutes-es: null}}")),
            Observed.class);
    assertThat(Diff.of(plan, pipeline, "team-a.tv", without).hash()).isNotEqualTo(hash);
  }
}
