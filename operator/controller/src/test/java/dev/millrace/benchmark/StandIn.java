package dev.millrace.benchmark;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;

/**
 * An HTTP server that stands in for a backend: it answers each request after a fixed time, however
 * many there are, and counts them by method and kind of path.
 */
public abstract class StandIn implements AutoCloseable {
  static {
    // Else each answer waits for an acknowledgement: 40 ms that no real backend takes.
    System.setProperty("sun.net.httpserver.nodelay", "true");
  }

  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Duration delay;
  private final Map<String, LongAdder> counts = new ConcurrentHashMap<>();

  /** An answer: status and body. */
  record Answer(int status, String body) {
    static Answer ok(String body) {
      return new Answer(200, body);
    }

    static Answer missing() {
      return new Answer(404, "{\"error_code\":40401,\"message\":\"not found\"}");
    }
  }

  StandIn(InetSocketAddress address, Duration delay) throws IOException {
    this.delay = delay;
    this.server = HttpServer.create(address, 256);
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  /** What is answered; {@code path} is decoded, and begins with a slash. */
  abstract Answer answer(String method, String path, Optional<String> query, String body)
      throws IOException;

  /** What a request is counted as. */
  abstract String kind(String method, String path);

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      URI uri = exchange.getRequestURI();
      String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
      counts
          .computeIfAbsent(kind(exchange.getRequestMethod(), uri.getPath()), k -> new LongAdder())
          .increment();
      LockSupport.parkNanos(delay.toNanos());
      Answer answer =
          answer(
              exchange.getRequestMethod(),
              uri.getPath(),
              Optional.ofNullable(uri.getQuery()),
              body);
      byte[] bytes = answer.body().getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().set("Content-Type", "application/json");
      // Elasticsearch's client asks for it.
      exchange.getResponseHeaders().set("X-Elastic-Product", "Elasticsearch");
      boolean empty = bytes.length == 0 || exchange.getRequestMethod().equals("HEAD");
      exchange.sendResponseHeaders(answer.status(), empty ? -1 : bytes.length);
      if (!empty) {
        exchange.getResponseBody().write(bytes);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Where it listens. */
  public String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  /** How many requests of a kind there were. */
  public long count(String kind) {
    LongAdder count = counts.get(kind);
    return count == null ? 0 : count.sum();
  }

  /** How many requests there were of any kind. */
  long count() {
    return counts.values().stream().mapToLong(LongAdder::sum).sum();
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
