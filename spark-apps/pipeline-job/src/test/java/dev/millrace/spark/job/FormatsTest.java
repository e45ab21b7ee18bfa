package dev.millrace.spark.job;

import static dev.millrace.spark.job.SparkFixture.schema;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.spark.options.RegistryAccess;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.file.DataFileReader;
import org.apache.avro.file.DataFileWriter;
import org.apache.avro.file.SeekableByteArrayInput;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Transforms between streams that are no framed Avro, without a registry. */
class FormatsTest {
  private static final JsonNode EVENTS =
      schema("device STRING NOT NULL, n INT, at TIMESTAMP NOT NULL");
  private static final JsonNode USERS = schema("device STRING NOT NULL, name STRING");
  private static final JsonNode DEVICE = schema("device STRING NOT NULL");
  private static final JsonNode NAMED =
      schema("device STRING NOT NULL, at TIMESTAMP NOT NULL, n INT, name STRING");
  private static final JsonNode NAMED_KEY = schema("device STRING NOT NULL, at TIMESTAMP NOT NULL");
  private static final JsonNode SUMS = schema("minute TIMESTAMP NOT NULL, name STRING, n BIGINT");
  private static final JsonNode SUMS_KEY = schema("minute TIMESTAMP NOT NULL, name STRING");

  @TempDir Path folder;

  private static PlanDocument plan() {
    PlanDocument.EventTime time = new PlanDocument.EventTime("at", 0, null);
    return new PlanDocument(
        1,
        "t",
        Map.of(),
        RegistryAccess.open("none"),
        "none",
        "t.millrace-marks",
        0,
        new PlanDocument.Settings(1, null, "local[2]"),
        List.of(
            new PlanDocument.Stream(
                "events", "t.events", "append", "json", EVENTS, null, time, false, null, null),
            new PlanDocument.Stream(
                "users",
                "t.users",
                "table",
                "avro-embedded",
                USERS,
                DEVICE,
                null,
                false,
                null,
                null),
            new PlanDocument.Stream(
                "named", "t.named", "append", "json", NAMED, NAMED_KEY, time, false, null, null)),
        List.of(
            transform(
                "named",
                "SELECT e.device, e.at, e.n, u.name FROM events e LEFT JOIN users u ON u.device = e.device",
                List.of(
                    new PlanDocument.Read("events", "drives", List.of("device", "n", "at")),
                    new PlanDocument.Read("users", "lookup", List.of("device", "name"))),
                new PlanDocument.Output(
                    "named", "t.named", "append", "json", NAMED, NAMED_KEY, List.of(), 1, 2)),
            transform(
                "sums",
                "SELECT window.start AS minute, name, sum(n) AS n FROM named"
                    + " GROUP BY window(at, '1 minute'), name",
                List.of(new PlanDocument.Read("named", "drives", List.of("at", "n", "name"))),
                new PlanDocument.Output(
                    "sums", "t.sums", "table", "avro-embedded", SUMS, SUMS_KEY, List.of(), 3, 4))));
  }

  private static PlanDocument.Transform transform(
      String name, String sql, List<PlanDocument.Read> reads, PlanDocument.Output output) {
    return new PlanDocument.Transform(
        name,
        "h",
        "t." + name + ".late",
        "t." + name + ".dead",
        null,
        sql,
        output.table() ? 3_600_000L : null,
        reads,
        output);
  }

