package dev.millrace.connect.mqtt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.services.ConnectService;
import dev.millrace.services.Distribution;
import dev.millrace.services.KafkaService;
import dev.millrace.services.MqttService;
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
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
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

/**
 * Real brokers, real Kafka, real Connect; records are counted by a consumer that is none of ours.
 */
class MqttSourceIT {
  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static final String SCHEMA =
      """
      {"type":"record","name":"Reading","namespace":"it","fields":[
        {"name":"id","type":"int"},
        {"name":"device","type":["null","string"],"default":null},
        {"name":"kept","type":["null","boolean"],"default":null},
        {"name":"qos","type":["null","int"],"default":null}]}
      """;
  private static final Schema READING = new Schema.Parser().parse(SCHEMA);

  @TempDir static Path temporary;

  private static Supervisor supervisor;
  private static KafkaService kafka;
  private static RegistryService registry;
  private static ConnectService connect;
  private static MqttService hive;
  private static MosquittoService mosquitto;
  private static Authority authority;
  private static Admin admin;

  @BeforeAll
  static void start() throws Exception {
    Distribution distribution = Distribution.locate();
    authority =
        Authority.create(temporary.resolve("authority"))
            .sign("server", "san=ip:127.0.0.1")
            .sign("client", "san=dns:client");
    kafka = new KafkaService(distribution);
    registry = new RegistryService(distribution);
    hive = new MqttService(distribution, "devices");
    mosquitto = new MosquittoService(authority);
    connect =
        new ConnectService(
            distribution,
            kafka,
            List.of(Path.of("target/plugins").toAbsolutePath()),
            temporary.resolve("state/secrets"));
    supervisor = new Supervisor(temporary.resolve("state"), Clock.systemUTC(), s -> {});
    List<Service> all = List.of(kafka, registry, hive, mosquitto, connect);
    for (Service service : all) {
      supervisor.start(service);
    }
    for (Service service : all) {
      ServiceState unused = supervisor.awaitReady(service.name(), PATIENCE);
    }
    admin = Admin.create(Map.of("bootstrap.servers", kafka.endpoint().orElseThrow()));
  }

  @AfterAll
  static void stop() {
    if (admin != null) {
      admin.close();
    }
    if (supervisor != null) {
      supervisor.close();
    }
  }

