package dev.millrace.registry.connect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.registry.SchemaRegistryClient;
import dev.millrace.registry.WireFormat;
import dev.millrace.services.Distribution;
import dev.millrace.services.RegistryService;
import dev.millrace.services.Supervisor;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.connect.data.Decimal;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of a table's rows as its columns change, against a real registry. */
class TableRowsIT {
  private static final String DEAD = "shop.db.dead";

  /** What Debezium's topics begin with. */
  private static final String DEBEZIUM = "server.";

  private static final Schema SOURCE =
      SchemaBuilder.struct().field("ts_us", Schema.OPTIONAL_INT64_SCHEMA).build();
  private static final Schema KEY =
      SchemaBuilder.struct().name("k").field("id", Schema.INT32_SCHEMA).build();

  @TempDir static Path temporary;
  private static Supervisor supervisor;
  private static SchemaRegistryClient registry;
  private static String url;

  @BeforeAll
  static void start() throws Exception {
    RegistryService service = new RegistryService(Distribution.locate());
    supervisor = new Supervisor(temporary, Clock.systemUTC(), s -> {});
    supervisor.start(service);
    supervisor.awaitReady(service.name(), Duration.ofMinutes(2));
    url = service.endpoint().orElseThrow();
    registry = new SchemaRegistryClient(url);
  }

  @AfterAll
  static void stop() {
    supervisor.close();
  }

  /** A task that has just been started: it knows only what is registered. */
  private static TableRows rows(String topic, String rules) {
    return rows(topic, rules, "");
  }

  private static TableRows rows(String topic, String rules, String metadata) {
    registry.setCompatibilityLevel(topic + "-value", "BACKWARD");
    registry.setCompatibilityLevel(topic + "-key", "BACKWARD");
    Map<String, String> config = new HashMap<>();
    config.put("topics", DEBEZIUM + topic + ":" + topic);
    config.put("others", "heartbeats:shop.db.heartbeat");
    config.put("metadata", metadata);
    config.put("dead.letter.topic", DEAD);
    config.put("schema.registry.url", url);
    config.put("mask.salt", "0123456789abcdef");
    if (!rules.isEmpty()) {
      config.put("tables", "{\"" + topic + "\":" + rules + "}");
    }
    TableRows rows = new TableRows();
    rows.config().parse(config);
    rows.configure(config);
    return rows;
  }

  private static Schema table(Object... columns) {
    SchemaBuilder table = SchemaBuilder.struct().name("t").optional();
    for (int i = 0; i < columns.length; i += 2) {
      table.field((String) columns[i], (Schema) columns[i + 1]);
    }
    return table.build();
  }

  private static Struct row(Schema schema, Object... values) {
    Struct row = new Struct(schema);
    for (int i = 0; i < values.length; i++) {
      row.put(schema.fields().get(i), values[i]);
    }
    return row;
  }

  private static SourceRecord record(String topic, Object id, Struct row) {
    return record(topic, KEY, id == null ? null : new Struct(KEY).put("id", id), row, row);
  }

  /** A change event as Debezium makes them: of a delete, if there is no row after it. */
  private static SourceRecord record(
      String topic, Schema keySchema, Struct key, Struct before, Struct after) {
    Schema table = before == null ? after.schema() : before.schema();
    Schema envelope =
        SchemaBuilder.struct()
            .name("t.Envelope")
            .field("before", table)
            .field("after", table)
            .field("source", SOURCE)
            .field("op", Schema.STRING_SCHEMA)
            .build();
    Struct event =
        new Struct(envelope)
            .put("before", before)
            .put("after", after)
            .put("source", new Struct(SOURCE).put("ts_us", 1_700_000_000_000_001L))
            .put("op", after == null ? "d" : "u");
    return new SourceRecord(
        Map.of("server", "a"),
        Map.of("pos", 1L),
        DEBEZIUM + topic,
        keySchema,
        key,
        envelope,
        event);
  }

