package dev.millrace.spark.job;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;

/** Serves {@code GET /status}, on loopback unless it is told where. */
final class StatusServer implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private final HttpServer server;
  private final ExecutorService executor;

  StatusServer(int port, Supplier<JobStatus> status) throws IOException {
    this(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), status);
  }

  StatusServer(InetSocketAddress address, Supplier<JobStatus> status) throws IOException {
    server = HttpServer.create(address, 0);
    executor =
        Executors.newSingleThreadExecutor(
            r -> {
              Thread t = new Thread(r, "status");
              t.setDaemon(true);
              return t;
            });
    server.setExecutor(executor);
    server.createContext(
        "/",
        exchange -> {
          try (exchange) {
            if (!exchange.getRequestURI().getPath().equals("/status")) {
              answer(
                  exchange,
                  404,
                  "{\"error\":\"only GET /status is here\"}"
                      .getBytes(java.nio.charset.StandardCharsets.UTF_8));
            } else if (!exchange.getRequestMethod().equals("GET")) {
              exchange.getResponseHeaders().set("Allow", "GET");
              exchange.sendResponseHeaders(405, -1);
            } else {
              answer(exchange, 200, JSON.writeValueAsBytes(status.get()));
            }
          }
        });
    // Its thread is of the kind of who starts it: an application that fails ends its process.
    Thread starting = new Thread(server::start, "status-start");
    starting.setDaemon(true);
    starting.start();
  }

  private static void answer(HttpExchange exchange, int code, byte[] body) throws IOException {
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(code, body.length);
    exchange.getResponseBody().write(body);
  }

  int port() {
    return server.getAddress().getPort();
  }

  @Override
  public void close() {
    server.stop(0);
    executor.shutdown();
  }
}
