package dev.millrace.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.engine.StepResult.Failure;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Connect by its REST API.
 *
 * @see <a href="https://kafka.apache.org/documentation/#connect_rest">the API</a>
 */
public final class ConnectRest implements ConnectApi {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration DEADLINE = Duration.ofSeconds(8);

  private final String url;
  private final Access access;
  private final HttpClient http;

  ConnectRest(String url, Access access) {
    this.url = url.replaceAll("/+$", "");
    this.access = access;
    this.http = access.client();
  }

  /** One that asks nobody who he is, such as a laptop's. */
  public static ConnectRest open(String url) {
    return new ConnectRest(url, Access.open("connect"));
  }

  /** The classes of connectors that it has, with {@code type} and {@code version}. */
  public JsonNode plugins() throws BackendException {
    return send("GET", "/connector-plugins", null);
  }

  /**
   * Asks what is wrong with a configuration; the answer has, for each key that the connector
   * defines, its {@code definition} and its {@code value} with {@code errors}.
   */
  public JsonNode validate(Map<String, String> config) throws BackendException {
    ObjectNode body = JSON.createObjectNode();
    config.forEach(body::put);
    String type = config.getOrDefault("connector.class", "");
    return send("PUT", "/connector-plugins/" + encode(type) + "/config/validate", body);
  }

  /** The topics that a connector has written to, or read from, since it was made. */
  public List<String> topics(String name) throws BackendException {
    List<String> topics = new ArrayList<>();
    send("GET", path(name) + "/topics", null)
        .path(name)
        .path("topics")
        .forEach(t -> topics.add(t.asText()));
    return topics;
  }

  @Override
  public CompletableFuture<Map<String, Seen>> connectors() {
    return sendAsync("GET", "/connectors?expand=status&expand=info", null)
        .thenApply(ConnectRest::seen);
  }

  private static Map<String, Seen> seen(JsonNode answer) {
    Map<String, Seen> all = new TreeMap<>();
    for (Map.Entry<String, JsonNode> entry : answer.properties()) {
      all.put(
          entry.getKey(),
          new Seen(texts(entry.getValue().at("/info/config")), entry.getValue().path("status")));
    }
    return all;
  }

  private static Map<String, String> texts(JsonNode config) {
    Map<String, String> texts = new TreeMap<>();
    config.properties().forEach(e -> texts.put(e.getKey(), e.getValue().asText()));
    return texts;
  }

  private static String path(String name) {
    return "/connectors/" + encode(name);
  }

  @Override
  public Optional<Map<String, String>> config(String name) throws BackendException {
    return Optional.ofNullable(send("GET", path(name) + "/config", null, true))
        .map(ConnectRest::texts);
  }

  @Override
  public void configure(String name, Map<String, String> config) throws BackendException {
    ObjectNode body = JSON.createObjectNode();
    config.forEach(body::put);
    send("PUT", path(name) + "/config", body);
  }

  @Override
  public void state(String name, State state) throws BackendException {
    String verb =
        switch (state) {
          case RUNNING -> "/resume";
          case PAUSED -> "/pause";
          case STOPPED -> "/stop";
        };
    send("PUT", path(name) + verb, null);
  }

  @Override
  public void restart(String name) throws BackendException {
    send("POST", path(name) + "/restart?includeTasks=true&onlyFailed=true", null);
  }

  @Override
  public void delete(String name) throws BackendException {
    send("DELETE", path(name), null);
  }

  @Override
  public JsonNode offsets(String name) throws BackendException {
    return send("GET", path(name) + "/offsets", null).path("offsets");
  }

  @Override
  public boolean forgetOffsets(String name) throws BackendException {
    send("DELETE", path(name) + "/offsets", null);
    return true;
  }

  @Override
  public Optional<String> version() throws BackendException {
    return Optional.ofNullable(send("GET", "/", null).path("version").textValue());
  }

  private static String encode(String name) {
    return URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20");
  }

  private JsonNode send(String method, String path, JsonNode body) throws BackendException {
    return send(method, path, body, false);
  }

  /** Sends a request; the answer is null where there may be nothing and is nothing. */
  private JsonNode send(String method, String path, JsonNode body, boolean mayBeNothing)
      throws BackendException {
    try {
      return sendAsync(method, path, body).get(DEADLINE.toMillis() + 1000, TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      BackendException failure = (BackendException) e.getCause();
      if (mayBeNothing && failure.getCause() instanceof NotThere) {
        return null;
      }
      throw failure;
    } catch (TimeoutException e) {
      throw BackendException.transientFailure(what(method, path) + ": no answer", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw BackendException.transientFailure(what(method, path) + ": interrupted", e);
    }
  }

  /** What Connect says of a connector that it does not know. */
  private static final class NotThere extends Exception {
    private static final long serialVersionUID = 1L;
  }

  private static String what(String method, String path) {
    return "Kafka Connect: " + method + " " + path;
  }

  /** The answer to a request, headers and body within the deadline. */
  private CompletableFuture<JsonNode> sendAsync(String method, String path, JsonNode body) {
    HttpRequest.Builder request =
        access
            .sign(HttpRequest.newBuilder(URI.create(url + path)))
            .timeout(DEADLINE)
            .header("Accept", "application/json")
            .method(
                method,
                body == null
                    ? HttpRequest.BodyPublishers.noBody()
                    : HttpRequest.BodyPublishers.ofString(body.toString()));
    if (body != null) {
      request.header("Content-Type", "application/json");
    }
    return http.sendAsync(request.build(), HttpResponse.BodyHandlers.ofByteArray())
        .orTimeout(DEADLINE.toMillis(), TimeUnit.MILLISECONDS)
        .handle((response, failure) -> answer(what(method, path), response, failure));
  }

  private JsonNode answer(String what, HttpResponse<byte[]> response, Throwable failure) {
    if (failure != null) {
      Throwable cause = failure.getCause() == null ? failure : failure.getCause();
      String why =
          cause instanceof TimeoutException
              ? "not within " + DEADLINE.toSeconds() + " s"
              : access.why(cause);
      throw new CompletionException(
          BackendException.transientFailure(what + ": no answer: " + why, cause));
    }
    int status = response.statusCode();
    try {
      if (status / 100 != 2) {
        // 409: it is rebalancing. 404: the connector is not known everywhere yet.
        Failure kind =
            status == 409 || status == 404 || status >= 500 ? Failure.TRANSIENT : Failure.EXTERNAL;
        String said = message(new String(response.body(), StandardCharsets.UTF_8));
        throw new CompletionException(
            new BackendException(
                kind,
                what + ": " + status + " " + said + access.hint(status),
                status == 404 ? new NotThere() : null));
      }
      return response.body().length == 0 ? JSON.createObjectNode() : JSON.readTree(response.body());
    } catch (IOException e) {
      throw new CompletionException(
          BackendException.transientFailure(what + ": the answer is no JSON", e));
    }
  }

  private static String message(String body) {
    try {
      return JSON.readTree(body)
          .path("message")
          .asText(body)
          .replaceFirst("(?s)\\s*You can also find the above list of errors.*", "")
          .replaceAll("\\s*\\n\\s*", " ")
          .strip();
    } catch (IOException e) {
      return body.strip();
    }
  }
}
