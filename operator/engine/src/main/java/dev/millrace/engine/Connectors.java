package dev.millrace.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.engine.StepResult.Failure;
import dev.millrace.planner.Diff;
import dev.millrace.planner.Resource.Connector;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Kafka Connect's connectors, by its REST API. All are observed with one request; a configuration
 * is put only if it differs; failed tasks are started again with growing pauses.
 *
 * @see <a href="https://kafka.apache.org/documentation/#connect_rest">the API</a>
 */
final class Connectors {
  /** In a connector's configuration: the pipeline that it belongs to. Connect passes it over. */
  static final String OWNER = "millrace.pipeline";

  /** In a connector's configuration: the hash of the rest of it, as it was put. */
  static final String HASH = "millrace.hash";

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration DEADLINE = Duration.ofSeconds(8);

  /** A look at all connectors serves the turns of all pipelines within this time. */
  private static final Duration SHARED = Duration.ofMillis(400);

  private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(60);

  private final String url;
  private final Clock clock;
  private final Access access;
  private final HttpClient http;
  private final Map<String, Restart> restarts = new HashMap<>();

  /** Configurations that Connect has refused: the same one is not offered again at once. */
  private final Map<String, Refused> refused = new HashMap<>();

  /** When connectors were configured: Connect's list leaves out those that no worker runs yet. */
  private final Map<String, Instant> configured = new HashMap<>();

  private record Looked(Map<String, Observed> observed, Instant at) {}

  /** What was seen a moment ago; forgotten with whatever we change. */
  private Looked looked;

  private record Restart(int attempts, Instant notBefore) {}

  private record Refused(Map<String, String> config, StepResult result, Instant notBefore) {}

  /**
   * What is seen of a connector.
   *
   * @param state of the connector: RUNNING, FAILED, PAUSED, STOPPED, UNASSIGNED, RESTARTING
   * @param tasks their states
   * @param trace why it or its first failed task failed
   * @param status Connect's own answer, with workers and whole traces
   */
  record Observed(
      Map<String, String> config,
      String state,
      List<String> tasks,
      Optional<String> trace,
      JsonNode status) {
    boolean running() {
      return state.equals("RUNNING")
          && !tasks.isEmpty()
          && tasks.stream().allMatch("RUNNING"::equals);
    }

    boolean failed() {
      return state.equals("FAILED") || tasks.contains("FAILED");
    }

    /** As the planner looks at it: without our notes. */
    dev.millrace.planner.Observed.Connector plain() {
      Map<String, String> plain = new TreeMap<>(config);
      plain.keySet().removeAll(List.of("name", OWNER, HASH));
      return new dev.millrace.planner.Observed.Connector(
          plain, config.getOrDefault(OWNER, ""), config.getOrDefault(HASH, ""), state);
    }
  }

  Connectors(String url, Access access, Clock clock) {
    this.access = access;
    this.http = access.client();
    this.url = url.replaceAll("/+$", "");
    this.clock = clock;
  }

  /** All connectors; of several who ask one after the other, one asks Connect. */
  Map<String, Observed> observe() throws BackendException {
    Looked before = looked;
    if (before != null && clock.instant().isBefore(before.at().plus(SHARED))) {
      return new TreeMap<>(before.observed());
    }
    Map<String, Observed> observed = look();
    looked = new Looked(observed, clock.instant());
    return new TreeMap<>(observed);
  }

  private Map<String, Observed> look() throws BackendException {
    JsonNode all = send("GET", "/connectors?expand=status&expand=info", null);
    Map<String, Observed> observed = new TreeMap<>();
    for (Map.Entry<String, JsonNode> entry : all.properties()) {
      Map<String, String> config = new TreeMap<>();
      entry
          .getValue()
          .at("/info/config")
          .properties()
          .forEach(e -> config.put(e.getKey(), e.getValue().asText()));
      JsonNode status = entry.getValue().path("status");
      List<String> tasks = new ArrayList<>();
      Optional<String> trace = trace(status.path("connector"));
      for (JsonNode task : status.path("tasks")) {
        tasks.add(task.path("state").asText());
        if (trace.isEmpty()) {
          trace = trace(task);
        }
      }
      observed.put(
          entry.getKey(),
          new Observed(
              config, status.at("/connector/state").asText("UNASSIGNED"), tasks, trace, status));
    }
    unlisted(observed);
    return observed;
  }

  /** Asks for those that were configured lately and are not listed: not in the list is not gone. */
  private void unlisted(Map<String, Observed> observed) throws BackendException {
    configured.values().removeIf(at -> clock.instant().isAfter(at.plus(LONGEST_PAUSE)));
    for (String name : List.copyOf(configured.keySet())) {
      if (!observed.containsKey(name)) {
        JsonNode there = send("GET", "/connectors/" + encode(name) + "/config", null, true);
        if (there != null) {
          Map<String, String> config = new TreeMap<>();
          there.properties().forEach(e -> config.put(e.getKey(), e.getValue().asText()));
          observed.put(
              name,
              new Observed(
                  config, "UNASSIGNED", List.of(), Optional.empty(), JSON.createObjectNode()));
        }
      }
    }
  }

  /** The innermost cause of a stack trace, which is what its reader looks for. */
  private static Optional<String> trace(JsonNode status) {
    String trace = status.path("trace").asText("");
    if (trace.isEmpty()) {
      return Optional.empty();
    }
    String best = trace.lines().findFirst().orElse("");
    for (String line : trace.lines().toList()) {
      if (line.startsWith("Caused by: ")) {
        best = line.substring("Caused by: ".length());
      }
    }
    return Optional.of(best.replaceFirst("^[\\w.$]+\\.(\\w+(?:Exception|Error)): ", "$1: "));
  }

