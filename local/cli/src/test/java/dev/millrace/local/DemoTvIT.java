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
import java.nio.file.StandardOpenOption;
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
  private static final int EVENTS = Integer.getInteger("millrace.it.events", 12_000);
  private static final int RANDOM_KILLS = Integer.getInteger("millrace.it.kills", 2);

  private static final String RATE = System.getProperty("millrace.it.rate", "1500/s");
  private static final int PAUSE_MS = Integer.getInteger("millrace.it.pause.ms", 2000);

  /** In the demo's directory: what its fleet has published. */
  private static final String LEDGER = "published.txt";

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
    millrace.run(120, "stop", directory.toString());
  }

  /**
   * One that came twice is not missed, nor one that turned to the channel that was on: of three,
   * one is enough.
   */
  private void anEventLessIsSeen() throws Exception {
    List<Installation.Result> without = new ArrayList<>();
    for (int event = 1000; event < 1003; event++) {
      without.add(truth("--without-event", Integer.toString(event)));
    }
    assertThat(without)
        .anySatisfy(
            result -> {
              assertThat(result.output()).contains("DIFFERENT");
              assertThat(result.exitCode()).isEqualTo(1);
            });
  }

  /** As {@link #anEventLessIsSeen}. */
  private void anEventLessIsSeenInTheSumsOfAds() throws Exception {
    List<String> said = new ArrayList<>();
    for (int event = 100; event < 103; event++) {
      Installation.Result without = truth("--without-ad-event", Integer.toString(event));
      assertThat(without.output()).contains("left out of the truth: Event[");
      said.add(without.output());
    }
    assertThat(said)
        .anySatisfy(
            output -> assertThat(output).containsPattern("by user and ad: .* [0-9]+ differ"));
  }

  private void thePageShowsItAndNoSecret() throws Exception {
    URI page = URI.create(millrace.status(directory).path("page").asText());
    // A turn in which a busy backend did not answer in time is not the last one.
    await()
        .atMost(Duration.ofMinutes(1))
        .untilAsserted(
            () ->
                assertThat(nodes(page(page, "api/graph")).findValuesAsText("state"))
                    .isNotEmpty()
                    .doesNotContain("failed", "waiting"));
    String graph = page(page, "api/graph");
    assertThat(nodes(graph).findValuesAsText("id"))
        .contains("source:tv_db", "stream:users", "transform:viewings", "stream:show_views")
        .contains("source:shows", "source:telemetry", "source:weather", "transform:quality");
    JsonNode lineage = new ObjectMapper().readTree(page(page, "api/pipelines/tv/lineage"));
    assertThat(lineage.at("/transforms/show_views/from/age_group").toString())
        .isEqualTo("[{\"stream\":\"users\",\"column\":\"age\"}]");
    assertThat(lineage.at("/transforms/show_views/from/title").toString())
        .isEqualTo("[{\"stream\":\"shows\",\"column\":\"title\"}]");
    assertThat(lineage.at("/transforms/show_views/from/weather").toString())
        .isEqualTo("[{\"stream\":\"weather\",\"column\":\"conditions\"}]");
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
            "pipelines/tv/components/shows",
            "pipelines/tv/components/telemetry",
            "pipelines/tv/components/weather",
            "pipelines/tv/components/weather/log?whole=true",
            "pipelines/tv/components/viewings/log?whole=true")) {
      everything.append(page(page, "api/" + path));
    }
    assertThat(everything)
        .contains("${secrets:")
        .doesNotContain(secret("tv-mysql/password"))
        .doesNotContain(secret("tv-mqtt/password"))
        .doesNotContain(secret("tv-catalogue/secretAccessKey"))
        .doesNotContain("appid=" + secret("tv-weather/apiKey"));
  }

  private static JsonNode nodes(String graph) throws IOException {
    return new ObjectMapper().readTree(graph).at("/pipelines/0/nodes");
  }

  private String secret(String key) throws IOException {
    return Files.readString(directory.resolve(".millrace/secrets").resolve(key));
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
        new ArrayList<>(List.of("connect", "spark-tv", "tv-mqtt", "elasticsearch", "kafka"));
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
    assertThat(truth.output()).contains("events written").doesNotContain("events written: 0");
    assertThat(truth.output()).containsPattern("by ad: [1-9][0-9]* sums, .* all equal");
    allOfTheTelemetryIsThere();
    allKindsOfSourceDeliver();

    // The comparison sees it when something is missing.
    anEventLessIsSeen();
    anEventLessIsSeenInTheSumsOfAds();

    // It all is still there, and nothing comes twice, after a stop and a start.
    assertThat(millrace.run(120, "stop", directory.toString()).exitCode()).isZero();
    assertThat(processesOf(directory)).isEmpty();
    run();
    awaitDrained();
    assertThat(truth().exitCode()).isZero();
  }

  /** What the fleet says it has published, up to some moment, is in Kafka soon after. */
  private void allOfTheTelemetryIsThere() throws Exception {
    Path ledger = temporary.resolve("published");
    long before = Files.size(directory.resolve(LEDGER));
    // It has found its way back to the broker.
    await()
        .atMost(Duration.ofMinutes(2))
        .until(() -> Files.size(directory.resolve(LEDGER)) > before);
    // It may be being written: whole lines only.
    String published = Files.readString(directory.resolve(LEDGER));
    Files.writeString(ledger, published.substring(0, published.lastIndexOf('\n') + 1));
    await()
        .atMost(Duration.ofMinutes(2))
        .untilAsserted(
            () -> {
              Installation.Result truth = fleetTruth(ledger);
              assertThat(truth.output()).contains("ALL THERE");
              assertThat(truth.exitCode()).isZero();
            });
    // Of no device, and so in no topic.
    Files.writeString(ledger, "d999999 1\n", StandardOpenOption.APPEND);
    assertThat(fleetTruth(ledger).output()).contains("missing: d999999 1", "MISSING: 1 reports");
  }

  private Installation.Result fleetTruth(Path ledger) throws Exception {
    return simulator(
        "FleetTruth",
        "--bootstrap-servers",
        endpoint("kafka"),
        "--registry",
        endpoint("registry"),
        "--ledger",
        ledger.toString());
  }

  private void allKindsOfSourceDeliver() throws Exception {
    Map<String, Long> records = new TreeMap<>();
    for (JsonNode stream : millrace.status(directory).at("/pipelines/0/streams")) {
      records.put(stream.path("name").asText(), stream.path("records").asLong());
    }
    for (String stream : List.of("users", "events", "shows", "telemetry", "weather")) {
      assertThat(records.get(stream)).as(stream + " in " + records).isPositive();
    }
    assertThat(count("title:*")).isEqualTo(count("*")).isPositive();
    assertThat(count("weather:(clear OR clouds OR rain OR snow)")).isPositive();
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
   * One of two tasks is held back by Kafka itself, which lets its producer send nothing for half a
   * minute (a client quota), while the other goes on: three times as long as events may be out of
   * order. In the meantime people move, and some leave.
   */
  @Test
  void waitsForATaskThatIsHeldBackAndFollowsTheDatabase() throws Exception {
    bounded("200/s", 48_000);
    run();
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", endpoint("kafka")))) {
      await()
          .atMost(Duration.ofMinutes(2))
          .until(() -> ends(admin).values().stream().allMatch(end -> end > 100));
      await()
          .atMost(Duration.ofMinutes(2))
          .pollInterval(Duration.ofSeconds(1))
          .until(() -> count(STAYED) > 0 && count(LEFT) > 0);
      // Not less: what is sent at once is paid for in silence, after the quota is gone too.
      quota(admin, 300.0);
      changeUsers();
      await()
          .atMost(Duration.ofMinutes(3))
          .until(() -> ends(admin).get(1) - ends(admin).get(0) >= 30 * 50);
      quota(admin, null);
    }
    awaitDrained();
    Installation.Result truth = truth();
    assertThat(truth.output()).contains("EQUAL").doesNotContain("DIFFERENT").contains("late: 0");
    assertThat(truth.exitCode()).isZero();
    thePageShowsItAndNoSecret();
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
    Path local = directory.resolve("local.yaml");
    String environment = Files.readString(local);
    String url = "      - { name: MQTT_URL,";
    assertThat(environment).contains(url);
    Files.writeString(
        local, environment.replace(url, "      - { name: LEDGER, value: " + LEDGER + " }\n" + url));
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
    return millrace.service(directory, name);
  }

  private Installation.Result truth(String... more) throws Exception {
    List<String> args =
        new ArrayList<>(
            List.of(
                "--bootstrap-servers",
                endpoint("kafka"),
                "--registry",
                endpoint("registry"),
                "--elasticsearch",
                endpoint("elasticsearch"),
                "--database-url-file",
                directory.resolve(".millrace/secrets/tv-mysql/url").toString()));
    args.addAll(List.of(more));
    return simulator("Truth", args.toArray(String[]::new));
  }

  private Installation.Result simulator(String main, String... args) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                millrace.home().resolve("demo-tv/simulator/target/lib") + "/*",
                "dev.millrace.demo.tv." + main));
    command.addAll(List.of(args));
    return Installation.finish(new ProcessBuilder(command).redirectErrorStream(true), 300);
  }

  private static List<String> processesOf(Path directory) {
    return ProcessHandle.allProcesses()
        .flatMap(p -> p.info().commandLine().stream())
        .filter(line -> line.contains(directory.toString()))
        .toList();
  }
}