  /** How many is set in the module's pom; fewer with -Dmillrace.mqtt.messages=20000. */
  @Test
  void bringsEveryMessageWhileConnectIsKilledThreeTimes() throws Exception {
    int count = Integer.getInteger("millrace.mqtt.messages");
    Map<String, String> config = mosquittoConfig("kills");
    config.put("topic.filters", "$share/it/kills/{device}/readings");
    config.put("tasks.max", "2");
    create("kills", config);
    awaitRunning("kills", 2);
    long begin = System.nanoTime();
    try (Publisher publisher = new Publisher(mosquitto.port(), "it", mosquitto.password());
        Reader reader = new Reader("kills", "kills.dead")) {
      Thread sender =
          new Thread(
              () -> {
                try {
                  for (int i = 0; i < count; i++) {
                    publisher.publish(
                        "kills/d" + i % 50 + "/readings",
                        1,
                        i % 1000 == 999 ? "bad " + i : "{\"id\":" + i + "}");
                  }
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
              });
      sender.start();
      for (int kill = 1; kill <= 3; kill++) {
        reader.await(count * kill / 5);
        kill("connect");
      }
      sender.join();
      publisher.flush();
      System.out.println(count + " messages are with the broker after " + seconds(begin) + " s");
      reader.await(count);
      System.out.println(
          count
              + " messages of QoS 1, Connect killed 3 times: "
              + reader.distinct()
              + " in Kafka after "
              + seconds(begin)
              + " s, "
              + (reader.records.size() - count)
              + " of them twice");
      // Each once at least, the bad ones in the dead letters with reason and topic, and no others.
      assertThat(reader.ids())
          .isEqualTo(
              new TreeSet<>(
                  IntStream.range(0, count).filter(i -> i % 1000 != 999).boxed().toList()));
      assertThat(reader.deadLetters())
          .hasSize(count / 1000)
          .allSatisfy(
              (payload, why) -> assertThat(why).startsWith("not JSON").contains(" kills/d"));
      JsonNode offsets = get("/connectors/kills/offsets").path("offsets");
      assertThat(offsets.findValuesAsText("client"))
          .as("both tasks had a share")
          .containsExactlyInAnyOrder("kills-0", "kills-1");
    }
    // With fewer tasks the session that is left over is taken over, and ended.
    config.put("tasks.max", "1");
    create("kills", config);
    awaitRunning("kills", 1);
    try (Publisher publisher = new Publisher(mosquitto.port(), "it", mosquitto.password());
        Reader reader = new Reader("kills", "kills.dead")) {
      for (int i = count; i < count + 100; i++) {
        publisher.publish("kills/d/readings", 1, "{\"id\":" + i + "}");
      }
      publisher.flush();
      reader.await(count + 100);
    }
    delete("kills");
  }

  @Test
  void speaksBothVersionsWithEachQualityOfServiceTlsAndCertificates() throws Exception {
    Map<String, String> v5 = mosquittoConfig("five");
    v5.put("topic.filters", "q/{device}/+/x,w/#");
    v5.put("qos", "2");
    v5.put("key.fields", "device,id");
    v5.put("qos.field", "qos");
    v5.put("retained.field", "kept");
    Map<String, String> v3 = mosquittoConfig("three");
    v3.put("topic.filters", "q/{device}/+/x");
    v3.put("version", "3.1.1");
    v3.put("qos", "0");
    v3.put("qos.field", "qos");
    Map<String, String> tls = mosquittoConfig("tls");
    tls.put("url", "mqtts://127.0.0.1:" + mosquitto.tlsPort());
    tls.remove("username");
    tls.remove("password");
    tls.put("tls.ca.file", authority.ca().toString());
    tls.put("tls.certificate.file", authority.folder().resolve("client.pem").toString());
    tls.put("tls.key.file", authority.folder().resolve("client.key").toString());
    tls.put("topic.filters", "q/{device}/+/x");
    Map<String, String> tls3 = new HashMap<>(tls);
    tls3.put("version", "3.1.1");
    retopic(tls3, "tls3");
    try (Publisher publisher = new Publisher(mosquitto.port(), "it", mosquitto.password())) {
      publisher.publish("w", 1, true, "{\"id\":-1}".getBytes(StandardCharsets.UTF_8));
      publisher.flush();
      for (Map<String, String> config : List.of(v5, v3, tls, tls3)) {
        create(config.get("name"), config);
      }
      for (String name : List.of("five", "three", "tls", "tls3")) {
        awaitRunning(name, 1);
      }
      for (int i = 0; i < 30; i++) {
        publisher.publish("q/d" + i % 3 + "/k/x", i % 3, "{\"id\":" + i + "}");
      }
      publisher.publish("q/d/k/x", 1, "[1]");
      publisher.flush();
    }
    try (Reader five = new Reader("five", "five.dead");
        Reader three = new Reader("three", "three.dead");
        Reader tlsReader = new Reader("tls", "tls.dead");
        Reader tls3Reader = new Reader("tls3", "tls3.dead")) {
      five.awaitIds(30);
      tlsReader.awaitIds(30);
      tls3Reader.awaitIds(30);
      three.awaitIds(30);
      for (Reader reader : List.of(five, three, tlsReader, tls3Reader)) {
        await().atMost(PATIENCE).until(() -> !reader.poll().deadLetters().isEmpty());
        assertThat(reader.deadLetters())
            .containsExactly(Map.entry("[1]", "expected a JSON object, found START_ARRAY q/d/k/x"));
      }
      assertThat(five.values().stream().filter(v -> (int) v.get("id") == 5).map(Object::toString))
          .containsExactly("{\"id\": 5, \"device\": \"d2\", \"kept\": false, \"qos\": 2}");
      assertThat(five.values().stream().filter(v -> (int) v.get("id") == -1).map(Object::toString))
          .containsExactly("{\"id\": -1, \"device\": null, \"kept\": true, \"qos\": 1}");
      assertThat(three.values().stream().map(v -> v.get("qos"))).containsOnly(0);
      assertThat(five.records.get(0).key()).startsWith(0);
    }
    for (String name : List.of("five", "three", "tls", "tls3")) {
      delete(name);
    }
  }

  @Test
  void namesWhatSomebodyMustMend() throws Exception {
    Map<String, String> password = mosquittoConfig("mend_password");
    password.put("password", "geheim");
    Map<String, String> password3 = mosquittoConfig("mend_password3");
    password3.put("password", "geheim");
    password3.put("version", "3.1.1");
    Map<String, String> hivePassword = hiveConfig("mend_hive");
    hivePassword.put("password", "geheim");
    Map<String, String> noCertificate = mosquittoConfig("mend_certificate");
    noCertificate.put("url", "mqtts://127.0.0.1:" + mosquitto.tlsPort());
    noCertificate.put("tls.ca.file", authority.ca().toString());
    Map<String, String> notTrusted = mosquittoConfig("mend_trust");
    notTrusted.put("url", "mqtts://127.0.0.1:" + mosquitto.tlsPort());
    Map<String, String> expected = new TreeMap<>();
    expected.put("mend_password", "refuses user 'it': not authorized");
    expected.put("mend_password3", "refuses user 'it': not authorized");
    expected.put("mend_hive", "refuses user 'millrace': bad user name or password");
    expected.put("mend_certificate", "wants a client certificate");
    expected.put("mend_trust", "shows a certificate that is not trusted");
    for (Map<String, String> config :
        List.of(password, password3, hivePassword, noCertificate, notTrusted)) {
      create(config.get("name"), config);
    }
    for (Map.Entry<String, String> e : expected.entrySet()) {
      String path = "/connectors/" + e.getKey() + "/status";
      await()
          .atMost(PATIENCE)
          .untilAsserted(
              () -> assertThat(get(path).at("/tasks/0/state").asText()).isEqualTo("FAILED"));
      assertThat(get(path).at("/tasks/0/trace").asText()).contains(e.getValue());
      delete(e.getKey());
    }
    assertThat(Files.readString(supervisor.log("connect"))).doesNotContain("geheim");
  }

  @Test
  void waitsForABrokerThatWasKilledAndReadsWhatItKept() throws Exception {
    Map<String, String> hiveConfig = hiveConfig("restart_hive");
    hiveConfig.put("topic.filters", "$share/it/r/{device}");
    hiveConfig.put("tasks.max", "2");
    Map<String, String> mosquittoConfig = mosquittoConfig("restart_mosquitto");
    mosquittoConfig.put("topic.filters", "r/{device}");
    mosquittoConfig.put("version", "3.1.1");
    create("restart_hive", hiveConfig);
    create("restart_mosquitto", mosquittoConfig);
    try (Reader hiveReader = new Reader("restart_hive", "restart_hive.dead");
        Reader mosquittoReader = new Reader("restart_mosquitto", "restart_mosquitto.dead")) {
      try (Publisher toHive = hivePublisher();
          Publisher toMosquitto = mosquittoPublisher()) {
        awaitRunning("restart_hive", 2);
        awaitRunning("restart_mosquitto", 1);
        send(0, toHive, toMosquitto);
      }
      hiveReader.awaitIds(500);
      mosquittoReader.awaitIds(500);
      for (String broker : List.of("devices", "mosquitto")) {
        kill(broker);
      }
      for (String name : List.of("restart_hive-0", "restart_hive-1", "restart_mosquitto-0")) {
        await()
            .atMost(PATIENCE)
            .until(() -> logged(name + ": the broker at .* is back after .*") == 1);
        assertThat(logged(name + ": the broker at .* is away: .*"))
            .as("said once of %s, not at each try", name)
            .isEqualTo(1);
      }
      try (Publisher toHive = hivePublisher();
          Publisher toMosquitto = mosquittoPublisher()) {
        send(500, toHive, toMosquitto);
        hiveReader.awaitIds(1000);
        mosquittoReader.awaitIds(1000);
        // A connector that is stopped, and a broker that is killed meanwhile: its disk has them.
        put("/connectors/restart_hive/stop");
        await()
            .atMost(PATIENCE)
            .until(() -> get("/connectors/restart_hive/status").path("tasks").isEmpty());
        send(1000, toHive);
      }
      kill("devices");
      put("/connectors/restart_hive/resume");
      hiveReader.awaitIds(1500);
    }
    delete("restart_hive");
    delete("restart_mosquitto");
  }

  // ---- what the tests do

  private static void send(int from, Publisher... publishers) throws InterruptedException {
    for (Publisher publisher : publishers) {
      for (int i = from; i < from + 500; i++) {
        publisher.publish("r/d" + i % 7, 1, "{\"id\":" + i + "}");
      }
      publisher.flush();
    }
  }

  private static Publisher hivePublisher() throws Exception {
    Map<String, String> login = hive.credentials();
    return new Publisher(
        Integer.parseInt(login.get("port")), login.get("username"), login.get("password"));
  }

  private static Publisher mosquittoPublisher() throws Exception {
    return new Publisher(mosquitto.port(), "it", mosquitto.password());
  }

  private static long seconds(long since) {
    return Duration.ofNanos(System.nanoTime() - since).toSeconds();
  }

  private static long logged(String regex) throws Exception {
    return Files.readString(supervisor.log("connect"))
        .lines()
        .filter(l -> l.matches(".*" + regex))
        .count();
  }

  private static void kill(String service) {
    int before = supervisor.state(service).orElseThrow().restarts();
    long pid = supervisor.state(service).orElseThrow().pid();
    assertThat(ProcessHandle.of(pid).orElseThrow().destroyForcibly()).isTrue();
    await()
        .atMost(PATIENCE)
        .until(
            () -> {
              ServiceState now = supervisor.state(service).orElseThrow();
              return now.restarts() > before && now.phase() == ServiceState.Phase.READY;
            });
  }

  private static Map<String, String> mosquittoConfig(String name) throws Exception {
    Map<String, String> config = common(name);
    config.put("url", "mqtt://127.0.0.1:" + mosquitto.port());
    config.put("username", "it");
    config.put("password", mosquitto.password());
    return config;
  }

  private static Map<String, String> hiveConfig(String name) throws Exception {
    Map<String, String> config = common(name);
    Map<String, String> login = hive.credentials();
    config.put("url", login.get("url"));
    config.put("username", login.get("username"));
    config.put("password", login.get("password"));
    return config;
  }

  private static Map<String, String> common(String name) {
    Map<String, String> config = new HashMap<>();
    config.put("connector.class", "dev.millrace.connect.mqtt.MqttSourceConnector");
    config.put("tasks.max", "1");
    config.put("topic.filters", "none");
    config.put("schema", SCHEMA);
    config.put("schema.registry.url", registry.endpoint().orElseThrow());
    config.put("partitions", "2");
    config.put("producer.override.linger.ms", "5");
    retopic(config, name);
    return config;
  }

  private static void retopic(Map<String, String> config, String name) {
    config.put("name", name);
    config.put("topic", name);
    config.put("dead.letter.topic", name + ".dead");
  }

  /** A task that runs has subscribed. */
  private static void awaitRunning(String name, int tasks) {
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(
                        get("/connectors/" + name + "/status")
                            .path("tasks")
                            .findValuesAsText("state"))
                    .hasSize(tasks)
                    .containsOnly("RUNNING"));
  }

