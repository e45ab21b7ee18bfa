package dev.millrace.console;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves the page on loopback: static files, the status as it was last observed, and searches on
 * the indices of the pipelines' dashboards, nothing else of Elasticsearch.
 */
public final class ConsoleServer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ConsoleServer.class);
  private static final int MAX_QUERY_BYTES = 64 * 1024;
  private static final Duration SEARCH_DEADLINE = Duration.ofSeconds(10);
  private static final Map<String, String> STATIC =
      Map.of(
          "/", "text/html; charset=utf-8",
          "/app.js", "text/javascript; charset=utf-8",
          "/style.css", "text/css; charset=utf-8");
  // Vega runs with its own interpreter: no script is ever made from text.
  private static final String CSP =
      "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
          + " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

  private final HttpServer server;
  private final ExecutorService executor;
  private final HttpClient http =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build();
  private final Supplier<JsonNode> status;
  private final Supplier<SavedObjects.Dashboards> dashboards;
  private final Supplier<URI> elasticsearch;

  /**
   * Starts serving.
   *
   * @param port 0 for any that is free
   * @param status what {@code /api/status} answers
   * @param dashboards what is drawn; also decides which indices may be searched
   * @param elasticsearch where searches go; may answer null while it is not known
   */
  public ConsoleServer(
      int port,
      Supplier<JsonNode> status,
      Supplier<SavedObjects.Dashboards> dashboards,
      Supplier<URI> elasticsearch)
      throws IOException {
    this.status = status;
    this.dashboards = dashboards;
    this.elasticsearch = elasticsearch;
    this.server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
    this.executor =
        Executors.newFixedThreadPool(
            8,
            task -> {
              Thread thread = new Thread(task, "console");
              thread.setDaemon(true);
              return thread;
            });
    server.setExecutor(executor);
    server.createContext("/", this::handle);
    server.start();
  }

  /** Where the page is. */
  public URI address() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/");
  }

  @Override
  public void close() {
    server.stop(0);
    executor.shutdownNow();
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      String path = exchange.getRequestURI().getPath();
      if (!fromThisMachine(exchange)) {
        answer(exchange, 403, "text/plain", "this page is served to 127.0.0.1 and localhost only");
      } else if (path.startsWith("/api/search/")) {
        search(exchange, exchange.getRequestURI().getRawPath().substring("/api/search/".length()));
      } else if (!exchange.getRequestMethod().equals("GET")) {
        answer(exchange, 405, "text/plain", "only GET");
      } else if (path.equals("/api/status")) {
        answer(exchange, 200, "application/json", status.get().toString());
      } else if (path.equals("/api/dashboards")) {
        answer(exchange, 200, "application/json", dashboards.get().dashboards().toString());
      } else if (STATIC.containsKey(path)) {
        file(exchange, path);
      } else {
        answer(exchange, 404, "text/plain", "no such page");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      log.warn("request failed", e);
      answer(exchange, 500, "text/plain", "the request failed; the log has the cause");
    }
  }

  /** A page of another site whose name was made to resolve to 127.0.0.1 sends its own Host. */
  private static boolean fromThisMachine(HttpExchange exchange) {
    String host = exchange.getRequestHeaders().getFirst("Host");
    return host != null && host.matches("(127\\.0\\.0\\.1|localhost|\\[::1])(:\\d+)?");
  }

  private void search(HttpExchange exchange, String rawIndex)
      throws IOException, InterruptedException {
    String index = URLDecoder.decode(rawIndex, StandardCharsets.UTF_8);
    Set<String> allowed = dashboards.get().indices();
    if (!exchange.getRequestMethod().equals("POST")) {
      answer(exchange, 405, "text/plain", "only POST");
      return;
    }
    if (!allowed.contains(index)) {
      answer(exchange, 403, "text/plain", "no dashboard reads this index");
      return;
    }
    byte[] body = exchange.getRequestBody().readNBytes(MAX_QUERY_BYTES + 1);
    if (body.length > MAX_QUERY_BYTES) {
      answer(exchange, 413, "text/plain", "a query has at most " + MAX_QUERY_BYTES + " bytes");
      return;
    }
    URI base = elasticsearch.get();
    if (base == null) {
      answer(exchange, 503, "text/plain", "Elasticsearch is not up yet");
      return;
    }
    try {
      HttpResponse<byte[]> response =
          http.send(
              HttpRequest.newBuilder(
                      URI.create(
                          base.toString().replaceAll("/+$", "")
                              + "/"
                              + rawIndex
                              + "/_search?ignore_unavailable=true&allow_no_indices=true"))
                  .timeout(SEARCH_DEADLINE)
                  .header("Content-Type", "application/json")
                  .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                  .build(),
              HttpResponse.BodyHandlers.ofByteArray());
      answer(exchange, response.statusCode(), "application/json", response.body());
    } catch (IOException e) {
      answer(exchange, 503, "text/plain", "Elasticsearch does not answer");
    }
  }

  private static void file(HttpExchange exchange, String path) throws IOException {
    String name = path.equals("/") ? "index.html" : path.substring(1);
    try (InputStream in = ConsoleServer.class.getResourceAsStream("static/" + name)) {
      if (in == null) {
        answer(exchange, 404, "text/plain", name + " was not built in");
      } else {
        answer(exchange, 200, STATIC.get(path), in.readAllBytes());
      }
    }
  }

  private static void answer(HttpExchange exchange, int code, String type, String text)
      throws IOException {
    answer(exchange, code, type, text.getBytes(StandardCharsets.UTF_8));
  }

  private static void answer(HttpExchange exchange, int code, String type, byte[] bytes)
      throws IOException {
    var headers = exchange.getResponseHeaders();
    headers.set("Content-Type", type);
    headers.set("Content-Security-Policy", CSP);
    headers.set("X-Content-Type-Options", "nosniff");
    headers.set("Referrer-Policy", "no-referrer");
    headers.set("Cache-Control", "no-store");
    exchange.sendResponseHeaders(code, bytes.length == 0 ? -1 : bytes.length);
    exchange.getResponseBody().write(bytes);
  }
}
