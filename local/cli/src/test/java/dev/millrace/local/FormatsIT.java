package dev.millrace.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.File;
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
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.apache.avro.LogicalTypes;
import org.apache.avro.Schema;
import org.apache.avro.file.DataFileReader;
import org.apache.avro.file.DataFileWriter;
import org.apache.avro.file.SeekableByteArrayInput;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.connect.data.Decimal;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.data.Timestamp;
import org.apache.kafka.connect.json.JsonConverter;
import org.awaitility.core.ConditionTimeoutException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Streams of all formats in one run. The same records are made three times, in a format each: what
 * Jackson and Avro's own readers find in the topics is what plain Avro says of the first. Somebody
 * else's topics are written by Kafka Connect's JsonConverter, by Avro's DataFileWriter and by hand.
 */
class FormatsIT {
  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .nodeFactory(JsonNodeFactory.withExactBigDecimals(true))
          .build();
  private static final int ORDERS = 400;
  private static final int PARTNERS = 50;
  private static final DateTimeFormatter MICROS =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSS'Z'").withZone(ZoneOffset.UTC);

  private static final String SOURCE =
      """
          - name: %s
            format: %s
            partitions: 2
            datagen:
              schemaFrom: { configMap: schemas, key: order.avsc }
              seed: 11
              count: %d
              rate: max
              clock: simulated
              start: "2026-01-01T00:00:00Z"
            eventTime: { field: at, outOfOrder: 5s }
      """;

  private static final String ORDER =
      """
      { "type": "record", "name": "Order", "fields": [
        { "name": "order_id", "type": { "type": "long", "arg.properties": { "iteration": { "start": 1 } } } },
        { "name": "at", "type": { "type": "long", "logicalType": "timestamp-micros" } },
        { "name": "due", "type": { "type": "int", "logicalType": "date", "arg.properties": { "range": { "min": 20000, "max": 20400 } } } },
        { "name": "item", "type": { "type": "string", "arg.properties": { "options": ["tea", "coffee, black", "say \\"cocoa\\"", "grün"] } } },
        { "name": "amount", "type": { "type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2, "arg.properties": { "length": 3 } } },
        { "name": "weight", "type": { "type": "double", "arg.properties": { "range": { "min": 0.5, "max": 9.5 } } } },
        { "name": "raw", "type": { "type": "bytes", "arg.properties": { "length": 5 } } },
        { "name": "note", "type": ["null", "string"], "default": null, "arg.properties": { "odds.null": 0.4 } } ] }
      """;

  private static final String PARTNER =
      """
      { "type": "record", "name": "Partner", "fields": [
        { "name": "order_id", "type": "long" },
        { "name": "at", "type": { "type": "long", "logicalType": "timestamp-millis" } },
        { "name": "item", "type": "string" },
        { "name": "amount", "type": { "type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2 } },
        { "name": "note", "type": ["null", "string"], "default": null } ] }
      """;

  private static final Schema SHIPPED =
      new Schema.Parser()
          .parse(
              """
              { "type": "record", "name": "Shipped", "fields": [
                { "name": "order_id", "type": "int" },
                { "name": "warehouse", "type": "string" },
                { "name": "carrier", "type": "string" } ] }
              """);

