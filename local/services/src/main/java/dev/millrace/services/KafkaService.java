package dev.millrace.services;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** One Kafka broker that is its own KRaft controller. */
public final class KafkaService implements Service {
  private final Distribution distribution;
  private volatile int port;

  public KafkaService(Distribution distribution) {
    this.distribution = distribution;
  }

  @Override
  public String name() {
    return "kafka";
  }

  @Override
  public Launch prepare(Room room) throws IOException, InterruptedException {
    port = room.port("kafka");
    int controller = room.port("controller");
    Path data = room.folder("data");
    Path config =
        room.write(
            "server.properties",
            """
            process.roles=broker,controller
            node.id=1
            listeners=PLAINTEXT://127.0.0.1:%1$d,CONTROLLER://127.0.0.1:%2$d
            advertised.listeners=PLAINTEXT://127.0.0.1:%1$d
            controller.listener.names=CONTROLLER
            controller.quorum.bootstrap.servers=127.0.0.1:%2$d
            log.dirs=%3$s
            num.partitions=1
            auto.create.topics.enable=false
            offsets.topic.replication.factor=1
            offsets.topic.num.partitions=4
            transaction.state.log.replication.factor=1
            transaction.state.log.min.isr=1
            transaction.state.log.num.partitions=4
            # A transaction that begins while the marks of the one before are being written is looked
            # at again after 20 ms by default: longer than the whole of a small one takes.
            add.partitions.to.txn.retry.backoff.ms=1
            share.coordinator.state.topic.replication.factor=1
            share.coordinator.state.topic.min.isr=1
            share.coordinator.state.topic.num.partitions=1
            group.initial.rebalance.delay.ms=0
            log.cleaner.dedupe.buffer.size=33554432
            log.segment.bytes=268435456
            num.network.threads=2
            num.io.threads=4
            num.recovery.threads.per.data.dir=2
            """
                .formatted(port, controller, data.toString().replace("\\", "\\\\")));
    List<String> classPath = List.of(distribution.root().resolve("kafka") + "/*");
    if (!Files.exists(data.resolve("meta.properties"))) {
      format(room, classPath, config);
    }
    return new Launch(
        new JavaCommand(512)
            .options("-Dlog4j2.configurationFile=" + Logging.log4j2(room), "-Xss512k")
            .main(classPath, "kafka.Kafka", config.toString())
            .build(),
        Map.of(),
        room.path());
  }

  private static void format(Room room, List<String> classPath, Path config)
      throws IOException, InterruptedException {
    // Any 16 bytes will do; the directory id must not begin with '-' on a command line.
    String clusterId = "millrace" + "AAAAAAAAAAAAAA";
    Process process =
        new ProcessBuilder(
                new JavaCommand(128)
                    .options("-XX:TieredStopAtLevel=1")
                    .main(
                        classPath,
                        "kafka.tools.StorageTool",
                        "format",
                        "--standalone",
                        "-t",
                        clusterId,
                        "-c",
                        config.toString())
                    .build())
            .redirectErrorStream(true)
            .redirectOutput(room.path().resolve("format.log").toFile())
            .start();
    if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
      process.destroyForcibly();
      throw new IOException(
          "Kafka's data folder could not be formatted: "
              + Logging.tail(room.path().resolve("format.log"), 5));
    }
  }

  @Override
  public boolean ready() {
    return Probe.port(port);
  }

  /** {@code host:port} for clients. */
  @Override
  public Optional<String> endpoint() {
    return port == 0 ? Optional.empty() : Optional.of("127.0.0.1:" + port);
  }

  @Override
  public Duration stopDeadline() {
    return Duration.ofSeconds(15);
  }
}
