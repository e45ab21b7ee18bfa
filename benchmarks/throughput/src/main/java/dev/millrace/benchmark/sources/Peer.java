package dev.millrace.benchmark.sources;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.tools.ProducerPerformance;

/**
 * Kafka's own {@code kafka-producer-perf-test}, a process of its own, with the bytes that a
 * connector has written.
 */
final class Peer {
  private static final String DELIMITER = "~~~~";

  private final Stack stack;
  private final Path work;

  Peer(Stack stack, Path work) {
    this.stack = stack;
    this.work = work;
  }

  /** What arrives when it sends so many, as fast as it can. */
  Stack.Arrival run(String topic, int records, List<byte[]> payloads) throws Exception {
    Path file = work.resolve("payloads");
    write(file, payloads);
    stack.topics(topic);
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx768m",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                ProducerPerformance.class.getName(),
                "--bootstrap-server",
                stack.bootstrapServers(),
                "--topic",
                topic,
                "--num-records",
                Integer.toString(records),
                "--throughput",
                "-1",
                "--payload-file",
                file.toString(),
                "--payload-delimiter",
                DELIMITER,
                "--command-property"));
    Stack.producer().forEach((key, value) -> command.add(key + "=" + value));
    Path log = work.resolve("perf-test.log");
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    try {
      if (!process.waitFor(5, TimeUnit.MINUTES) || process.exitValue() != 0) {
        throw new IOException("kafka-producer-perf-test failed:\n" + Files.readString(log));
      }
    } finally {
      process.destroyForcibly();
    }
    Stack.Arrival arrival = stack.arrival(topic, 0, records);
    stack.deleteTopics(topic);
    return arrival;
  }

  /** The tool reads text: the highest bit of each byte is left out, so that lengths stay. */
  private static void write(Path file, List<byte[]> payloads) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] payload : payloads) {
      for (byte b : payload) {
        all.write(b & 0x7f);
      }
      all.writeBytes(DELIMITER.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    }
    Files.write(file, all.toByteArray());
  }
}
