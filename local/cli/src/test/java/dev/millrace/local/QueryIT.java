package dev.millrace.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.avro.LogicalType;
import org.apache.avro.LogicalTypes;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code millrace query} as a user types it, on a run of its own: what it answers is what a plain
 * consumer with plain Avro reads of the same topics.
 */
class QueryIT {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);
  private static final int ORDERS = 2000;

  private static final String PIPELINE =
      """
      apiVersion: millrace.dev/v1alpha1
      kind: Pipeline
      metadata: { name: asked }
      spec:
        sources:
          - name: orders
            partitions: 3
            datagen:
              schema: |
                { "type": "record", "name": "Order", "fields": [
                  { "name": "order_id", "type": { "type": "long", "arg.properties": { "iteration": { "start": 1 } } } },
                  { "name": "ordered_at", "type": { "type": "long", "logicalType": "timestamp-micros" } },
                  { "name": "due", "type": { "type": "int", "logicalType": "date", "arg.properties": { "range": { "min": 20000, "max": 20400 } } } },
                  { "name": "product", "type": { "type": "string", "arg.properties": { "options": ["tea", "coffee, black", "say \\"cocoa\\""] } } },
                  { "name": "amount", "type": { "type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2, "arg.properties": { "length": 3 } } },
                  { "name": "weight", "type": { "type": "double", "arg.properties": { "range": { "min": 0.5, "max": 9.5 } } } },
                  { "name": "note", "type": ["null", "string"], "default": null, "arg.properties": { "odds.null": 0.4 } } ] }
              seed: 7
              count: %d
              rate: 20/s
              start: -3m
            eventTime: { field: ordered_at, outOfOrder: 5s }
        transforms:
          - name: per_minute
            sql: |
              SELECT window.start AS minute, product, count(*) AS orders, sum(amount) AS amount, max(note) AS note
              FROM orders GROUP BY window(ordered_at, '1 minute'), product
            key: [minute, product]
      """
          .formatted(ORDERS);

  @TempDir static Path temporary;

  private static Path directory;
  private static String kafka;
  private static String registry;
  private static final Map<Integer, Schema> SCHEMAS = new HashMap<>();

  @BeforeAll
  static void run() throws Exception {
    directory = Files.createDirectory(temporary.resolve("asked"));
    Files.writeString(directory.resolve("kustomization.yaml"), "resources: [pipeline.yaml]\n");
    Files.writeString(directory.resolve("pipeline.yaml"), PIPELINE);
    Installation millrace = new Installation(temporary);
    Installation.Result started = millrace.run(240, "run", directory.toString(), "--detach");
    assertThat(started.exitCode()).as(started.output()).isZero();
    await()
        .atMost(Duration.ofSeconds(120))
        .pollInterval(Duration.ofSeconds(1))
        .until(() -> millrace.status(directory).at("/pipelines/0/drained").asBoolean());
    for (JsonNode service : millrace.status(directory).path("services")) {
      if (service.path("name").asText().equals("kafka")) {
        kafka = service.path("endpoint").asText();
      } else if (service.path("name").asText().equals("registry")) {
        registry = service.path("endpoint").asText();
      }
    }
    spoil();
  }

  /** A key is deleted, a transaction is aborted, and a record is no Avro. */
  private static void spoil() throws Exception {
    List<ConsumerRecord<byte[], byte[]>> table = records("asked.per_minute");
    List<ConsumerRecord<byte[], byte[]>> orders = records("asked.orders");
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", kafka, "transactional.id", "query-it"),
            new ByteArraySerializer(),
            new ByteArraySerializer())) {
      producer.initTransactions();
      producer.beginTransaction();
      ConsumerRecord<byte[], byte[]> deleted = table.get(0);
      send(
          producer,
          new ProducerRecord<>(deleted.topic(), deleted.partition(), deleted.key(), null));
      send(
          producer,
          new ProducerRecord<>(
              "asked.orders", 0, null, "no Avro at all".getBytes(StandardCharsets.UTF_8)));
      producer.commitTransaction();
      producer.beginTransaction();
      send(producer, new ProducerRecord<>("asked.orders", 1, null, orders.get(0).value()));
      producer.abortTransaction();
    }
  }

  private static void send(
      KafkaProducer<byte[], byte[]> producer, ProducerRecord<byte[], byte[]> record)
      throws Exception {
    producer.send(record).get(30, TimeUnit.SECONDS);
  }

  @AfterAll
  static void stop() throws Exception {
    new Installation(temporary).run(120, "stop", directory.toString());
  }

  private static Installation.Result query(String... args) throws Exception {
    List<String> all = new ArrayList<>(List.of("query", directory.toString()));
    all.addAll(List.of(args));
    ProcessBuilder builder = new Installation(temporary).command(all.toArray(String[]::new));
    return Installation.finish(builder, 120);
  }

  /** The rows as JSON; what is said on stderr is not looked at. */
  private static List<JsonNode> rows(String sql) throws Exception {
    Installation.Result result = query("-o", "json", sql);
    assertThat(result.exitCode()).as(result.output()).isZero();
    List<JsonNode> rows = new ArrayList<>();
    for (String line : result.output().lines().filter(l -> l.startsWith("{")).toList()) {
      rows.add(JSON.readTree(line));
    }
    return rows;
  }

  // ---- an independent reader

  private static List<ConsumerRecord<byte[], byte[]>> records(String topic) {
    return CommittedRecords.of(kafka, topic);
  }

  private static GenericRecord avro(byte[] framed) throws Exception {
    ByteBuffer buffer = ByteBuffer.wrap(framed);
    if (buffer.get() != 0) {
      return null;
    }
    Schema schema = schema(buffer.getInt());
    return new GenericDatumReader<GenericRecord>(schema)
        .read(null, DecoderFactory.get().binaryDecoder(framed, 5, framed.length - 5, null));
  }

  private static Schema schema(int id) throws Exception {
    if (!SCHEMAS.containsKey(id)) {
      HttpResponse<String> response =
          HttpClient.newHttpClient()
              .send(
                  HttpRequest.newBuilder(URI.create(registry + "/schemas/ids/" + id)).build(),
                  HttpResponse.BodyHandlers.ofString());
      SCHEMAS.put(
          id, new Schema.Parser().parse(JSON.readTree(response.body()).path("schema").asText()));
    }
    return SCHEMAS.get(id);
  }

  /** As the documentation says it is written. */
  private static JsonNode json(GenericRecord record) {
    ObjectNode row = JsonNodeFactory.withExactBigDecimals(true).objectNode();
    for (Schema.Field field : record.getSchema().getFields()) {
      Object value = record.get(field.pos());
      Schema type = field.schema();
      if (type.isUnion()) {
        type = type.getTypes().get(type.getTypes().get(0).getType() == Schema.Type.NULL ? 1 : 0);
      }
      LogicalType logical = type.getLogicalType();
      if (value == null) {
        row.putNull(field.name());
      } else if (logical instanceof LogicalTypes.TimestampMicros) {
        row.put(field.name(), Instant.EPOCH.plus((Long) value, ChronoUnit.MICROS).toString());
      } else if (logical instanceof LogicalTypes.Date) {
        row.put(field.name(), LocalDate.ofEpochDay((Integer) value).toString());
      } else if (logical instanceof LogicalTypes.Decimal decimal) {
        ByteBuffer bytes = ((ByteBuffer) value).duplicate();
        byte[] unscaled = new byte[bytes.remaining()];
        bytes.get(unscaled);
        row.put(field.name(), new BigDecimal(new BigInteger(unscaled), decimal.getScale()));
      } else if (value instanceof Long number) {
        row.put(field.name(), number);
      } else if (value instanceof Double number) {
        row.put(field.name(), number);
      } else {
        row.put(field.name(), value.toString());
      }
    }
    return row;
  }

  /** JSON's text is what is compared: {@code 1.50} is not {@code 1.5}. */
  private static List<String> texts(List<JsonNode> rows) throws Exception {
    List<String> texts = new ArrayList<>();
    for (JsonNode row : rows) {
      texts.add(JSON.readTree(row.toString()).toString());
    }
    return texts;
  }

  private static List<JsonNode> orders() throws Exception {
    List<JsonNode> rows = new ArrayList<>();
    for (ConsumerRecord<byte[], byte[]> record : records("asked.orders")) {
      GenericRecord order = avro(record.value());
      if (order != null) {
        rows.add(json(order));
      }
    }
    return rows;
  }

  // ---- what is asked

  @Test
  void anAppendStreamIsItsCommittedRows() throws Exception {
    List<JsonNode> expected = orders();
    assertThat(expected).hasSize(ORDERS);
    assertThat(expected).anyMatch(o -> o.get("note").isNull());
    assertThat(texts(rows("SELECT * FROM orders")))
        .containsExactlyInAnyOrderElementsOf(texts(expected));
    Installation.Result said = query("-o", "csv", "SELECT count(*) FROM orders");
    assertThat(said.output())
        .contains("millrace: asked.orders partition 0 offset")
        .contains("is left out")
        .contains("\r\n" + ORDERS + "\r\n");
  }

  @Test
  void aTableIsTheLatestRowOfEachKey() throws Exception {
    Map<ByteBuffer, JsonNode> latest = new LinkedHashMap<>();
    int written = 0;
    for (ConsumerRecord<byte[], byte[]> record : records("asked.per_minute")) {
      written++;
      ByteBuffer key = ByteBuffer.wrap(record.key());
      if (record.value() == null) {
        latest.remove(key);
      } else {
        latest.put(key, json(avro(record.value())));
      }
    }
    assertThat(latest.size()).isPositive().isLessThan(written);
    assertThat(texts(rows("SELECT * FROM asked.per_minute")))
        .containsExactlyInAnyOrderElementsOf(texts(List.copyOf(latest.values())));
  }

  @Test
  void joinsAggregatesAndOrder() throws Exception {
    Map<String, BigDecimal> sums = new HashMap<>();
    for (JsonNode order : orders()) {
      sums.merge(
          order.get("product").asText(), order.get("amount").decimalValue(), BigDecimal::add);
    }
    List<JsonNode> rows =
        rows(
            """
            WITH sums AS (SELECT product, sum(amount) AS amount FROM orders GROUP BY product)
            SELECT s.product, s.amount, count(DISTINCT per_minute.minute) AS minutes
            FROM sums s JOIN asked.per_minute ON asked.per_minute.product = s.product
            GROUP BY 1, 2 ORDER BY amount DESC
            """);
    assertThat(rows).hasSize(3);
    for (JsonNode row : rows) {
      assertThat(row.get("amount").decimalValue())
          .isEqualByComparingTo(sums.get(row.get("product").asText()));
    }
    assertThat(rows)
        .isSortedAccordingTo(
            (a, b) -> b.get("amount").decimalValue().compareTo(a.get("amount").decimalValue()));
  }

  @Test
  void formats() throws Exception {
    String sql =
        "SELECT order_id, product, note FROM orders WHERE note IS NULL AND product LIKE 'say%'"
            + " ORDER BY order_id LIMIT 1";
    JsonNode first =
        orders().stream()
            .filter(o -> o.get("note").isNull() && o.get("product").asText().startsWith("say"))
            .min((a, b) -> Long.compare(a.get("order_id").asLong(), b.get("order_id").asLong()))
            .orElseThrow();
    // Not a terminal: CSV.
    assertThat(query(sql).output())
        .endsWith(
            "order_id,product,note\r\n"
                + first.get("order_id").asText()
                + ",\"say \"\"cocoa\"\"\",\r\n");
    assertThat(query("-o", "table", sql).output())
        .contains("order_id  product      note\n--------  -----------  ----\n")
        .contains("say \"cocoa\"  NULL\n(1 row in ");
    assertThat(query("--limit", "3", "-o", "table", "SELECT * FROM orders").output())
        .contains("(3 rows in ");
  }

  @Test
  void fromATimeOn() throws Exception {
    List<ConsumerRecord<byte[], byte[]>> all = records("asked.orders");
    long middle =
        all.stream().mapToLong(ConsumerRecord::timestamp).sorted().toArray()[all.size() / 2];
    int since = 0;
    for (ConsumerRecord<byte[], byte[]> record : all) {
      if (record.timestamp() >= middle && avro(record.value()) != null) {
        since++;
      }
    }
    assertThat(
            query("--from", Instant.ofEpochMilli(middle).toString(), "SELECT count(*) FROM orders")
                .output())
        .contains("\r\n" + since + "\r\n");
  }

  @Test
  void whatIsWrongIsSaidWithItsPlace() throws Exception {
    refused(
        "SELECT * FROM ordrs",
        "line 1, column 15: unknown stream ordrs",
        "(did you mean 'orders'?)");
    refused(
        "SELECT *\nFROM orders o\nWHERE o.prodct = 'tea'",
        "line 3, column 7: unknown column o.prodct");
    refused("SELECT *\nFROMM orders", "line 2, column");
    refused("DROP TABLE orders", "a query is one SELECT");
    refused(
        "SELECT 1/0 FROM nobody.orders", "unknown stream nobody.orders; known: orders, per_minute");
  }

  @Test
  void whatCanNotBeFollowedIsRefusedBeforeAnythingIsShown() throws Exception {
    Installation.Result result = query("--follow", "SELECT product FROM orders ORDER BY product");
    assertThat(result.output())
        .startsWith("millrace: --follow: line 1, column 28: Sorting is not supported");
    assertThat(result.exitCode()).isEqualTo(1);
  }

  private static void refused(String sql, String... said) throws Exception {
    Installation.Result result = query(sql);
    assertThat(result.output()).contains(said).doesNotContain("\tat ");
    assertThat(result.exitCode()).isEqualTo(1);
  }

  @Test
  void streamsAreListedAndASelectIsExplained() throws Exception {
    assertThat(query("--explain").output())
        .containsPattern("orders +append +order_id, ordered_at, due")
        .containsPattern("per_minute +table +minute, product");
    assertThat(query("--explain", "SELECT product, amount FROM orders").output())
        .containsPattern("asked.orders +append +topic asked.orders")
        .containsPattern("amount +DECIMAL\\(10,2\\) NOT NULL")
        .contains("millrace rows of asked.orders (all): product, amount");
  }

  @Test
  void followedItShowsWhatComesUntilItIsStopped() throws Exception {
    // Not the deletion: followed, nothing comes of it.
    ConsumerRecord<byte[], byte[]> known =
        records("asked.per_minute").stream().filter(r -> r.value() != null).findFirst().get();
    ProcessBuilder asked =
        new Installation(temporary)
            .command(
                "query",
                directory.toString(),
                "--follow",
                "-o",
                "json",
                "SELECT minute, product FROM per_minute");
    // What a shell runs in the background ignores SIGINT, and so do the processes that it starts.
    asked.command().addAll(0, List.of("env", "--default-signal=INT"));
    Process process = asked.start();
    try (BufferedReader lines =
            new BufferedReader(
                new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        KafkaProducer<byte[], byte[]> producer =
            new KafkaProducer<>(
                Map.of("bootstrap.servers", kafka),
                new ByteArraySerializer(),
                new ByteArraySerializer())) {
      // It begins at the latest record, whenever that is: one more each second.
      await()
          .atMost(Duration.ofSeconds(60))
          .pollInterval(Duration.ofSeconds(1))
          .until(
              () -> {
                send(
                    producer,
                    new ProducerRecord<>(
                        known.topic(), known.partition(), known.key(), known.value()));
                return lines.ready();
              });
      JsonNode row = JSON.readTree(lines.readLine());
      assertThat(row.get("product").asText())
          .isEqualTo(avro(known.value()).get("product").toString());
      List<ProcessHandle> children = process.descendants().toList();
      assertThat(children).isNotEmpty();
      new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isEqualTo(130);
      assertThat(children).noneMatch(ProcessHandle::isAlive);
      lines.lines().forEach(line -> assertThat(line).startsWith("{").endsWith("}"));
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void theCommandLineItself() throws Exception {
    assertThat(query("--limit", "0", "SELECT 1").exitCode()).isEqualTo(2);
    Installation.Result from = query("--from", "yesterday", "SELECT 1");
    assertThat(from.exitCode()).isEqualTo(2);
    assertThat(from.output()).contains("--from 'yesterday': expected earliest, latest");
    Installation.Result none =
        new Installation(temporary).run(90, "query", temporary.toString(), "SELECT 1");
    assertThat(none.exitCode()).isEqualTo(3);
    assertThat(none.output()).contains("is not running, so there is nothing to ask");
    assertThat(query("--help").output()).contains("Examples:");
    Installation.Result here = new Installation(directory).run(60, "query", "--explain");
    assertThat(here.output()).contains("per_minute");
    assertThat(new Installation(directory).run(90, "validate", ".").exitCode()).isZero();
  }
}
