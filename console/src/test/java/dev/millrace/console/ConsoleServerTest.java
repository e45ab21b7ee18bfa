package dev.millrace.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ConsoleServerTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String EXPORT =
      """
      {"type":"visualization","id":"v","attributes":{"title":"By channel","visState":"{\\"type\\":\\"vega\\",\\"params\\":{\\"spec\\":\\"{\\\\\\"data\\\\\\":{\\\\\\"url\\\\\\":{\\\\\\"index\\\\\\":\\\\\\"tv-*\\\\\\"}}}\\"}}"}}
      {"type":"dashboard","id":"d","attributes":{"title":"TV","panelsJSON":"[{\\"panelIndex\\":\\"1\\",\\"panelRefName\\":\\"panel_1\\",\\"gridData\\":{\\"w\\":48,\\"h\\":10}}]"},"references":[{"name":"1:panel_1","type":"visualization","id":"v"}]}
      """;

  private final List<String> searched = new CopyOnWriteArrayList<>();
  private HttpServer elasticsearch;
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
    console =
        new ConsoleServer(
            0,
            () -> JSON.createObjectNode().put("state", "running"),
            () -> dashboards,
            () -> URI.create("http://127.0.0.1:" + elasticsearch.getAddress().getPort()));
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
                .at("/0/panels/0/title")
                .asText())
        .isEqualTo("By channel");
  }

  @Test
  void searchesOnlyWhatDashboardsRead() throws Exception {
    assertThat(send("POST", "api/search/tv-*", "{}").body()).isEqualTo("{\"took\":1}");
    assertThat(send("POST", "api/search/other", "{}").statusCode()).isEqualTo(403);
    assertThat(send("POST", "api/search/tv-*%2F_delete_by_query", "{}").statusCode())
        .isEqualTo(403);
    assertThat(send("DELETE", "api/search/tv-*", null).statusCode()).isEqualTo(405);
    assertThat(send("POST", "api/search/tv-*", " ".repeat(70_000)).statusCode()).isEqualTo(413);
    assertThat(searched)
        .containsExactly("POST /tv-*/_search?ignore_unavailable=true&allow_no_indices=true");
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
  void namesAPanelWhoseReferenceLeadsNowhere() {
    String broken = EXPORT.lines().skip(1).findFirst().orElseThrow();
    assertThatThrownBy(() -> SavedObjects.parse(broken))
        .hasMessageContaining("dashboard d, panel 1")
        .hasMessageContaining("panel_1");
  }

  private HttpResponse<String> send(String method, String path, String body) throws Exception {
    return HttpClient.newHttpClient()
        .send(
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
