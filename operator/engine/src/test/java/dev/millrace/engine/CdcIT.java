package dev.millrace.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.model.ManifestReader;
import dev.millrace.model.Pipeline;
import dev.millrace.model.Platform;
import dev.millrace.planner.Consent;
import dev.millrace.planner.Impact;
import dev.millrace.planner.Known;
import dev.millrace.planner.SchemaCatalog.SqlAnalysis;
import dev.millrace.planner.SchemaCatalog.SqlRequest;
import dev.millrace.registry.SchemaRegistryClient;
import dev.millrace.registry.StreamMarks;
import dev.millrace.registry.WireFormat;
import dev.millrace.services.ConnectService;
import dev.millrace.services.Distribution;
import dev.millrace.services.KafkaService;
import dev.millrace.services.MariaDbService;
import dev.millrace.services.PostgresService;
import dev.millrace.services.RegistryService;
import dev.millrace.services.Service;
import dev.millrace.services.ServiceState;
import dev.millrace.services.Supervisor;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.apache.avro.LogicalTypes;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The same life of two tables in MariaDB, MySQL and PostgreSQL, each read by a source of one
 * pipeline: after every chapter the streams are what the database itself says, asked over JDBC.
 */
class CdcIT {
  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String SALT = "a salt of the test's own";
  private static final String LONG_TEXT = text(30_000);

  @TempDir static Path temporary;
  private static Supervisor supervisor;
  private static KafkaService kafka;
  private static SchemaRegistryClient registry;
  private static Engine engine;
  private static final Map<String, Map<String, String>> SECRETS = new TreeMap<>();
  private static final List<Database> DATABASES = new ArrayList<>();

  /** A database under test. */
  private record Database(String name, String folder, Connection connection) {
    void run(String... statements) throws SQLException {
      try (Statement statement = connection.createStatement()) {
        for (String sql : statements) {
          statement.execute(sql);
        }
      }
    }

    boolean postgres() {
      return name.equals("pg");
    }
  }

  private static final SqlAnalyser NO_SQL =
      new SqlAnalyser() {
        @Override
        public Known<SqlAnalysis> analyse(SqlRequest request) {
          return new Known.No<>("no SQL here");
        }

        @Override
        public void close() {}
      };

  private static final SparkLauncher NO_SPARK =
      new SparkLauncher() {
        @Override
        public Optional<Observed> observe(String job) {
          return Optional.empty();
        }

        @Override
        public Optional<JsonNode> document(String job) {
          return Optional.empty();
        }

        @Override
        public void ensureRunning(String job, JsonNode document, String hash) {}

        @Override
        public void stop(String job) {}
      };