  private static GenericRecord avro(Object bytes) throws Exception {
    byte[] framed = (byte[]) bytes;
    return new GenericDatumReader<GenericRecord>(registry.byId(WireFormat.schemaId(framed)))
        .read(
            null,
            DecoderFactory.get()
                .binaryDecoder(
                    framed,
                    WireFormat.HEADER_LENGTH,
                    framed.length - WireFormat.HEADER_LENGTH,
                    null));
  }

  private static String reason(SourceRecord dead) {
    assertThat(dead.topic()).isEqualTo(DEAD);
    return (String) dead.headers().lastWithName("millrace.reason").value();
  }

  private static int version(String subject) {
    return registry.latest(subject).orElseThrow().version();
  }

  @Test
  void followsAsFarAsOlderRecordsCanBeRead() throws Exception {
    Schema first =
        table("id", Schema.INT32_SCHEMA, "n", Schema.INT64_SCHEMA, "s", Schema.STRING_SCHEMA);
    TableRows rows = rows("shop.a", "");
    assertThat(avro(rows.apply(record("shop.a", 1, row(first, 1, 5L, "x"))).value()).get("n"))
        .isEqualTo(5L);

    // Wider, new and required, gone, narrower, and what could be null can be null no more.
    Schema second =
        table(
            "id",
            Schema.INT64_SCHEMA,
            "n",
            Schema.INT32_SCHEMA,
            "level",
            Schema.INT32_SCHEMA,
            "note",
            Schema.OPTIONAL_STRING_SCHEMA);
    GenericRecord changed =
        avro(rows.apply(record("shop.a", 1, row(second, 1L, 6, 3, null))).value());
    assertThat(changed).hasToString("{\"id\": 1, \"n\": 6, \"level\": 3, \"note\": null}");
    assertThat(changed.getSchema().getField("id").schema()).hasToString("\"long\"");
    assertThat(changed.getSchema().getField("n").schema()).hasToString("\"long\"");
    assertThat(changed.getSchema().getField("level").schema().isNullable()).isTrue();
    assertThat(version("shop.a-value")).isEqualTo(2);
    assertThat(version("shop.a-key")).isEqualTo(1);

    Schema third =
        table(
            "id",
            Schema.INT64_SCHEMA,
            "n",
            Schema.INT32_SCHEMA,
            "level",
            Schema.INT32_SCHEMA,
            "note",
            Schema.STRING_SCHEMA);
    TableRows restarted = rows("shop.a", "");
    GenericRecord again =
        avro(restarted.apply(record("shop.a", 1, row(third, 1L, 6, 3, "y"))).value());
    assertThat(again.get("note").toString()).isEqualTo("y");
    assertThat(version("shop.a-value")).as("nothing new").isEqualTo(2);
  }

