package dev.millrace.connect.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.examples.apis.Answer;
import dev.millrace.examples.apis.ApiServer;
import dev.millrace.services.ConnectService;
import dev.millrace.services.Distribution;
import dev.millrace.services.KafkaService;
import dev.millrace.services.RegistryService;
import dev.millrace.services.Service;
import dev.millrace.services.ServiceState;
import dev.millrace.services.Supervisor;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The connector in a real worker, with real Kafka and registry, and a server that misbehaves. */
class RestIT {
  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static final String SCHEMA =
      "{\"type\":\"record\",\"name\":\"Row\",\"fields\":[{\"name\":\"id\",\"type\":\"string\"},{\"name\":\"n\",\"type\":\"long\"}]}";

  @TempDir static Path temporary;

  private static Supervisor supervisor;
  private static KafkaService kafka;
  private static RegistryService registry;
  private static ConnectService connect;
  private static ApiServer api;

  @BeforeAll
  static void start() throws Exception {
    Distribution distribution = Distribution.locate();
    Path home = distribution.root().getParent().getParent().getParent().getParent();
    Path plugin = home.resolve("connectors/rest/target/plugins");
    assertThat(plugin).as("built by ./mvnw package").isDirectory();
    kafka = new KafkaService(distribution);
    registry = new RegistryService(distribution);
    connect =
        new ConnectService(distribution, kafka, List.of(plugin), temporary.resolve("secrets"));
    supervisor = new Supervisor(temporary, Clock.systemUTC(), s -> {});
    List<Service> all = List.of(kafka, registry, connect);
    for (Service service : all) {
      supervisor.start(service);
    }
    for (Service service : all) {
      supervisor.awaitReady(service.name(), PATIENCE);
    }
    api = new ApiServer(0, Clock.systemUTC());
    Files.createDirectories(temporary.resolve("secrets/api"));
    Files.writeString(temporary.resolve("secrets/api/key"), "s3cr3t-key");
  }

  @AfterAll
  static void stop() {
    if (api != null) {
      api.close();
    }
    supervisor.close();
  }