  @BeforeAll
  static void start() throws Exception {
    Distribution distribution = Distribution.locate();
    Path home = distribution.root().getParent().getParent().getParent().getParent();
    Path plugin = home.resolve("connectors/registry/target/plugins");
    assertThat(plugin).as("built by ./mvnw package").isDirectory();
    kafka = new KafkaService(distribution);
    RegistryService schemas = new RegistryService(distribution);
    Path secrets = temporary.resolve("secrets");
    ConnectService connect = new ConnectService(distribution, kafka, List.of(plugin), secrets);
    MariaDbService maria = new MariaDbService(distribution, "maria", "shop", List.of());
    PostgresService postgres = new PostgresService(distribution, "pg", "shop", List.of());
    MySqlServer mysql = new MySqlServer();
    supervisor = new Supervisor(temporary, Clock.systemUTC(), s -> {});
    List<Service> all = List.of(kafka, schemas, maria, postgres, mysql, connect);
    for (Service service : all) {
      supervisor.start(service);
    }
    for (Service service : all) {
      supervisor.awaitReady(service.name(), Duration.ofMinutes(2));
    }
    SECRETS.put("maria", maria.credentials());
    SECRETS.put("mysql", mysql.credentials());
    SECRETS.put("pg", postgres.credentials());
    SECRETS.put("salt", Map.of("salt", SALT));
    for (Map.Entry<String, Map<String, String>> secret : SECRETS.entrySet()) {
      Path folder = Files.createDirectories(secrets.resolve(secret.getKey()));
      for (Map.Entry<String, String> key : secret.getValue().entrySet()) {
        Files.writeString(folder.resolve(key.getKey()), key.getValue());
      }
    }
    String mariaDriver = "jdbc:mariadb://127.0.0.1:%s/shop?sslMode=disable";
    DATABASES.add(database("maria", "shop", mariaDriver));
    DATABASES.add(database("mysql", "shop", mariaDriver));
    DATABASES.add(database("pg", "public", "jdbc:postgresql://127.0.0.1:%s/shop"));
    registry = new SchemaRegistryClient(schemas.endpoint().orElseThrow());
    Platform platform =
        Platform.of(
            "default",
            new Platform.Spec(
                "it.",
                new Platform.Kafka(kafka.endpoint().orElseThrow(), 2, 1),
                new Platform.SchemaRegistry(schemas.endpoint().orElseThrow()),
                new Platform.Connect(connect.endpoint().orElseThrow(), secrets.toString()),
                new Platform.Elasticsearch("http://127.0.0.1:1"),
                new Platform.Spark("file:///nowhere", Map.of())));
    References references =
        new References() {
          @Override
          public Known<Map<String, String>> secret(String name) {
            return SECRETS.containsKey(name)
                ? new Known.Yes<>(SECRETS.get(name))
                : new Known.No<>("no Secret '" + name + "'");
          }

          @Override
          public Known<Map<String, String>> configMap(String name) {
            return new Known.No<>("no ConfigMap '" + name + "'");
          }
        };
    engine = new Engine(platform, references, NO_SQL, NO_SPARK, Clock.systemUTC());
  }

  private static Database database(String name, String folder, String url) throws SQLException {
    Map<String, String> secret = SECRETS.get(name);
    return new Database(
        name,
        folder,
        DriverManager.getConnection(
            url.formatted(secret.get("port")), secret.get("username"), secret.get("password")));
  }

  @AfterAll
  static void stop() throws Exception {
    for (Database database : DATABASES) {
      database.connection().close();
    }
    if (engine != null) {
      engine.close();
    }
    supervisor.close();
  }

  private static Pipeline pipeline(boolean moods, int reread) {
    StringBuilder text =
        new StringBuilder(
            """
            apiVersion: millrace.dev/v1alpha1
            kind: Pipeline
            metadata: { name: cdc }
            spec:
              deletionPolicy: delete
              sources:
            """);
    for (Database database : DATABASES) {
      text.append(
          """
              - name: %1$s
                cdc:
                  connection: { secretRef: { name: %1$s } }
                  salt: { secretRef: { name: salt } }
                  metadata: [op, source_ts]
                  reread: %3$d
                  tables:
                    - table: %2$s.people
                      name: %1$s_people
                      exclude: [pin]
                      mask:
                        - { column: email, with: hash }
                        - { column: phone, with: text, text: "***" }
                        - { column: remark, with: empty }
                    - table: %2$s.orders
                      name: %1$s_orders
                      mask: [ { column: email, with: hash } ]
          """
              .formatted(database.name(), database.folder(), reread));
      if (moods && database.postgres()) {
        text.append("          - { table: public.kinds, name: pg_kinds }\n");
      }
    }
    if (!moods) {
      text.append(
          """
              - name: gone
                cdc:
                  connection: { secretRef: { name: pg } }
                  tables: [ { table: public.orders, name: gone_orders, columns: [id] } ]
          """);
    }
    ManifestReader.Read<Pipeline> read = ManifestReader.pipeline(text.toString());
    assertThat(read.problems()).isEmpty();
    return read.resource();
  }

