package dev.millrace.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.services.Distribution;
import dev.millrace.services.ElasticsearchService;
import dev.millrace.services.Supervisor;
import java.io.IOException;
import java.math.BigDecimal;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.interactions.Actions;

/** The page in a real browser, its dashboards on a real Elasticsearch. */
class ConsoleIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Instant FROM = Instant.parse("2026-01-01T10:07:00Z");
  private static final Instant TO = Instant.parse("2026-01-01T10:52:00Z");
  private static final String RANGE = "from=" + FROM + "&to=" + TO + "&refresh=0";
  private static final Path SCREENSHOTS = Path.of("target/screenshots");

  @TempDir static Path temporary;
  private static Supervisor supervisor;
  private static URI elasticsearch;
  private static FixedData data;
  private static ConsoleServer console;
  private static Browser browser;

  @BeforeAll
  static void start() throws Exception {
    ElasticsearchService service = new ElasticsearchService(Distribution.locate());
    supervisor = new Supervisor(temporary, Clock.systemUTC(), s -> {});
    supervisor.start(service);
    supervisor.awaitReady(service.name(), Duration.ofMinutes(3));
    elasticsearch = URI.create(service.endpoint().orElseThrow() + "/");
    index();
    data =
        new FixedData(SavedObjects.parse(good() + "\n" + bad()), Set.of("it-views"), elasticsearch);
    for (String name : new String[] {"graph", "topics", "connectors", "jobs", "status"}) {
      data.answers.put(name, resource(name));
    }
    JsonNode answers = JSON.readTree(resource("more"));
    for (var answer : answers.properties()) {
      data.answers.put(answer.getKey(), answer.getValue().toString());
    }
    console = new ConsoleServer(0, data);
    browser = new Browser();
  }

  @AfterAll
  static void stop() {
    if (browser != null) {
      browser.close();
    }
    if (console != null) {
      console.close();
    }
    if (supervisor != null) {
      supervisor.close();
    }
  }

  @BeforeEach
  void lightAndQuiet() {
    browser.size(1440, 1000);
    browser.prefers("light");
    browser.driver().get(console.address().toString());
    browser.run("localStorage.clear()");
    browser.complaints();
  }

  private static String resource(String name) throws IOException {
    try (var in = ConsoleIT.class.getResourceAsStream("it/" + name + ".json")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /** Two hours of views, some of them of another kind, which the dashboard's filter leaves out. */
  private static void index() throws Exception {
    send(
        "PUT",
        "it-views",
        """
        {"mappings":{"properties":{"at":{"type":"date"},"channel":{"type":"keyword"},
         "region":{"type":"keyword"},"kind":{"type":"keyword"},"seconds":{"type":"double"}}}}""");
    String[] regions = {"north", "east", "south", "west"};
    StringBuilder bulk = new StringBuilder();
    for (int i = 0; i < 3000; i++) {
      Instant at = Instant.parse("2026-01-01T09:30:00Z").plusSeconds(i * 2L);
      bulk.append("{\"index\":{}}\n")
          .append(
              JSON.createObjectNode()
                  .put("at", at.toString())
                  .put("channel", "Channel " + i * 7 % 5)
                  .put("region", regions[i * 11 % 4])
                  .put("kind", i % 10 == 0 ? "other" : "view")
                  .put("seconds", i * 37 % 101 + 0.25))
          .append('\n');
    }
    send("POST", "it-views/_bulk?refresh=true", bulk.toString());
  }

  private static JsonNode send(String method, String path, String body) throws Exception {
    HttpResponse<String> response =
        HTTP.send(
            HttpRequest.newBuilder(elasticsearch.resolve(path))
                .header("Content-Type", "application/json")
                .method(method, HttpRequest.BodyPublishers.ofString(body))
                .build(),
            HttpResponse.BodyHandlers.ofString());
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return JSON.readTree(response.body());
  }

  private static String terms(String field, String mark) {
    return """
        {"$schema":"https://vega.github.io/schema/vega-lite/v5.json",
         "data":{"url":{"index":"it-*","%%context%%":true,"%%timefield%%":"at",
           "body":{"size":0,"aggs":{"by":{"terms":{"field":"%1$s"},"aggs":{"seconds":{"sum":{"field":"seconds"}}}}}}},
           "format":{"property":"aggregations.by.buckets"}},
         "mark":"%2$s",
         "encoding":{"y":{"field":"key","type":"nominal","title":"name"},
           "x":{"field":"seconds.value","type":"quantitative","title":"seconds"}}}"""
        .formatted(field, mark);
  }

  private static String good() throws IOException {
    return new Exports("good")
        .vega("By channel", terms("channel", "bar"))
        .vega(
            "By time",
            """
            {"$schema":"https://vega.github.io/schema/vega-lite/v5.json",
             "data":{"url":{"index":"it-views","%context%":true,"%timefield%":"at",
               "body":{"size":0,"aggs":{"t":{"date_histogram":{"field":"at","fixed_interval":{"%autointerval%":20}},
                 "aggs":{"seconds":{"sum":{"field":"seconds"}}}}}}},
               "format":{"property":"aggregations.t.buckets"}},
             "mark":{"type":"point","tooltip":true},
             "encoding":{"x":{"field":"key","type":"quantitative","scale":{"zero":false},"title":"key"},
               "y":{"field":"seconds.value","type":"quantitative","title":"seconds"}}}""")
        .vega("Map", resource("map"))
        .panel(
            "Words",
            "markdown",
            "markdown",
            "## About\n\nViews **per channel** and [graph](#/graph).")
        .dashboard("good", "Views");
  }

  private static String bad() throws IOException {
    return new Exports("bad")
        .vega("Wrong aggregation", terms("at\",\"nonsense\":\"1", "bar"))
        .vega("Wrong spec", "{\"data\":{\"values\":[1]},\"mark\":\"nonsense\"}")
        .panel("Of Kibana only", "lens", "x", "y")
        .vega("Of another", "{\"data\":{\"url\":{\"index\":\"secrets\"}},\"mark\":\"bar\"}")
        .dashboard("worse", "Broken");
  }

  private static void open(String hash) {
    browser.driver().get(console.address() + "#/" + hash);
  }

  /** Opens a dashboard, and waits until all of it is drawn. */
  private static void dashboard(String id, String query) {
    // Or the one before would count as drawn.
    browser.driver().get("about:blank");
    open("dashboards/" + id + "?" + query);
    await().atMost(PATIENCE).until(() -> !browser.all("main [data-turns]").isEmpty());
  }

  /** The marks of a panel: what their labels for screen readers say. */
  private static Map<String, Double> marks(String panel, String name, String value) {
    Pattern label =
        Pattern.compile(
            name
                + ": ([^;]+); "
                + value
                + ": ([-\\d.,e]+)|"
                + value
                + ": ([-\\d.,e]+); "
                + name
                + ": (.+)");
    Map<String, Double> marks = new TreeMap<>();
    for (WebElement mark :
        browser.all("[aria-label='" + panel + "'] [aria-roledescription][aria-label]")) {
      Matcher matcher = label.matcher(mark.getAttribute("aria-label"));
      if (matcher.matches()) {
        boolean first = matcher.group(1) != null;
        String number = (first ? matcher.group(2) : matcher.group(3)).replace(",", "");
        String key = first ? matcher.group(1) : matcher.group(4);
        // Numbers are written as in 1.7672619e+12.
        key = key.matches("[\\d.]+e\\+\\d+") ? new BigDecimal(key).toBigInteger() + "" : key;
        assertThat(marks.put(key, Double.parseDouble(number))).as(key).isNull();
      }
    }
    return marks;
  }

  /** What Elasticsearch says, asked by the test itself. */
  private static Map<String, Double> aggregated(String aggregation) throws Exception {
    JsonNode answer =
        send(
            "POST",
            "it-views/_search",
            """
            {"size":0,"query":{"bool":{"filter":[{"term":{"kind":"view"}},
              {"range":{"at":{"gte":"%s","lt":"%s"}}}]}},
             "aggs":{"x":{%s,"aggs":{"s":{"sum":{"field":"seconds"}}}}}}"""
                .formatted(FROM, TO, aggregation));
    Map<String, Double> sums = new TreeMap<>();
    for (JsonNode bucket : answer.at("/aggregations/x/buckets")) {
      sums.put(bucket.path("key").asText(), bucket.at("/s/value").asDouble());
    }
    return sums;
  }

  @Test
  void marksEqualElasticsearchsAggregations() throws Exception {
    dashboard("good", RANGE);
    Map<String, Double> channels = aggregated("\"terms\":{\"field\":\"channel\"}");
    assertThat(channels).hasSize(5);
    assertThat(marks("By channel", "name", "seconds")).isEqualTo(channels);

    Map<String, Double> times =
        aggregated("\"date_histogram\":{\"field\":\"at\",\"fixed_interval\":\"300s\"}");
    assertThat(times).hasSizeGreaterThan(8);
    assertThat(marks("By time", "key", "seconds")).isEqualTo(times);

    Map<String, Double> regions = aggregated("\"terms\":{\"field\":\"region\"}");
    assertThat(regions).hasSize(4);
    assertThat(marks("Map", "region", "seconds")).isEqualTo(regions);

    assertThat(browser.one("[aria-label='Words']").getText()).contains("Views per channel");
    assertThat(browser.complaints()).isEmpty();
  }

  @Test
  void isDrawnInLightAndInDark() throws Exception {
    for (String scheme : new String[] {"light", "dark"}) {
      browser.prefers(scheme);
      dashboard("good", RANGE);
      browser.screenshot(SCREENSHOTS.resolve("dashboard-" + scheme + ".png"));
      open("graph");
      await().atMost(PATIENCE).until(() -> browser.all(".graph .node").size() == 9);
      browser.screenshot(SCREENSHOTS.resolve("graph-" + scheme + ".png"));
      assertThat(browser.complaints()).isEmpty();
    }
    String dark = ground();
    // What somebody chooses stands above what the system says, and is kept.
    browser.run(
        "const s = document.getElementById('theme'); s.value = 'light';"
            + " s.dispatchEvent(new Event('change'))");
    assertThat(ground()).isNotEqualTo(dark);
    browser.driver().navigate().refresh();
    assertThat(ground()).isNotEqualTo(dark);
  }

  private static String ground() {
    return (String) browser.run("return getComputedStyle(document.body).backgroundColor");
  }

  @Test
  void aFailedComponentShowsItsReason() {
    open("graph");
    await().atMost(PATIENCE).until(() -> !browser.all("[data-id='sink:out']").isEmpty());
    WebElement node = browser.one("[data-id='sink:out']");
    assertThat(node.getAttribute("aria-label"))
        .contains("Sink out")
        .contains("failed")
        .contains("mapper_parsing_exception");
    assertThat(node.getText()).contains("failed");
    // Not by its colour alone: the sign is a cross, and the word is there.
    assertThat(node.findElements(By.cssSelector(".sign.bad path"))).hasSize(1);
    assertThat(browser.one(".problems").getText())
        .contains("out")
        .contains("mapper_parsing_exception");
    assertThat(browser.one("#state").getText()).contains("1 failed");
  }

  @Test
  void theGraphIsWalkedByKeyboard() {
    open("graph");
    await().atMost(PATIENCE).until(() -> browser.all(".graph .node").size() == 9);
    Actions keys = new Actions(browser.driver());
    // Tab from the top of the page comes to the graph, and once it is there, to one node only.
    await()
        .atMost(PATIENCE)
        .until(
            () -> {
              new Actions(browser.driver()).sendKeys(Keys.TAB).perform();
              return focused("data-id") != null;
            });
    assertThat(browser.all(".graph [tabindex='0']")).hasSize(1);
    keys.sendKeys(Keys.HOME).perform();
    String first = focused("data-id");
    assertThat(first).startsWith("source:");
    keys.sendKeys(Keys.ARROW_RIGHT).perform();
    String second = focused("data-id");
    assertThat(second).startsWith("stream:");
    assertThat(
            browser.run(
                "return getComputedStyle(document.activeElement.querySelector('.shape')).strokeWidth"))
        .isEqualTo("3.5px");
    keys.sendKeys(Keys.ENTER).perform();
    await().atMost(PATIENCE).until(() -> browser.one("aside.panel").isDisplayed());
    assertThat(browser.driver().getCurrentUrl()).endsWith(second);
    await()
        .atMost(PATIENCE)
        .until(() -> browser.one("#panel-body").getText().contains("device_id"));
    // The tabs of the panel, by arrow keys too.
    browser.one("[role=tab][aria-selected=true]").sendKeys(Keys.ARROW_RIGHT);
    await().atMost(PATIENCE).until(() -> browser.driver().getCurrentUrl().endsWith("/records"));
    await().atMost(PATIENCE).until(() -> browser.one("#panel-body").getText().contains("d000001"));
    assertThat(focused("aria-selected")).isEqualTo("true");
    browser.one("[role=tab][aria-selected=true]").sendKeys(Keys.ESCAPE);
    await().atMost(PATIENCE).until(() -> !browser.one("aside.panel").isDisplayed());
    assertThat(focused("data-id")).isEqualTo(second);
    assertThat(browser.complaints()).isEmpty();
  }

  private static String focused(String attribute) {
    return (String)
        browser.run("return document.activeElement.getAttribute(arguments[0])", attribute);
  }

  @Test
  void followsAColumnToItsSourceAndItsSink() {
    open("graph/it/stream:views/lineage/region");
    await()
        .atMost(PATIENCE)
        .until(() -> browser.one("#panel-body").getText().contains("users.region"));
    assertThat(browser.one("#panel-body").getText())
        .contains("column of table users (db)")
        .contains("index it-views");
    assertThat(browser.all(".node.dim[data-id='source:events']")).hasSize(1);
    assertThat(browser.all(".node.dim[data-id='source:db']")).isEmpty();
  }

  @Test
  void saysInWordsWhatIsEmptyAndWhatIsWrong() {
    dashboard("good", "from=2020-01-01T00:00:00Z&to=2020-01-01T01:00:00Z&refresh=0");
    assertThat(browser.one("[aria-label='By channel']").getText())
        .contains("No data from 1 Jan 2020");
    dashboard("worse", RANGE);
    await().atMost(PATIENCE).until(() -> !note("Wrong aggregation").isEmpty());
    assertThat(note("Wrong aggregation")).startsWith("Not drawn: ").contains("nonsense");
    assertThat(note("Wrong spec")).startsWith("Not drawn: ");
    assertThat(note("Of Kibana only")).contains("'lens' is not drawn here");
    assertThat(note("Of another")).contains("no sink of the pipelines writes to an index");
  }

  private static String note(String panel) {
    return browser.one("[aria-label='" + panel + "'] .note").getText();
  }

  @Test
  void theRangeIsPickedAndIsInTheLink() {
    dashboard("good", RANGE);
    assertThat(browser.one("#range").getAttribute("value")).isEqualTo("absolute");
    browser.one("#range option[value='now-5m now']").click();
    await().atMost(PATIENCE).until(() -> browser.driver().getCurrentUrl().contains("from=now-5m"));
    await().atMost(PATIENCE).until(() -> note("By channel").contains("No data from"));
    browser.one("#refresh option[value='5000']").click();
    await().atMost(PATIENCE).until(() -> browser.driver().getCurrentUrl().contains("refresh=5000"));
    // It refreshes by itself, and does not while nobody sees it.
    String turns = turns();
    await().atMost(PATIENCE).until(() -> !turns().equals(turns));
  }

  private static String turns() {
    return browser.one("main [data-turns]").getAttribute("data-turns");
  }

  @Test
  void everyPageIsDrawnWideAndNarrow() {
    for (int width : new int[] {1440, 400}) {
      browser.size(width, 900);
      for (String page :
          new String[] {
            "graph", "topics", "connectors", "jobs", "dead", "services", "dashboards"
          }) {
        open(page);
        await()
            .atMost(PATIENCE)
            .until(
                () ->
                    page.equals("dashboards")
                        ? !browser.all("main .panel-card").isEmpty()
                        : !browser.all("main table").isEmpty());
        assertThat(browser.one("nav [aria-current=page]").getAttribute("href"))
            .endsWith("#/" + page);
        Number over =
            (Number)
                browser.run(
                    "return document.documentElement.scrollWidth - document.documentElement.clientWidth");
        assertThat(over.intValue()).as(page + " at " + width).isLessThanOrEqualTo(0);
      }
    }
    open("connectors");
    await()
        .atMost(PATIENCE)
        .until(() -> browser.one("main").getText().contains("Why task 0 failed"));
    open("dead/it.views.dead");
    await()
        .atMost(PATIENCE)
        .until(() -> browser.one("main").getText().contains("seconds is no number"));
    assertThat(browser.complaints()).isEmpty();
  }
}