  private static final String PIPELINE =
      """
      apiVersion: millrace.dev/v1alpha1
      kind: Pipeline
      metadata: { name: mixed }
      spec:
        sources:
      """
          + SOURCE.formatted("plain", "avro", ORDERS)
          + SOURCE.formatted("orders", "json", ORDERS)
          + SOURCE.formatted("boxed", "avro-embedded", ORDERS)
          + """
          - name: partner
            format: json
            key: [order_id]
            topic: { name: partner.orders, schemaFrom: { configMap: schemas, key: partner.avsc } }
          - name: prices
            format: json
            key: [item]
            topic:
              name: partner.prices
              kind: table
              schema: '{"type":"record","name":"Price","fields":[{"name":"item","type":"string"},{"name":"price","type":"double"}]}'
          - name: shipped
            format: avro-embedded
            key: [order_id]
            topic:
              name: partner.shipped
              schema: '{"type":"record","name":"Shipped","fields":[{"name":"order_id","type":"long"},{"name":"carrier","type":"string"},{"name":"late","type":["null","boolean"],"default":null}]}'
          - name: stock
            format: json
            cdc:
              connection: { secretRef: { name: stock } }
              tables:
                - { table: stock.goods, name: goods }
        transforms:
          - name: valued
            format: json
            sql: SELECT o.order_id, g.price FROM orders o LEFT JOIN goods g ON g.item = o.item
            key: [order_id]
          - name: report
            format: json
            sql: SELECT order_id, at, due, item, amount, weight, raw, note FROM orders
            key: [order_id]
            eventTime: { field: at, outOfOrder: 5s }
          - name: packed
            format: avro-embedded
            sql: SELECT order_id, at, due, item, amount, weight, raw, note FROM boxed
            key: [order_id]
            eventTime: { field: at, outOfOrder: 5s }
          - name: per_item
            format: json
            sql: SELECT window.start AS hour, item, count(*) AS n FROM report GROUP BY window(at, '1 hour'), item
            key: [hour, item]
          - name: per_item_packed
            format: avro-embedded
            sql: SELECT window.start AS hour, item, count(*) AS n FROM packed GROUP BY window(at, '1 hour'), item
            key: [hour, item]
          - name: priced
            format: json
            sql: SELECT p.order_id, p.at, p.item, p.amount, r.price, p.note FROM partner p LEFT JOIN prices r ON r.item = p.item
            key: [order_id]
          - name: carried
            sql: SELECT order_id, carrier, late FROM shipped
            key: [order_id]
        sinks:
          - { name: report-es, from: report, elasticsearch: { index: report } }
          - { name: packed-es, from: packed, elasticsearch: { index: packed } }
          - { name: per-item-es, from: per_item, elasticsearch: { index: per-item } }
          - { name: per-item-packed-es, from: per_item_packed, elasticsearch: { index: per-item-packed } }
          - { name: partner-es, from: partner, elasticsearch: { index: partner } }
          - { name: prices-es, from: prices, elasticsearch: { index: prices } }
          - { name: carried-es, from: carried, elasticsearch: { index: carried } }
      """;

  private static final String STOCK =
      """
      CREATE TABLE goods (item VARCHAR(20) PRIMARY KEY, price DECIMAL(10,2) NOT NULL, since DATE NOT NULL, counted DATETIME(6) NOT NULL, note VARCHAR(20));
      INSERT INTO goods VALUES ('tea', 1.50, '2026-01-02', '2026-01-02 03:04:05.678901', NULL), ('grün', 20.00, '2025-12-31', '2026-01-01 00:00:00', 'new'), ('milk', 0.99, '2026-02-28', '2026-01-01 00:00:00', NULL);
      """;

  /** What is wrong, and what is said of it. */
  private static final Map<String, String> BROKEN =
      new TreeMap<>(
          Map.of(
              "no JSON at all",
              "not JSON",
              "{\"order_id\":\"one\",\"at\":1,\"item\":\"tea\",\"amount\":1}",
              "field 'order_id': 'one': expected a long",
              "{\"order_id\":1001,\"at\":1,\"amount\":1}",
              "field 'item' is missing: expected text",
              "{\"order_id\":1002,\"at\":\"yesterday\",\"item\":\"tea\",\"amount\":1}",
              "field 'at': 'yesterday': expected an instant",
              "{\"order_id\":1003,\"at\":1,\"item\":\"tea\",\"amount\":1.234}",
              "field 'amount': 1.234: expected a decimal(10,2)",
              "[1]",
              "expected a JSON object",
              "{\"order_id\":1004,\"at\":1,\"item\":\"tea\"",
              "not JSON"));

  @TempDir static Path temporary;

  private static Path directory;
  private static JsonNode status;
  private static final Map<Integer, Schema> SCHEMAS = new HashMap<>();