  @Test
  void setsAsideOnlyTheRowsThatTheStreamCanNotHold() throws Exception {
    Schema first =
        table("id", Schema.INT32_SCHEMA, "n", Schema.OPTIONAL_INT32_SCHEMA, "d", Decimal.schema(2));
    TableRows rows = rows("shop.b", "");
    rows.apply(record("shop.b", 1, row(first, 1, 5, new BigDecimal("1.00"))));
    Schema text =
        table(
            "id", Schema.INT32_SCHEMA, "n", Schema.OPTIONAL_STRING_SCHEMA, "d", Decimal.schema(4));
    SourceRecord dead =
        rows.apply(record("shop.b", 1, row(text, 1, "five", new BigDecimal("1.0000"))));
    assertThat(reason(dead))
        .isEqualTo(
            "column 'n': is string in the database, and int in the stream, which can not hold the"
                + " value");
    assertThat(dead.headers().lastWithName("millrace.topic").value()).isEqualTo("shop.b");
    assertThat(new ObjectMapper().readTree((byte[]) dead.value()))
        .isEqualTo(new ObjectMapper().readTree("{\"id\":1,\"n\":\"five\",\"d\":1.0000}"));
    assertThat(new String((byte[]) dead.key(), StandardCharsets.UTF_8)).isEqualTo("{\"id\":1}");
    assertThat(dead.sourceOffset()).isEqualTo(Map.of("pos", 1L));

    // A value that is null fits, and so does a decimal whose further digits are zeros.
    SourceRecord fits =
        rows.apply(record("shop.b", 2, row(text, 2, null, new BigDecimal("7.2500"))));
    assertThat(fits.topic()).isEqualTo("shop.b");
    assertThat(avro(fits.value()).get("n")).isNull();
    assertThat(
            reason(rows.apply(record("shop.b", 2, row(text, 2, null, new BigDecimal("7.2501"))))))
        .startsWith("column 'd': ");
    // A delete has no value that would not fit.
    SourceRecord delete =
        rows.apply(
            record(
                "shop.b",
                KEY,
                new Struct(KEY).put("id", 1),
                row(text, 1, "five", new BigDecimal("1.0000")),
                null));
    assertThat(delete.topic()).isEqualTo("shop.b");
    assertThat(avro(delete.key()).get("id")).isEqualTo(1);
    assertThat(delete.value()).isNull();
  }

  @Test
  void keepsTheIdentityOfRows() throws Exception {
    Schema table = table("id", Schema.INT32_SCHEMA);
    TableRows rows = rows("shop.c", "");
    byte[] before = (byte[]) rows.apply(record("shop.c", 1, row(table, 1))).key();

    Schema wide = SchemaBuilder.struct().field("id", Schema.INT64_SCHEMA).build();
    SourceRecord wider =
        rows.apply(record("shop.c", wide, new Struct(wide).put("id", 1L), null, row(table, 1)));
    assertThat((byte[]) wider.key()).isEqualTo(before);

    Schema other =
        SchemaBuilder.struct()
            .field("id", Schema.INT32_SCHEMA)
            .field("part", Schema.INT32_SCHEMA)
            .build();
    SourceRecord moved =
        rows.apply(
            record(
                "shop.c",
                other,
                new Struct(other).put("id", 1).put("part", 2),
                null,
                row(table, 1)));
    assertThat(reason(moved)).startsWith("the primary key is [id, part] now and was [id]");
    assertThat(reason(rows.apply(record("shop.c", null, row(table, 1)))))
        .startsWith("the table has no primary key");
  }

  @Test
  void masksAndLeavesOutAndNeverShowsWhatItDoesNotFind() throws Exception {
    Schema table =
        table(
            "id",
            Schema.INT32_SCHEMA,
            "email",
            Schema.STRING_SCHEMA,
            "phone",
            Schema.STRING_SCHEMA,
            "name",
            Schema.OPTIONAL_STRING_SCHEMA,
            "ssn",
            Schema.STRING_SCHEMA);
    TableRows rows =
        rows(
            "shop.d",
            "{\"exclude\":[\"ssn\"],\"mask\":{\"id\":{\"with\":\"hash\"},\"email\":{\"with\":\"hash\"},"
                + "\"phone\":{\"with\":\"empty\"},\"name\":{\"with\":\"text\",\"text\":\"x\"}}}");
    SourceRecord record =
        rows.apply(record("shop.d", 1, row(table, 1, "a@b.c", "555", "Ann", "42")));
    GenericRecord value = avro(record.value());
    assertThat(value.getSchema().getFields()).hasSize(4);
    // By another implementation: printf a@b.c | openssl dgst -sha256 -hmac 0123456789abcdef
    assertThat(value.get("email").toString())
        .isEqualTo("c8b9adc27ca0fc812e2cca09aab792e34c9d8d2fce3408abb47cb633bbb5e77f");
    assertThat(value.get("phone")).isNull();
    assertThat(value.get("name").toString()).isEqualTo("x");
    assertThat(avro(record.key()).get("id")).isEqualTo(value.get("id"));

    // The column is called otherwise now: nothing of it is written anywhere.
    Schema renamed =
        table(
            "id",
            Schema.INT32_SCHEMA,
            "mail",
            Schema.STRING_SCHEMA,
            "phone",
            Schema.STRING_SCHEMA,
            "name",
            Schema.OPTIONAL_STRING_SCHEMA,
            "ssn",
            Schema.STRING_SCHEMA);
    SourceRecord dead =
        rows.apply(record("shop.d", 1, row(renamed, 1, "a@b.c", "555", "Ann", "42")));
    assertThat(reason(dead)).startsWith("column 'email' of mask, exclude or columns is not in");
    assertThat(dead.value()).isNull();
    assertThat(dead.key()).isNull();

    TableRows identity = rows("shop.e", "{\"exclude\":[\"id\"]}");
    assertThat(
            reason(identity.apply(record("shop.e", 1, row(table("id", Schema.INT32_SCHEMA), 1)))))
        .startsWith("column 'id' is part of the primary key");
  }