  private static byte[] container(JsonNode schema, Object... values) throws IOException {
    Schema avro = new Schema.Parser().parse(schema.toString());
    GenericRecord record = new GenericData.Record(avro);
    for (int i = 0; i < values.length; i++) {
      record.put(i, values[i]);
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (DataFileWriter<GenericRecord> file =
        new DataFileWriter<>(new GenericDatumWriter<>(avro))) {
      // Keys are compared by their bytes.
      file.create(avro, out, new byte[16]);
      file.append(record);
    }
    return out.toByteArray();
  }

  private static String record(byte[] container) throws IOException {
    try (DataFileReader<GenericRecord> file =
        new DataFileReader<>(new SeekableByteArrayInput(container), new GenericDatumReader<>())) {
      return file.next().toString();
    }
  }

  private static ProducerRecord<byte[], byte[]> user(String device, String name)
      throws IOException {
    return new ProducerRecord<>(
        "t.users", container(DEVICE, device), name == null ? null : container(USERS, device, name));
  }

  private static ProducerRecord<byte[], byte[]> event(String json) {
    return new ProducerRecord<>("t.events", null, json.getBytes(StandardCharsets.UTF_8));
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  @Test
  void fromOneFormatToTheOther() throws Exception {
    try (VirtualRun run =
        new VirtualRun(
            plan(), Map.of(), SparkFixture.spark(), "file:" + folder, TransformQuery.AS_IS)) {
      run.take(
          new VirtualRun.Arrival(
              List.of(
                  user("d1", "Ada"),
                  user("d2", "Bob"),
                  user("d3", "Cy"),
                  user("d1", "Eve"),
                  user("d3", null)),
              null,
              false));
      run.take(
          new VirtualRun.Arrival(
              List.of(
                  event("{\"device\":\"d1\",\"n\":1,\"at\":\"2026-01-01T00:00:01.5Z\"}"),
                  event("{\"n\":2,\"at\":1767225602000000,\"more\":{\"x\":[1]},\"device\":\"d1\"}"),
                  event("{\"device\":\"d2\",\"at\":\"2026-01-01T01:00:03+01:00\"}"),
                  event("{\"device\":\"d3\",\"n\":null,\"at\":\"2026-01-01T00:02:00Z\"}"),
                  event("{\"device\":\"d1\",\"n\":\"many\",\"at\":1}"),
                  event("no JSON"),
                  new ProducerRecord<>("t.events", null, container(DEVICE, "d1"))),
              null,
              true));
      List<ConsumerRecord<byte[], byte[]>> named = run.records("t.named");
      assertThat(named)
          .extracting(r -> text(r.value()))
          .containsExactlyInAnyOrder(
              "{\"device\":\"d1\",\"at\":\"2026-01-01T00:00:01.500000Z\",\"n\":1,\"name\":\"Eve\"}",
              "{\"device\":\"d1\",\"at\":\"2026-01-01T00:00:02.000000Z\",\"n\":2,\"name\":\"Eve\"}",
              "{\"device\":\"d2\",\"at\":\"2026-01-01T00:00:03.000000Z\",\"n\":null,\"name\":\"Bob\"}",
              "{\"device\":\"d3\",\"at\":\"2026-01-01T00:02:00.000000Z\",\"n\":null,\"name\":null}");
      assertThat(named)
          .extracting(r -> text(r.key()))
          .contains("{\"device\":\"d2\",\"at\":\"2026-01-01T00:00:03.000000Z\"}");
      List<String> sums = new java.util.ArrayList<>();
      for (ConsumerRecord<byte[], byte[]> sum : run.records("t.sums")) {
        assertThat(record(sum.key())).contains("minute").doesNotContain("\"n\"");
        sums.add(record(sum.value()));
      }
      assertThat(sums)
          .contains(
              "{\"minute\": 1767225600000000, \"name\": \"Eve\", \"n\": 3}",
              "{\"minute\": 1767225600000000, \"name\": \"Bob\", \"n\": null}",
              "{\"minute\": 1767225720000000, \"name\": null, \"n\": null}");
      assertThat(run.records("t.named.dead"))
          .extracting(r -> text(r.headers().lastHeader("millrace.reason").value()))
          .satisfiesExactlyInAnyOrder(
              r -> assertThat(r).isEqualTo("field 'n': 'many': expected an int"),
              r -> assertThat(r).startsWith("not JSON: "),
              r ->
                  assertThat(r).isEqualTo("not a JSON object; it looks like format avro-embedded"));
    }
  }
}