  @BeforeAll
  static void run() throws Exception {
    directory = Files.createDirectory(temporary.resolve("mixed"));
    Files.writeString(
        directory.resolve("kustomization.yaml"),
        """
        resources: [pipeline.yaml]
        configMapGenerator: [{ name: schemas, files: [order.avsc, partner.avsc] }]
        generatorOptions: { disableNameSuffixHash: true }
        """);
    Files.writeString(directory.resolve("pipeline.yaml"), PIPELINE);
    Files.writeString(
        directory.resolve("local.yaml"),
        """
        apiVersion: millrace.dev/v1alpha1
        kind: LocalEnvironment
        services: [{ name: stock, mariadb: { database: stock, seed: [stock.sql] } }]
        """);
    Files.writeString(directory.resolve("stock.sql"), STOCK);
    Files.writeString(directory.resolve("order.avsc"), ORDER);
    Files.writeString(directory.resolve("partner.avsc"), PARTNER);
    Installation millrace = new Installation(temporary);
    startWithoutThePartnersTopics(millrace);
    for (String index : List.of("report", "packed")) {
      documents(index, ORDERS);
    }
    documents("partner", PARTNERS + 1);
    documents("carried", PARTNERS);
    await().atMost(Duration.ofSeconds(120)).until(() -> records("mixed.valued").size() == ORDERS);
    for (String index : List.of("per-item", "per-item-packed")) {
      await()
          .atMost(Duration.ofSeconds(240))
          .pollInterval(Duration.ofSeconds(1))
          .until(() -> search(index).stream().mapToInt(d -> d.path("n").asInt()).sum() == ORDERS);
    }
  }

  @AfterAll
  static void stop() throws Exception {
    new Installation(temporary).run(120, "stop", directory.toString());
  }

  // ---- somebody else's topics

  /** It is told that they are missing, and runs as soon as they are there. */
  private static void startWithoutThePartnersTopics(Installation millrace) throws Exception {
    File output = temporary.resolve("run.out").toFile();
    Process starting =
        millrace.command("run", directory.toString(), "--detach").redirectOutput(output).start();
    try {
      await()
          .atMost(Duration.ofSeconds(240))
          .pollInterval(Duration.ofSeconds(1))
          .until(
              () -> {
                String said = Files.readString(output.toPath());
                assertThat(starting.isAlive()).as(said).isTrue();
                return said.contains("failed: topic partner.orders does not exist")
                    && said.contains("failed: topic partner.shipped does not exist");
              });
      status = millrace.status(directory);
      writeAsPartner();
      assertThat(starting.waitFor(180, TimeUnit.SECONDS)).isTrue();
      assertThat(starting.exitValue()).as(Files.readString(output.toPath())).isZero();
    } catch (ConditionTimeoutException e) {
      throw new AssertionError(Files.readString(output.toPath()), e);
    } finally {
      starting.destroyForcibly();
    }
  }