  @Test
  void addsWhatIsAskedForAndKeepsANullWhereThereIsADefault() throws Exception {
    Schema level = SchemaBuilder.int32().optional().defaultValue(7).build();
    Schema table = table("id", Schema.INT32_SCHEMA, "level", level);
    TableRows rows = rows("shop.f", "{\"columns\":[\"id\",\"level\"]}", "op,source_ts");
    assertThat(avro(rows.apply(record("shop.f", 1, row(table, 1, null))).value()))
        .hasToString(
            "{\"id\": 1, \"level\": null, \"_op\": \"u\", \"_source_ts\": 1700000000000001}");
    org.apache.avro.Schema written = registry.latest("shop.f-value").orElseThrow().schema();
    assertThat(written.getField("_source_ts").schema().getTypes().get(1).getLogicalType().getName())
        .isEqualTo("timestamp-micros");
  }

  @Test
  void writesWhatIsNoRowAsJson() {
    TableRows rows = rows("shop.g", "");
    Schema beat = SchemaBuilder.struct().field("ts_ms", Schema.INT64_SCHEMA).build();
    for (Map.Entry<String, String> topics :
        Map.of("heartbeats", "shop.db.heartbeat", "elsewhere", "elsewhere").entrySet()) {
      SourceRecord written =
          rows.apply(
              new SourceRecord(
                  null,
                  null,
                  topics.getKey(),
                  null,
                  null,
                  beat,
                  new Struct(beat).put("ts_ms", 5L)));
      assertThat(written.topic()).isEqualTo(topics.getValue());
      assertThat((byte[]) written.value()).asString().isEqualTo("{\"ts_ms\":5}");
    }
  }

  @Test
  void saysWhichSettingIsWrong() {
    TableRows rows = new TableRows();
    for (String topics : new String[] {"shop.users", "a:b:c", ":shop.users"}) {
      Map<String, String> config =
          Map.of("topics", topics, "dead.letter.topic", DEAD, "schema.registry.url", url);
      assertThatThrownBy(() -> rows.config().parse(config))
          .isInstanceOf(ConfigException.class)
          .hasMessageContaining("expected topic:topic");
    }
    assertThat(rows.config().validate(Map.of()).get(0).errorMessages()).isNotEmpty();
  }

  @Test
  void asksForASaltThatNobodyGuesses() {
    Map<String, String> config =
        new HashMap<>(
            Map.of("topics", "s.t:t", "dead.letter.topic", DEAD, "schema.registry.url", url));
    config.put("tables", "{\"t\":{\"mask\":{\"a\":{\"with\":\"hash\"}}}}");
    for (String salt : new String[] {"", "short", "${secrets:/run/salt:salt}"}) {
      config.put("mask.salt", salt);
      assertThatThrownBy(() -> new TableRows().configure(config))
          .isInstanceOf(ConfigException.class)
          .hasMessageContaining("mask.salt");
    }
  }
}
