package dev.millrace.spark.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.registry.SchemaRegistryClient;
import dev.millrace.registry.StreamMarks;
import dev.millrace.registry.WireFormat;
import dev.millrace.services.Distribution;
import dev.millrace.services.KafkaService;
import dev.millrace.services.RegistryService;
import dev.millrace.services.S3Service;
import dev.millrace.services.Service;
import dev.millrace.services.Supervisor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The job as a process, on real Kafka and a real registry. What goes in is written, and what comes
 * out is read, with Avro's and Kafka's own classes.
 */
class PipelineJobIT {
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Schema EVENT =
      new Schema.Parser()
          .parse(
              "{\"type\":\"record\",\"name\":\"Event\",\"namespace\":\"t\",\"fields\":[{\"name\":\"d\",\"type\":\"string\"},{\"name\":\"at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}},{\"name\":\"type\",\"type\":\"string\"},{\"name\":\"user\",\"type\":[\"null\",\"int\"],\"default\":null}]}");
  private static final Schema USER =
      new Schema.Parser()
          .parse(
              "{\"type\":\"record\",\"name\":\"User\",\"namespace\":\"t\",\"fields\":[{\"name\":\"id\",\"type\":\"int\"},{\"name\":\"name\",\"type\":\"string\"}]}");
  private static final Schema USER_KEY =
      new Schema.Parser()
          .parse(
              "{\"type\":\"record\",\"name\":\"UserKey\",\"namespace\":\"t\",\"fields\":[{\"name\":\"id\",\"type\":\"int\"}]}");
  private static final long START =
      Instant.parse("2026-01-01T00:00:00Z").getEpochSecond() * 1_000_000;

  @TempDir static Path temporary;
  private static Supervisor supervisor;
  private static String bootstrap;
  private static String registryUrl;
  private static SchemaRegistryClient registry;
  private static KafkaProducer<byte[], byte[]> producer;

  private final String name = "p" + System.nanoTime();
  private Process job;

