package dev.millrace.services;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** One distributed Kafka Connect worker with isolated plugins. */
public final class ConnectService implements Service {
  private final Distribution distribution;
  private final List<String> after;
  private final Supplier<String> kafka;
  private final List<Path> pluginPath;
  private final Path secrets;
  private final Optional<Apart> apart;
  private volatile int port;

  /**
   * What tells a worker apart from others on the same Kafka, and from those that only run what is
   * known to be good.
   *
   * @param name of its group; its topics begin with it
   * @param replicas of its topics; -1 for the broker's default
   * @param settings more of the worker's configuration
   * @param level at which plugins log, such as {@code info}
   */
  public record Apart(String name, int replicas, Map<String, String> settings, String level) {
    public Apart {
      settings = Map.copyOf(settings);
    }
  }

  /**
   * A worker.
   *
   * @param pluginFolders folders that hold one folder a plugin, besides the distribution's own
   * @param secrets folder of Secrets, a folder each with a file a key, which the config provider
   *     {@code secrets} may read
   */
  public ConnectService(
      Distribution distribution, KafkaService kafka, List<Path> pluginFolders, Path secrets) {
    this(
        distribution,
        List.of(kafka.name()),
        () -> kafka.endpoint().orElseThrow(),
        Stream.concat(Stream.of(distribution.root().resolve("plugins")), pluginFolders.stream())
            .toList(),
        secrets,
        Optional.empty());
  }

  private ConnectService(
      Distribution distribution,
      List<String> after,
      Supplier<String> kafka,
      List<Path> pluginPath,
      Path secrets,
      Optional<Apart> apart) {
    this.distribution = distribution;
    this.after = List.copyOf(after);
    this.kafka = kafka;
    this.pluginPath = List.copyOf(pluginPath);
    this.secrets = secrets.toAbsolutePath();
    this.apart = apart;
  }

  /**
   * A worker of its own, for trying connectors: it also finds plugins that no {@code
   * META-INF/services} names, and makes topics that sources write to.
   *
   * @param after services that have to be ready first
   * @param kafka {@code host:port}, asked when it is started
   * @param pluginPath folders that hold one folder a plugin; the distribution's are not among them
   */
  public static ConnectService apart(
      Distribution distribution,
      List<String> after,
      Supplier<String> kafka,
      List<Path> pluginPath,
      Path secrets,
      Apart apart) {
    return new ConnectService(distribution, after, kafka, pluginPath, secrets, Optional.of(apart));
  }

  @Override
  public String name() {
    return "connect";
  }

  @Override
  public List<String> after() {
    return after;
  }

  @Override
  public Launch prepare(Room room) throws IOException {
    port = room.port("http");
    // The config provider refuses a folder that is not there yet.
    Files.createDirectories(
        secrets,
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    String plugins =
        pluginPath.stream()
            .map(p -> p.toAbsolutePath().toString())
            .collect(Collectors.joining(","));
    // exactly.once.source.support: a source's records and its offsets are one transaction, so that
    // a killed worker neither repeats nor loses any.
    Path config =
        room.writeSecret(
            "connect.properties",
            """
            bootstrap.servers=%1$s
            group.id=connect
            listeners=http://127.0.0.1:%2$d
            rest.advertised.host.name=127.0.0.1
            plugin.path=%3$s
            plugin.discovery=service_load
            key.converter=org.apache.kafka.connect.converters.ByteArrayConverter
            value.converter=org.apache.kafka.connect.converters.ByteArrayConverter
            config.storage.topic=millrace-connect-configs
            config.storage.replication.factor=1
            offset.storage.topic=millrace-connect-offsets
            offset.storage.replication.factor=1
            offset.storage.partitions=4
            status.storage.topic=millrace-connect-status
            status.storage.replication.factor=1
            status.storage.partitions=2
            offset.flush.interval.ms=1000
            topic.creation.enable=false
            exactly.once.source.support=enabled
            scheduled.rebalance.max.delay.ms=0
            task.shutdown.graceful.timeout.ms=5000
            connector.client.config.override.policy=All
            config.providers=secrets
            config.providers.secrets.class=org.apache.kafka.common.config.provider.DirectoryConfigProvider
            config.providers.secrets.param.allowed.paths=%4$s
            # A worker that was killed is replaced by one that must not wait for its place.
            session.timeout.ms=6000
            heartbeat.interval.ms=1500
            consumer.session.timeout.ms=6000
            consumer.heartbeat.interval.ms=1500
            """
                    .formatted(kafka.get(), port, plugins, secrets)
                + apart.map(ConnectService::lines).orElse(""));
    JavaCommand command =
        new JavaCommand(768).options("-Dlog4j2.configurationFile=" + logging(room), "-Xss512k");
    if (apart.isPresent()) {
      // It is started again and again.
      command.options("-XX:TieredStopAtLevel=1");
    }
    return new Launch(
        command
            .main(
                List.of(distribution.root().resolve("kafka") + "/*"),
                "org.apache.kafka.connect.cli.ConnectDistributed",
                config.toString())
            .build(),
        Map.of(),
        room.path());
  }

  private Path logging(Room room) throws IOException {
    return apart.isPresent() ? Logging.plugins(room, apart.get().level()) : Logging.log4j2(room);
  }

  /** What is behind the rest in the file, where the last word on a key counts. */
  private static String lines(Apart apart) {
    Map<String, String> lines = new TreeMap<>(apart.settings());
    lines.put("group.id", apart.name());
    lines.put("plugin.discovery", "hybrid_warn");
    lines.put("topic.creation.enable", "true");
    for (String topic : List.of("config", "offset", "status")) {
      lines.put(topic + ".storage.topic", apart.name() + "-" + topic);
      lines.put(topic + ".storage.replication.factor", Integer.toString(apart.replicas()));
    }
    return lines.entrySet().stream()
        .map(e -> e.getKey() + "=" + e.getValue().replace("\\", "\\\\").replace("\n", "\\n") + "\n")
        .collect(Collectors.joining());
  }

  @Override
  public boolean ready() throws InterruptedException {
    // GET / answers before the worker has joined its group; this one does not.
    return Probe.http(url() + "/connectors");
  }

  private String url() {
    return "http://127.0.0.1:" + port;
  }

  @Override
  public Optional<String> endpoint() {
    return port == 0 ? Optional.empty() : Optional.of(url());
  }

  @Override
  public Duration stopDeadline() {
    return Duration.ofSeconds(15);
  }
}
