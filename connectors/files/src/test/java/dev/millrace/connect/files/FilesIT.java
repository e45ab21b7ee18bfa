package dev.millrace.connect.files;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.services.ConnectService;
import dev.millrace.services.Distribution;
import dev.millrace.services.KafkaService;
import dev.millrace.services.RegistryService;
import dev.millrace.services.S3Service;
import dev.millrace.services.Service;
import dev.millrace.services.ServiceState;
import dev.millrace.services.Supervisor;
import java.io.BufferedWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.parquet.avro.AvroParquetWriter;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.io.LocalOutputFile;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** In a real Connect, which is killed, with files of a real folder and of a real object store. */
class FilesIT {
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int ROWS = 1_500_000;
  private static final String SCHEMA =
      """
      {"type":"record","name":"R","fields":[{"name":"id","type":"long"},{"name":"text","type":["null","string"]}]}
      """;

  @TempDir static Path temporary;
  private static Supervisor supervisor;
  private static KafkaService kafka;
  private static RegistryService registry;
  private static ConnectService connect;
  private static S3Service s3;

  @BeforeAll
  static void start() throws Exception {
    Distribution distribution = Distribution.locate();
    Path plugins = Path.of("target/plugins").toAbsolutePath();
    assertThat(plugins).as("built by ./mvnw package").isDirectory();
    kafka = new KafkaService(distribution);
    registry = new RegistryService(distribution);
    connect =
        new ConnectService(distribution, kafka, List.of(plugins), temporary.resolve("secrets"));
    s3 = new S3Service(distribution, "files-in");
    supervisor = new Supervisor(temporary, Clock.systemUTC(), s -> {});
    List<Service> all = List.of(kafka, registry, s3, connect);
    for (Service service : all) {
      supervisor.start(service);
    }
    for (Service service : all) {
      supervisor.awaitReady(service.name(), PATIENCE);
    }
  }

  @AfterAll
  static void stop() {
    supervisor.close();
  }

  @Test
  void eachRowOnceThoughConnectIsKilledAgainAndAgain() throws Exception {
    Path folder = Files.createDirectories(temporary.resolve("in"));
    int broken = 0;
    try (BufferedWriter csv = Files.newBufferedWriter(folder.resolve("a.csv"))) {
      csv.write("id,text\n");
      for (int i = 0; i < ROWS; i++) {
        csv.write(i + ",\"row, " + i + " of the file\"\n");
        if (i % 100_000 == 7) {
          csv.write("broken " + broken++ + "\n");
        }
      }
    }
    topics("big", "big.dead", "big.files");
    // Slow enough that there is something left to kill.
    put(
        "big",
        Map.of(
            "path",
            folder.toString(),
            "format",
            "csv",
            "once",
            "true",
            "batch.max.records",
            "2000"));
    kills("big", 3);
    awaitDone("big");
    exactly("big", ROWS);
    assertThat(records("big.dead")).hasSize(broken);
    assertThat(records("big.files").stream().map(r -> new String(r.value(), UTF_8)))
        .containsExactly(
            "{\"dead\":15,\"file\":\"a.csv\",\"rows\":1500000,\"size\":"
                + Files.size(folder.resolve("a.csv"))
                + "}",
            "{\"done\":true,\"task\":0}");
    delete("big");
  }

  @Test
  void parquetOfAnObjectStoreAndWhatIsPutThereLater() throws Exception {
    Path folder = s3.folder("files-in");
    parquet(folder.resolve("part 0.parquet"), 0, 300_000);
    topics("store", "store.dead", "store.files");
    Files.createDirectories(temporary.resolve("secrets/s3"));
    for (Map.Entry<String, String> key : s3.credentials().entrySet()) {
      Files.writeString(temporary.resolve("secrets/s3").resolve(key.getKey()), key.getValue());
    }
    String secret = "${secrets:" + temporary.resolve("secrets/s3") + ":";
    Map<String, String> access =
        Map.of(
            "s3.bucket",
            "files-in",
            "s3.endpoint",
            secret + "endpoint}",
            "s3.access.key.id",
            secret + "accessKeyId}",
            "s3.secret.access.key",
            secret + "secretAccessKey}",
            "format",
            "parquet",
            "poll.interval.ms",
            "500");
    put("store", access);
    kills("store", 1);
    await().atMost(PATIENCE).until(() -> count("store") >= 300_000);
    parquet(folder.resolve("part 1.parquet"), 300_000, 300_100);
    Path broken = Files.writeString(temporary.resolve("broken.parquet"), "PAR1 and no more");
    Files.move(broken, folder.resolve("part 2.parquet"));
    await().atMost(PATIENCE).until(() -> count("store") >= 300_100 && count("store.dead") >= 1);
    exactly("store", 300_100);
    assertThat(records("store.dead")).hasSize(1);
    assertThat(supervisor.log("connect"))
        .content()
        .doesNotContain(s3.credentials().get("secretAccessKey"));
    delete("store");
  }

  private static void parquet(Path file, int from, int to) throws Exception {
    Schema schema = new Schema.Parser().parse(SCHEMA);
    Path next = temporary.resolve("next.parquet");
    Files.deleteIfExists(next);
    try (ParquetWriter<GenericRecord> writer =
        AvroParquetWriter.<GenericRecord>builder(new LocalOutputFile(next))
            .withConf(new PlainParquetConfiguration())
            .withSchema(schema)
            .withRowGroupSize(256L << 10)
            .build()) {
      for (int i = from; i < to; i++) {
        GenericRecord row = new GenericData.Record(schema);
        row.put("id", (long) i);
        row.put("text", "row " + i);
        writer.write(row);
      }
    }
    Files.move(next, file);
  }

