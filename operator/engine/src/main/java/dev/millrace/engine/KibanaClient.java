package dev.millrace.engine;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
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
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * The part of Kibana's HTTP API that saved objects need. Each call has a deadline; what it does not
 * do is a {@link BackendException}.
 *
 * @see <a href="https://www.elastic.co/guide/en/kibana/8.19/saved-objects-api.html">saved
 *     objects</a>, <a href="https://www.elastic.co/guide/en/kibana/8.19/spaces-api.html">spaces</a>
 */
final class KibanaClient {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration DEADLINE = Duration.ofSeconds(8);

  /** An import waits for the index to be refreshed. */
  private static final Duration IMPORT_DEADLINE = Duration.ofSeconds(20);

  private static final int PAGE = 1000;

  private final String url;

  /** The same for people: without user information. */
  private final String shown;

  private final Access access;
  private final HttpClient http;

  /** An object's type and id. */
  record Id(String type, String id) {
    static Id of(JsonNode node) {
      return new Id(node.path("type").asText(), node.path("id").asText());
    }
  }

  KibanaClient(String url, Access access) {
    this.url = url.replaceAll("/+$", "");
    this.shown = new Redactor(List.of()).redact(this.url);
    this.access = access;
    this.http = access.client();
  }

  /** A space's base URL. */
  String address(String space) {
    return shown + in(space);
  }

  /** Its version, such as 8.19.2; empty where it tells only those whom it knows. */
  Optional<String> version() throws BackendException {
    return Optional.ofNullable(
        send("GET", "/api/status", null, DEADLINE).at("/version/number").textValue());
  }

  /** Makes the space if it is not there. */
  void ensureSpace(String space) throws BackendException {
    if (space.equals("default")) {
      return; // It can not be missing.
    }
    String path = "/api/spaces/space/" + encode(space);
    Answer there = exchange("GET", path, null, DEADLINE);
    if (!there.missing()) {
      read("GET", path, there);
    } else {
      JsonNode body =
          JSON.createObjectNode()
              .put("id", space)
              .put("name", space)
              .put("description", "Made by Millrace");
      send("POST", "/api/spaces/space", json(body), DEADLINE);
    }
  }

  /** These objects, without those that are not there. */
  List<JsonNode> get(String space, Collection<Id> ids) throws BackendException {
    ArrayNode wanted = JSON.createArrayNode();
    ids.forEach(i -> wanted.addObject().put("type", i.type()).put("id", i.id()));
    JsonNode answer =
        send("POST", in(space) + "/api/saved_objects/_bulk_get", json(wanted), DEADLINE);
    List<JsonNode> found = new ArrayList<>();
    for (JsonNode object : answer.path("saved_objects")) {
      if (!object.has("error")) {
        found.add(object);
      } else if (object.at("/error/statusCode").asInt() != 404) {
        throw new BackendException(
            Failure.EXTERNAL,
            "Kibana: " + Id.of(object) + ": " + object.at("/error/message").asText(),
            null);
      }
    }
    return found;
  }

  /** All objects of these types, or of them those that refer to the tag. */
  List<JsonNode> find(String space, Collection<String> types, Optional<String> tag)
      throws BackendException {
    String query =
        types.stream().map(t -> "type=" + encode(t)).collect(Collectors.joining("&"))
            + "&per_page="
            + PAGE
            + tag.map(
                    t ->
                        "&has_reference="
                            + encode(
                                JSON.createObjectNode().put("type", "tag").put("id", t).toString()))
                .orElse("");
    List<JsonNode> found = new ArrayList<>();
    for (int page = 1; ; page++) {
      JsonNode answer =
          send(
              "GET",
              in(space) + "/api/saved_objects/_find?" + query + "&page=" + page,
              null,
              DEADLINE);
      answer.path("saved_objects").forEach(found::add);
      if (answer.path("saved_objects").size() < PAGE) {
        return found;
      }
    }
  }

