package dev.millrace.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The whole of demo-tv, as a user runs it, on a bounded number of events: what Elasticsearch says
 * was viewed equals the truth, whatever was killed on the way.
 *
 * <p>{@code -Dmillrace.it.events=1000000} for the full size; {@code -Dmillrace.it.kills=10} for
 * more kills.
 */
class DemoTvIT {
  private static final int EVENTS = Integer.getInteger("millrace.it.events", 40_000);
  private static final int RANDOM_KILLS = Integer.getInteger("millrace.it.kills", 4);

  @TempDir Path temporary;
  private Installation millrace;
  private Path directory;

  @BeforeEach
  void copyDemo() throws IOException {
    Path withSpace = Files.createDirectories(temporary.resolve("a path with spaces"));
    millrace = new Installation(withSpace);
    directory = millrace.copy("demo-tv", withSpace);
  }

  @AfterEach
  void stop() throws Exception {
    millrace.run(60, "stop", directory.toString());
  }

  @Test
  void boundedRunEqualsTheTruthAndADeletedEventIsNoticed() throws Exception {
    bounded("max");
    run();
    awaitDrained();
    Installation.Result truth = truth();
    assertThat(truth.output()).contains("EQUAL").doesNotContain("DIFFERENT");
    assertThat(truth.exitCode()).isZero();
    assertThat(truth.output()).contains("events written").doesNotContain("events written: 0");

    Installation.Result without = truth("--without-event", "1000");
    assertThat(without.output()).contains("DIFFERENT");
    assertThat(without.exitCode()).isEqualTo(1);

    assertThat(millrace.run(60, "stop", directory.toString()).exitCode()).isZero();
    assertThat(processesOf(directory)).isEmpty();
    // It all is still there, and nothing comes twice, after a stop and a start.
    run();
    awaitDrained();
    assertThat(truth().exitCode()).isZero();
  }

  @Test
  void equalsTheTruthWhateverIsKilled() throws Exception {
    bounded("1500/s");
    run();
    Random random = new Random(7);
    List<String> victims =
        new ArrayList<>(List.of("connect", "spark-tv", "elasticsearch", "kafka"));
    for (int i = 0; i < RANDOM_KILLS; i++) {
      victims.add(random.nextBoolean() ? "connect" : "spark-tv");
    }
    for (String victim : victims) {
      await()
          .atMost(Duration.ofMinutes(3))
          .pollInterval(Duration.ofMillis(200 + random.nextInt(2000)))
          .ignoreExceptions()
          .until(() -> service(victim).path("state").asText().equals("ready"));
      long pid = service(victim).path("pid").asLong();
      assertThat(ProcessHandle.of(pid).orElseThrow().destroyForcibly()).isTrue();
    }
    awaitDrained();
    Installation.Result truth = truth();
    assertThat(truth.output()).contains("EQUAL").doesNotContain("DIFFERENT");
    assertThat(truth.exitCode()).isZero();
  }

  private void bounded(String rate) throws IOException {
    Path file = directory.resolve("pipeline.yaml");
    String yaml = Files.readString(file);
    String start = LocalDate.now(ZoneOffset.UTC) + "T00:00:00Z";
    String bounded =
        yaml.replace("        clock: realtime\n", "        clock: simulated\n")
            .replace(
                "        start: -5m\n",
                "        start: "
                    + start
                    + "\n        rate: "
                    + rate
                    + "\n        count: "
                    + EVENTS
                    + "\n");
    assertThat(bounded).isNotEqualTo(yaml);
    Files.writeString(file, bounded);
  }

  private void run() throws Exception {
    Installation.Result result = millrace.run(300, "run", directory.toString(), "--detach");
    assertThat(result.exitCode()).as(result.output()).isZero();
  }

  private void awaitDrained() {
    await()
        .atMost(Duration.ofMinutes(Long.getLong("millrace.it.minutes", 12)))
        .pollInterval(Duration.ofSeconds(2))
        .until(() -> millrace.status(directory).at("/pipelines/0/drained").asBoolean());
  }

  private JsonNode service(String name) throws Exception {
    for (JsonNode service : millrace.status(directory).path("services")) {
      if (service.path("name").asText().equals(name)) {
        return service;
      }
    }
    throw new AssertionError("no service " + name);
  }

  private Installation.Result truth(String... more) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                millrace.home().resolve("demo-tv/simulator/target/lib") + "/*",
                "dev.millrace.demo.tv.Truth",
                "--bootstrap-servers",
                service("kafka").path("endpoint").asText(),
                "--registry",
                service("registry").path("endpoint").asText(),
                "--elasticsearch",
                service("elasticsearch").path("endpoint").asText(),
                "--database-url-file",
                directory.resolve(".millrace/secrets/tv-mysql/url").toString()));
    command.addAll(List.of(more));
    return Installation.finish(new ProcessBuilder(command).redirectErrorStream(true), 300);
  }

  private static List<String> processesOf(Path directory) {
    return ProcessHandle.allProcesses()
        .flatMap(p -> p.info().commandLine().stream())
        .filter(line -> line.contains(directory.toString()))
        .toList();
  }
}