  /** Kills Connect while it reads: each time only after more has arrived. */
  private static void kills(String topic, int times) throws Exception {
    long seen = 0;
    for (int kill = 1; kill <= times; kill++) {
      long before = seen;
      await()
          .atMost(PATIENCE)
          .pollInterval(Duration.ofMillis(50))
          .until(() -> count(topic) > before);
      long pid = supervisor.state("connect").orElseThrow().pid();
      int restarts = supervisor.state("connect").orElseThrow().restarts();
      ProcessHandle.of(pid).orElseThrow().destroyForcibly();
      await()
          .atMost(PATIENCE)
          .until(
              () -> {
                ServiceState now = supervisor.state("connect").orElseThrow();
                return now.restarts() > restarts && now.phase() == ServiceState.Phase.READY;
              });
      seen = count(topic);
    }
  }

  /** Every id once, and no other: counted by a consumer that knows nothing of the connector. */
  private static void exactly(String topic, int rows) throws Exception {
    Schema schema = new Schema.Parser().parse(SCHEMA);
    GenericDatumReader<GenericRecord> reader = new GenericDatumReader<>(schema);
    BitSet seen = new BitSet(rows);
    int all = 0;
    for (ConsumerRecord<byte[], byte[]> record : records(topic)) {
      GenericRecord row =
          reader.read(
              null,
              DecoderFactory.get()
                  .binaryDecoder(record.value(), 5, record.value().length - 5, null));
      seen.set(Math.toIntExact((Long) row.get("id")));
      all++;
    }
    assertThat(all).isEqualTo(rows);
    assertThat(seen.cardinality()).isEqualTo(rows);
    assertThat(seen.length()).isEqualTo(rows);
  }

  private static void awaitDone(String connector) {
    await()
        .atMost(PATIENCE)
        .ignoreExceptions()
        .until(
            () -> {
              for (JsonNode entry : get("/connectors/" + connector + "/offsets").path("offsets")) {
                if (entry.path("offset").path("done").asBoolean()
                    && entry.path("offset").path("partitions").asInt() == 1) {
                  return true;
                }
              }
              return false;
            });
  }

  private static void topics(String... names) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.endpoint().orElseThrow()))) {
      admin
          .createTopics(
              java.util.Arrays.stream(names)
                  .map(n -> new NewTopic(n, Optional.of(1), Optional.of((short) 1)))
                  .toList())
          .all()
          .get();
    }
  }

  private static Map<String, Object> readCommitted() {
    return Map.of(
        "bootstrap.servers",
        kafka.endpoint().orElseThrow(),
        "isolation.level",
        "read_committed",
        "max.poll.records",
        20_000,
        "max.partition.fetch.bytes",
        16 << 20);
  }

  private static KafkaConsumer<byte[], byte[]> consumer() {
    return new KafkaConsumer<>(
        readCommitted(), new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  private static long count(String topic) {
    try (KafkaConsumer<byte[], byte[]> consumer = consumer()) {
      TopicPartition partition = new TopicPartition(topic, 0);
      return consumer.endOffsets(List.of(partition)).get(partition);
    }
  }

  private static List<ConsumerRecord<byte[], byte[]>> records(String topic) {
    List<ConsumerRecord<byte[], byte[]>> all = new java.util.ArrayList<>();
    try (KafkaConsumer<byte[], byte[]> consumer = consumer()) {
      TopicPartition partition = new TopicPartition(topic, 0);
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      long end = consumer.endOffsets(List.of(partition)).get(partition);
      while (consumer.position(partition) < end) {
        consumer.poll(Duration.ofSeconds(1)).forEach(all::add);
      }
    }
    return all;
  }

  private static void put(String name, Map<String, String> settings) throws Exception {
    ObjectNode config = JSON.createObjectNode();
    config.put("connector.class", FilesSourceConnector.class.getName());
    config.put("topic", name);
    config.put("schema", SCHEMA);
    config.put("schema.registry.url", registry.endpoint().orElseThrow());
    config.put("dead.letter.topic", name + ".dead");
    config.put("report.topic", name + ".files");
    config.put("exactly.once.support", "requested");
    config.put("key.converter", "org.apache.kafka.connect.converters.ByteArrayConverter");
    config.put("value.converter", "org.apache.kafka.connect.converters.ByteArrayConverter");
    settings.forEach(config::put);
    HttpResponse<String> response =
        send(
            request("/connectors/" + name + "/config")
                .header("Content-Type", "application/json")
                .PUT(HttpRequest.BodyPublishers.ofString(config.toString())));
    assertThat(response.statusCode()).as(response.body()).isEqualTo(201);
  }

  private static void delete(String name) throws Exception {
    send(request("/connectors/" + name).DELETE());
  }

  private static JsonNode get(String path) throws Exception {
    return JSON.readTree(send(request(path).GET()).body());
  }

  private static HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create(connect.endpoint().orElseThrow() + path));
  }

  private static HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    return HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofString());
  }
}