  private static void writeAsPartner() throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", endpoint("kafka")))) {
      admin
          .createTopics(
              List.of(
                  new NewTopic("partner.orders", 2, (short) 1),
                  new NewTopic("partner.prices", 1, (short) 1),
                  new NewTopic("partner.shipped", 1, (short) 1)))
          .all()
          .get(30, TimeUnit.SECONDS);
    }
    try (KafkaProducer<byte[], byte[]> producer =
            new KafkaProducer<>(
                Map.of("bootstrap.servers", endpoint("kafka")),
                new ByteArraySerializer(),
                new ByteArraySerializer());
        JsonConverter converter = new JsonConverter()) {
      converter.configure(
          Map.of(
              "schemas.enable", "false", "decimal.format", "NUMERIC", "converter.type", "value"));
      send(producer, "partner.prices", "{\"item\":\"tea\"}", "{\"item\":\"tea\",\"price\":1.25}");
      send(producer, "partner.prices", "{\"item\":\"rum\"}", "{\"item\":\"rum\",\"price\":9}");
      send(producer, "partner.prices", "{\"item\":\"gin\"}", "{\"item\":\"gin\",\"price\":8.5}");
      send(producer, "partner.prices", "{\"item\":\"gin\"}", null);
      for (String broken : BROKEN.keySet()) {
        send(producer, "partner.orders", null, broken);
      }
      org.apache.kafka.connect.data.Schema schema =
          SchemaBuilder.struct()
              .field("order_id", org.apache.kafka.connect.data.Schema.INT64_SCHEMA)
              .field("at", Timestamp.SCHEMA)
              .field("item", org.apache.kafka.connect.data.Schema.STRING_SCHEMA)
              .field("amount", Decimal.schema(2))
              .field("note", org.apache.kafka.connect.data.Schema.OPTIONAL_STRING_SCHEMA)
              .field("not_ours", org.apache.kafka.connect.data.Schema.FLOAT64_SCHEMA)
              .build();
      for (int i = 0; i < PARTNERS; i++) {
        Struct order =
            new Struct(schema)
                .put("order_id", (long) i)
                .put("at", new Date(1767225600000L + i))
                .put("item", i % 2 == 0 ? "tea" : "rum")
                .put("amount", BigDecimal.valueOf(100 + i, 2))
                .put("note", i % 3 == 0 ? null : "note " + i)
                .put("not_ours", 1.5);
        byte[] value = converter.fromConnectData("partner.orders", schema, order);
        producer
            .send(new ProducerRecord<>("partner.orders", null, value))
            .get(30, TimeUnit.SECONDS);
      }
      send(
          producer,
          "partner.orders",
          null,
          """
          { "amount": "7.50", "item": "tea", "at": "2026-01-01T01:00:00+01:00", "order_id": 2000 }
          """);
      GenericDatumWriter<GenericRecord> writer = new GenericDatumWriter<>(SHIPPED);
      for (int i = 0; i < PARTNERS; i++) {
        GenericRecord shipped = new GenericData.Record(SHIPPED);
        shipped.put("order_id", i);
        shipped.put("warehouse", "north");
        shipped.put("carrier", "carrier " + i);
        java.io.ByteArrayOutputStream out = new java.io.ByteArrayOutputStream();
        try (DataFileWriter<GenericRecord> file = new DataFileWriter<>(writer)) {
          file.create(SHIPPED, out);
          file.append(shipped);
        }
        producer
            .send(new ProducerRecord<>("partner.shipped", null, out.toByteArray()))
            .get(30, TimeUnit.SECONDS);
      }
      send(producer, "partner.shipped", null, "{\"order_id\":1}");
    }
  }

  private static void send(
      KafkaProducer<byte[], byte[]> producer, String topic, String key, String value)
      throws Exception {
    producer
        .send(
            new ProducerRecord<>(
                topic,
                key == null ? null : key.getBytes(StandardCharsets.UTF_8),
                value == null ? null : value.getBytes(StandardCharsets.UTF_8)))
        .get(30, TimeUnit.SECONDS);
  }

  // ---- independent readers

  private static String endpoint(String name) {
    for (JsonNode service : status.path("services")) {
      if (service.path("name").asText().equals(name)) {
        return service.path("endpoint").asText();
      }
    }
    throw new AssertionError("no service " + name + ": " + status);
  }

  private static List<ConsumerRecord<byte[], byte[]>> records(String topic) {
    return CommittedRecords.of(endpoint("kafka"), topic);
  }

  private static String get(String url) throws Exception {
    return HttpClient.newHttpClient()
        .send(HttpRequest.newBuilder(URI.create(url)).build(), HttpResponse.BodyHandlers.ofString())
        .body();
  }

  private static GenericRecord framed(byte[] bytes) throws Exception {
    int id = ByteBuffer.wrap(bytes, 1, 4).getInt();
    if (!SCHEMAS.containsKey(id)) {
      SCHEMAS.put(
          id,
          new Schema.Parser()
              .parse(
                  JSON.readTree(get(endpoint("registry") + "/schemas/ids/" + id))
                      .path("schema")
                      .asText()));
    }
    return new GenericDatumReader<GenericRecord>(SCHEMAS.get(id))
        .read(null, DecoderFactory.get().binaryDecoder(bytes, 5, bytes.length - 5, null));
  }

  private static GenericRecord container(byte[] bytes) throws Exception {
    try (DataFileReader<GenericRecord> file =
        new DataFileReader<>(new SeekableByteArrayInput(bytes), new GenericDatumReader<>())) {
      GenericRecord record = file.next();
      assertThat(file.hasNext()).isFalse();
      return record;
    }
  }

  /** As the documentation says that JSON is written. */
  private static String json(GenericRecord record) throws Exception {
    ObjectNode row = JsonNodeFactory.withExactBigDecimals(true).objectNode();
    for (Schema.Field field : record.getSchema().getFields()) {
      Object value = record.get(field.pos());
      var logical = field.schema().getLogicalType();
      if (value == null) {
        row.putNull(field.name());
      } else if (logical instanceof LogicalTypes.TimestampMicros) {
        row.put(field.name(), MICROS.format(Instant.EPOCH.plus((Long) value, ChronoUnit.MICROS)));
      } else if (logical instanceof LogicalTypes.Date) {
        row.put(field.name(), LocalDate.ofEpochDay((Integer) value).toString());
      } else if (value instanceof ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        if (logical instanceof LogicalTypes.Decimal decimal) {
          row.put(field.name(), new BigDecimal(new BigInteger(bytes), decimal.getScale()));
        } else {
          row.put(field.name(), Base64.getEncoder().encodeToString(bytes));
        }
      } else if (value instanceof Long number) {
        row.put(field.name(), number);
      } else if (value instanceof Double number) {
        row.put(field.name(), number);
      } else {
        row.put(field.name(), value.toString());
      }
    }
    return text(row.toString());
  }

  /** JSON's text is what is compared: {@code 1.50} is not {@code 1.5}. */
  private static String text(String json) throws Exception {
    return JSON.readTree(json).toString();
  }

  private static List<String> expected() throws Exception {
    List<String> expected = new ArrayList<>();
    for (ConsumerRecord<byte[], byte[]> record : records("mixed.plain")) {
      expected.add(json(framed(record.value())));
    }
    assertThat(expected).hasSize(ORDERS).anyMatch(o -> o.contains("\"note\":null"));
    return expected;
  }

  private static List<JsonNode> search(String index) throws Exception {
    List<JsonNode> found = new ArrayList<>();
    JSON.readTree(get(endpoint("elasticsearch") + "/" + index + "/_search?size=10000"))
        .at("/hits/hits")
        .forEach(
            h -> {
              ((ObjectNode) h.path("_source")).put("_id", h.path("_id").asText());
              found.add(h.path("_source"));
            });
    return found;
  }

  private static void documents(String index, int count) {
    await()
        .atMost(Duration.ofSeconds(240))
        .pollInterval(Duration.ofSeconds(1))
        .untilAsserted(() -> assertThat(search(index)).as(index).hasSize(count));
  }

  // ---- what is found

  @Test
  void jsonOfASourceAndOfATransformIsWhatAvroSays() throws Exception {
    for (String topic : List.of("mixed.orders", "mixed.report")) {
      List<String> found = new ArrayList<>();
      for (ConsumerRecord<byte[], byte[]> record : records(topic)) {
        String value = new String(record.value(), StandardCharsets.UTF_8);
        found.add(text(value));
        if (topic.endsWith("report")) {
          assertThat(new String(record.key(), StandardCharsets.UTF_8))
              .isEqualTo("{\"order_id\":" + JSON.readTree(value).get("order_id") + "}");
        }
      }
      assertThat(found).as(topic).containsExactlyInAnyOrderElementsOf(expected());
    }
  }

  @Test
  void rowsOfATableAreJsonToo() throws Exception {
    Map<String, String> rows = new TreeMap<>();
    rows.put(
        "tea",
        "{\"item\":\"tea\",\"price\":1.50,\"since\":\"2026-01-02\",\"counted\":\"2026-01-02T03:04:05.678901Z\",\"note\":null}");
    rows.put(
        "grün",
        "{\"item\":\"grün\",\"price\":20.00,\"since\":\"2025-12-31\",\"counted\":\"2026-01-01T00:00:00.000000Z\",\"note\":\"new\"}");
    rows.put(
        "milk",
        "{\"item\":\"milk\",\"price\":0.99,\"since\":\"2026-02-28\",\"counted\":\"2026-01-01T00:00:00.000000Z\",\"note\":null}");
    assertThat(goods()).isEqualTo(rows);
    Map<String, Long> valued = new TreeMap<>();
    for (ConsumerRecord<byte[], byte[]> record : records("mixed.valued")) {
      valued.merge(JSON.readTree(record.value()).get("price").asText(), 1L, Long::sum);
    }
    long tea = expected().stream().filter(o -> o.contains("\"item\":\"tea\"")).count();
    long green = expected().stream().filter(o -> o.contains("\"item\":\"grün\"")).count();
    assertThat(valued).isEqualTo(Map.of("1.50", tea, "20.00", green, "null", ORDERS - tea - green));

    try (Connection connection = Installation.database(directory, "stock");
        Statement statement = connection.createStatement()) {
      statement.executeUpdate("UPDATE goods SET price = 2 WHERE item = 'tea'");
      statement.executeUpdate("DELETE FROM goods WHERE item = 'milk'");
    }
    rows.put("tea", rows.get("tea").replace("1.50", "2.00"));
    rows.remove("milk");
    await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(goods()).isEqualTo(rows));
  }

  /** The last of each key; a delete has no value. */
  private static Map<String, String> goods() throws Exception {
    Map<String, String> last = new TreeMap<>();
    for (ConsumerRecord<byte[], byte[]> record : records("mixed.goods")) {
      String item = JSON.readTree(record.key()).get("item").asText();
      assertThat(new String(record.key(), StandardCharsets.UTF_8))
          .isEqualTo("{\"item\":\"" + item + "\"}");
      if (record.value() == null) {
        last.remove(item);
      } else {
        last.put(item, text(new String(record.value(), StandardCharsets.UTF_8)));
      }
    }
    return last;
  }

  @Test
  void selfContainedAvroIsReadByAvrosOwnReader() throws Exception {
    for (String topic : List.of("mixed.boxed", "mixed.packed")) {
      List<String> found = new ArrayList<>();
      for (ConsumerRecord<byte[], byte[]> record : records(topic)) {
        GenericRecord value = container(record.value());
        found.add(json(value));
        if (topic.endsWith("packed")) {
          assertThat(container(record.key()).get("order_id")).isEqualTo(value.get("order_id"));
        }
      }
      assertThat(found).as(topic).containsExactlyInAnyOrderElementsOf(expected());
    }
  }

  @Test
  void indicesHoldTheSameOfAllFormats() throws Exception {
    Map<String, String> expected = new TreeMap<>();
    for (String row : expected()) {
      expected.put(JSON.readTree(row).get("order_id").asText(), row);
    }
    for (String index : List.of("report", "packed")) {
      Map<String, String> found = new TreeMap<>();
      for (JsonNode document : search(index)) {
        String id = ((ObjectNode) document).remove("_id").asText();
        found.put(id, text(document.toString()));
      }
      assertThat(found).as(index).isEqualTo(expected);
    }
    Map<String, Integer> counts = new TreeMap<>();
    for (String row : expected.values()) {
      JsonNode order = JSON.readTree(row);
      counts.merge(
          order.get("at").asText().substring(0, 13) + " " + order.get("item").asText(),
          1,
          Integer::sum);
    }
    for (String index : List.of("per-item", "per-item-packed")) {
      Map<String, Integer> found = new TreeMap<>();
      for (JsonNode document : search(index)) {
        found.put(
            document.get("hour").asText().substring(0, 13) + " " + document.get("item").asText(),
            document.get("n").asInt());
      }
      assertThat(found).as(index).isEqualTo(counts);
    }
  }

  @Test
  void somebodyElsesJsonIsReadAndWhatIsNotIsSetAside() throws Exception {
    Map<String, String> read = new TreeMap<>();
    await()
        .atMost(Duration.ofSeconds(120))
        .until(() -> records("mixed.priced").size() == PARTNERS + 1);
    for (ConsumerRecord<byte[], byte[]> record : records("mixed.priced")) {
      JsonNode row = JSON.readTree(record.value());
      read.put(row.get("order_id").asText(), row.toString());
    }
    assertThat(read).hasSize(PARTNERS + 1);
    assertThat(read.get("3"))
        .isEqualTo(
            "{\"order_id\":3,\"at\":\"2026-01-01T00:00:00.003000Z\",\"item\":\"rum\",\"amount\":1.03,\"price\":9.0,\"note\":null}");
    assertThat(read.get("2000"))
        .isEqualTo(
            "{\"order_id\":2000,\"at\":\"2026-01-01T00:00:00.000000Z\",\"item\":\"tea\",\"amount\":7.50,\"price\":1.25,\"note\":null}");

    for (String dead : List.of("mixed.priced.dead", "mixed.partner-es.dead")) {
      String header =
          dead.contains("-es") ? "__connect.errors.exception.message" : "millrace.reason";
      Map<String, String> reasons = new TreeMap<>();
      for (ConsumerRecord<byte[], byte[]> record : records(dead)) {
        reasons.put(
            new String(record.value(), StandardCharsets.UTF_8),
            new String(record.headers().lastHeader(header).value(), StandardCharsets.UTF_8));
      }
      assertThat(reasons.keySet()).as(dead).isEqualTo(BROKEN.keySet());
      BROKEN.forEach((value, why) -> assertThat(reasons.get(value)).as(value).contains(why));
    }
    assertThat(search("partner")).hasSize(PARTNERS + 1);
  }

  @Test
  void aTableOfSomebodyElseIsWhatItsKeysHoldLast() throws Exception {
    documents("prices", 2);
    assertThat(search("prices"))
        .extracting(d -> d.get("_id").asText() + " " + d.get("price").asText())
        .containsExactlyInAnyOrder("tea 1.25", "rum 9.0");
  }

  @Test
  void somebodyElsesAvroIsReadWithTheSchemaThatIsDeclared() throws Exception {
    assertThat(search("carried"))
        .extracting(
            d -> d.get("order_id").asInt() + " " + d.get("carrier").asText() + d.get("late"))
        .hasSize(PARTNERS)
        .contains("7 carrier 7null");
    // It was sent last.
    await().atMost(Duration.ofMinutes(1)).until(() -> !records("mixed.carried.dead").isEmpty());
    List<ConsumerRecord<byte[], byte[]>> dead = records("mixed.carried.dead");
    assertThat(dead).hasSize(1);
    assertThat(
            new String(
                dead.get(0).headers().lastHeader("millrace.reason").value(),
                StandardCharsets.UTF_8))
        .contains("not self-contained Avro")
        .contains("it looks like format json");
  }

  @Test
  void queriesAndTheConsoleReadThem() throws Exception {
    Installation millrace = new Installation(temporary);
    for (String[] question :
        new String[][] {
          {"SELECT count(*), sum(order_id) FROM orders", ORDERS + "," + ORDERS * (ORDERS + 1) / 2},
          {"SELECT count(*), sum(order_id) FROM packed", ORDERS + "," + ORDERS * (ORDERS + 1) / 2},
          {"SELECT since FROM goods WHERE item = 'tea'", "2026-01-02"},
          {"SELECT sum(n) FROM per_item", Integer.toString(ORDERS)},
          {"SELECT sum(n) FROM per_item_packed", Integer.toString(ORDERS)},
          {"SELECT item, price FROM prices ORDER BY price DESC LIMIT 1", "rum,9.0"},
          {"SELECT sum(amount) FROM partner", "69.75"}
        }) {
      Installation.Result result =
          millrace.run(120, "query", directory.toString(), "-o", "csv", question[0]);
      assertThat(result.exitCode()).as(result.output()).isZero();
      assertThat(result.output()).as(question[0]).contains("\r\n" + question[1] + "\r\n");
    }
    String page = status.path("page").asText().replaceAll("/+$", "");
    for (String topic : List.of("mixed.report", "mixed.packed")) {
      JsonNode records = JSON.readTree(get(page + "/api/topics/" + topic + "/records?limit=3"));
      assertThat(records.path("records")).as(records.toString()).hasSize(3);
      for (JsonNode record : records.path("records")) {
        assertThat(record.at("/value/order_id").isNumber()).as(record.toString()).isTrue();
        assertThat(record.at("/key/order_id")).isEqualTo(record.at("/value/order_id"));
      }
    }
  }
}