  @BeforeAll
  static void start() throws Exception {
    Distribution distribution = Distribution.locate();
    KafkaService kafka = new KafkaService(distribution);
    RegistryService service = new RegistryService(distribution);
    supervisor = new Supervisor(temporary, Clock.systemUTC(), s -> {});
    for (Service s : List.of(kafka, service)) {
      supervisor.start(s);
    }
    for (Service s : List.of(kafka, service)) {
      supervisor.awaitReady(s.name(), PATIENCE);
    }
    bootstrap = kafka.endpoint().orElseThrow();
    registryUrl = service.endpoint().orElseThrow();
    registry = new SchemaRegistryClient(registryUrl);
    producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", bootstrap, "linger.ms", "5"),
            new ByteArraySerializer(),
            new ByteArraySerializer());
  }

  @AfterAll
  static void stop() {
    producer.close();
    supervisor.close();
  }

  @AfterEach
  void stopJob() {
    if (job != null) {
      job.destroyForcibly();
    }
  }

  // ---- what goes in

  private String topic(String stream) {
    return name + "." + stream;
  }

  private void topics(String... streams) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
      List<NewTopic> topics = new ArrayList<>();
      for (String stream : streams) {
        topics.add(
            new NewTopic(topic(stream), stream.matches(".*(marks|late|dead)") ? 1 : 2, (short) 1));
      }
      admin.createTopics(topics).all().get();
    }
  }

  private static byte[] framed(int id, GenericRecord record) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(out, null);
    new GenericDatumWriter<GenericRecord>(record.getSchema()).write(record, encoder);
    encoder.flush();
    return WireFormat.frame(id, out.toByteArray(), out.size());
  }

  private void event(int partition, String device, String type, long second, Integer user)
      throws IOException {
    GenericRecord record = new GenericData.Record(EVENT);
    record.put("d", device);
    record.put("at", START + second * 1_000_000);
    record.put("type", type);
    record.put("user", user);
    send(
        "events",
        partition,
        null,
        framed(registry.register(topic("events") + "-value", EVENT), record));
  }

  private void user(int id, String userName) throws IOException {
    GenericRecord key = new GenericData.Record(USER_KEY);
    key.put("id", id);
    byte[] k = framed(registry.register(topic("users") + "-key", USER_KEY), key);
    if (userName == null) {
      send("users", 0, k, null);
      return;
    }
    GenericRecord value = new GenericData.Record(USER);
    value.put("id", id);
    value.put("name", userName);
    send("users", 0, k, framed(registry.register(topic("users") + "-value", USER), value));
  }

  private void send(String stream, int partition, byte[] key, byte[] value) {
    try {
      producer.send(new ProducerRecord<>(topic(stream), partition, key, value)).get();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private void mark(StreamMarks marks) {
    try {
      producer
          .send(new ProducerRecord<>(topic("millrace-marks"), 0, marks.key(), marks.value()))
          .get();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private void end(String stream) throws Exception {
    Map<Integer, Long> ends = new TreeMap<>();
    try (KafkaConsumer<byte[], byte[]> consumer = consumer()) {
      consumer
          .endOffsets(
              List.of(new TopicPartition(topic(stream), 0), new TopicPartition(topic(stream), 1)))
          .forEach((p, end) -> ends.put(p.partition(), end));
    }
    mark(StreamMarks.none(stream).withEnd(ends));
  }

  // ---- the job

  private ObjectNode plan() throws IOException {
    ObjectNode plan = JSON.createObjectNode();
    plan.put("version", 1).put("pipeline", name).put("statusPort", 0);
    plan.putObject("kafka").put("bootstrap.servers", bootstrap);
    plan.putObject("registry").put("url", registryUrl);
    plan.put("checkpointDir", "file://" + temporary.resolve("check points").resolve(name));
    plan.put("marksTopic", topic("millrace-marks"));
    plan.putObject("settings").put("master", "local[2]").put("shufflePartitions", 2);
    ObjectNode events = plan.withArray("streams").addObject();
    events.put("name", "events").put("topic", topic("events")).put("kind", "append");
    events.set("schema", JSON.readTree(EVENT.toString()));
    events.put("snapshotMark", false);
    events
        .putObject("eventTime")
        .put("field", "at")
        .put("outOfOrderMs", 1000)
        .put("idleMs", 600_000);
    return plan;
  }

  private ObjectNode transform(
      ObjectNode plan, String transform, String kind, Schema value, Schema key) throws IOException {
    ObjectNode node = plan.withArray("transforms").addObject();
    node.put("name", transform).put("stateHash", "h1");
    node.put("lateTopic", topic(transform + ".late")).put("deadTopic", topic(transform + ".dead"));
    ObjectNode output = node.putObject("output");
    output.put("stream", transform).put("topic", topic(transform)).put("kind", kind);
    output.set("schema", JSON.readTree(value.toString()));
    output.set("keySchema", JSON.readTree(key.toString()));
    output.put("schemaId", registry.register(topic(transform) + "-value", value));
    output.put("keySchemaId", registry.register(topic(transform) + "-key", key));
    return node;
  }

  private static final Schema NAMED =
      new Schema.Parser()
          .parse(
              "{\"type\":\"record\",\"name\":\"Named\",\"namespace\":\"t\",\"fields\":[{\"name\":\"d\",\"type\":\"string\"},{\"name\":\"at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}},{\"name\":\"name\",\"type\":[\"null\",\"string\"],\"default\":null}]}");
  private static final Schema NAMED_KEY =
      new Schema.Parser()
          .parse(
              "{\"type\":\"record\",\"name\":\"NamedKey\",\"namespace\":\"t\",\"fields\":[{\"name\":\"d\",\"type\":\"string\"},{\"name\":\"at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}}]}");

  /** Each event with the name of its user. */
  private ObjectNode named() throws IOException {
    ObjectNode plan = plan();
    ObjectNode users = plan.withArray("streams").addObject();
    users.put("name", "users").put("topic", topic("users")).put("kind", "table");
    users.set("schema", JSON.readTree(USER.toString()));
    users.set("keySchema", JSON.readTree(USER_KEY.toString()));
    users.put("snapshotMark", true);
    ObjectNode node = transform(plan, "named", "append", NAMED, NAMED_KEY);
    node.put(
        "sql",
        "SELECT e.d, e.at, u.name FROM events e LEFT JOIN users u ON u.id = e.user WHERE e.type <> 'noise'");
    node.put("latenessMs", 0);
    node.withArray("reads")
        .addObject()
        .put("stream", "events")
        .put("role", "drives")
        .withArray("columns")
        .add("d")
        .add("at")
        .add("type")
        .add("user");
    node.withArray("reads")
        .addObject()
        .put("stream", "users")
        .put("role", "lookup")
        .withArray("columns")
        .add("id")
        .add("name");
    return plan;
  }

  private void run(ObjectNode plan, String... options) throws IOException {
    Path file = temporary.resolve(name + ".json");
    Files.writeString(file, plan.toString());
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(System.getProperty("millrace.spark.jvm.opens").split("\\s+")));
    command.addAll(List.of(options));
    command.addAll(
        List.of(
            "-Xmx800m",
            "-cp",
            System.getProperty("java.class.path"),
            PipelineJob.class.getName(),
            file.toString()));
    job =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(log().toFile())
            .start();
  }

  private Path log() {
    return temporary.resolve(name + ".log");
  }

  private JsonNode status() throws Exception {
    Matcher port = Pattern.compile("millrace-status-port=(\\d+)").matcher(Files.readString(log()));
    if (!port.find()) {
      return JSON.createObjectNode();
    }
    HttpResponse<String> response =
        HttpClient.newHttpClient()
            .send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port.group(1) + "/status"))
                    .build(),
                HttpResponse.BodyHandlers.ofString());
    return JSON.readTree(response.body());
  }

  private void awaitState(String state) {
    await()
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(200))
        .ignoreExceptions()
        .until(() -> status().at("/queries/0/state").asText().equals(state));
  }

  // ---- what comes out

  private static KafkaConsumer<byte[], byte[]> consumer() {
    Map<String, Object> config = new HashMap<>();
    config.put("bootstrap.servers", bootstrap);
    config.put("isolation.level", "read_committed");
    config.put("auto.offset.reset", "earliest");
    return new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  private static List<ConsumerRecord<byte[], byte[]>> records(String topic) {
    List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
    try (KafkaConsumer<byte[], byte[]> consumer = consumer()) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(topic).stream()
              .map(p -> new TopicPartition(topic, p.partition()))
              .toList();
      consumer.assign(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      consumer.seekToBeginning(partitions);
      while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
        consumer.poll(Duration.ofMillis(100)).forEach(records::add);
      }
    }
    return records;
  }

  private List<String> rows(String stream) throws IOException {
    List<String> rows = written(stream);
    rows.sort(null);
    return rows;
  }

  /** Rows in the order of their offsets, within a partition. */
  private List<String> written(String stream) throws IOException {
    List<String> rows = new ArrayList<>();
    for (ConsumerRecord<byte[], byte[]> record : records(topic(stream))) {
      Schema schema = registry.byId(WireFormat.schemaId(record.value()));
      GenericRecord row =
          new GenericDatumReader<GenericRecord>(schema)
              .read(
                  null,
                  DecoderFactory.get()
                      .binaryDecoder(
                          record.value(),
                          WireFormat.HEADER_LENGTH,
                          record.value().length - WireFormat.HEADER_LENGTH,
                          null));
      rows.add(
          row.get("d") + " " + ((Long) row.get("at") - START) / 1_000_000 + " " + row.get("name"));
    }
    return rows;
  }

  private static Optional<String> header(ConsumerRecord<byte[], byte[]> record, String header) {
    return Optional.ofNullable(record.headers().lastHeader(header))
        .map(h -> new String(h.value(), StandardCharsets.UTF_8));
  }

  @Test
  void looksUpTheLatestRowWaitsForTheSnapshotAndSetsAsideWhatIsBroken() throws Exception {
    topics("events", "users", "named", "named.late", "named.dead", "millrace-marks");
    user(1, "Ann");
    user(2, "Bob");
    event(0, "a", "x", 10, 1);
    event(1, "b", "x", 11, 2);
    event(1, "b", "noise", 12, 2);
    run(named());
    await()
        .atMost(PATIENCE)
        .ignoreExceptions()
        .until(() -> status().at("/queries/0/cause").asText().contains("snapshot of users"));
    assertThat(status().at("/queries/0/state").asText()).isEqualTo("waiting");
    assertThat(records(topic("named"))).isEmpty();

    mark(StreamMarks.none("users").withSnapshotComplete());
    await().atMost(PATIENCE).until(() -> rows("named").equals(List.of("a 10 Ann", "b 11 Bob")));

    user(1, "Anna");
    user(2, null);
    event(0, "c", "x", 20, 1);
    event(0, "c", "x", 21, 2);
    send("events", 1, null, new byte[] {7, 7});
    send("events", 1, null, new byte[] {0, 0, 15, 66, 63, 1});
    event(1, "c", "x", 22, null);
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                rows("named")
                    .equals(
                        List.of("a 10 Ann", "b 11 Bob", "c 20 Anna", "c 21 null", "c 22 null")));
    await().atMost(PATIENCE).until(() -> records(topic("named.dead")).size() == 2);
    List<ConsumerRecord<byte[], byte[]>> dead = records(topic("named.dead"));
    assertThat(dead.get(0).value()).containsExactly(7, 7);
    assertThat(header(dead.get(0), "millrace.reason"))
        .hasValueSatisfying(r -> assertThat(r).contains("2 bytes"));
    assertThat(header(dead.get(0), "millrace.partition")).contains("1");
    assertThat(header(dead.get(1), "millrace.reason"))
        .hasValueSatisfying(r -> assertThat(r).contains("999999"));
    assertThat(records(topic("named.late"))).isEmpty();

    end("events");
    awaitState("ended");
    assertThat(records(topic("millrace-marks")))
        .anySatisfy(
            m -> {
              StreamMarks marks = StreamMarks.parse(m.value());
              assertThat(marks.stream()).isEqualTo("named");
              assertThat(marks.end()).isPresent();
            });
  }

  @Test
  void whatIsBehindTheMinimumOverPartitionsIsLateAndNothingIsLost() throws Exception {
    topics("events", "users", "named", "named.late", "named.dead", "millrace-marks");
    user(1, "Ann");
    mark(StreamMarks.none("users").withSnapshotComplete());
    event(0, "a", "x", 100, 1);
    event(1, "b", "x", 500, 1);
    run(named());
    await().atMost(PATIENCE).until(() -> rows("named").size() == 2);
    // Partition 0 is at 100: what is ahead of that is not late, however far partition 1 has come.
    event(0, "a", "x", 101, 1);
    event(1, "b", "x", 120, 1);
    await().atMost(PATIENCE).until(() -> rows("named").size() == 4);
    event(0, "a", "x", 400, 1);
    await().atMost(PATIENCE).until(() -> rows("named").size() == 5);
    await()
        .atMost(PATIENCE)
        .until(() -> status().at("/queries/0/progress").asText().startsWith("2026-01-01T00:06:39"));
    event(1, "b", "x", 300, 1);
    event(1, "b", "x", 399, 1);
    await().atMost(PATIENCE).until(() -> rows("named").contains("b 399 Ann"));
    // What is set aside is a transaction of its own, after those of the rows.
    await().atMost(PATIENCE).until(() -> !records(topic("named.late")).isEmpty());
    assertThat(records(topic("named.late"))).hasSize(1);
    assertThat(header(records(topic("named.late")).get(0), "millrace.reason"))
        .hasValueSatisfying(r -> assertThat(r).contains("99000 ms"));
    assertThat(rows("named")).hasSize(6).doesNotContain("b 300 Ann");
  }

  @Test
  void writesNothingTwiceHoweverOftenItIsKilled() throws Exception {
    topics("events", "users", "named", "named.late", "named.dead", "millrace-marks");
    user(1, "Ann");
    mark(StreamMarks.none("users").withSnapshotComplete());
    ObjectNode plan = named();
    int sent = 0;
    for (int round = 0; round < 6; round++) {
      for (int i = 0; i < 500; i++) {
        event(i % 2, "d" + i % 7, "x", sent++, 1);
      }
      int before = records(topic("named")).size();
      run(plan);
      await()
          .atMost(PATIENCE)
          .pollInterval(Duration.ofMillis(20))
          .until(() -> records(topic("named")).size() > before);
      job.destroyForcibly().waitFor();
    }
    end("events");
    run(plan);
    awaitState("ended");
    List<String> rows = rows("named");
    assertThat(rows).hasSize(sent).doesNotHaveDuplicates();
  }

  /** How many events there are of each device and minute, as text. */
  private ObjectNode counted() throws IOException {
    ObjectNode plan = plan();
    ObjectNode node = transform(plan, "counted", "table", NAMED, NAMED_KEY);
    node.put(
        "sql",
        "SELECT d, window(at, '1 minute').start AS at, CAST(count(*) AS STRING) AS name FROM events"
            + " GROUP BY d, window(at, '1 minute')");
    node.put("latenessMs", 86_400_000);
    node.withArray("reads")
        .addObject()
        .put("stream", "events")
        .put("role", "drives")
        .withArray("columns")
        .add("d")
        .add("at");
    return plan;
  }

  @Test
  void stateInAnObjectStoreIsExactHoweverOftenTheDriverIsKilled() throws Exception {
    S3Service s3 = new S3Service(Distribution.locate(), "checkpoints");
    supervisor.start(s3);
    supervisor.awaitReady(s3.name(), PATIENCE);
    Map<String, String> store = s3.credentials();
    String[] options = {
      "-Dspark.hadoop.fs.s3a.endpoint=" + store.get("endpoint"),
      "-Dspark.hadoop.fs.s3a.path.style.access=true",
      "-Dspark.hadoop.fs.s3a.access.key=" + store.get("accessKeyId"),
      "-Dspark.hadoop.fs.s3a.secret.key=" + store.get("secretAccessKey")
    };
    topics("events", "counted", "counted.late", "counted.dead", "millrace-marks");
    ObjectNode plan = counted();
    plan.put("checkpointDir", "s3://checkpoints/" + name);
    int sent = 0;
    for (int round = 0; round < 3; round++) {
      for (int i = 0; i < 500; i++) {
        event(i % 2, "d" + i % 7, "x", sent++, 1);
      }
      int before = records(topic("counted")).size();
      run(plan, options);
      await()
          .atMost(PATIENCE)
          .pollInterval(Duration.ofMillis(20))
          .until(() -> records(topic("counted")).size() > before);
      job.destroyForcibly().waitFor();
    }
    end("events");
    run(plan, options);
    awaitState("ended");
    Map<String, Integer> latest = new HashMap<>();
    for (String row : written("counted")) {
      String[] fields = row.split(" ");
      latest.put(fields[0] + " " + fields[1], Integer.parseInt(fields[2]));
    }
    assertThat(latest.values().stream().mapToInt(Integer::intValue).sum()).isEqualTo(sent);
    // It was there, and nowhere else.
    assertThat(s3.objects("checkpoints"))
        .anyMatch(o -> o.matches(name + "/counted-h1/state/.*changelog"))
        .anyMatch(o -> o.matches(name + "/counted-h1/commits/\\d+"));
    assertThat(temporary.resolve("check points").resolve(name)).doesNotExist();
  }

  @Test
  void aTopicThatWasMadeAgainIsAFailureThatNamesItAndNothingIsSkipped() throws Exception {
    topics("events", "users", "named", "named.late", "named.dead", "millrace-marks");
    user(1, "Ann");
    mark(StreamMarks.none("users").withSnapshotComplete());
    for (int second = 10; second < 15; second++) {
      event(0, "a", "x", second, 1);
    }
    run(named());
    await().atMost(PATIENCE).until(() -> rows("named").size() == 5);

    // While it runs: the end lies before what was read.
    remake("events");
    event(0, "b", "x", 20, 1);
    awaitCause(
        "stream events: topic "
            + topic("events")
            + " was deleted and made again: partition 0 was read up to offset 5, and ends at 1 now");
    assertThat(status().at("/queries/0/cause").asText())
        .contains("millrace apply --allow state-loss");

    // While nobody looked: it has grown beyond what was read, and is another all the same.
    job.destroyForcibly().waitFor();
    for (int second = 21; second < 30; second++) {
      event(0, "b", "x", second, 1);
    }
    run(named());
    awaitCause("partition 0 was read up to offset 5, and ends at 10 now");
    assertThat(rows("named")).hasSize(5);
  }

  @Test
  void aTopicThatIsNotThereIsWaitedForAndNeverSaidToRun() throws Exception {
    topics("users", "named", "named.late", "named.dead", "millrace-marks");
    user(1, "Ann");
    mark(StreamMarks.none("users").withSnapshotComplete());
    run(named());
    String missing = "topic " + topic("events") + " does not exist";
    Set<String> states = new TreeSet<>();
    AtomicLong since = new AtomicLong();
    await()
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(50))
        .ignoreExceptions()
        .until(
            () -> {
              JsonNode query = status().at("/queries/0");
              states.add(query.path("state").asText());
              if (query.path("cause").asText().contains(missing)) {
                since.compareAndSet(0, System.nanoTime());
              }
              // Further attempts follow after one second, and two more.
              return since.get() != 0
                  && System.nanoTime() - since.get() > Duration.ofSeconds(5).toNanos();
            });
    assertThat(states).contains("failed").doesNotContain("running");

    topics("events");
    event(0, "a", "x", 10, 1);
    await().atMost(PATIENCE).until(() -> rows("named").equals(List.of("a 10 Ann")));
    await()
        .atMost(PATIENCE)
        .until(() -> status().at("/queries/0/state").asText().equals("running"));
  }

  private void remake(String stream) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
      admin.deleteTopics(List.of(topic(stream))).all().get();
      await()
          .atMost(PATIENCE)
          .until(() -> !admin.listTopics().names().get().contains(topic(stream)));
    }
    topics(stream);
  }

  private void awaitCause(String cause) {
    await()
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(200))
        .ignoreExceptions()
        .untilAsserted(
            () -> {
              assertThat(status().at("/queries/0/state").asText()).isEqualTo("failed");
              assertThat(status().at("/queries/0/cause").asText()).contains(cause);
            });
  }

  @Test
  void aTableThatWasEmptiedIsReadAnewByThoseWhoGoOn() throws Exception {
    topics("events", "users", "named", "named.late", "named.dead", "millrace-marks");
    user(1, "Ann");
    user(2, "Bob");
    mark(StreamMarks.none("users").withSnapshotComplete());
    event(0, "a", "x", 10, 1);
    run(named());
    await().atMost(PATIENCE).until(() -> rows("named").equals(List.of("a 10 Ann")));
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
      admin
          .deleteRecords(
              Map.of(new TopicPartition(topic("users"), 0), RecordsToDelete.beforeOffset(-1)))
          .all()
          .get();
    }
    user(2, "Bea");
    event(0, "b", "x", 11, 1);
    event(0, "c", "x", 12, 2);
    await()
        .atMost(PATIENCE)
        .until(() -> rows("named").equals(List.of("a 10 Ann", "b 11 null", "c 12 Bea")));
  }
}
