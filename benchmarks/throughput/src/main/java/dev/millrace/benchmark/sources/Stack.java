package dev.millrace.benchmark.sources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.services.ConnectService;
import dev.millrace.services.Distribution;
import dev.millrace.services.KafkaService;
import dev.millrace.services.RegistryService;
import dev.millrace.services.Service;
import dev.millrace.services.Supervisor;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Kafka, registry and Connect, as a laptop's run has them, and what Kafka says has arrived. */
final class Stack implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofMinutes(5);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  /** So many values are kept of an arrival, for a peer to send the same bytes. */
  private static final int SAMPLE = 20_000;

  private final Supervisor supervisor;
  private final Distribution distribution = Distribution.locate();
  private final KafkaService kafka = new KafkaService(distribution);
  private final RegistryService registry = new RegistryService(distribution);
  private final ConnectService connect;
  private final Admin admin;
  private final Options options;

  /**
   * What has come to a topic.
   *
   * @param records how many
   * @param seconds from the first append to the last one, by the broker's clock
   * @param counted how many came in that time: those of the first append are its beginning
   * @param bytes of keys and values
   * @param sample the first ones, each key and value joined
   */
  record Arrival(int records, double seconds, int counted, long bytes, List<byte[]> sample) {
    double rate() {
      return counted / seconds;
    }

    double bytesPerRecord() {
      return (double) bytes / records;
    }
  }

  /** How the JVM of Connect is started, and what connectors get besides. */
  record Options(int heapMegabytes, List<String> java, Map<String, String> connector) {}

  /**
   * Starts all.
   *
   * @param plugins folders of plugins besides the distribution's own
   */
  Stack(Path work, List<Path> plugins, Options options) throws Exception {
    this.options = options;
    connect = new ConnectService(distribution, kafka, plugins, work.resolve("secrets"));
    supervisor = new Supervisor(work, Clock.systemUTC(), s -> {});
    try {
      start(kafka);
      start(registry);
      start(new Tuned(connect, options));
    } catch (Exception e) {
      supervisor.close();
      throw e;
    }
    admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers()));
  }

  /** Connect with other options of its JVM. */
  private record Tuned(Service service, Options options) implements Service {
    @Override
    public String name() {
      return service.name();
    }

    @Override
    public List<String> after() {
      return service.after();
    }

    @Override
    public Launch prepare(dev.millrace.services.Room room)
        throws IOException, InterruptedException {
      Launch launch = service.prepare(room);
      List<String> command = new ArrayList<>(launch.command());
      command.replaceAll(o -> o.startsWith("-Xmx") ? "-Xmx" + options.heapMegabytes() + "m" : o);
      command.addAll(1, options.java());
      return new Launch(command, launch.env(), launch.workingDirectory());
    }

    @Override
    public boolean ready() throws Exception {
      return service.ready();
    }

    @Override
    public Optional<String> endpoint() {
      return service.endpoint();
    }

    @Override
    public Duration stopDeadline() {
      return service.stopDeadline();
    }
  }

  void start(Service service) throws Exception {
    supervisor.start(service);
    var unused = supervisor.awaitReady(service.name(), PATIENCE);
  }

  Distribution distribution() {
    return distribution;
  }

  String bootstrapServers() {
    return kafka.endpoint().orElseThrow();
  }

  long connectPid() {
    return supervisor.state(connect.name()).orElseThrow().pid();
  }

  int connectRestarts() {
    return supervisor.state(connect.name()).orElseThrow().restarts();
  }

  /** Makes topics of one partition, as the engine does: with the time of arrival. */
  void topics(String... names) throws Exception {
    List<NewTopic> topics = new ArrayList<>();
    for (String name : names) {
      topics.add(
          new NewTopic(name, 1, (short) 1)
              .configs(Map.of("message.timestamp.type", "LogAppendTime")));
    }
    admin.createTopics(topics).all().get();
  }

  void deleteTopics(String... names) throws Exception {
    admin.deleteTopics(List.of(names)).all().get();
  }

  /** What the planner writes for every source of ours, for records of {@link Event}. */
  Map<String, String> source(String topic) {
    Map<String, String> config = produced();
    config.put("topic", topic);
    config.put("dead.letter.topic", topic + ".dead");
    config.put("schema", Event.SCHEMA);
    config.put("schema.registry.url", registryUrl());
    return config;
  }

  /** What the planner writes for every source connector. */
  Map<String, String> produced() {
    Map<String, String> config = new TreeMap<>(producer());
    config.keySet().stream()
        .toList()
        .forEach(k -> config.put("producer.override." + k, config.remove(k)));
    config.put("tasks.max", "1");
    config.putAll(options.connector());
    config.put("exactly.once.support", "requested");
    config.put("key.converter", "org.apache.kafka.connect.converters.ByteArrayConverter");
    config.put("value.converter", "org.apache.kafka.connect.converters.ByteArrayConverter");
    return config;
  }

  /** How records are sent, by connectors and by the peer. */
  static Map<String, String> producer() {
    return Map.of("linger.ms", "5", "batch.size", "262144", "compression.type", "lz4");
  }

  String registryUrl() {
    return registry.endpoint().orElseThrow();
  }

  /** Makes a connector, or changes it. */
  void put(String name, Map<String, String> config) throws Exception {
    send("PUT", "/connectors/" + name + "/config", JSON.writeValueAsString(config));
  }

  void delete(String name) throws Exception {
    send("DELETE", "/connectors/" + name, null);
  }

  /** Its tasks are stopped, and their places known, until {@link #resume}. */
  void stop(String name) throws Exception {
    send("PUT", "/connectors/" + name + "/stop", "");
    await(() -> send("GET", "/connectors/" + name + "/status", null).path("tasks").isEmpty());
  }

  void resume(String name) throws Exception {
    send("PUT", "/connectors/" + name + "/resume", "");
  }

  void awaitRunning(String name) throws Exception {
    await(
        () ->
            send("GET", "/connectors/" + name + "/status", null)
                .at("/tasks/0/state")
                .asText()
                .equals("RUNNING"));
  }

  JsonNode offsets(String name) throws Exception {
    return send("GET", "/connectors/" + name + "/offsets", null).path("offsets");
  }

  private JsonNode send(String method, String path, String body) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(connect.endpoint().orElseThrow() + path))
            .header("Content-Type", "application/json")
            .method(
                method,
                body == null
                    ? HttpRequest.BodyPublishers.noBody()
                    : HttpRequest.BodyPublishers.ofString(body))
            .build();
    long until = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      HttpResponse<String> response = HTTP.send(request, HttpResponse.BodyHandlers.ofString());
      if (response.statusCode() < 300) {
        return JSON.readTree(response.body());
      }
      // It rebalances, or the connector is not there yet.
      boolean again =
          response.statusCode() == 409
              || response.statusCode() >= 500
              || (response.statusCode() == 404 && method.equals("GET"));
      if (!again || System.nanoTime() > until) {
        throw new IOException("Connect: " + response.statusCode() + " " + response.body());
      }
      TimeUnit.MILLISECONDS.sleep(100);
    }
  }

  /** Waits, looking ten times a second. */
  static void await(Callable<Boolean> condition) throws Exception {
    long until = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.call()) {
      if (System.nanoTime() > until) {
        throw new IOException("waited in vain for " + PATIENCE.toSeconds() + " s");
      }
      TimeUnit.MILLISECONDS.sleep(100);
    }
  }

  /** Where a topic ends now. */
  long end(String topic) throws Exception {
    TopicPartition partition = new TopicPartition(topic, 0);
    return admin
        .listOffsets(Map.of(partition, OffsetSpec.latest()))
        .partitionResult(partition)
        .get()
        .offset();
  }

  /**
   * Waits until so many records have come, without reading any meanwhile, and then looks at them.
   *
   * @param from offset of the first
   */
  Arrival arrival(String topic, long from, int records) throws Exception {
    await(() -> end(topic) - from >= records);
    TopicPartition partition = new TopicPartition(topic, 0);
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(
            Map.of(
                "bootstrap.servers",
                bootstrapServers(),
                "isolation.level",
                "read_committed",
                "max.poll.records",
                20_000,
                "max.partition.fetch.bytes",
                8 << 20),
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer())) {
      consumer.assign(List.of(partition));
      consumer.seek(partition, from);
      int count = 0;
      int atFirst = 0;
      long first = Long.MAX_VALUE;
      long last = 0;
      long bytes = 0;
      List<byte[]> sample = new ArrayList<>();
      long until = System.nanoTime() + PATIENCE.toNanos();
      while (count < records) {
        if (System.nanoTime() > until) {
          throw new IOException(topic + " has " + count + " records, " + records + " expected");
        }
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(500))) {
          byte[] key = record.key() == null ? new byte[0] : record.key();
          byte[] joined = java.util.Arrays.copyOf(key, key.length + record.value().length);
          System.arraycopy(record.value(), 0, joined, key.length, record.value().length);
          if (sample.size() < SAMPLE) {
            sample.add(joined);
          }
          bytes += joined.length;
          first = Math.min(first, record.timestamp());
          last = Math.max(last, record.timestamp());
          atFirst += record.timestamp() == first ? 1 : 0;
          count++;
        }
      }
      return new Arrival(count, Math.max(1, last - first) / 1000.0, count - atFirst, bytes, sample);
    }
  }

  @Override
  public void close() {
    admin.close(Duration.ofSeconds(1));
    supervisor.close();
  }
}
