package dev.millrace.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The whole of demo-tv, as a user runs it, on a bounded number of events: what Elasticsearch says
 * was viewed equals the truth, whatever was killed on the way.
 *
 * <p>The full size: {@code -Dmillrace.it.events=1000000 -Dmillrace.it.kills=20
 * -Dmillrace.it.rate=max -Dmillrace.it.pause.ms=15000 -Dmillrace.it.minutes=30}.
 */
class DemoTvIT {
  private static final int EVENTS = Integer.getInteger("millrace.it.events", 40_000);
  private static final int RANDOM_KILLS = Integer.getInteger("millrace.it.kills", 4);

  private static final String RATE = System.getProperty("millrace.it.rate", "1500/s");
  private static final int PAUSE_MS = Integer.getInteger("millrace.it.pause.ms", 2000);

  /** Views, from before they changed, of those who will move and of those who will leave. */
  private static final String STAYED = "user_id:[1 TO 50] AND NOT region:(Atlantis OR unknown)";

  private static final String LEFT = "user_id:[51 TO 60] AND NOT region:unknown";

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
    bounded("max", EVENTS);
    run();
    awaitDrained();
    Installation.Result truth = truth();
    assertThat(truth.output()).contains("EQUAL").doesNotContain("DIFFERENT");
    assertThat(truth.exitCode()).isZero();
    assertThat(truth.output()).contains("events written").doesNotContain("events written: 0");

    thePageShowsItAndNoSecret();

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

  private void thePageShowsItAndNoSecret() throws Exception {
    URI page = URI.create(millrace.status(directory).path("page").asText());
    String graph = page(page, "api/graph");
    JsonNode nodes = new ObjectMapper().readTree(graph).at("/pipelines/0/nodes");
    assertThat(nodes.findValuesAsText("id"))
        .contains("source:tv_db", "stream:users", "transform:viewings", "stream:show_views");
    assertThat(nodes.findValuesAsText("state")).doesNotContain("failed", "waiting");
    JsonNode lineage = new ObjectMapper().readTree(page(page, "api/pipelines/tv/lineage"));
    assertThat(lineage.at("/transforms/show_views/from/age_group").toString())
        .isEqualTo("[{\"stream\":\"users\",\"column\":\"age\"}]");
    JsonNode records =
        new ObjectMapper().readTree(page(page, "api/topics/tv.show_views/records?limit=5"));
    assertThat(records.path("records")).hasSize(5);
    assertThat(records.at("/records/0/value/region").isTextual()).isTrue();
    StringBuilder everything = new StringBuilder(graph);
    for (String path :
        List.of(
            "status",
            "connectors",
            "jobs",
            "topics",
            "pipelines/tv/components/tv_db",
            "pipelines/tv/components/tv_db/log?whole=true",
            "pipelines/tv/components/viewings/log?whole=true")) {
      everything.append(page(page, "api/" + path));
    }
    assertThat(everything)
        .contains("${secrets:")
        .doesNotContain(Files.readString(directory.resolve(".millrace/secrets/tv-mysql/password")));
  }

  private static String page(URI page, String path) throws Exception {
    HttpResponse<String> response =
        HttpClient.newHttpClient()
            .send(
                HttpRequest.newBuilder(page.resolve(path)).build(),
                HttpResponse.BodyHandlers.ofString());
    assertThat(response.statusCode()).as(path + ": " + response.body()).isEqualTo(200);
    return response.body();
  }