  private static void create(String name, Map<String, String> config) throws Exception {
    for (NewTopic topic :
        List.of(
            new NewTopic(config.get("topic"), 2, (short) 1),
            new NewTopic(config.get("topic") + ".dead", 1, (short) 1))) {
      if (!admin.listTopics().names().get().contains(topic.name())) {
        admin.createTopics(List.of(topic)).all().get();
      }
    }
    HttpResponse<String> response =
        send("PUT", "/connectors/" + name + "/config", JSON.writeValueAsString(config));
    assertThat(response.statusCode()).as(response.body()).isIn(200, 201);
  }

  private static void delete(String name) throws Exception {
    assertThat(send("DELETE", "/connectors/" + name, null).statusCode()).isEqualTo(204);
  }

  private static void put(String path) throws Exception {
    assertThat(send("PUT", path, "").statusCode()).isIn(202, 204);
  }

  private static JsonNode get(String path) throws Exception {
    return JSON.readTree(send("GET", path, null).body());
  }

  /** Asks Connect, again while it rebalances. */
  private static HttpResponse<String> send(String method, String path, String body)
      throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(connect.endpoint().orElseThrow() + path))
            .header("Content-Type", "application/json")
            .method(
                method,
                body == null
                    ? HttpRequest.BodyPublishers.noBody()
                    : HttpRequest.BodyPublishers.ofString(body))
            .build();
    return await()
        .atMost(PATIENCE)
        .ignoreExceptionsInstanceOf(java.io.IOException.class)
        .until(
            () -> HTTP.send(request, HttpResponse.BodyHandlers.ofString()),
            r -> r.statusCode() != 409 && r.statusCode() != 503);
  }

  /** Kafka's own consumer, from the beginning, of what is committed. */
  private static final class Reader implements AutoCloseable {
    final List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
    private final String topic;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final List<GenericRecord> values = new ArrayList<>();
    private final TreeSet<Integer> ids = new TreeSet<>();
    private final Map<String, String> dead = new TreeMap<>();

    Reader(String topic, String deadTopic) {
      this.topic = topic;
      consumer =
          new KafkaConsumer<>(
              Map.of(
                  "bootstrap.servers",
                  kafka.endpoint().orElseThrow(),
                  "isolation.level",
                  "read_committed",
                  "auto.offset.reset",
                  "earliest"),
              new ByteArrayDeserializer(),
              new ByteArrayDeserializer());
      consumer.assign(
          List.of(
              new TopicPartition(topic, 0),
              new TopicPartition(topic, 1),
              new TopicPartition(deadTopic, 0)));
    }

    Reader poll() throws Exception {
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
        records.add(record);
        if (record.topic().equals(topic)) {
          GenericRecord value =
              new GenericDatumReader<GenericRecord>(READING)
                  .read(
                      null,
                      DecoderFactory.get()
                          .binaryDecoder(record.value(), 5, record.value().length - 5, null));
          values.add(value);
          int id = (int) value.get("id");
          if (id >= 0) {
            ids.add(id);
          }
        } else {
          dead.put(
              new String(record.value(), StandardCharsets.UTF_8),
              header(record, "millrace.reason") + " " + header(record, "millrace.source"));
        }
      }
      return this;
    }

    private static String header(ConsumerRecord<byte[], byte[]> record, String name) {
      return new String(record.headers().lastHeader(name).value(), StandardCharsets.UTF_8);
    }

    int distinct() {
      return ids.size() + dead.size();
    }

    void await(int distinct) {
      org.awaitility.Awaitility.await()
          .pollInterval(Duration.ofMillis(10))
          .atMost(Duration.ofMinutes(5))
          .until(() -> poll().distinct(), found -> found >= distinct);
    }

    void awaitIds(int distinct) {
      org.awaitility.Awaitility.await()
          .atMost(PATIENCE)
          .until(() -> poll().ids().size(), found -> found >= distinct);
    }

    TreeSet<Integer> ids() {
      return ids;
    }

    List<GenericRecord> values() {
      return values;
    }

    Map<String, String> deadLetters() {
      return dead;
    }

    @Override
    public void close() {
      consumer.close();
    }
  }
}
