package dev.millrace.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * demo-tv is edited while it runs, once for each impact: what the plan says, what needs consent,
 * and that what Elasticsearch says was viewed equals the truth at the end, in all its sums.
 */
class ChangesIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int EVENTS = 12_000;

  @TempDir Path temporary;
  private Installation millrace;
  private Path directory;

  @AfterEach
  void stop() throws Exception {
    millrace.run(120, "stop", directory.toString());
  }

  @Test
  void eachImpactOnceAndTotalsStayExact() throws Exception {
    millrace = new Installation(temporary);
    directory = millrace.copy("demo-tv", temporary);
    edit("pipeline.yaml", "clock: realtime", "clock: simulated");
    edit(
        "pipeline.yaml",
        "start: -5m",
        "start: "
            + LocalDate.now(ZoneOffset.UTC)
            + "T00:00:00Z\n        rate: 200/s\n        count: "
            + EVENTS);
    assertThat(millrace.run(60, "plan", directory.toString()).exitCode()).isEqualTo(3);
    Installation.Result run = millrace.run(600, "run", directory.toString(), "--detach");
    assertThat(run.exitCode()).as(run.output()).isZero();
    assertThat(plan().path("impact").asText()).isEqualTo("none");
    assertThat(command("diff").exitCode()).isZero();
    await()
        .atMost(Duration.ofMinutes(3))
        .pollInterval(Duration.ofSeconds(1))
        .until(() -> count("tv-viewing-minutes") > 0 && count("tv-show-views") > 0);

    // in-place: no consent, and nothing happens before it is applied.
    edit("pipeline.yaml", "index: tv-show-views }", "index: tv-show-views, refresh: 2s }");
    Installation.Result diff = command("diff");
    assertThat(diff.exitCode()).isEqualTo(1);
    assertThat(diff.output().lines())
        .containsExactly(
            "@@@ IndexTemplate/tv-show-views",
            "- settings.refresh_interval: 1s",
            "+ settings.refresh_interval: 2s");
    assertThat(impact("IndexTemplate/tv-show-views")).isEqualTo("in-place");
    String looked = hash();
    edit("pipeline.yaml", "refresh: 2s", "refresh: 3s");
    Installation.Result stale = command("apply", "--plan", looked);
    assertThat(stale.exitCode()).isEqualTo(1);
    assertThat(stale.output()).contains("stale").contains("1s -> 2s").contains("1s -> 3s");
    assertThat(get("tv-show-views/_settings").toString()).contains("\"refresh_interval\":\"1s\"");
    apply();
    assertThat(get("tv-show-views/_settings").toString()).contains("\"refresh_interval\":\"3s\"");

    // A table more, while others are looked up: all are read again.
    long contracts = contracts();
    String users = "          - { table: tv.users, name: users }\n";
    edit("pipeline.yaml", users, users + "          - { table: tv.contracts, name: contracts }\n");
    assertThat(impact("Connector/tv.tv_db")).isEqualTo("state-loss");
    assertThat(impact("Topic/tv.contracts")).isEqualTo("in-place");
    apply("--allow", "state-loss");
    await()
        .atMost(Duration.ofMinutes(1))
        .pollInterval(Duration.ofSeconds(1))
        .until(() -> rows("tv.contracts") == contracts);

    // restart: a column more, which older records do not have.
    edit("sql/show_views.sql", "v.channel_id,", "v.channel_id,\n       v.ended_by,");
    assertThat(impact("SparkJob/tv#show_views")).isEqualTo("restart");
    assertThat(impact("Subject/tv.show_views-value")).isEqualTo("in-place");
    apply();
    assertThat(get("tv-show-views/_mapping").toString()).contains("ended_by");

    // state-loss: the first transform's state, and so everything downstream. What comes of it is
    // the same: the order only tells types of one instant apart.
    edit("pipeline.yaml", "open: [start, switch]", "open: [switch, start]");
    for (String transform :
        List.of("viewings", "show_views", "viewing_minutes", "ad_slices", "ad_views")) {
      assertThat(impact("SparkJob/tv#" + transform)).isEqualTo("state-loss");
    }
    Installation.Result refused = command("apply", "--plan", hash());
    assertThat(refused.exitCode()).isEqualTo(1);
    assertThat(refused.output())
        .contains("reprocessed from earliest of tv.events (which goes back 7 days)")
        .contains("needs consent: --allow state-loss");
    Installation.Result wrong = command("apply", "--plan", hash(), "--allow", "data-loss");
    assertThat(wrong.exitCode()).isEqualTo(1);
    apply("--allow", "state-loss");

    // data-loss: a field of an index gets another type.
    edit("sql/show_views.sql", "       d.user_id,", "       CAST(d.user_id AS BIGINT) AS user_id,");
    assertThat(impact("IndexTemplate/tv-show-views")).isEqualTo("data-loss");
    apply("--allow", "data-loss");
    assertThat(get("tv-show-views/_mapping").at("/tv-show-views/mappings/properties/user_id/type"))
        .hasToString("\"long\"");

    // A column that a query uses can not go.
    edit("pipeline.yaml", "carry: [channel_id]", "carry: []");
    Installation.Result gone = command("plan");
    assertThat(gone.exitCode()).isEqualTo(1);
    assertThat(gone.output())
        .contains("stream viewings: column channel_id is dropped, but transform show_views reads");
    edit("pipeline.yaml", "carry: []", "carry: [channel_id]");

    assertThat(Files.getPosixFilePermissions(directory.resolve(".millrace/apply-answer.json")))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    await()
        .atMost(Duration.ofMinutes(10))
        .pollInterval(Duration.ofSeconds(2))
        .until(() -> millrace.status(directory).at("/pipelines/0/drained").asBoolean());
    exact();

    // What was edited while it was stopped needs the same consent.
    assertThat(command("stop").exitCode()).isZero();
    edit("sql/viewing_minutes.sql", "count(*) AS views", "count(*) AS views, 1 AS one");
    Installation.Result start = millrace.run(600, "run", directory.toString(), "--detach");
    assertThat(start.exitCode()).as(start.output()).isEqualTo(1);
    assertThat(start.output())
        .contains("state-loss  SparkJob tv#viewing_minutes")
        .contains("millrace run " + directory + " --allow state-loss");
    Installation.Result agreed =
        millrace.run(600, "run", directory.toString(), "--detach", "--allow", "state-loss");
    assertThat(agreed.exitCode()).as(agreed.output()).isZero();
    await()
        .atMost(Duration.ofMinutes(5))
        .pollInterval(Duration.ofSeconds(2))
        .until(() -> millrace.status(directory).at("/pipelines/0/drained").asBoolean());
    exact();
  }

  /**
   * Nothing is missing and nothing counts twice: by show, by user, and by channel and minute, whose
   * rows are kept by region too, where people have moved since and views count for other rows now.
   */
  private void exact() throws Exception {
    await()
        .atMost(Duration.ofSeconds(60))
        .pollInterval(Duration.ofSeconds(2))
        .untilAsserted(
            () -> {
              Installation.Result truth = truth();
              assertThat(truth.output()).contains("EQUAL").doesNotContain("DIFFERENT");
              assertThat(truth.exitCode()).isZero();
            });
  }

  private void edit(String file, String before, String after) throws IOException {
    Path path = directory.resolve(file);
    String text = Files.readString(path);
    assertThat(text).contains(before);
    Files.writeString(path, text.replace(before, after));
  }

  private Installation.Result command(String name, String... more) throws Exception {
    String[] arguments = new String[more.length + 2];
    arguments[0] = name;
    arguments[1] = directory.toString();
    System.arraycopy(more, 0, arguments, 2, more.length);
    return millrace.run(420, arguments);
  }

  private JsonNode document() throws Exception {
    Installation.Result plan = command("plan", "-o", "json");
    assertThat(plan.exitCode()).as(plan.output()).isZero();
    return JSON.readTree(plan.output());
  }

  private JsonNode plan() throws Exception {
    return document().at("/pipelines/0");
  }

  private String hash() throws Exception {
    return document().path("hash").asText();
  }

  private String impact(String resource) throws Exception {
    for (JsonNode change : plan().path("changes")) {
      if (change.path("resource").asText().equals(resource)) {
        return change.path("impact").asText();
      }
    }
    return "not in the plan";
  }

  private void apply(String... consent) throws Exception {
    String[] arguments = new String[consent.length + 2];
    arguments[0] = "--plan";
    arguments[1] = hash();
    System.arraycopy(consent, 0, arguments, 2, consent.length);
    Installation.Result applied = command("apply", arguments);
    assertThat(applied.exitCode()).as(applied.output()).isZero();
    assertThat(plan().path("impact").asText()).isEqualTo("none");
  }

  private JsonNode get(String path) throws Exception {
    URI uri = URI.create(endpoint("elasticsearch") + "/" + path);
    HttpResponse<String> response =
        HttpClient.newHttpClient()
            .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
    return JSON.readTree(response.body());
  }

  private long count(String index) throws Exception {
    return get(index + "/_count").path("count").asLong();
  }

  private String endpoint(String name) throws Exception {
    return millrace.endpoint(directory, name);
  }

  /** Makes a table that the pipeline does not read, and says how many rows it has. */
  private long contracts() throws Exception {
    try (Connection connection = Installation.database(directory);
        Statement statement = connection.createStatement()) {
      statement.executeUpdate(
          "CREATE TABLE contracts (user_id INT PRIMARY KEY, plan VARCHAR(16) NOT NULL)");
      return statement.executeUpdate(
          "INSERT INTO contracts SELECT user_id, plan FROM users WHERE user_id <= 100");
    }
  }

  /** How many keys a topic has, as a consumer sees it that is not ours. */
  private long rows(String topic) throws Exception {
    Set<ByteBuffer> keys = new HashSet<>();
    CommittedRecords.of(endpoint("kafka"), topic).forEach(r -> keys.add(ByteBuffer.wrap(r.key())));
    return keys.size();
  }

  private Installation.Result truth() throws Exception {
    return Installation.finish(
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                millrace.home().resolve("demo-tv/simulator/target/lib") + "/*",
                "dev.millrace.demo.tv.Truth",
                "--bootstrap-servers",
                endpoint("kafka"),
                "--registry",
                endpoint("registry"),
                "--elasticsearch",
                endpoint("elasticsearch"),
                "--database-url-file",
                directory.resolve(".millrace/secrets/tv-mysql/url").toString())
            .redirectErrorStream(true),
        300);
  }
}
