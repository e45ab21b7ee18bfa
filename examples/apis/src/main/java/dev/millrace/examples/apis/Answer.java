package dev.millrace.examples.apis;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** What a request gets. */
public interface Answer {
  /** Answers it. */
  void to(HttpExchange exchange) throws IOException, InterruptedException;

  /** JSON. */
  static Answer json(String body) {
    return of(200, Map.of("Content-Type", "application/json; charset=utf-8"), body);
  }

  /** Anything. */
  static Answer of(int status, Map<String, String> headers, String body) {
    return exchange -> {
      headers.forEach((name, value) -> exchange.getResponseHeaders().set(name, value));
      byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
      boolean none = bytes.length == 0 || status == 304 || status == 204;
      exchange.sendResponseHeaders(status, none ? -1 : bytes.length);
      if (!none) {
        exchange.getResponseBody().write(bytes);
      }
    };
  }

  /** A refusal in the words of a service. */
  static Answer status(int status, String body) {
    return of(status, Map.of("Content-Type", "application/json"), body);
  }

  /** Too many requests. */
  static Answer slowDown(String retryAfter) {
    return of(
        429,
        Map.of("Retry-After", retryAfter, "Content-Type", "application/json"),
        "{\"cod\":429,\"message\":\"Your account is temporary blocked due to exceeding of requests limitation\"}");
  }

  /** Nothing, for as long as the other side waits or this server lives. */
  static Answer never() {
    return exchange -> {
      boolean unused = new CountDownLatch(1).await(10, TimeUnit.MINUTES);
    };
  }

  /** Headers, the beginning of a body, and then nothing more. */
  static Answer stalled() {
    return exchange -> {
      exchange.sendResponseHeaders(200, 0);
      exchange.getResponseBody().write("{\"list\":[".getBytes(StandardCharsets.US_ASCII));
      exchange.getResponseBody().flush();
      boolean unused = new CountDownLatch(1).await(10, TimeUnit.MINUTES);
    };
  }

  /**
   * JSON of so many bytes, written as fast as they are taken.
   *
   * @param announced whether its length is in the headers
   */
  static Answer huge(long bytes, boolean announced) {
    return exchange -> {
      exchange.sendResponseHeaders(200, announced ? bytes : 0);
      byte[] chunk = new byte[64 << 10];
      Arrays.fill(chunk, (byte) ' ');
      chunk[0] = '[';
      try (OutputStream body = exchange.getResponseBody()) {
        for (long left = bytes; left > 0; left -= chunk.length) {
          body.write(chunk, 0, (int) Math.min(left, chunk.length));
        }
      }
    };
  }

  /** Another place to ask. */
  static Answer redirect(int status, String location) {
    return of(status, Map.of("Location", location), "");
  }
}
