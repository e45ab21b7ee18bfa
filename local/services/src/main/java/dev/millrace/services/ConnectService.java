package dev.millrace.services;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** One distributed Kafka Connect worker with isolated plugins. */
public final class ConnectService implements Service {
  private final Distribution distribution;
  private final KafkaService kafka;
  private final List<Path> pluginFolders;
  private final Path secrets;
  private volatile int port;

  /**
   * A worker.
   *
   * @param pluginFolders folders that hold one folder a plugin, besides the distribution's own
   * @param secrets folder of Secrets, a folder each with a file a key, which the config provider
   *     {@code secrets} may read
   */
  public ConnectService(
      Distribution distribution, KafkaService kafka, List<Path> pluginFolders, Path secrets) {
    this.distribution = distribution;
    this.kafka = kafka;
    this.pluginFolders = List.copyOf(pluginFolders);
    this.secrets = secrets.toAbsolutePath();
  }

  @Override
  public String name() {
    return "connect";
  }

  @Override
  public List<String> after() {
    return List.of(kafka.name());
  }

  @Override
  public Launch prepare(Room room) throws IOException {
    port = room.port("http");
    // The config provider refuses a folder that is not there yet.
    Files.createDirectories(
        secrets,
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    String plugins =
        Stream.concat(Stream.of(distribution.root().resolve("plugins")), pluginFolders.stream())
            .map(p -> p.toAbsolutePath().toString())
            .collect(Collectors.joining(","));
    // exactly.once.source.support: a source's records and its offsets are one transaction, so that
    // a killed worker neither repeats nor loses any.
    Path config =
        room.write(
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
                .formatted(kafka.endpoint().orElseThrow(), port, plugins, secrets));
    return new Launch(
        new JavaCommand(768)
            .options("-Dlog4j2.configurationFile=" + Logging.log4j2(room), "-Xss512k")
            .main(
                List.of(distribution.root().resolve("kafka") + "/*"),
                "org.apache.kafka.connect.cli.ConnectDistributed",
                config.toString())
            .build(),
        Map.of(),
        room.path());
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
