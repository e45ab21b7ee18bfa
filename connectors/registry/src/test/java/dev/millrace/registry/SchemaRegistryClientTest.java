package dev.millrace.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What the client does without a registry. */
class SchemaRegistryClientTest {
  private static final Duration DEADLINE = Duration.ofMillis(200);

  @Test
  void afterACallWithoutAnAnswerOthersMayFailAtOnce() throws Exception {
    InetSocketAddress address;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      address = new InetSocketAddress(InetAddress.getLoopbackAddress(), free.getLocalPort());
    }
    String url = "http://127.0.0.1:" + address.getPort();
    SchemaRegistryClient resting =
        new SchemaRegistryClient(
            url, Optional.empty(), Optional.empty(), DEADLINE, Duration.ofHours(1));
    assertThatThrownBy(() -> resting.latest("a")).hasMessageContaining("no answer");

    HttpServer server = HttpServer.create(address, 0);
    server.createContext(
        "/",
        exchange -> {
          try (exchange) {
            byte[] none =
                "{\"error_code\":40401,\"message\":\"none\"}".getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(404, none.length);
            exchange.getResponseBody().write(none);
          }
        });
    server.start();
    try {
      assertThatThrownBy(() -> resting.latest("b")).hasMessageContaining("/subjects/a");
      SchemaRegistryClient eager =
          new SchemaRegistryClient(url, Optional.empty(), Duration.ofSeconds(30));
      assertThat(eager.latest("b")).isEmpty();
    } finally {
      server.stop(0);
    }
  }
}