  @Test
  void equalsTheTruthWhateverIsKilled() throws Exception {
    bounded(RATE, EVENTS);
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
          .pollDelay(Duration.ofMillis(200 + random.nextInt(PAUSE_MS)))
          .pollInterval(Duration.ofMillis(200))
          .until(() -> killed(victim));
    }
    awaitDrained();
    Installation.Result truth = truth();
    assertThat(truth.output()).contains("EQUAL").doesNotContain("DIFFERENT");
    assertThat(truth.exitCode()).isZero();
  }

  /**
   * Kills a service if it is ready. It may have ended by itself since the status was taken (Spark
   * does when Kafka has been away): then it is not killed yet, and is waited for.
   */
  private boolean killed(String victim) throws Exception {
    JsonNode service = service(victim);
    return service.path("state").asText().equals("ready")
        && ProcessHandle.of(service.path("pid").asLong())
            .map(ProcessHandle::destroyForcibly)
            .orElse(false);
  }

  /**
   * One of two tasks is held back by Kafka itself, which lets its producer send nothing for a
   * minute (a client quota), while the other goes on. In the meantime people move, and some leave.
   */
  @Test
  void waitsForATaskThatIsHeldBackAndFollowsTheDatabase() throws Exception {
    bounded("400/s", 60_000);
    run();
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", endpoint("kafka")))) {
      await()
          .atMost(Duration.ofMinutes(2))
          .until(() -> ends(admin).values().stream().allMatch(end -> end > 200));
      await()
          .atMost(Duration.ofMinutes(2))
          .pollInterval(Duration.ofSeconds(1))
          .until(() -> count(STAYED) > 0 && count(LEFT) > 0);
      // Not less: what is sent at once is paid for in silence, after the quota is gone too.
      quota(admin, 300.0);
      changeUsers();
      await()
          .atMost(Duration.ofMinutes(3))
          .until(() -> ends(admin).get(1) - ends(admin).get(0) >= 60 * 100);
      quota(admin, null);
    }
    awaitDrained();
    Installation.Result truth = truth();
    assertThat(truth.output()).contains("EQUAL").doesNotContain("DIFFERENT").contains("late: 0");
    // Views after the change have the new region, earlier ones the old; who left has none any more.
    assertThat(count("user_id:[1 TO 50] AND region:Atlantis")).isPositive();
    assertThat(count(STAYED)).isPositive();
    assertThat(count("user_id:[51 TO 60] AND region:unknown")).isPositive();
    assertThat(count(LEFT)).isPositive();
  }

  private static Map<Integer, Long> ends(Admin admin) throws Exception {
    Map<Integer, Long> ends = new TreeMap<>();
    for (int p = 0; p < 4; p++) {
      TopicPartition partition = new TopicPartition("tv.events", p);
      ends.put(
          p,
          admin
              .listOffsets(Map.of(partition, OffsetSpec.latest()))
              .partitionResult(partition)
              .get()
              .offset());
    }
    return ends;
  }

  private static void quota(Admin admin, Double bytesPerSecond) throws Exception {
    ClientQuotaEntity task =
        new ClientQuotaEntity(
            Map.of(ClientQuotaEntity.CLIENT_ID, "connector-producer-tv.events-0"));
    admin
        .alterClientQuotas(
            List.of(
                new ClientQuotaAlteration(
                    task,
                    List.of(new ClientQuotaAlteration.Op("producer_byte_rate", bytesPerSecond)))))
        .all()
        .get();
  }

  private void changeUsers() throws Exception {
    try (Connection connection = Installation.database(directory);
        Statement statement = connection.createStatement()) {
      assertThat(
              statement.executeUpdate(
                  "UPDATE users SET region='Atlantis' WHERE user_id BETWEEN 1 AND 50"))
          .isPositive();
      assertThat(statement.executeUpdate("DELETE FROM users WHERE user_id BETWEEN 51 AND 60"))
          .isPositive();
    }
  }

  private long count(String query) throws Exception {
    URI uri =
        URI.create(
            endpoint("elasticsearch")
                + "/tv-show-views/_count?q="
                + URLEncoder.encode(query, StandardCharsets.UTF_8).replace("+", "%20"));
    HttpResponse<String> response =
        HttpClient.newHttpClient()
            .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
    return new ObjectMapper().readTree(response.body()).path("count").asLong();
  }

  private String endpoint(String service) throws Exception {
    return service(service).path("endpoint").asText();
  }

  private void bounded(String rate, int events) throws IOException {
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
                    + events
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
