package dev.millrace.controller;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Serves {@code /healthz}, {@code /readyz} and Prometheus' {@code /metrics}. */
public final class OperatorEndpoints implements AutoCloseable {
  private final HttpServer server;
  private final ExecutorService executor;

  /**
   * Serves at once.
   *
   * @param healthy whether the process should be left alone
   * @param ready whether it does its work or stands by
   */
  public OperatorEndpoints(
      InetSocketAddress address,
      BooleanSupplier healthy,
      BooleanSupplier ready,
      PrometheusMeterRegistry metrics)
      throws IOException {
    server = HttpServer.create(address, 0);
    executor =
        Executors.newFixedThreadPool(
            2,
            task -> {
              Thread thread = new Thread(task, "endpoints");
              thread.setDaemon(true);
              return thread;
            });
    server.setExecutor(executor);
    answer("/healthz", () -> healthy.getAsBoolean() ? 200 : 503, () -> "");
    answer("/readyz", () -> ready.getAsBoolean() ? 200 : 503, () -> "");
    answer("/metrics", () -> 200, metrics::scrape);
    server.start();
  }

  private void answer(String path, Supplier<Integer> status, Supplier<String> body) {
    server.createContext(
        path,
        exchange -> {
          try (exchange) {
            if (!exchange.getRequestURI().getPath().equals(path)) {
              send(exchange, 404, "not found\n");
            } else {
              int code = status.get();
              String text = body.get();
              send(exchange, code, text.isEmpty() ? (code == 200 ? "ok\n" : "not ok\n") : text);
            }
          }
        });
  }

  private static void send(HttpExchange exchange, int status, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  /** The port that it listens on. */
  public int port() {
    return server.getAddress().getPort();
  }

  @Override
  public void close() {
    server.stop(0);
    executor.shutdownNow();
  }
}