  private static ObjectNode config(String topic, String path) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.endpoint().orElseThrow()))) {
      admin
          .createTopics(
              List.of(
                  new NewTopic(topic, 2, (short) 1), new NewTopic(topic + ".dead", 1, (short) 1)))
          .all()
          .get();
    }
    ObjectNode config = JSON.createObjectNode();
    config.put("connector.class", RestSourceConnector.class.getName());
    config.put("exactly.once.support", "required");
    config.put("key.converter", "org.apache.kafka.connect.converters.ByteArrayConverter");
    config.put("value.converter", "org.apache.kafka.connect.converters.ByteArrayConverter");
    config.put("tasks.max", "2");
    config.put("topic", topic);
    config.put("dead.letter.topic", topic + ".dead");
    config.put("schema", SCHEMA);
    config.put("key.fields", "id");
    config.put("partitions", "2");
    config.put("schema.registry.url", registry.endpoint().orElseThrow());
    config.put("url", api.url() + path);
    config.put("auth.type", "header");
    config.put("auth.name", "X-Api-Key");
    config.put("auth.secret", "${secrets:" + temporary.resolve("secrets/api") + ":key}");
    config.put("retry.backoff.ms", "50");
    config.put("request.timeout.ms", "30000");
    return config;
  }

  /** Each window of each item once, though the worker is killed again and again. */
  @Test
  void aBackfillHasEachWindowOnceThoughConnectIsKilled() throws Exception {
    int days = 120;
    AtomicInteger asked = new AtomicInteger();
    api.on(
        "/day",
        r -> {
          assertThat(r.headers()).containsEntry("X-api-key", "s3cr3t-key");
          asked.incrementAndGet();
          int rows = LocalDate.parse(r.query().get("day")).getDayOfMonth() % 4;
          String body = "";
          for (int i = 0; i < rows; i++) {
            body +=
                (i == 0 ? "" : ",")
                    + "{\"id\":\""
                    + r.query().get("item")
                    + " "
                    + r.query().get("day")
                    + "\",\"n\":"
                    + i
                    + "}";
          }
          Answer answer = Answer.json("[" + body + "]");
          // So slow that there is something left to kill.
          return exchange -> {
            Thread.sleep(60);
            answer.to(exchange);
          };
        });
    ObjectNode config = config("killed", "/day?item={item.name}&day={window.start}");
    config.put("items", "[{\"name\":\"a\"},{\"name\":\"b\"},{\"name\":\"c\"}]");
    config.put("backfill.from", "2026-01-01");
    config.put("backfill.to", LocalDate.parse("2026-01-01").plusDays(days).toString());
    put("killed", config);
    for (int kill = 1; kill <= 2; kill++) {
      int until = asked.get() + 70;
      await().atMost(PATIENCE).until(() -> asked.get() >= until);
      int before = supervisor.state("connect").orElseThrow().restarts();
      ProcessHandle.of(supervisor.state("connect").orElseThrow().pid())
          .orElseThrow()
          .destroyForcibly();
      await()
          .atMost(PATIENCE)
          .until(
              () -> {
                ServiceState now = supervisor.state("connect").orElseThrow();
                return now.restarts() > before && now.phase() == ServiceState.Phase.READY;
              });
    }
    await().atMost(PATIENCE).until(() -> done("killed") == 3);
    List<String> found = rows("killed").stream().map(r -> r.get("id") + " " + r.get("n")).toList();
    List<String> expected = new ArrayList<>();
    for (String item : List.of("a", "b", "c")) {
      for (int day = 0; day < days; day++) {
        LocalDate date = LocalDate.parse("2026-01-01").plusDays(day);
        for (int n = 0; n < date.getDayOfMonth() % 4; n++) {
          expected.add(item + " " + date + " " + n);
        }
      }
    }
    assertThat(found).containsExactlyInAnyOrderElementsOf(expected);
    assertThat(asked.get()).as("what was not kept was asked for again").isGreaterThan(3 * days);
    assertThat(letters("killed")).isEmpty();
    assertThat(send("GET", "/connectors/killed/status", null).toString()).doesNotContain("FAILED");
  }

  /**
   * Rate limits, time limits, broken JSON, 200 MB, another schema: named, none fatal, nothing
   * twice.
   */
  @Test
  void allThatGoesWrongIsNamedAndTheTaskLives() throws Exception {
    AtomicInteger id = new AtomicInteger();
    api.on(
        "/faults",
        r -> Answer.json("{\"list\":[{\"id\":\"x\",\"n\":" + id.incrementAndGet() + "}]}"));
    api.next(
        "/faults",
        Answer.slowDown("1"),
        Answer.status(500, "{}"),
        Answer.never(),
        Answer.json("{\"list\":[{\"id\":\"x\",\"n\":1"),
        Answer.json("{\"list\":[{\"id\":\"x\",\"n\":1"),
        Answer.huge(200L << 20, true),
        Answer.huge(200L << 20, false),
        Answer.json("{\"list\":[{\"id\":\"x\",\"n\":\"many\"},{\"id\":\"y\",\"count\":7}]}"),
        Answer.json("{\"stations\":[]}"));
    ObjectNode config = config("faults", "/faults");
    config.put("records", "/list");
    config.put("every.ms", "300");
    config.put("request.timeout.ms", "5000");
    put("faults", config);
    await().atMost(PATIENCE).until(() -> rows("faults").size() >= 5);
    List<Long> numbers = rows("faults").stream().map(r -> (Long) r.get("n")).toList();
    assertThat(new HashSet<>(numbers)).hasSize(numbers.size());
    assertThat(numbers).contains(1L, 2L, 3L, 4L, 5L);
    String reasons = String.join("\n", letters("faults"));
    assertThat(reasons)
        .contains("429 (too many requests), Retry-After 1 s")
        .contains("500 (internal server error)")
        .contains("no whole answer within 5000 ms")
        .contains("is not JSON")
        .contains("is of 209715200 bytes; at most 8388608 bytes are read")
        .contains("goes on after")
        .contains("field 'n': 'many'")
        .contains("field 'n' is missing")
        .contains("has nothing at '/list'")
        .doesNotContain("s3cr3t");
    JsonNode status = send("GET", "/connectors/faults/status", null);
    assertThat(status.at("/tasks/0/state").asText()).isEqualTo("RUNNING");
    assertThat(Files.readString(temporary.resolve("services/connect/log")))
        .doesNotContain("s3cr3t-key");
  }

  /** What can not work is to be seen, and works once it can. */
  @Test
  void aSourceThatIsRefusedFailsWithTheReasonAndRecovers() throws Exception {
    api.on("/locked", r -> Answer.status(401, "{\"message\":\"Invalid API key\"}"));
    ObjectNode config = config("locked", "/locked");
    put("locked", config);
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(
                        send("GET", "/connectors/locked/status", null)
                            .at("/tasks/0/trace")
                            .asText())
                    .contains("refused: ")
                    .contains("401 (unauthorized: are the credentials right?)"));
    assertThat(letters("locked")).hasSize(1);
    api.on("/locked", r -> Answer.json("{\"id\":\"open\",\"n\":1}"));
    HTTP.send(
        HttpRequest.newBuilder(
                URI.create(
                    connect.endpoint().orElseThrow()
                        + "/connectors/locked/restart?includeTasks=true&onlyFailed=true"))
            .POST(HttpRequest.BodyPublishers.noBody())
            .build(),
        HttpResponse.BodyHandlers.discarding());
    await().atMost(PATIENCE).until(() -> !rows("locked").isEmpty());
  }

  private static long done(String connector) throws Exception {
    JsonNode offsets = send("GET", "/connectors/" + connector + "/offsets", null).path("offsets");
    return offsets.valueStream().filter(o -> o.at("/offset/done").asBoolean()).count();
  }

  private static void put(String connector, ObjectNode config) throws Exception {
    await()
        .atMost(PATIENCE)
        .ignoreExceptions()
        .until(
            () ->
                send("PUT", "/connectors/" + connector + "/config", config.toString()).has("name"));
  }

  private static JsonNode send(String method, String path, String body) throws Exception {
    HttpResponse<String> response =
        HTTP.send(
            HttpRequest.newBuilder(URI.create(connect.endpoint().orElseThrow() + path))
                .header("Content-Type", "application/json")
                .method(
                    method,
                    body == null
                        ? HttpRequest.BodyPublishers.noBody()
                        : HttpRequest.BodyPublishers.ofString(body))
                .build(),
            HttpResponse.BodyHandlers.ofString());
    JsonNode answer = JSON.readTree(response.body());
    assertThat(response.statusCode()).as(response.body()).isIn(200, 201, 404, 409, 500, 503);
    return answer;
  }

  private static List<GenericRecord> rows(String topic) throws Exception {
    Schema schema = new Schema.Parser().parse(SCHEMA);
    List<GenericRecord> rows = new ArrayList<>();
    for (ConsumerRecord<byte[], byte[]> record : read(topic)) {
      rows.add(
          new GenericDatumReader<GenericRecord>(schema)
              .read(
                  null,
                  DecoderFactory.get()
                      .binaryDecoder(record.value(), 5, record.value().length - 5, null)));
    }
    return rows;
  }

  private static List<String> letters(String topic) {
    return read(topic + ".dead").stream()
        .map(
            r ->
                new String(
                    r.headers().lastHeader("millrace.reason").value(), StandardCharsets.UTF_8))
        .toList();
  }

  private static List<ConsumerRecord<byte[], byte[]>> read(String topic) {
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(
            Map.of(
                "bootstrap.servers",
                kafka.endpoint().orElseThrow(),
                "isolation.level",
                "read_committed"),
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer())) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(topic).stream()
              .map(p -> new TopicPartition(topic, p.partition()))
              .collect(Collectors.toList());
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      List<ConsumerRecord<byte[], byte[]>> all = new ArrayList<>();
      while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
        consumer.poll(Duration.ofMillis(200)).forEach(all::add);
      }
      return all;
    }
  }
}
