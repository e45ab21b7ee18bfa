package dev.millrace.crds;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The editors' schemas, by a validator that we did not write. */
class JsonSchemasTest {
  private static final Path ROOT = Path.of(System.getProperty("millrace.root"));

  /** What fields mean together, and names in metadata: not to be said in JSON Schema. */
  private static final Set<String> NOT_SEEN =
      new TreeSet<>(
          Set.of(
              "app-jar-without-main-class",
              "app-python-with-main-class",
              "app-that-reads-a-stream-twice",
              "backfill-backwards",
              "columns-and-exclude",
              "dashboard-named-like-a-sink",
              "files-bucket-without-name",
              "files-csv-of-parquet",
              "files-from-nowhere",
              "files-from-two-places",
              "files-gzip-of-avro",
              "files-speed-of-two-tasks",
              "files-speed-without-event-time",
              "files-table-without-key",
              "files-without-header-and-columns",
              "hash-without-salt",
              "intervals-from-nowhere",
              "mask-text-missing",
              "mqtt-raw-without-payload",
              "mqtt-tasks-without-sharing",
              "open-and-close-overlap",
              "partition-by-not-in-key",
              "partition-by-of-cdc",
              "pipeline-name-begins-with-digit",
              "pipeline-name-too-long",
              "pipeline-name-with-dot",
              "platform-credentials-without-secrets-path",
              "platform-strimzi-with-basic-auth",
              "platform-tls-by-http",
              "rest-cursor-missing",
              "rest-every-and-cron",
              "rest-path-without-connection",
              "rest-table-without-key",
              "rest-without-schema",
              "sink-from-a-cdc-source",
              "sink-from-nowhere",
              "sink-named-like-a-transform",
              "stream-name-with-hyphen",
              "table-named-like-a-source",
              "topic-of-two-schemas",
              "topic-schema-of-avro",
              "topic-table-of-json-without-key",
              "topic-with-key-and-no-schema",
              "transform-named-like-a-cdc-source",
              "transform-named-like-a-source",
              "transform-named-like-a-table",
              "two-sinks-of-one-name",
              "two-sources-of-one-name",
              "two-tables-of-one-name",
              "two-transforms-of-one-name",
              "valid-from-alone"));

  static Stream<Fixture> good() {
    return Fixture.all("good");
  }

  @ParameterizedTest
  @MethodSource
  void good(Fixture fixture) throws IOException {
    assertThat(errors(fixture)).isEqualTo("[]");
  }

  @Test
  void demoTv() throws IOException {
    String text = Files.readString(ROOT.resolve("demo-tv/pipeline.yaml"));
    assertThat(schema("Pipeline").validate(text, InputFormat.YAML)).isEmpty();
  }

  @Test
  void seesAllMistakesThatASchemaCanSee() throws IOException {
    Set<String> notSeen = new TreeSet<>();
    for (Fixture fixture : Fixture.all("bad").toList()) {
      if (errors(fixture).equals("[]")) {
        notSeen.add(fixture.toString());
      }
    }
    assertThat(notSeen).isEqualTo(NOT_SEEN);
  }

  private static String errors(Fixture fixture) throws IOException {
    return schema(fixture.document().path("kind").asText())
        .validate(fixture.document().toString(), InputFormat.JSON)
        .toString();
  }

  private static Schema schema(String kind) throws IOException {
    return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
        .getSchema(
            Files.readString(ROOT.resolve("schemas/" + kind.toLowerCase(Locale.ROOT) + ".json")),
            InputFormat.JSON);
  }
}