  /** Deletes an object, which may be gone already. */
  void delete(String space, Id id) throws BackendException {
    String path = in(space) + "/api/saved_objects/" + encode(id.type()) + "/" + encode(id.id());
    Answer answer = exchange("DELETE", path, null, DEADLINE);
    if (!answer.missing()) {
      read("DELETE", path, answer);
    }
  }

  /** Imports objects over those that are there; the answer says what came of each. */
  JsonNode importObjects(String space, List<JsonNode> objects) throws BackendException {
    String boundary = "millrace-" + UUID.randomUUID();
    String file = objects.stream().map(o -> o + "\n").collect(Collectors.joining());
    String body =
        "--%1$s\r\nContent-Disposition: form-data; name=\"file\"; filename=\"millrace.ndjson\"\r\nContent-Type: application/ndjson\r\n\r\n%2$s\r\n--%1$s--\r\n"
            .formatted(boundary, file);
    return send(
        "POST",
        in(space) + "/api/saved_objects/_import?overwrite=true",
        new Body("multipart/form-data; boundary=" + boundary, body),
        IMPORT_DEADLINE);
  }

  private record Body(String type, String text) {}

  private static Body json(JsonNode node) {
    return new Body("application/json", node.toString());
  }

  private static String in(String space) {
    return space.equals("default") ? "" : "/s/" + encode(space);
  }

  private static String encode(String name) {
    return URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20");
  }

  /** An answer of Kibana, as it came. */
  private record Answer(int status, String body) {
    boolean missing() {
      return status == 404;
    }
  }

  private JsonNode send(String method, String path, Body body, Duration deadline)
      throws BackendException {
    return read(method, path, exchange(method, path, body, deadline));
  }

  private Answer exchange(String method, String path, Body body, Duration deadline)
      throws BackendException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(url + path))
            .timeout(deadline)
            .header("Accept", "application/json")
            // Without it Kibana takes a request for one that a browser was tricked into.
            .header("kbn-xsrf", "true")
            .method(
                method,
                body == null
                    ? HttpRequest.BodyPublishers.noBody()
                    : HttpRequest.BodyPublishers.ofString(body.text()));
    if (body != null) {
      request.header("Content-Type", body.type());
    }
    access.sign(request);
    String what = what(method, path);
    try {
      HttpResponse<String> response =
          http.send(request.build(), HttpResponse.BodyHandlers.ofString());
      return new Answer(response.statusCode(), response.body());
    } catch (IOException e) {
      throw BackendException.transientFailure(
          what + ": no answer from " + shown + ": " + access.why(e), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw BackendException.transientFailure(what + ": interrupted", e);
    }
  }

  private JsonNode read(String method, String path, Answer answer) throws BackendException {
    String what = what(method, path) + ": ";
    int status = answer.status();
    if (status == 401 || status == 403) {
      throw new BackendException(
          Failure.EXTERNAL,
          what + status + " " + message(answer.body()) + access.hint(status),
          null);
    }
    if (status / 100 != 2) {
      throw new BackendException(
          status == 429 || status >= 500 ? Failure.TRANSIENT : Failure.EXTERNAL,
          what + status + " " + message(answer.body()),
          null);
    }
    try {
      return answer.body().isBlank() ? JSON.createObjectNode() : JSON.readTree(answer.body());
    } catch (JsonProcessingException e) {
      throw new BackendException(
          Failure.EXTERNAL, what + "the answer is no JSON; is " + shown + " a Kibana?", e);
    }
  }

  private static String what(String method, String path) {
    return "Kibana: " + method + " " + path.replaceFirst("\\?.*", "");
  }

  private static String message(String body) {
    try {
      return JSON.readTree(body).path("message").asText(body).strip();
    } catch (JsonProcessingException e) {
      // A page of something in between, or of a Kibana that is starting.
      return body.strip().lines().findFirst().orElse("").replaceAll("(?<=.{200}).*", "");
    }
  }
}
