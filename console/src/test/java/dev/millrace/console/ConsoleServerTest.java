package dev.millrace.console;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ConsoleServerTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final HttpClient CLIENT = HttpClient.newHttpClient();
  private static final String EXPORT =
      """
      {"type":"visualization","id":"v","attributes":{"title":"By channel","visState":"{\\"type\\":\\"vega\\",\\"params\\":{\\"spec\\":\\"{\\\\\\"data\\\\\\":{\\\\\\"url\\\\\\":{\\\\\\"index\\\\\\":\\\\\\"tv-*\\\\\\"}}}\\"}}"}}
      {"type":"dashboard","id":"d","attributes":{"title":"TV","panelsJSON":"[{\\"panelIndex\\":\\"1\\",\\"panelRefName\\":\\"panel_1\\",\\"gridData\\":{\\"w\\":48,\\"h\\":10}}]"},"references":[{"name":"1:panel_1","type":"visualization","id":"v"}]}
      """;

  private final List<String> searched = new CopyOnWriteArrayList<>();
  private HttpServer elasticsearch;
  private FixedData data;
  private ConsoleServer console;

  @BeforeEach
  void start() throws IOException {
    elasticsearch =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    elasticsearch.createContext(
        "/",
        exchange -> {
          searched.add(exchange.getRequestMethod() + " " + exchange.getRequestURI());
          byte[] answer = "{\"took\":1}".getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, answer.length);
          exchange.getResponseBody().write(answer);
          exchange.close();
        });
    elasticsearch.start();
    SavedObjects.Dashboards dashboards = SavedObjects.parse(EXPORT);
    data =
        new FixedData(
            dashboards,
            Set.of("tv-a", "tv-b", "other"),
            URI.create("http://127.0.0.1:" + elasticsearch.getAddress().getPort()));
    data.answers.put("status", "{\"state\":\"running\"}");
    console = new ConsoleServer(0, data);
  }

  @AfterEach
  void stop() {
    console.close();
    elasticsearch.stop(0);
  }

  @Test
  void servesThePageWithoutInlineScripts() throws Exception {
    HttpResponse<String> page = send("GET", "", null);
    assertThat(page.statusCode()).isEqualTo(200);
    assertThat(page.body()).contains("<script src=\"app.js\">");
    assertThat(page.headers().firstValue("Content-Security-Policy").orElseThrow())
        .contains("script-src 'self';")
        .doesNotContain("unsafe-eval");
    assertThat(send("GET", "app.js", null).body()).isNotEmpty();
    assertThat(send("GET", "style.css", null).statusCode()).isEqualTo(200);
    assertThat(send("GET", "../pom.xml", null).statusCode()).isEqualTo(404);
  }

  @Test
  void answersStatusAndDashboards() throws Exception {
    assertThat(send("GET", "api/status", null).body()).isEqualTo("{\"state\":\"running\"}");
    assertThat(
            JSON.readTree(send("GET", "api/dashboards", null).body())
                .at("/dashboards/0/panels/0/title")
                .asText())
        .isEqualTo("By channel");
  }

  @Test
  void searchesOnlyThePipelinesIndicesThatDashboardsRead() throws Exception {
    assertThat(send("POST", "api/search/tv-*", "{}").body()).isEqualTo("{\"took\":1}");
    assertThat(send("POST", "api/search/other", "{}").statusCode()).isEqualTo(403);
    assertThat(send("POST", "api/search/tv-*%2F_delete_by_query", "{}").statusCode())
        .isEqualTo(403);
    assertThat(send("DELETE", "api/search/tv-*", null).statusCode()).isEqualTo(405);
    assertThat(send("POST", "api/search/tv-*", " ".repeat(70_000)).statusCode()).isEqualTo(413);
    assertThat(send("POST", "api/search/tv-*", "nothing").statusCode()).isEqualTo(400);
    // The pattern is asked as the indices that sinks write: no other one of that pattern is read.
    assertThat(searched)
        .containsExactly(
            "POST /tv-a,tv-b/_search?ignore_unavailable=true&allow_no_indices=true&timeout=8s");
  }

  @Test
  void followsNoQueryIntoAnotherIndex() throws Exception {
    String[] queries = {
      "{\"query\":{\"terms\":{\"user\":{\"index\":\"secrets\",\"id\":\"1\",\"path\":\"x\"}}}}",
      "{\"query\":{\"more_like_this\":{\"like\":[{\"_index\":\"secrets\",\"_id\":\"1\"}]}}}",
      "{\"pit\":{\"id\":\"abc\"}}"
    };
    for (String query : queries) {
      assertThat(send("POST", "api/search/tv-*", query).statusCode()).as(query).isEqualTo(403);
    }
    assertThat(searched).isEmpty();
  }

  @Test
  void manyPagesAskAsMuchAsOne() throws Exception {
    data.answers.put("topics", "[]");
    List<CompletableFuture<HttpResponse<String>>> pages = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      pages.add(later("api/topics", null));
      pages.add(later("api/search/tv-*", "{\"size\":0}"));
    }
    for (CompletableFuture<HttpResponse<String>> page : pages) {
      assertThat(page.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
    }
    // Not exactly one: on a slow machine an answer may be forgotten before the last has asked.
    assertThat(data.asked).hasValueLessThan(5);
    assertThat(searched).hasSizeLessThan(5);
  }

  @Test
  void asksNobodyWhileNobodyLooks() throws Exception {
    send("GET", "", null);
    send("GET", "app.js", null);
    assertThat(data.asked).hasValue(0);
    assertThat(searched).isEmpty();
  }

  @Test
  void saysWhenABackendDoesNotAnswer() throws Exception {
    HttpResponse<String> answer = send("GET", "api/topics", null);
    assertThat(answer.statusCode()).isEqualTo(503);
    assertThat(answer.body()).isEqualTo("Kafka does not answer");
    data.elasticsearch(null);
    assertThat(send("POST", "api/search/tv-*", "{}").statusCode()).isEqualTo(503);
    data.elasticsearch(URI.create("http://127.0.0.1:1"));
    assertThat(send("POST", "api/search/tv-*", "{\"size\":1}").body())
        .isEqualTo("Elasticsearch does not answer");
  }

  @Test
  void answersOfAPipelinesParts() throws Exception {
    data.answers.put("tv/component/a b", "{\"name\":\"a b\"}");
    data.answers.put("tv/stream/s", "{\"name\":\"s\"}");
    data.answers.put("tv/lineage", "{}");
    data.answers.put("tv/log/a", "{\"lines\":[]}");
    data.answers.put("records/tv.s", "{\"records\":[]}");
    assertThat(send("GET", "api/pipelines/tv/components/a%20b", null).body()).contains("a b");
    assertThat(send("GET", "api/pipelines/tv/streams/s", null).statusCode()).isEqualTo(200);
    assertThat(send("GET", "api/pipelines/tv/lineage", null).statusCode()).isEqualTo(200);
    assertThat(send("GET", "api/pipelines/tv/components/a/log?whole=true", null).statusCode())
        .isEqualTo(200);
    assertThat(send("GET", "api/topics/tv.s/records?limit=9999999", null).statusCode())
        .isEqualTo(200);
    assertThat(send("GET", "api/topics/__consumer_offsets/records", null).statusCode())
        .isEqualTo(404);
    assertThat(send("GET", "api/pipelines/tv/streams/none", null).statusCode()).isEqualTo(404);
    assertThat(send("GET", "api/pipelines", null).statusCode()).isEqualTo(404);
    assertThat(send("POST", "api/status", "{}").statusCode()).isEqualTo(405);
  }

  @Test
  void refusesAnotherHost() throws Exception {
    try (Socket socket =
        new Socket(InetAddress.getLoopbackAddress(), console.address().getPort())) {
      OutputStream out = socket.getOutputStream();
      out.write(
          "GET /api/status HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
              .getBytes(StandardCharsets.US_ASCII));
      assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
          .startsWith("HTTP/1.1 403");
    }
  }

  @Test
  void saysInAPanelWhyItIsNotDrawn() {
    String lost = EXPORT.lines().skip(1).findFirst().orElseThrow();
    SavedObjects.Dashboards dashboards = SavedObjects.parse(lost + "\nnothing");
    assertThat(dashboards.dashboards().at("/0/panels/0/problem").asText())
        .isEqualTo("its reference 'panel_1' leads to no object in the file");
    assertThat(dashboards.problems().get(0).asText()).startsWith("line 2: not JSON");
    SavedObjects.Dashboards lens =
        SavedObjects.parse(
            EXPORT.replace("\\\"type\\\":\\\"vega\\\"", "\\\"type\\\":\\\"metric\\\""));
    assertThat(lens.dashboards().at("/0/panels/0/problem").asText()).contains("'metric'");
  }

  private CompletableFuture<HttpResponse<String>> later(String path, String body) {
    HttpRequest.Builder request = HttpRequest.newBuilder(console.address().resolve(path));
    if (body != null) {
      request.POST(HttpRequest.BodyPublishers.ofString(body));
    }
    return CLIENT.sendAsync(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  private HttpResponse<String> send(String method, String path, String body) throws Exception {
    return CLIENT.send(
        HttpRequest.newBuilder(console.address().resolve(path))
            .method(
                method,
                body == null
                    ? HttpRequest.BodyPublishers.noBody()
                    : HttpRequest.BodyPublishers.ofString(body))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }
}
