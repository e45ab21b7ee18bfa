package dev.millrace.console;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves the page on loopback: static files, what is observed of the pipelines, and searches on
 * their indices, nothing else of Elasticsearch. It changes nothing anywhere, and asks backends only
 * when a page asks it to.
 */
public final class ConsoleServer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ConsoleServer.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration OBSERVED = Duration.ofMillis(500);
  private static final Duration ASKED = Duration.ofSeconds(3);
  private static final int MOST_RECORDS = 100;
  private static final Map<String, String> STATIC =
      Map.of(
          "/", "text/html; charset=utf-8",
          "/app.js", "text/javascript; charset=utf-8",
          "/style.css", "text/css; charset=utf-8",
          "/favicon.svg", "image/svg+xml");
  // Vega runs with its own interpreter: no script is ever made from text.
  private static final String CSP =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
          + " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

  static {
    // A client that sends or reads nothing does not keep a thread for ever (JDK's HttpServer).
    System.setProperty("sun.net.httpserver.maxReqTime", "15");
    System.setProperty("sun.net.httpserver.maxRspTime", "30");
  }

  private final HttpServer server;
  private final ExecutorService executor;
  private final ConsoleData data;
  private final Searches searches;
  private final ShortMemory memory = new ShortMemory();
  private final ShortMemory backends = new ShortMemory();
  private final LongAdder requests = new LongAdder();

  /**
   * Starts serving.
   *
   * @param port 0 for any that is free
   */
  public ConsoleServer(int port, ConsoleData data) throws IOException {
    this.data = data;
    this.server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
    this.executor =
        Executors.newFixedThreadPool(
            16,
            task -> {
              Thread thread = new Thread(task, "console");
              thread.setDaemon(true);
              return thread;
            });
    this.searches = new Searches(data);
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
    requests.increment();
    try (exchange) {
      String path = exchange.getRequestURI().getRawPath();
      if (!fromThisMachine(exchange)) {
        answer(exchange, 403, "text/plain", "this page is served to 127.0.0.1 and localhost only");
      } else if (path.startsWith("/api/search/")) {
        search(exchange, path.substring("/api/search/".length()));
      } else if (!exchange.getRequestMethod().equals("GET")) {
        answer(exchange, 405, "text/plain", "only GET");
      } else if (path.startsWith("/api/")) {
        api(exchange, path.substring("/api/".length()));
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

  private void api(HttpExchange exchange, String path) throws IOException, InterruptedException {
    try {
      Optional<byte[]> answer = ask(path, query(exchange.getRequestURI().getRawQuery()));
      if (answer.isPresent()) {
        answer(exchange, 200, "application/json", answer.get());
      } else {
        answer(exchange, 404, "text/plain", "there is nothing of that name");
      }
    } catch (ExecutionException e) {
      if (e.getCause() instanceof ConsoleData.Unavailable unavailable) {
        answer(exchange, 503, "text/plain", unavailable.getMessage());
      } else {
        throw new IllegalStateException(e.getCause());
      }
    }
  }

  private Optional<byte[]> ask(String path, Map<String, String> query)
      throws ExecutionException, InterruptedException {
    List<String> parts =
        Arrays.stream(path.split("/"))
            .map(p -> URLDecoder.decode(p, StandardCharsets.UTF_8))
            .toList();
    int n = parts.size();
    if (n == 1) {
      return switch (path) {
        case "status" -> observed(path, () -> Optional.of(data.status()));
        case "graph" -> observed(path, () -> Optional.of(data.graph()));
        case "dashboards" -> observed(path, () -> Optional.of(data.dashboards().json()));
        case "connectors" -> observed(path, () -> Optional.of(data.connectors()));
        case "jobs" -> observed(path, () -> Optional.of(data.jobs()));
        case "topics" -> asked(path, () -> Optional.of(data.topics()));
        case "cost" -> observed(path, () -> Optional.of(cost()));
        default -> Optional.empty();
      };
    }
    if (n == 3 && parts.get(0).equals("topics") && parts.get(2).equals("records")) {
      int limit = limit(query.get("limit"));
      return asked(path + "?" + limit, () -> data.records(parts.get(1), limit));
    }
    if (n < 3 || !parts.get(0).equals("pipelines")) {
      return Optional.empty();
    }
    String pipeline = parts.get(1);
    if (n == 3 && parts.get(2).equals("lineage")) {
      return observed(path, () -> data.lineage(pipeline));
    }
    if (n == 4 && parts.get(2).equals("streams")) {
      return observed(path, () -> data.stream(pipeline, parts.get(3)));
    }
    if (n == 4 && parts.get(2).equals("components")) {
      return observed(path, () -> data.component(pipeline, parts.get(3)));
    }
    if (n == 5 && parts.get(2).equals("components") && parts.get(4).equals("log")) {
      boolean whole = "true".equals(query.get("whole"));
      return observed(path + whole, () -> data.log(pipeline, parts.get(3), whole));
    }
    return Optional.empty();
  }

  /** What needs no backend. */
  private Optional<byte[]> observed(String question, Callable<Optional<JsonNode>> ask)
      throws ExecutionException, InterruptedException {
    return memory.get(question, OBSERVED, () -> bytes(ask.call()));
  }

  private Optional<byte[]> asked(String question, Callable<Optional<JsonNode>> ask)
      throws ExecutionException, InterruptedException {
    return backends.get(question, ASKED, () -> bytes(ask.call()));
  }

  private static Optional<byte[]> bytes(Optional<JsonNode> node) throws IOException {
    return node.isEmpty() ? Optional.empty() : Optional.of(JSON.writeValueAsBytes(node.get()));
  }

  private static int limit(String wanted) {
    try {
      return Math.max(1, Math.min(MOST_RECORDS, Integer.parseInt(wanted)));
    } catch (NumberFormatException e) {
      return 20;
    }
  }

  private static Map<String, String> query(String raw) {
    Map<String, String> query = new java.util.HashMap<>();
    for (String part : raw == null ? new String[0] : raw.split("&")) {
      int at = part.indexOf('=');
      if (at > 0) {
        query.put(
            part.substring(0, at),
            URLDecoder.decode(part.substring(at + 1), StandardCharsets.UTF_8));
      }
    }
    return query;
  }

  /** What the console itself costs: its threads' time, and how often it asked others. */
  private JsonNode cost() {
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    long nanos = 0;
    for (long id : threads.getAllThreadIds()) {
      ThreadInfo info = threads.getThreadInfo(id);
      if (info != null
          && (info.getThreadName().equals("console")
              || info.getThreadName().startsWith("HTTP-Dispatcher"))) {
        nanos += Math.max(0, threads.getThreadCpuTime(id));
      }
    }
    ObjectNode cost = JSON.createObjectNode();
    cost.put("cpuMs", nanos / 1_000_000);
    cost.put("requests", requests.sum());
    cost.put("searches", searches.asked());
    cost.put("kafkaQuestions", backends.asked());
    return cost;
  }

  private void search(HttpExchange exchange, String rawIndex)
      throws IOException, InterruptedException {
    if (!exchange.getRequestMethod().equals("POST")) {
      answer(exchange, 405, "text/plain", "only POST");
      return;
    }
    byte[] body = exchange.getRequestBody().readNBytes(Searches.MAX_QUERY_BYTES + 1);
    if (body.length > Searches.MAX_QUERY_BYTES) {
      String most = "a query has at most " + Searches.MAX_QUERY_BYTES + " bytes";
      answer(exchange, 413, "text/plain", most);
      return;
    }
    Searches.Answer answer =
        searches.search(URLDecoder.decode(rawIndex, StandardCharsets.UTF_8), body);
    answer(exchange, answer.status(), answer.type(), answer.body());
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
