package dev.millrace.crds;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.model.Constraints;
import dev.millrace.model.ManifestReader;
import dev.millrace.model.Pipeline;
import dev.millrace.model.Pipeline.ConfigMapRef;
import dev.millrace.model.Pipeline.SecretRef;
import dev.millrace.model.Platform;
import dev.millrace.model.Problem;
import dev.millrace.planner.Known;
import dev.millrace.planner.Planner;
import dev.millrace.planner.SchemaCatalog;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the API server refuses, the command refuses too, before anything is sent anywhere. */
class AgreementTest {
  static Stream<Fixture> good() {
    return Fixture.all("good");
  }

  static Stream<Fixture> documented() {
    return Fixture.documented("how-to/production.md");
  }

  @ParameterizedTest
  @MethodSource
  void documented(Fixture fixture) {
    assertThat(problems(fixture.document())).isEmpty();
  }

  static Stream<Fixture> bad() {
    return Fixture.all("bad");
  }

  @ParameterizedTest
  @MethodSource
  void good(Fixture fixture) {
    assertThat(problems(fixture.document())).isEmpty();
  }

  @ParameterizedTest
  @MethodSource
  void bad(Fixture fixture) {
    assertThat(problems(fixture.document()).stream().map(Problem::toString))
        .anySatisfy(p -> assertThat(p).contains(fixture.cli().orElseThrow()));
  }

  private static List<Problem> problems(JsonNode document) {
    return switch (document.path("kind").asText()) {
      case "Pipeline" -> {
        ManifestReader.Read<Pipeline> read = ManifestReader.pipeline(document);
        yield read.problems().isEmpty()
            ? Planner.plan(read.resource(), platform(), new NothingKnown()).problems()
            : read.problems();
      }
      case "Platform" -> {
        var read = ManifestReader.platform(document);
        yield read.problems().isEmpty()
            ? Constraints.check(read.resource().getSpec())
            : read.problems();
      }
      default -> {
        var read = ManifestReader.pipelineRun(document);
        yield read.problems().isEmpty()
            ? Constraints.check(read.resource().getSpec())
            : read.problems();
      }
    };
  }

  private static Platform platform() {
    return Platform.of(
        "default",
        new Platform.Spec(
            "",
            new Platform.Kafka("kafka:9092", null, null),
            new Platform.SchemaRegistry("http://registry"),
            new Platform.Connect("http://connect", "/secrets"),
            new Platform.Elasticsearch("http://elasticsearch"),
            new Platform.Spark("file:///checkpoints", null)));
  }

  private static final class NothingKnown implements SchemaCatalog {
    @Override
    public Known<StreamSchema> stream(String topic) {
      return new Known.Waiting<>("");
    }

    @Override
    public Known<ConnectionFacts> connection(SecretRef ref) {
      return new Known.Waiting<>("");
    }

    @Override
    public Known<String> config(ConfigMapRef ref) {
      return new Known.Waiting<>("");
    }

    @Override
    public Known<SqlAnalysis> analyse(SqlRequest request) {
      return new Known.Waiting<>("");
    }
  }
}