  private static String text(int length) {
    // Random, or PostgreSQL would press it into the row.
    Random random = new Random(7);
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < length; i++) {
      text.append((char) ('!' + random.nextInt(90)));
    }
    return text.toString().replace('\'', '.').replace('\\', '.');
  }

  @Test
  void streamsAreWhatTheDatabasesSay() throws Exception {
    for (Database database : DATABASES) {
      String timestamp = database.postgres() ? "TIMESTAMP" : "DATETIME(6)";
      database.run(
          "CREATE TABLE people (id INT PRIMARY KEY, name VARCHAR(50) NOT NULL, email VARCHAR(90),"
              + " phone VARCHAR(30), remark VARCHAR(30), pin VARCHAR(9), born DATE, since "
              + timestamp
              + ", balance DECIMAL(10,2), notes TEXT)",
          "CREATE TABLE orders (id BIGINT PRIMARY KEY, email VARCHAR(90) NOT NULL,"
              + " amount DECIMAL(10,2) NOT NULL)",
          "INSERT INTO people VALUES (1, 'Ann', 'ann@example.org', '555', 'x', '1234',"
              + " '1990-02-28', '2026-01-02 03:04:05.678901', 10.50, '"
              + LONG_TEXT
              + "'), (2, 'Bo', 'bo@example.org', NULL, NULL, NULL, NULL, NULL, NULL, NULL),"
              + " (3, 'Cy', NULL, '777', NULL, NULL, '1899-12-31', '1969-12-31 23:59:59', -3, '')",
          "INSERT INTO orders VALUES (1, 'ann@example.org', 5.00), (5000000000, 'bo@example.org',"
              + " 0.01)");
    }
    Pipeline pipeline = pipeline(false, 0);
    awaitReady(pipeline);
    same();
    await().atMost(PATIENCE).until(() -> turn(pipeline) && snapshotsComplete());

    for (Database database : DATABASES) {
      database.run(
          "INSERT INTO people VALUES (4, 'Di', 'ann@example.org', '1', 'y', 'z', '2000-02-29',"
              + " '2038-01-19 03:14:08.000001', 99999999.99, 'n')",
          // The long text stays as it is, and is not in the change log of PostgreSQL.
          "UPDATE people SET name = 'Anna' WHERE id = 1",
          "UPDATE people SET id = 20 WHERE id = 2",
          "DELETE FROM people WHERE id = 3",
          "UPDATE orders SET amount = 7.25, email = 'cy@example.org' WHERE id = 1");
    }
    same();

    // Killed, and what happens meanwhile.
    int before = supervisor.state("connect").orElseThrow().restarts();
    long pid = supervisor.state("connect").orElseThrow().pid();
    ProcessHandle.of(pid).orElseThrow().destroyForcibly();
    for (Database database : DATABASES) {
      database.run(
          "UPDATE people SET balance = 1.01 WHERE id = 4",
          "DELETE FROM orders WHERE id = 1",
          "INSERT INTO orders VALUES (2, 'di@example.org', 1)",
          "INSERT INTO people (id, name) VALUES (5, 'Ed')");
    }
    await()
        .atMost(PATIENCE)
        .until(
            () -> {
              ServiceState now = supervisor.state("connect").orElseThrow();
              return now.restarts() > before && now.phase() == ServiceState.Phase.READY;
            });
    awaitReady(pipeline);
    same();

    // Columns that are new, and types that are wider.
    for (Database database : DATABASES) {
      String type = database.postgres() ? "ALTER COLUMN balance TYPE" : "MODIFY balance";
      database.run(
          "ALTER TABLE people ADD COLUMN age INT",
          "ALTER TABLE people ADD COLUMN level INT NOT NULL DEFAULT 3",
          "ALTER TABLE people " + type + " DECIMAL(12,2)",
          "INSERT INTO people (id, name, age, level, balance) VALUES (6, 'Flo', 44, 9, 1234567890.12)",
          "UPDATE people SET age = 1 WHERE id IN (1, 4, 5, 20)");
    }
    same();
    for (Database database : DATABASES) {
      Schema people = latest("it.cdc." + database.name() + "_people-value");
      assertThat(people.getField("age").schema().isNullable()).isTrue();
      assertThat(people.getField("balance").schema().toString()).contains("\"precision\":12");
      assertThat(registry.compatibilityLevel("it.cdc." + database.name() + "_people-value"))
          .contains("BACKWARD");
    }

    // A column that the stream can not follow: what fits goes on, and so do other tables.
    for (Database database : DATABASES) {
      String type =
          database.postgres()
              ? "ALTER COLUMN level DROP DEFAULT, ALTER COLUMN level TYPE VARCHAR(9)"
              : "MODIFY level VARCHAR(9)";
      database.run(
          "ALTER TABLE people " + type,
          "UPDATE people SET level = 'high', email = 'secret@example.org' WHERE id = 6",
          "INSERT INTO orders VALUES (3, 'flo@example.org', 3)");
    }
    for (Database database : DATABASES) {
      await().atMost(PATIENCE).untilAsserted(() -> same(database, "orders"));
      await()
          .atMost(PATIENCE)
          .untilAsserted(
              () -> {
                PipelineStatus.Component source = component(pipeline, database.name());
                assertThat(source.state()).isEqualTo("failed");
                assertThat(source.message())
                    .contains("stream " + database.name() + "_people: column 'level'")
                    .contains("is string in the database")
                    .contains("it.cdc." + database.name() + ".dead");
              });
      ConsumerRecord<byte[], byte[]> dead =
          records("it.cdc." + database.name() + ".dead").values().stream()
              .reduce((a, b) -> b)
              .orElseThrow();
      JsonNode row = JSON.readTree(dead.value());
      assertThat(row.path("level").asText()).isEqualTo("high");
      assertThat(row.path("email").asText()).isEqualTo(hash("secret@example.org"));
      assertThat(row.has("pin")).isFalse();
      assertThat(row.path("phone").asText("")).doesNotContain("555");
    }

    // Mended in the database, it is read anew when somebody agrees; a table is added to it.
    for (Database database : DATABASES) {
      database.run(
          "UPDATE people SET level = '4'",
          "ALTER TABLE people "
              + (database.postgres()
                  ? "ALTER COLUMN level TYPE INT USING level::int"
                  : "MODIFY level INT"));
      if (database.postgres()) {
        database.run(
            "CREATE TYPE mood AS ENUM ('sad', 'happy')",
            "CREATE TABLE kinds (id UUID PRIMARY KEY, tz TIMESTAMPTZ, ts TIMESTAMP(3), d DATE,"
                + " n NUMERIC(12,3), free NUMERIC, j JSONB, tags TEXT[], feeling mood, ok BOOLEAN,"
                + " big BIGINT, small SMALLINT, f DOUBLE PRECISION)",
            "INSERT INTO kinds VALUES ('0a8f0de6-9f0c-4d3f-9c35-3f4b1c5a6d7e',"
                + " '2026-03-01 12:00:00.123456+02', '2026-03-01 12:00:00.5', '2026-03-01', 1.5,"
                + " 12345678901234567890.0001, '{\"a\": 1}', '{x,NULL,y}', 'happy', true, 9, 8, 0.5),"
                + " ('0a8f0de6-9f0c-4d3f-9c35-3f4b1c5a6d7f', NULL, NULL, NULL, NULL, NULL, NULL, NULL,"
                + " NULL, NULL, NULL, NULL, NULL)");
      }
    }
    Pipeline again = pipeline(true, 1);
    engine.reconcile(again);
    assertThat(engine.waitsForConsent("cdc")).isTrue();
    Consent agreed = Consent.NONE.and(Impact.STATE_LOSS).and(Impact.DATA_LOSS);
    await().atMost(PATIENCE).until(() -> engine.reconcile(again, agreed).ready());
    awaitReady(again);
    same();
    Database pg = DATABASES.get(2);
    await().atMost(PATIENCE).untilAsserted(() -> same(pg, "kinds"));
    pg.run(
        "UPDATE kinds SET feeling = 'sad', tags = '{}' WHERE ok", "DELETE FROM kinds WHERE NOT ok");
    await().atMost(PATIENCE).untilAsserted(() -> same(pg, "kinds"));

    // With a source, and with the pipeline, goes what it has left in PostgreSQL.
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              engine.reconcile(again, agreed);
              assertThat(count(pg, "pg_replication_slots")).isEqualTo(1);
            });
    assertThat(count(pg, "pg_publication")).isEqualTo(1);
    await().atMost(PATIENCE).untilAsserted(() -> assertThat(engine.remove(again)).isEmpty());
    assertThat(count(pg, "pg_replication_slots")).isZero();
    assertThat(count(pg, "pg_publication")).isZero();
  }

  private static long count(Database database, String table) throws SQLException {
    return Long.parseLong(ask(database, "SELECT count(*) FROM " + table));
  }

  private static String ask(Database database, String sql) throws SQLException {
    try (Statement statement = database.connection().createStatement();
        ResultSet answer = statement.executeQuery(sql)) {
      answer.next();
      return answer.getString(1);
    }
  }

  private static void awaitReady(Pipeline pipeline) {
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              PipelineStatus status = engine.reconcile(pipeline);
              assertThat(status.problems()).isEmpty();
              assertThat(status.ready()).as(status.components().toString()).isTrue();
            });
  }

  private static boolean turn(Pipeline pipeline) {
    return engine.reconcile(pipeline).problems().isEmpty();
  }

  private static PipelineStatus.Component component(Pipeline pipeline, String name) {
    return engine.reconcile(pipeline).components().stream()
        .filter(c -> c.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private static boolean snapshotsComplete() {
    Map<String, ConsumerRecord<byte[], byte[]>> marks = records("it.cdc.millrace-marks");
    for (Database database : DATABASES) {
      for (String table : List.of("people", "orders")) {
        ConsumerRecord<byte[], byte[]> mark = marks.get(database.name() + "_" + table);
        if (mark == null || !StreamMarks.parse(mark.value()).snapshotComplete()) {
          return false;
        }
      }
    }
    return true;
  }

  private static Schema latest(String subject) {
    return registry.latest(subject).orElseThrow().schema();
  }

  private static void same() {
    for (Database database : DATABASES) {
      for (String table : List.of("people", "orders")) {
        await().atMost(PATIENCE).untilAsserted(() -> same(database, table));
      }
    }
  }

  /** The stream, by key, is what the database says, column by column. */
  private static void same(Database database, String table) throws Exception {
    String topic = "it.cdc." + database.name() + "_" + table;
    Map<String, Map<String, String>> stream = new TreeMap<>();
    Map<String, Schema> types = new LinkedHashMap<>();
    for (ConsumerRecord<byte[], byte[]> record : records(topic).values()) {
      GenericRecord key = avro(record.key());
      String id = String.valueOf(key.get("id"));
      if (record.value() == null) {
        stream.remove(id);
        continue;
      }
      GenericRecord value = avro(record.value());
      Map<String, String> row = new TreeMap<>();
      for (Schema.Field field : value.getSchema().getFields()) {
        types.put(field.name(), notNull(field.schema()));
        row.put(field.name(), show(value.get(field.pos()), notNull(field.schema())));
      }
      assertThat(row.remove("_op") == null).isFalse();
      Instant changed = Instant.parse(row.remove("_source_ts"));
      assertThat(changed).isBetween(Instant.now().minusSeconds(600), Instant.now().plusSeconds(5));
      stream.put(id, row);
    }
    types.keySet().removeAll(List.of("_op", "_source_ts"));
    assertThat(stream).as(topic).isEqualTo(asked(database, table, types));
  }

  private static Map<String, Map<String, String>> asked(
      Database database, String table, Map<String, Schema> types) throws Exception {
    Map<String, Map<String, String>> rows = new TreeMap<>();
    try (Statement statement = database.connection().createStatement();
        ResultSet result = statement.executeQuery("SELECT * FROM " + table)) {
      while (result.next()) {
        Map<String, String> row = new TreeMap<>();
        for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
          String column = result.getMetaData().getColumnName(i);
          if (column.equals("pin")) {
            continue;
          }
          row.put(column, masked(column, value(result, i, types.get(column))));
        }
        rows.put(row.get("id"), row);
      }
    }
    return rows;
  }

  private static String masked(String column, String value) throws Exception {
    if (value == null) {
      return null;
    }
    return switch (column) {
      case "email" -> hash(value);
      case "phone" -> "***";
      case "remark" -> null;
      default -> value;
    };
  }

  private static String hash(String value) throws Exception {
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(SALT.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
    return HexFormat.of().formatHex(mac.doFinal(value.getBytes(StandardCharsets.UTF_8)));
  }

  private static String value(ResultSet row, int column, Schema type) throws SQLException {
    if (type == null || row.getObject(column) == null) {
      return row.getObject(column) == null ? null : "no such field in the stream";
    }
    if (type.getLogicalType() instanceof LogicalTypes.Date) {
      return row.getObject(column, LocalDate.class).toString();
    }
    if (type.getLogicalType() instanceof LogicalTypes.TimestampMicros) {
      return (row.getMetaData().getColumnTypeName(column).equals("timestamptz")
              ? row.getObject(column, OffsetDateTime.class).toInstant()
              : row.getObject(column, LocalDateTime.class).toInstant(ZoneOffset.UTC))
          .toString();
    }
    if (type.getLogicalType() instanceof LogicalTypes.Decimal decimal) {
      return row.getBigDecimal(column).setScale(decimal.getScale()).toPlainString();
    }
    if (type.getType() == Schema.Type.BOOLEAN) {
      return Boolean.toString(row.getBoolean(column));
    }
    if (type.getType() == Schema.Type.ARRAY) {
      List<String> items = new ArrayList<>();
      for (Object item : (Object[]) row.getArray(column).getArray()) {
        items.add(String.valueOf(item));
      }
      return items.toString();
    }
    return row.getString(column);
  }

  private static Schema notNull(Schema schema) {
    return schema.getType() != Schema.Type.UNION
        ? schema
        : schema.getTypes().stream()
            .filter(s -> s.getType() != Schema.Type.NULL)
            .findFirst()
            .orElseThrow();
  }

  private static String show(Object value, Schema type) {
    if (value == null) {
      return null;
    }
    if (type.getLogicalType() instanceof LogicalTypes.Date) {
      return LocalDate.ofEpochDay((Integer) value).toString();
    }
    if (type.getLogicalType() instanceof LogicalTypes.TimestampMicros) {
      return Instant.EPOCH.plus((Long) value, ChronoUnit.MICROS).toString();
    }
    if (type.getLogicalType() instanceof LogicalTypes.Decimal decimal) {
      ByteBuffer bytes = ((ByteBuffer) value).duplicate();
      byte[] array = new byte[bytes.remaining()];
      bytes.get(array);
      return new BigDecimal(new BigInteger(array), decimal.getScale()).toPlainString();
    }
    return value.toString();
  }

  private static GenericRecord avro(byte[] bytes) throws Exception {
    Schema schema = registry.byId(WireFormat.schemaId(bytes));
    return new GenericDatumReader<GenericRecord>(schema)
        .read(
            null,
            DecoderFactory.get()
                .binaryDecoder(
                    bytes,
                    WireFormat.HEADER_LENGTH,
                    bytes.length - WireFormat.HEADER_LENGTH,
                    null));
  }

  /** The newest record of each key, in their order; records without a key all. */
  private static Map<String, ConsumerRecord<byte[], byte[]>> records(String topic) {
    Map<String, ConsumerRecord<byte[], byte[]>> newest = new LinkedHashMap<>();
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(
            Map.of(
                "bootstrap.servers",
                kafka.endpoint().orElseThrow(),
                "isolation.level",
                "read_committed",
                "allow.auto.create.topics",
                "false"),
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer())) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(topic).stream()
              .map(p -> new TopicPartition(topic, p.partition()))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
          String key =
              record.key() == null
                  ? "#" + record.partition() + "/" + record.offset()
                  : new String(record.key(), StandardCharsets.ISO_8859_1);
          newest.remove(key);
          newest.put(key, record);
        }
      }
    }
    return newest;
  }
}
