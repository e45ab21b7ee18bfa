package dev.millrace.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.engine.StepResult.Failed;
import dev.millrace.engine.StepResult.Failure;
import dev.millrace.model.ManifestReader;
import dev.millrace.model.Pipeline;
import dev.millrace.model.Platform;
import dev.millrace.planner.Known;
import dev.millrace.planner.Plan;
import dev.millrace.planner.Planner;
import dev.millrace.planner.Resource.SavedObjects;
import dev.millrace.planner.SchemaCatalog.SqlAnalysis;
import dev.millrace.planner.SchemaCatalog.SqlRequest;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Dashboards from a pipeline's files to Kibana's API. */
class KibanaTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String VIEW =
      "{\"type\":\"index-pattern\",\"id\":\"events\",\"attributes\":{\"title\":\"events\"},\"typeMigrationVersion\":\"8.0.0\"}\n";
  private static final String VISUALIZATION =
      "{\"type\":\"visualization\",\"id\":\"sum\",\"attributes\":{\"title\":\"Sum\",\"visState\":\"{\\\"type\\\":\\\"vega\\\",\\\"params\\\":{\\\"spec\\\":\\\"{}\\\"}}\"},\"references\":[],\"typeMigrationVersion\":\"8.5.0\"}\n";
  private static final String DASHBOARD =
      "{\"type\":\"dashboard\",\"id\":\"sales\",\"attributes\":{\"title\":\"Sales\",\"panelsJSON\":\"[]\"},\"references\":[{\"type\":\"visualization\",\"id\":\"sum\",\"name\":\"1:panel_1\"}],\"typeMigrationVersion\":\"8.9.0\"}\n";
  private static final String NAME = "team.team-a.shop.sales";

  /** A clock that is set forward. */
  private static final class Ahead extends Clock {
    private Instant now = Instant.parse("2026-01-01T00:00:00Z");

    void by(long seconds) {
      now = now.plusSeconds(seconds);
    }

    @Override
    public Instant instant() {
      return now;
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }
  }

  private final Ahead clock = new Ahead();
  private final Map<String, String> files = new TreeMap<>();
  private final Map<String, Map<String, String>> secrets = new HashMap<>();
  private KibanaStub stub;

  @BeforeEach
  void start() throws IOException {
    stub = new KibanaStub(0);
    files.put("sales", VIEW + VISUALIZATION + DASHBOARD);
  }

  @AfterEach
  void stop() {
    stub.close();
  }

  private References references() {
    return new References() {
      @Override
      public Known<Map<String, String>> secret(String name) {
        return secrets.containsKey(name)
            ? new Known.Yes<>(secrets.get(name))
            : new Known.No<>("no Secret '" + name + "'");
      }

      @Override
      public Known<Map<String, String>> configMap(String name) {
        return new Known.Yes<>(Map.of("a.ndjson", files.get(name)));
      }
    };
  }

  private Platform platform(String prefix, String space, String secret) {
    return Platform.of(
        "default",
        new Platform.Spec(
            prefix,
            new Platform.Kafka("kafka:9092", 1, 1),
            new Platform.SchemaRegistry("http://registry"),
            new Platform.Connect("http://connect", "/secrets"),
            new Platform.Elasticsearch("http://elasticsearch"),
            new Platform.Spark("file:///nowhere", Map.of()),
            new Platform.Kibana(
                stub.url(),
                space,
                secret == null
                    ? null
                    : new Platform.BasicAuth(new Platform.LoginSecret(secret, null, null)),
                null,
                null)));
  }

  /** A pipeline with a dashboard of each of {@link #files}. */
  private List<SavedObjects> planned(Platform platform, String pipeline) {
    StringBuilder yaml =
        new StringBuilder(
            """
            apiVersion: millrace.dev/v1alpha1
            kind: Pipeline
            metadata: { name: %s }
            spec:
              sources: [ { name: events, topic: { name: events } } ]
              dashboards:
            """
                .formatted(pipeline));
    files
        .keySet()
        .forEach(f -> yaml.append("    - { name: " + f + ", configMap: { name: " + f + " } }\n"));
    ManifestReader.Read<Pipeline> read = ManifestReader.pipeline(yaml.toString());
    assertThat(read.problems()).isEmpty();
    SqlAnalyser none =
        new SqlAnalyser() {
          @Override
          public Known<SqlAnalysis> analyse(SqlRequest request) {
            return new Known.Waiting<>("no SQL here");
          }

          @Override
          public void close() {}
        };
    Plan plan =
        Planner.plan(read.resource(), platform, new Catalog(Optional.empty(), references(), none));
    assertThat(plan.problems()).isEmpty();
    return plan.resources().stream()
        .filter(SavedObjects.class::isInstance)
        .map(SavedObjects.class::cast)
        .toList();
  }

  private Kibana kibana(Platform platform) {
    Platform.Kibana to = platform.getSpec().kibana();
    Access access = new Credentials(platform.getSpec(), references()).kibana().orElseThrow();
    return new Kibana(new KibanaClient(to.url(), access), to.space(), clock);
  }

  /** One turn, when what was seen before no longer counts. */
  private Map<String, StepResult> turn(Kibana kibana) {
    clock.by(61);
    return kibana.apply(
        "team-a.shop", planned(platform("team-a.", "team", null), "shop"), files.keySet());
  }

  private Kibana team() {
    return kibana(platform("team-a.", "team", null));
  }

  private static String reason(StepResult result, Failure kind) {
    assertThat(result).isInstanceOf(Failed.class);
    assertThat(((Failed) result).kind()).as(result.toString()).isEqualTo(kind);
    return ((Failed) result).reason();
  }

  @Test
  void importsIntoASpaceAndThenWritesNothingAnyMore() {
    Kibana kibana = team();
    assertThat(turn(kibana)).containsExactly(Map.entry("sales", StepResult.READY));
    assertThat(stub.spaces()).contains("team");
    assertThat(stub.ids("dashboard")).containsExactly(NAME + ".sales");
    assertThat(stub.ids("visualization")).containsExactly(NAME + ".sum");
    assertThat(stub.ids("index-pattern")).containsExactly(NAME + ".events");
    assertThat(stub.ids("tag")).containsExactly(NAME);
    assertThat(stub.object("dashboard", NAME + ".sales").path("references").toString())
        .contains("\"id\":\"" + NAME + ".sum\"");
    assertThat(stub.object("tag", NAME).at("/attributes/name").asText())
        .isEqualTo("millrace: team-a.shop.sales");
    assertThat(stub.object("tag", NAME).at("/attributes/description").asText().length())
        .isLessThanOrEqualTo(100);

    List<String> before = stub.writes();
    for (int i = 0; i < 5; i++) {
      assertThat(turn(kibana)).containsValue(StepResult.READY);
    }
    // Nor does an engine that has just been started.
    assertThat(turn(team())).containsValue(StepResult.READY);
    assertThat(stub.writes()).isEqualTo(before);
  }

  @Test
  void whatIsRightIsNotLookedAtAtEveryTurn() {
    Kibana kibana = team();
    turn(kibana);
    List<SavedObjects> wanted = planned(platform("team-a.", "team", null), "shop");
    int asked = stub.requests.size();
    clock.by(1);
    kibana.apply("team-a.shop", wanted, files.keySet());
    clock.by(1);
    kibana.apply("team-a.shop", wanted, files.keySet());
    assertThat(stub.requests).hasSize(asked);
  }

  @Test
  void followsTheFilesAndRemovesWhatTheyNoLongerHave() {
    Kibana kibana = team();
    turn(kibana);
    files.put(
        "sales",
        VIEW
            + DASHBOARD
                .replace("\"sum\"", "\"events\"")
                .replace("visualization", "index-pattern")
                .replace("Sales", "All sales"));
    assertThat(turn(kibana)).containsValue(StepResult.READY);
    assertThat(stub.ids("visualization")).isEmpty();
    assertThat(stub.object("dashboard", NAME + ".sales").at("/attributes/title").asText())
        .isEqualTo("All sales");
  }

  @Test
  void removesAnEntryThatThePipelineNoLongerHasAndNothingElse() throws IOException {
    files.put("more", VIEW + VISUALIZATION + DASHBOARD);
    Kibana kibana = team();
    turn(kibana);
    assertThat(stub.ids("tag")).containsExactly("team.team-a.shop.more", NAME);
    // Another pipeline whose name begins as ours, and a dashboard of somebody who likes our tag.
    Platform longer = platform("team-a.shop.", "team", null);
    kibana(longer).apply("team-a.shop.more", planned(longer, "more"), files.keySet());
    ObjectNode theirs = (ObjectNode) JSON.readTree(DASHBOARD);
    theirs
        .withArray("references")
        .addObject()
        .put("type", "tag")
        .put("id", "team.team-a.shop.more");
    stub.save("team", theirs.put("id", "theirs"));

    files.remove("more");
    assertThat(turn(team())).containsOnlyKeys("sales");
    assertThat(stub.ids("dashboard"))
        .containsExactly(
            "team.team-a.shop.more.more.sales",
            "team.team-a.shop.more.sales.sales",
            NAME + ".sales",
            "theirs");
    assertThat(stub.ids("tag"))
        .containsExactly("team.team-a.shop.more.more", "team.team-a.shop.more.sales", NAME);
    List<String> before = stub.writes();
    turn(kibana);
    turn(kibana);
    assertThat(stub.writes()).isEqualTo(before);
  }

  @Test
  void anObjectOfAnothersIsAConflictAndStaysAsItIs() throws IOException {
    ObjectNode theirs = (ObjectNode) JSON.readTree(DASHBOARD);
    stub.save("team", theirs.put("id", NAME + ".sales"));
    assertThat(reason(turn(team()).get("sales"), Failure.CONFLICT))
        .contains("dashboard '" + NAME + ".sales'")
        .contains("space team");
    assertThat(stub.writes()).isEmpty();
  }

  @Test
  void anIdThatIsTakenInAnotherSpaceIsAConflictAndLeavesNoCopy() throws IOException {
    ObjectNode theirs = (ObjectNode) JSON.readTree(VISUALIZATION);
    stub.save("default", theirs.put("id", NAME + ".sum"));
    assertThat(reason(turn(team()).get("sales"), Failure.CONFLICT))
        .contains("'" + NAME + ".sum' in another space than team");
    assertThat(stub.ids("visualization")).containsExactly(NAME + ".sum");
  }

  @Test
  void whatSomebodyEditsOrDeletesIsPutBackButForDataViews() {
    Kibana kibana = team();
    turn(kibana);
    ObjectNode edited = stub.object("dashboard", NAME + ".sales").deepCopy();
    ((ObjectNode) edited.path("attributes")).put("title", "Mine now");
    stub.save("team", edited);
    assertThat(turn(kibana)).containsValue(StepResult.READY);
    assertThat(stub.object("dashboard", NAME + ".sales").at("/attributes/title").asText())
        .isEqualTo("Sales");

    stub.forget("visualization", NAME + ".sum");
    assertThat(turn(kibana)).containsValue(StepResult.READY);
    assertThat(stub.ids("visualization")).hasSize(1);

    List<String> before = stub.writes();
    ObjectNode view = stub.object("index-pattern", NAME + ".events").deepCopy();
    ((ObjectNode) view.path("attributes")).put("fieldAttrs", "{\"n\":{\"count\":1}}");
    stub.save("team", view);
    turn(kibana);
    assertThat(stub.writes()).isEqualTo(before);
  }

  @Test
  void saysWhatKibanaDidNotTakeAlthoughItsStatusIs200() {
    files.put(
        "sales",
        VIEW
            + VISUALIZATION
            + DASHBOARD
            + "{\"type\":\"lens\",\"id\":\"share\",\"attributes\":{\"title\":\"Share\"}}\n");
    Kibana kibana = team();
    assertThat(reason(turn(kibana).get("sales"), Failure.EXTERNAL))
        .isEqualTo("Kibana took 4 of 5 objects: lens 'share' this Kibana does not know its type");
    // It is not offered again at once, and it is not ready either.
    int writes = stub.writes().size();
    clock.by(5);
    assertThat(
            kibana.apply(
                "team-a.shop", planned(platform("team-a.", "team", null), "shop"), files.keySet()))
        .containsValue(turn(kibana).get("sales"));
    assertThat(stub.writes().size()).isEqualTo(writes + 1);

    files.put("sales", VIEW + VISUALIZATION + DASHBOARD);
    assertThat(turn(kibana)).containsValue(StepResult.READY);
  }

  @Test
  void anObjectThatIsNewerThanKibanaIsRefusedWithKibanasWords() {
    files.put("sales", VIEW + VISUALIZATION + DASHBOARD.replace("8.9.0", "10.2.0"));
    assertThat(reason(turn(team()).get("sales"), Failure.EXTERNAL))
        .contains("belongs to a more recent version of Kibana [10.2.0]");
  }

  @Test
  void aKibanaThatIsTooOldIsOfferedNothing() {
    stub.version = "8.7.1";
    assertThat(reason(turn(team()).get("sales"), Failure.EXTERNAL))
        .isEqualTo("Kibana 8.7.1 is too old: dashboards need 8.8 or later");
    assertThat(stub.writes()).isEmpty();
  }

  @Test
  void aKibanaThatIsDownIsWaitedForWithGrowingPauses() throws IOException {
    int port = stub.port();
    Kibana kibana = team();
    List<SavedObjects> wanted = planned(platform("team-a.", "team", null), "shop");
    stub.close();
    assertThat(
            reason(
                kibana.apply("team-a.shop", wanted, files.keySet()).get("sales"),
                Failure.TRANSIENT))
        .contains("no answer");
    stub = new KibanaStub(port);
    stub.starting = true;
    clock.by(2);
    assertThat(
            reason(
                kibana.apply("team-a.shop", wanted, files.keySet()).get("sales"),
                Failure.TRANSIENT))
        .contains("503 Kibana server is not ready yet");
    int asked = stub.requests.size();
    clock.by(1);
    kibana.apply("team-a.shop", wanted, files.keySet());
    assertThat(stub.requests).as("it is left alone for two seconds").hasSize(asked);
    stub.starting = false;
    clock.by(2);
    assertThat(kibana.apply("team-a.shop", wanted, files.keySet())).containsValue(StepResult.READY);
  }

  @Test
  void saysWhoItIsAndNeverAloud() {
    Platform platform = platform("", "default", "kibana");
    List<SavedObjects> wanted = planned(platform, "shop");
    stub.authorization = Optional.of("Basic dTpodW50ZXIyMg==");
    secrets.put("kibana", Map.of("username", "u", "password", "hunter33"));
    assertThat(
            reason(
                kibana(platform).apply("shop", wanted, files.keySet()).get("sales"),
                Failure.EXTERNAL))
        .contains("401")
        .contains("Secret 'kibana'")
        .doesNotContain("hunter33");

    secrets.put("kibana", Map.of("username", "u", "password", "hunter22"));
    assertThat(kibana(platform).apply("shop", wanted, files.keySet()))
        .containsValue(StepResult.READY);
  }

  @Test
  void demoTvsDashboardsAreTakenAsTheyAre() throws IOException {
    files.clear();
    String demo = Files.readString(Path.of("../../demo-tv/dashboards/tv.ndjson"));
    files.put("tv", demo);
    assertThat(turn(team())).containsValue(StepResult.READY);
    for (String type : List.of("index-pattern", "visualization", "dashboard")) {
      long there = demo.lines().filter(line -> line.startsWith("{\"type\":\"" + type)).count();
      assertThat(there).isPositive();
      assertThat(stub.ids(type)).hasSize((int) there);
    }
  }

  @Test
  void theStubIsAsStrictAsKibana() throws Exception {
    HttpResponse<String> answer =
        HttpClient.newHttpClient()
            .send(
                HttpRequest.newBuilder(URI.create(stub.url() + "/api/saved_objects/_import"))
                    .timeout(Duration.ofSeconds(5))
                    .POST(HttpRequest.BodyPublishers.ofString(DASHBOARD))
                    .build(),
                HttpResponse.BodyHandlers.ofString());
    assertThat(answer.statusCode()).isEqualTo(400);
    assertThat(answer.body()).contains("kbn-xsrf");
    assertThat(Set.of("default")).isEqualTo(stub.spaces());
  }
}
