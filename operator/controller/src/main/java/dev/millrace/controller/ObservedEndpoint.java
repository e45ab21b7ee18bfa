package dev.millrace.controller;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import dev.millrace.engine.BackendException;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the console what the engines have observed, by TLS, to whoever has the token. It only
 * reads, and is asked only while somebody looks.
 *
 * <pre>
 * GET /observed/NAMESPACE/PLATFORM                               all pipelines of the Platform
 *     .../pipelines/NAME/components/NAME, /streams/NAME, /lineage
 *     .../topics, .../topics/TOPIC/records/LIMIT                 asks Kafka
 * </pre>
 *
 * <p>401 without the token, 404 for what is not there, 421 from a process that does not lead, 503
 * where a backend does not answer.
 */
public final class ObservedEndpoint implements AutoCloseable {
  static final String PATH = "/observed";

  private static final Logger log = LoggerFactory.getLogger(ObservedEndpoint.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int MISDIRECTED = 421;
  private static final int MOST_RECORDS = 100;

  private final Path token;
  private final ObservedPipelines observed;
  private final BooleanSupplier leads;
  private final TlsEndpoint endpoint;

  /**
   * Listens from now on.
   *
   * @param certificates as {@link Tls#of} takes them
   * @param token a file; read again for each request
   * @param leads whether this process does the operator's work: one that stands by sees nothing
   */
  ObservedEndpoint(
      InetSocketAddress address,
      Path certificates,
      Path token,
      ObservedPipelines observed,
      BooleanSupplier leads)
      throws IOException, GeneralSecurityException {
    this.token = token;
    this.observed = observed;
    this.leads = leads;
    // Few: what is asked of Kafka holds up to 4 MB each.
    this.endpoint = new TlsEndpoint(address, certificates, PATH, 2, this::handle);
  }

  /** The port it listens on. */
  public int port() {
    return endpoint.port();
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      if (!known(exchange)) {
        text(exchange, 401, "the token of the console is needed");
      } else if (!exchange.getRequestMethod().equals("GET")) {
        text(exchange, 405, "only GET");
      } else if (!leads.getAsBoolean()) {
        // The next connection may come to another process.
        exchange.getResponseHeaders().set("Connection", "close");
        text(exchange, MISDIRECTED, "this operator stands by");
      } else {
        Optional<JsonNode> answer = ask(exchange.getRequestURI().getRawPath());
        if (answer.isPresent()) {
          send(exchange, 200, "application/json", JSON.writeValueAsBytes(answer.get()));
        } else {
          text(exchange, 404, "there is nothing of that name");
        }
      }
    } catch (BackendException e) {
      text(exchange, 503, e.getMessage());
    } catch (RuntimeException e) {
      log.warn("{} could not be answered: {}", PATH, e.getClass().getName());
      text(exchange, 503, "the platform's backends can not be asked at the moment");
    }
  }

  private boolean known(HttpExchange exchange) throws IOException {
    String given = exchange.getRequestHeaders().getFirst("Authorization");
    byte[] wanted = ("Bearer " + Files.readString(token).strip()).getBytes(StandardCharsets.UTF_8);
    return given != null && MessageDigest.isEqual(wanted, given.getBytes(StandardCharsets.UTF_8));
  }

  private Optional<JsonNode> ask(String path) throws BackendException {
    List<String> parts =
        Arrays.stream(path.substring(PATH.length()).split("/"))
            .skip(1)
            .map(p -> URLDecoder.decode(p, StandardCharsets.UTF_8))
            .toList();
    int n = parts.size();
    if (n < 2) {
      return Optional.empty();
    }
    ResourceID platform = PlatformRooms.id(parts.get(0), parts.get(1));
    if (n == 2) {
      return observed.overview(platform);
    }
    if (n == 3 && parts.get(2).equals("topics")) {
      return observed.topics(platform);
    }
    if (n == 6 && parts.get(2).equals("topics") && parts.get(4).equals("records")) {
      return parts.get(5).matches("[0-9]{1,3}")
          ? observed.records(
              platform, parts.get(3), Math.min(MOST_RECORDS, Integer.parseInt(parts.get(5))))
          : Optional.empty();
    }
    if (n < 5 || !parts.get(2).equals("pipelines")) {
      return Optional.empty();
    }
    String pipeline = parts.get(3);
    return switch (parts.get(4)) {
      case "lineage" -> n == 5 ? observed.lineage(platform, pipeline) : Optional.empty();
      case "components" ->
          n == 6 ? observed.component(platform, pipeline, parts.get(5)) : Optional.empty();
      case "streams" ->
          n == 6 ? observed.stream(platform, pipeline, parts.get(5)) : Optional.empty();
      default -> Optional.empty();
    };
  }

  private static void text(HttpExchange exchange, int code, String text) throws IOException {
    send(exchange, code, "text/plain", text.getBytes(StandardCharsets.UTF_8));
  }

  private static void send(HttpExchange exchange, int code, String type, byte[] body)
      throws IOException {
    exchange.getResponseHeaders().set("Content-Type", type);
    exchange.sendResponseHeaders(code, body.length);
    exchange.getResponseBody().write(body);
  }

  @Override
  public void close() {
    endpoint.close();
  }
}