  /** Has the connector be as wanted, given what is there. */
  StepResult apply(Connector wanted, String owner, boolean run, Map<String, Observed> all)
      throws BackendException {
    Map<String, String> config = new TreeMap<>(wanted.config());
    config.put("name", wanted.name());
    config.put(OWNER, owner);
    config.put(HASH, Diff.configHash(wanted.config()));
    Observed now = all.get(wanted.name());
    String path = "/connectors/" + encode(wanted.name());
    if (now == null || !now.config().equals(config)) {
      Refused before = refused.get(wanted.name());
      if (before != null
          && before.config().equals(config)
          && clock.instant().isBefore(before.notBefore())) {
        return before.result();
      }
      ObjectNode body = JSON.createObjectNode();
      config.forEach(body::put);
      try {
        send("PUT", path + "/config", body);
      } catch (BackendException e) {
        if (e.result() instanceof StepResult.Failed failed && failed.kind() == Failure.EXTERNAL) {
          refused.put(
              wanted.name(), new Refused(config, e.result(), clock.instant().plus(LONGEST_PAUSE)));
        }
        throw e;
      }
      refused.remove(wanted.name());
      configured.put(wanted.name(), clock.instant());
      restarts.remove(wanted.name());
      return StepResult.waiting("it was configured just now");
    }
    if (!run) {
      if (!now.state().equals("PAUSED") && !now.state().equals("STOPPED")) {
        send("PUT", path + "/pause", null);
      }
      return StepResult.waiting("it is paused");
    }
    return started(wanted.name(), now);
  }

  /** Has a connector run whose configuration is left as it is. */
  StepResult started(String name, Observed now) throws BackendException {
    String path = "/connectors/" + encode(name);
    if (now.state().equals("PAUSED") || now.state().equals("STOPPED")) {
      send("PUT", path + "/resume", null);
      return StepResult.waiting("it is resumed");
    }
    if (now.failed()) {
      return restart(name, path, now);
    }
    if (!now.running()) {
      return StepResult.waiting(
          now.tasks().isEmpty() ? "its tasks are being started" : "tasks are " + now.tasks());
    }
    forgetRestarts(name);
    return StepResult.READY;
  }

  private StepResult restart(String name, String path, Observed now) throws BackendException {
    Instant at = clock.instant();
    Restart before = restarts.get(name);
    if (before == null || at.isAfter(before.notBefore())) {
      int attempts = before == null ? 1 : before.attempts() + 1;
      send("POST", path + "/restart?includeTasks=true&onlyFailed=true", null);
      long pause =
          Math.min(LONGEST_PAUSE.toMillis(), FIRST_PAUSE.toMillis() << Math.min(attempts - 1, 10));
      restarts.put(
          name,
          new Restart(
              attempts, at.plusMillis(pause / 2 + ThreadLocalRandom.current().nextLong(pause))));
    }
    return StepResult.failed(
        Failure.EXTERNAL,
        now.trace().orElse("failed without saying why")
            + " (restarts: "
            + restarts.get(name).attempts()
            + ")");
  }

  /** A connector that has run for a while begins with short pauses again. */
  private void forgetRestarts(String name) {
    Restart before = restarts.get(name);
    if (before != null && clock.instant().isAfter(before.notBefore().plus(LONGEST_PAUSE))) {
      restarts.remove(name);
    }
  }

  void delete(String name) throws BackendException {
    send("DELETE", "/connectors/" + encode(name), null);
  }

  /**
   * Has a connector begin from the start when it runs next: Connect forgets offsets only of one
   * that is stopped.
   *
   * @return whether it has forgotten them; else it is stopping, and the next call may
   */
  boolean rewind(String name, Observed now) throws BackendException {
    if (!halt(name, now)) {
      return false;
    }
    send("DELETE", "/connectors/" + encode(name) + "/offsets", null);
    return true;
  }

  /** Has a connector stop, and says whether it has. */
  boolean halt(String name, Observed now) throws BackendException {
    if (!now.state().equals("STOPPED") || !now.tasks().isEmpty()) {
      send("PUT", "/connectors/" + encode(name) + "/stop", null);
      return false;
    }
    return true;
  }

  /** The offsets of a source connector: partition and offset of each of its sources. */
  JsonNode offsets(String name) throws BackendException {
    return send("GET", "/connectors/" + encode(name) + "/offsets", null).path("offsets");
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
    if (!method.equals("GET")) {
      looked = null;
    }
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
    String what = "Kafka Connect: " + method + " " + path;
    try {
      HttpResponse<String> response =
          http.send(request.build(), HttpResponse.BodyHandlers.ofString());
      int status = response.statusCode();
      if (status == 404 && mayBeNothing) {
        return null;
      }
      if (status / 100 != 2) {
        // 409: it is rebalancing. 404: the connector is not known everywhere yet.
        Failure kind =
            status == 409 || status == 404 || status >= 500 ? Failure.TRANSIENT : Failure.EXTERNAL;
        throw new BackendException(
            kind,
            what + ": " + status + " " + message(response.body()) + access.hint(status),
            null);
      }
      return response.body().isBlank() ? JSON.createObjectNode() : JSON.readTree(response.body());
    } catch (IOException e) {
      throw BackendException.transientFailure(what + ": no answer: " + access.why(e), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw BackendException.transientFailure(what + ": interrupted", e);
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
