package dev.millrace.demo.tv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.console.SavedObjects;
import dev.millrace.model.ManifestReader;
import dev.millrace.model.Pipeline;
import dev.millrace.model.Pipeline.ConfigMapRef;
import dev.millrace.model.Pipeline.SecretRef;
import dev.millrace.model.Platform;
import dev.millrace.planner.Known;
import dev.millrace.planner.Plan;
import dev.millrace.planner.Planner;
import dev.millrace.planner.Resource;
import dev.millrace.planner.SchemaCatalog;
import dev.millrace.services.Distribution;
import dev.millrace.services.ElasticsearchService;
import dev.millrace.services.Supervisor;
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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every search of demo-tv's panels on a real Elasticsearch: the indices have the planner's mapping,
 * the rows are written here, so what each panel has to add up to is known.
 */
class PanelsIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Path DASHBOARDS = Path.of("tv.ndjson");
  private static final int ROWS = 480;
  private static final Instant FROM = Instant.parse("2026-01-01T20:00:00Z");
  private static final Instant TO = FROM.plus(Duration.ofHours(1));
  private static final List<String> REGIONS =
      List.of("north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest");
  private static final List<String> AGES = List.of("0-17", "18-29", "30-44", "45-59", "60+");
  private static final List<String> GENRES =
      List.of("news", "drama", "sports", "comedy", "documentary", "kids");

  @TempDir static Path temporary;
  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static Supervisor supervisor;
  private static String url;

  /** What a panel's searches add up, by index: the field, and its sum between FROM and TO. */
  private static final Map<String, Double> TOTALS = new TreeMap<>();

  private static final Map<String, String> MEASURES =
      Map.of(
          "tv-show-views",
          "seconds",
          "tv-viewing-minutes",
          "seconds",
          "tv-ad-views",
          "seconds",
          "tv-quality",
          "reports");

  /** What the transforms of demo-tv yield; the test of the fields' names is below. */
  private static final String SHOW_VIEWS =
      """
      {"type":"record","name":"ShowViews","fields":[
        {"name":"device_id","type":"string"},{"name":"started_at","type":{"type":"long","logicalType":"timestamp-micros"}},
        {"name":"schedule_id","type":"int"},{"name":"channel_id","type":"string"},{"name":"channel","type":["null","string"]},
        {"name":"show_id","type":"int"},{"name":"title","type":["null","string"]},{"name":"genre","type":["null","string"]},
        {"name":"from_at","type":{"type":"long","logicalType":"timestamp-micros"}},{"name":"to_at","type":{"type":"long","logicalType":"timestamp-micros"}},
        {"name":"seconds","type":"double"},{"name":"device_kind","type":["null","string"]},{"name":"user_id","type":["null","int"]},
        {"name":"gender","type":"string"},{"name":"age_group","type":"string"},{"name":"region","type":"string"},{"name":"plan","type":"string"},
        {"name":"weather","type":"string"}]}
      """;

  private static final String VIEWING_MINUTES =
      """
      {"type":"record","name":"ViewingMinutes","fields":[
        {"name":"minute","type":{"type":"long","logicalType":"timestamp-micros"}},{"name":"channel_id","type":"string"},
        {"name":"region","type":"string"},{"name":"age_group","type":"string"},{"name":"seconds","type":["null","double"]},
        {"name":"views","type":"long"}]}
      """;

  private static final String AD_VIEWS =
      """
      {"type":"record","name":"AdViews","fields":[
        {"name":"slot_at","type":{"type":"long","logicalType":"timestamp-micros"}},{"name":"device_id","type":"string"},
        {"name":"slot_id","type":"int"},{"name":"channel_id","type":["null","string"]},{"name":"channel","type":["null","string"]},
        {"name":"ad_id","type":["null","int"]},{"name":"campaign","type":["null","string"]},{"name":"brand","type":["null","string"]},
        {"name":"seconds","type":["null","double"]},{"name":"ad_seconds","type":["null","double"]},
        {"name":"complete","type":["null","boolean"]},{"name":"cost","type":["null","double"]},
        {"name":"device_kind","type":["null","string"]},{"name":"user_id","type":["null","int"]},{"name":"gender","type":["null","string"]},
        {"name":"age_group","type":["null","string"]},{"name":"region","type":["null","string"]},{"name":"plan","type":["null","string"]}]}
      """;

  private static final String QUALITY =
      """
      {"type":"record","name":"Quality","fields":[
        {"name":"minute","type":{"type":"long","logicalType":"timestamp-micros"}},{"name":"region","type":"string"},
        {"name":"device_kind","type":"string"},{"name":"app_version","type":"string"},{"name":"reports","type":"long"},
        {"name":"bitrate_kbps","type":["null","long"]},{"name":"buffering_ms","type":["null","long"]},
        {"name":"stalled","type":["null","long"]},{"name":"dropped_frames","type":["null","long"]},{"name":"kept","type":["null","long"]}]}
      """;

  private static final Map<String, String> SCHEMAS =
      Map.of(
          "show_views",
          SHOW_VIEWS,
          "viewing_minutes",
          VIEWING_MINUTES,
          "ad_views",
          AD_VIEWS,
          "quality",
          QUALITY);

  @BeforeAll
  static void start() throws Exception {
    ElasticsearchService elasticsearch = new ElasticsearchService(Distribution.locate());
    supervisor = new Supervisor(temporary, Clock.systemUTC(), s -> {});
    supervisor.start(elasticsearch);
    supervisor.awaitReady(elasticsearch.name(), Duration.ofMinutes(2));
    url = elasticsearch.endpoint().orElseThrow();
    for (Resource.IndexTemplate template : templates()) {
      send("PUT", "/_index_template/" + template.name(), template.body().toString());
    }
    index();
  }

  @AfterAll
  static void stop() {
    supervisor.close();
  }

  /** As the planner makes them for sinks of streams with these schemas. */
  private static List<Resource.IndexTemplate> templates() {
    Pipeline pipeline =
        ManifestReader.pipeline(
                """
                apiVersion: millrace.dev/v1alpha1
                kind: Pipeline
                metadata: { name: tv }
                spec:
                  sources:
                    - { name: show_views, topic: { name: tv.show_views } }
                    - { name: viewing_minutes, topic: { name: tv.viewing_minutes } }
                    - { name: ad_views, topic: { name: tv.ad_views } }
                    - { name: quality, topic: { name: tv.quality } }
                  sinks:
                    - { name: show-views, from: show_views, elasticsearch: { index: tv-show-views } }
                    - { name: viewing-minutes, from: viewing_minutes, elasticsearch: { index: tv-viewing-minutes } }
                    - { name: ad-views, from: ad_views, elasticsearch: { index: tv-ad-views } }
                    - { name: device-quality, from: quality, elasticsearch: { index: tv-quality } }
                """)
            .resource();
    Platform platform =
        ManifestReader.platform(
                JSON.valueToTree(
                    Map.of(
                        "apiVersion",
                        "millrace.dev/v1alpha1",
                        "kind",
                        "Platform",
                        "metadata",
                        Map.of("name", "default"),
                        "spec",
                        Map.of(
                            "kafka", Map.of("bootstrapServers", "kafka:9092"),
                            "schemaRegistry", Map.of("url", "http://registry"),
                            "connect", Map.of("url", "http://connect", "secretsPath", "/secrets"),
                            "elasticsearch", Map.of("url", "http://elasticsearch"),
                            "spark", Map.of("checkpointDir", "file:///nowhere")))))
            .resource();
    Plan plan = Planner.plan(pipeline, platform, new Catalog());
    assertThat(plan.problems()).isEmpty();
    return plan.resources().stream()
        .filter(Resource.IndexTemplate.class::isInstance)
        .map(Resource.IndexTemplate.class::cast)
        .toList();
  }

  private static final class Catalog implements SchemaCatalog {
    @Override
    public Known<StreamSchema> stream(String topic) {
      String schema = SCHEMAS.get(topic.substring("tv.".length()));
      return new Known.Yes<>(new StreamSchema(new Schema.Parser().parse(schema), Optional.empty()));
    }

    @Override
    public Known<ConnectionFacts> connection(SecretRef ref) {
      return new Known.No<>("no Secret");
    }

    @Override
    public Known<String> config(ConfigMapRef ref) {
      return new Known.No<>("no ConfigMap");
    }

    @Override
    public Known<SqlAnalysis> analyse(SqlRequest request) {
      return new Known.Waiting<>("no SQL here");
    }
  }

  /** Rows of one hour, evenly over all values, and one before and one after it. */
  private static void index() throws Exception {
    StringBuilder bulk = new StringBuilder();
    for (int i = -1; i <= ROWS; i++) {
      Instant at =
          i < 0
              ? FROM.minusSeconds(1)
              : i == ROWS
                  ? TO
                  : FROM.plus(Duration.between(FROM, TO).multipliedBy(i).dividedBy(ROWS));
      double viewed = i < 0 || i == ROWS ? 1e6 : 10 + i % 50 + 0.25;
      int reports = i < 0 || i == ROWS ? 1_000_000 : 1 + i % 7;
      if (i >= 0 && i < ROWS) {
        TOTALS.merge("seconds", viewed, Double::sum);
        TOTALS.merge("reports", (double) reports, Double::sum);
      }
      int n = Math.floorMod(i, ROWS);
      ObjectNode view = JSON.createObjectNode();
      view.put("device_id", "d" + n % 97);
      view.put("started_at", at.toString());
      view.put("schedule_id", n);
      view.put("channel_id", "ch" + n % 15);
      view.put("channel", "Channel " + n % 15);
      view.put("show_id", n % 12);
      view.put("title", "Show " + n % 12);
      view.put("genre", GENRES.get(n % GENRES.size()));
      view.put("from_at", at.toString());
      view.put("to_at", at.plusMillis((long) (viewed * 1000)).toString());
      view.put("seconds", viewed);
      view.put("device_kind", List.of("tv", "stick", "phone", "tablet").get(n % 4));
      view.put("user_id", n % 61);
      view.put("gender", n % 2 == 0 ? "female" : "male");
      view.put("age_group", AGES.get(n % AGES.size()));
      view.put("region", REGIONS.get(n % REGIONS.size()));
      view.put("plan", List.of("basic", "family", "premium").get(n % 3));
      view.put("weather", List.of("clear", "rain", "snow").get(n % 3));
      ObjectNode minute = JSON.createObjectNode();
      minute.put("minute", at.truncatedTo(java.time.temporal.ChronoUnit.MINUTES).toString());
      minute.setAll((ObjectNode) view.deepCopy().retain("channel_id", "region", "age_group"));
      minute.put("seconds", viewed);
      minute.put("views", 1);
      ObjectNode ad = JSON.createObjectNode();
      ad.put("slot_at", at.toString());
      ad.setAll(
          (ObjectNode)
              view.deepCopy()
                  .retain(
                      "device_id",
                      "channel_id",
                      "channel",
                      "device_kind",
                      "user_id",
                      "gender",
                      "age_group",
                      "region",
                      "plan"));
      ad.put("slot_id", n);
      ad.put("ad_id", n % 24);
      ad.put("campaign", "campaign-" + n % 12);
      ad.put("brand", "Brand " + n % 20);
      ad.put("seconds", viewed);
      ad.put("ad_seconds", List.of(15.0, 20.0, 30.0).get(n % 3));
      ad.put("complete", n % 7 < 4);
      ad.put("cost", n % 7 < 4 ? 0.0125 : 0);
      bulk.append("{\"create\":{\"_index\":\"tv-show-views\"}}\n").append(view).append('\n');
      bulk.append("{\"create\":{\"_index\":\"tv-viewing-minutes\"}}\n").append(minute).append('\n');
      bulk.append("{\"create\":{\"_index\":\"tv-ad-views\"}}\n").append(ad).append('\n');
      ObjectNode quality = JSON.createObjectNode();
      quality.set("minute", minute.get("minute"));
      quality.setAll((ObjectNode) view.deepCopy().retain("region", "device_kind"));
      quality.put("app_version", "5." + n % 4);
      quality.put("reports", reports);
      quality.put("bitrate_kbps", 8000L * reports);
      quality.put("buffering_ms", 100L * reports);
      quality.put("stalled", reports / 2);
      quality.put("dropped_frames", reports);
      quality.put("kept", reports / 3);
      bulk.append("{\"create\":{\"_index\":\"tv-quality\"}}\n").append(quality).append('\n');
    }
    JsonNode answer = send("POST", "/_bulk?refresh=true", bulk.toString());
    assertThat(answer.path("errors").asBoolean()).as(answer.toString()).isFalse();
  }

  private static JsonNode send(String method, String path, String body)
      throws IOException, InterruptedException {
    HttpResponse<String> response =
        HTTP.send(
            HttpRequest.newBuilder(URI.create(url + path))
                .header(
                    "Content-Type",
                    path.contains("_bulk") ? "application/x-ndjson" : "application/json")
                .method(method, HttpRequest.BodyPublishers.ofString(body))
                .build(),
            HttpResponse.BodyHandlers.ofString());
    assertThat(response.statusCode()).as("%s %s: %s", method, path, response.body()).isEqualTo(200);
    return JSON.readTree(response.body());
  }

  /** A panel and one of the searches in it. */
  private record Search(String panel, JsonNode request) {
    @Override
    public String toString() {
      return panel;
    }
  }

  static Stream<Search> searches() throws IOException {
    List<Search> searches = new ArrayList<>();
    for (String line : Files.readAllLines(DASHBOARDS)) {
      JsonNode object = JSON.readTree(line);
      if (object.path("type").asText().equals("visualization")) {
        JsonNode state = JSON.readTree(object.at("/attributes/visState").asText());
        JsonNode spec = JSON.readTree(state.at("/params/spec").asText("{}"));
        for (JsonNode found : spec.findValues("url")) {
          searches.add(new Search(object.path("id").asText(), found));
        }
      }
    }
    return searches.stream();
  }

  @ParameterizedTest
  @MethodSource("searches")
  void addsUpToWhatWasViewedInTheTimeRange(Search search) throws Exception {
    ObjectNode body = search.request().path("body").deepCopy();
    intervals(body);
    ArrayNode filter = body.putObject("query").putObject("bool").putArray("filter");
    filter
        .addObject()
        .putObject("range")
        .putObject(search.request().path("%timefield%").asText())
        .put("gte", FROM.toString())
        .put("lt", TO.toString());
    JsonNode answer =
        send("POST", "/" + search.request().path("index").asText() + "/_search", body.toString());
    assertThat(answer.at("/hits/total/value").asInt()).isEqualTo(ROWS);
    JsonNode aggregations = answer.path("aggregations");
    filled(aggregations);
    String measure = MEASURES.get(search.request().path("index").asText());
    assertThat(sum(aggregations, measure)).isCloseTo(TOTALS.get(measure), within(1e-6));
  }

  /** Kibana and the page put a time span in place of {@code {"%autointerval%": n}}. */
  private static void intervals(JsonNode node) {
    for (JsonNode parent : node.findParents("fixed_interval")) {
      assertThat(parent.at("/fixed_interval/%autointerval%").asInt()).isPositive();
      ((ObjectNode) parent).put("fixed_interval", "1m");
    }
  }

  private static void filled(JsonNode node) {
    if (node.has("buckets")) {
      assertThat(node.path("buckets")).isNotEmpty();
    }
    node.forEach(PanelsIT::filled);
  }

  /** The measure of the innermost buckets together. */
  private static double sum(JsonNode aggregations, String measure) {
    for (JsonNode aggregation : aggregations) {
      if (aggregation.has("buckets")) {
        double sum = 0;
        for (JsonNode bucket : aggregation.path("buckets")) {
          sum += sum(bucket, measure);
        }
        return sum;
      }
    }
    return aggregations.path(measure).path("value").asDouble();
  }

  @Test
  void theFieldsOfTheTestAreThoseOfTheTransforms() throws IOException {
    for (Map.Entry<String, String> transform : SCHEMAS.entrySet()) {
      String sql = Files.readString(Path.of("../sql/" + transform.getKey() + ".sql"));
      List<String> selected = new ArrayList<>();
      for (String item : sql.substring(0, sql.indexOf("\nFROM")).split(",\n +(?=[a-z(C])")) {
        selected.add(item.strip().replaceFirst("(?s).*[\\s.](\\w+)$", "$1"));
      }
      assertThat(selected)
          .isEqualTo(
              new Schema.Parser()
                  .parse(transform.getValue()).getFields().stream()
                      .map(Schema.Field::name)
                      .toList());
    }
  }

  @Test
  void thePageDrawsAllOfIt() throws IOException {
    SavedObjects.Dashboards read = SavedObjects.parse(Files.readString(DASHBOARDS));
    assertThat(read.dashboards()).hasSize(5);
    assertThat(read.problems()).isEmpty();
    assertThat(read.dashboards().get(0).path("panels")).hasSizeGreaterThanOrEqualTo(8);
    assertThat(read.dashboards().findValuesAsText("type")).doesNotContain("problem");
    assertThat(read.indices())
        .containsExactlyInAnyOrder(
            "tv-show-views", "tv-viewing-minutes", "tv-ad-views", "tv-quality");
  }
}
