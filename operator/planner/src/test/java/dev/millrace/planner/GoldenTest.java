package dev.millrace.planner;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.millrace.model.ManifestReader;
import dev.millrace.model.Pipeline;
import dev.millrace.model.Platform;
import dev.millrace.model.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * From {@code in-pipeline.yaml} and what is known ({@code in-catalog.yaml}) to {@code out.yaml}, a
 * directory a case. {@code -Dmillrace.golden.update=true} writes what is planned now, to be read
 * before it is committed.
 */
class GoldenTest {
  private static final YAMLMapper YAML =
      YAMLMapper.builder()
          .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
          .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
          .disable(YAMLGenerator.Feature.SPLIT_LINES)
          .build();
  private static final Path GOLDEN = Path.of("src/test/resources/golden");

  static Stream<Path> cases() throws IOException {
    return Files.list(GOLDEN).filter(Files::isDirectory).sorted();
  }

  static Platform platform() {
    return Platform.of(
        "default",
        new Platform.Spec(
            "team-a.",
            new Platform.Kafka("kafka:9092", 4, 1),
            new Platform.SchemaRegistry("http://registry/apis/ccompat/v7"),
            new Platform.Connect("http://connect", "/secrets"),
            new Platform.Elasticsearch("http://elasticsearch"),
            new Platform.Spark("s3://bucket/checkpoints", Map.of("shufflePartitions", "2")),
            new Platform.Kibana("http://kibana", "analysts")));
  }

  /** The one of a case, if it has its own. */
  private static Platform platform(Path file) throws IOException {
    if (!Files.exists(file)) {
      return platform();
    }
    ManifestReader.Read<Platform> read = ManifestReader.platform(YAML.readTree(file.toFile()));
    assertThat(read.problems()).isEmpty();
    return read.resource();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void plansAsBefore(Path directory) throws IOException {
    ManifestReader.Read<Pipeline> read =
        ManifestReader.pipeline(Files.readString(directory.resolve("in-pipeline.yaml")));
    ObjectNode out = YAML.createObjectNode();
    if (!read.problems().isEmpty()) {
      problems(out, read.problems());
    } else {
      Path catalog = directory.resolve("in-catalog.yaml");
      Plan plan =
          Planner.plan(
              read.resource(),
              platform(directory.resolve("in-platform.yaml")),
              new FileCatalog(
                  Files.exists(catalog)
                      ? YAML.readTree(catalog.toFile())
                      : YAML.createObjectNode()));
      problems(out, plan.problems());
      plan.warnings().forEach(w -> out.withArray("warnings").add(w.toString()));
      plan.waiting().forEach((component, why) -> out.withObject("/waiting").put(component, why));
      plan.streams().forEach(s -> stream(out.withArray("streams"), s));
      plan.resources().forEach(r -> resource(out.withArray("resources"), r));
    }
    String text = YAML.writeValueAsString(out);
    Path expected = directory.resolve("out.yaml");
    if (Boolean.getBoolean("millrace.golden.update")) {
      Files.writeString(expected, text);
    }
    assertThat(text).isEqualTo(Files.readString(expected));
  }

  private static void problems(ObjectNode out, List<Problem> problems) {
    problems.forEach(p -> out.withArray("problems").add(p.toString()));
  }

  private static void stream(ArrayNode out, Plan.Stream stream) {
    ObjectNode node = out.addObject();
    node.put("name", stream.name());
    node.put("topic", stream.topic());
    node.put("kind", stream.kind());
    stream.keySchema().ifPresent(k -> node.put("key", Schemas.fields(k).toString()));
    node.put("bounded", stream.bounded());
  }

  private static void resource(ArrayNode out, Resource resource) {
    ObjectNode node = out.addObject();
    node.put("id", resource.id());
    node.put("for", resource.component());
    if (resource instanceof Resource.Topic topic) {
      node.put("partitions", topic.partitions());
      node.put("replicas", topic.replicas());
      topic.config().forEach(node.withObject("/config")::put);
    } else if (resource instanceof Resource.Subject subject) {
      node.put("compatibility", subject.compatibility());
      subject.schema().ifPresent(s -> node.set("schema", Schemas.json(s)));
    } else if (resource instanceof Resource.Connector connector) {
      connector.config().forEach(node.withObject("/config")::put);
    } else if (resource instanceof Resource.IndexTemplate template) {
      node.set("body", template.body());
    } else if (resource instanceof Resource.SparkJob job) {
      node.set("document", job.document());
    } else if (resource instanceof Resource.SavedObjects saved) {
      node.put("space", saved.space());
      node.set("objects", YAML.valueToTree(saved.objects()));
    }
  }
}
