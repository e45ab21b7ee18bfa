package dev.millrace.spark.job;

import static dev.millrace.spark.job.SparkFixture.schema;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.registry.WireFormat;
import dev.millrace.spark.options.RegistryAccess;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests run together yield what each yields alone. */
class TestRunsTest {
  private static final JsonNode EVENTS =
      schema("device STRING NOT NULL, n INT, at TIMESTAMP NOT NULL");
  private static final JsonNode USERS = schema("device STRING NOT NULL, name STRING");
  private static final JsonNode DEVICE = schema("device STRING NOT NULL");

  @TempDir Path folder;

  private TestRuns runs() {
    return new TestRuns(SparkFixture.spark(), "file:" + folder);
  }

  private static byte[] framed(int id, JsonNode schema, Object... values) {
    try {
      Schema avro = new Schema.Parser().parse(schema.toString());
      GenericRecord record = new GenericData.Record(avro);
      for (int i = 0; i < values.length; i++) {
        record.put(i, values[i]);
      }
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(out, null);
      new GenericDatumWriter<GenericRecord>(avro).write(record, encoder);
      encoder.flush();
      return WireFormat.frame(id, out.toByteArray(), out.size());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static ProducerRecord<byte[], byte[]> event(String device, Integer n, String time) {
    long micros = Instant.parse("2026-01-01T" + time + "Z").toEpochMilli() * 1000;
    return new ProducerRecord<>("t.events", null, framed(1, EVENTS, device, n, micros));
  }

  private static ProducerRecord<byte[], byte[]> user(String device, String name) {
    return new ProducerRecord<>(
        "t.users", framed(3, DEVICE, device), framed(2, USERS, device, name));
  }

  private static PlanDocument plan(PlanDocument.Transform transform) {
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
                "events", "t.events", "append", null, EVENTS, null, time, false, null, null),
            new PlanDocument.Stream(
                "users", "t.users", "table", null, USERS, DEVICE, null, true, null, null)),
        List.of(transform));
  }

  private static PlanDocument.Transform sql(String sql, String kind, JsonNode out, JsonNode key) {
    return new PlanDocument.Transform(
        "out",
        "h",
        "t.out.late",
        "t.out.dead",
        null,
        sql,
        kind.equals("table") ? 3_600_000L : null,
        List.of(
            new PlanDocument.Read("events", "drives", List.of("device", "n", "at")),
            new PlanDocument.Read("users", "lookup", List.of("device", "name"))),
        new PlanDocument.Output(
            "out", "t.out", kind, null, out, key, List.of(), 4, key == null ? null : 5));
  }

  @SafeVarargs
  private static TestCase test(
      String id, PlanDocument plan, ProducerRecord<byte[], byte[]>... records) {
    Map<Integer, Schema> schemas = new TreeMap<>();
    schemas.put(1, new Schema.Parser().parse(EVENTS.toString()));
    schemas.put(2, new Schema.Parser().parse(USERS.toString()));
    schemas.put(3, new Schema.Parser().parse(DEVICE.toString()));
    PlanDocument.Output out = plan.transforms().get(0).output();
    schemas.put(4, new Schema.Parser().parse(out.schema().toString()));
    return new TestCase(
        id,
        SparkFixture.JSON.valueToTree("plan"),
        plan,
        schemas,
        List.of("t.out", "t.out.late", "t.out.dead"),
        List.of(List.of(new VirtualRun.Arrival(List.of(records), null, true))));
  }

  /** Rows of the output as text, sorted; a table's latest of each key; what was set aside. */
  private static List<String> rows(TestCase test, JsonNode answer) {
    assertThat(answer.path("error").asText("none")).isEqualTo("none");
    Map<String, String> latest = new TreeMap<>();
    JsonNode step = answer.path("steps").path(0);
    int count = 0;
    for (JsonNode record : step.path("t.out")) {
      String key = record.path("key").isNull() ? "" + count++ : record.path("key").asText();
      try {
        byte[] value = record.path("value").binaryValue();
        latest.put(
            key,
            new GenericDatumReader<GenericRecord>(test.schemas().get(WireFormat.schemaId(value)))
                .read(
                    null,
                    DecoderFactory.get()
                        .binaryDecoder(
                            value,
                            WireFormat.HEADER_LENGTH,
                            value.length - WireFormat.HEADER_LENGTH,
                            null))
                .toString());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    List<String> rows = new ArrayList<>(latest.values());
    for (JsonNode record : step.path("t.out.dead")) {
      try {
        rows.add(
            new String(
                record.path("value").binaryValue(), java.nio.charset.StandardCharsets.UTF_8));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    rows.sort(null);
    return rows;
  }

  private void same(PlanDocument plan) throws Exception {
    // The same device in each, other rows in the table, none in the third; times far apart.
    List<TestCase> tests =
        List.of(
            test(
                "a",
                plan,
                user("d1", "Ann"),
                user("d2", "Bob"),
                event("d1", 1, "00:00:10"),
                event("d2", 2, "00:00:20"),
                event("d1", 3, "00:01:10")),
            test(
                "b",
                plan,
                user("d1", "Zoe"),
                event("d1", 10, "09:00:10"),
                event("d1", 10, "09:00:10")),
            test("c", plan, event("d1", null, "00:00:15"), event("d3", 5, "00:00:15")),
            test("d", plan));
    List<ObjectNode> together = runs().together(tests);
    for (int i = 0; i < tests.size(); i++) {
      TestCase test = tests.get(i);
      assertThat(rows(test, together.get(i)))
          .as(test.id())
          .isEqualTo(rows(test, runs().alone(test)));
    }
    assertThat(tests.stream().flatMap(t -> rows(t, together.get(tests.indexOf(t))).stream()))
        .isNotEmpty();
  }

  private static final JsonNode ROW = schema("device STRING, n INT, name STRING");

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SELECT e.device, e.n, u.name FROM events e JOIN users u ON u.device = e.device",
        "SELECT e.device, e.n, u.name FROM events e LEFT JOIN users u ON u.device = e.device AND e.n < 3",
        "SELECT e.device, e.n, u.name FROM events e CROSS JOIN users u WHERE e.n > 1",
        "SELECT e.device, e.n, 'x' AS name FROM events e LEFT SEMI JOIN users u ON u.device = e.device",
        "SELECT e.device, e.n, 'x' AS name FROM events e LEFT ANTI JOIN users u ON u.device = e.device",
        "SELECT device, n, name FROM (SELECT *, upper(device) AS name FROM events) x WHERE n IS NOT NULL",
        "SELECT e.device, e.n, m.name FROM events e LEFT JOIN (SELECT max(name) AS name, device FROM users GROUP BY device) m ON m.device = e.device",
        "SELECT device, n, 'a' AS name FROM events WHERE n < 3 UNION ALL SELECT device, n + 100, 'b' FROM events"
      })
  void sqlThatKeepsNoState(String sql) throws Exception {
    same(plan(sql(sql, "append", ROW, null)));
  }

  @Test
  void windowsAndTheirSums() throws Exception {
    same(
        plan(
            sql(
                "SELECT window.start AS minute, e.device, sum(e.n) AS n, count(u.name) AS named FROM events e "
                    + "LEFT JOIN users u ON u.device = e.device GROUP BY window(e.at, '1 minute'), e.device",
                "table",
                schema(
                    "minute TIMESTAMP NOT NULL, device STRING NOT NULL, n BIGINT, named BIGINT NOT NULL"),
                schema("minute TIMESTAMP NOT NULL, device STRING NOT NULL"))));
  }

  @Test
  void intervals() throws Exception {
    PlanDocument.Transform transform =
        new PlanDocument.Transform(
            "out",
            "h",
            "t.out.late",
            "t.out.dead",
            new PlanDocument.Intervals(
                "events",
                List.of("device"),
                "device",
                List.of("d1", "d2", "d3"),
                null,
                List.of("n"),
                90_000,
                60_000L),
            null,
            null,
            null,
            new PlanDocument.Output(
                "out",
                "t.out",
                "append",
                null,
                schema(
                    "device STRING, n INT, started_at TIMESTAMP, ended_at TIMESTAMP, opened_at TIMESTAMP, ended_by STRING"),
                null,
                List.of(),
                4,
                null));
    same(plan(transform));
  }

  @Test
  void aRowThatItsSchemaDoesNotAllowIsSetAsideInItsTestOnly() throws Exception {
    same(
        plan(
            sql(
                "SELECT device, n, name FROM (SELECT e.device, e.n, u.name FROM events e LEFT JOIN users u ON u.device = e.device) x",
                "append",
                schema("device STRING NOT NULL, n INT NOT NULL, name STRING"),
                null)));
  }

  @Test
  void whatNobodyHasShownToKeepTestsApartIsRunOneByOne() {
    PlanDocument plan =
        plan(
            sql(
                "SELECT e.device, e.n, u.name FROM events e JOIN (SELECT max(name) AS name FROM users) u",
                "append",
                ROW,
                null));
    List<TestCase> tests =
        List.of(
            test("a", plan, user("d1", "Ann"), event("d1", 1, "00:00:10")),
            test("b", plan, user("d1", "Zoe"), event("d1", 2, "00:00:10")));
    assertThatThrownBy(() -> runs().together(tests))
        .hasMessageContaining("an aggregate without groups");
    List<ObjectNode> answers = runs().run(tests);
    assertThat(rows(tests.get(0), answers.get(0)).toString()).contains("Ann").doesNotContain("Zoe");
    assertThat(rows(tests.get(1), answers.get(1)).toString()).contains("Zoe").doesNotContain("Ann");
  }

  @Test
  void aTestThatFailsLeavesTheOthersAlone() {
    PlanDocument plan =
        plan(
            sql(
                "SELECT device, if(n = 0, raise_error('n is 0'), n) AS n, '' AS name FROM events",
                "append",
                ROW,
                null));
    List<TestCase> tests =
        List.of(
            test("bad", plan, event("d1", 0, "00:00:10")),
            test("good", plan, event("d1", 1, "00:00:10")));
    List<ObjectNode> answers = runs().run(tests);
    assertThat(answers.get(0).path("error").asText()).contains("n is 0");
    assertThat(answers.get(0).path("transform").asText()).isEqualTo("out");
    assertThat(rows(tests.get(1), answers.get(1))).hasSize(1);
  }

  @Test
  void onlyTestsInWhichAllHappensAtOnceAreRunTogether() {
    PlanDocument plan = plan(sql("SELECT device, n, '' AS name FROM events", "append", ROW, null));
    TestCase one = test("one", plan, event("d1", 0, "00:00:10"));
    TestCase two = test("two", plan, event("d1", 0, "00:00:10"));
    TestCase open =
        new TestCase(
            "open",
            one.document(),
            plan,
            one.schemas(),
            one.topics(),
            List.of(List.of(new VirtualRun.Arrival(List.of(), 5L, false))));
    assertThat(
            TestRuns.groups(List.of(one, open, two)).stream()
                .map(g -> g.stream().map(TestCase::id).toList()))
        .containsExactlyInAnyOrder(List.of("one", "two"), List.of("open"));
  }
}
