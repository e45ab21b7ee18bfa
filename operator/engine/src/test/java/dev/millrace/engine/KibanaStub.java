package dev.millrace.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Stands in for Kibana, which no package registry has: the part of its HTTP API that is used here,
 * with its refusals, as its documentation and sources (8.8 to 8.19) have them. Ids are unique over
 * all spaces, as they are there.
 */
final class KibanaStub implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern PATH = Pattern.compile("(?:/s/([^/]+))?(/api/.*)");

  /** Newest version of each type that this Kibana knows. */
  private static final Map<String, String> KNOWN =
      Map.of(
          "dashboard", "8.9.0",
          "visualization", "8.5.0",
          "index-pattern", "8.0.0",
          "search", "8.0.0",
          "tag", "8.0.0");

  private static final Set<String> DASHBOARD =
      Set.of(
          "title",
          "description",
          "version",
          "hits",
          "timeRestore",
          "timeFrom",
          "timeTo",
          "refreshInterval",
          "controlGroupInput",
          "optionsJSON",
          "panelsJSON",
          "kibanaSavedObjectMeta");

  private final HttpServer server;
  private final Map<String, ObjectNode> objects = new LinkedHashMap<>();
  private final Set<String> spaces = new TreeSet<>(Set.of("default"));
  private long sequence;

  /** Every request: method and path, without the query. */
  final List<String> requests = new CopyOnWriteArrayList<>();

  volatile String version = "8.19.2";
  volatile boolean starting;
  volatile Optional<String> authorization = Optional.empty();

  KibanaStub(int port) throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
    server.createContext("/", this::handle);
    server.start();
  }

  int port() {
    return server.getAddress().getPort();
  }

  String url() {
    return "http://127.0.0.1:" + port();
  }

  @Override
  public void close() {
    server.stop(0);
  }

  /** Requests that change something. */
  List<String> writes() {
    return requests.stream().filter(r -> !r.startsWith("GET") && !r.endsWith("_bulk_get")).toList();
  }

  synchronized Set<String> spaces() {
    return Set.copyOf(spaces);
  }

  /** Ids of all objects of a type, in any space. */
  synchronized Set<String> ids(String type) {
    Set<String> ids = new TreeSet<>();
    objects.values().stream()
        .filter(o -> o.path("type").asText().equals(type))
        .forEach(o -> ids.add(o.path("id").asText()));
    return ids;
  }

  synchronized ObjectNode object(String type, String id) {
    return objects.get(type + ":" + id);
  }

  /** Somebody makes or edits an object. */
  synchronized void save(String space, JsonNode object) {
    ObjectNode copy = object.deepCopy();
    copy.putArray("namespaces").add(space);
    sequence++;
    copy.put(
        "version",
        Base64.getEncoder()
            .encodeToString(("[" + sequence + ",1]").getBytes(StandardCharsets.UTF_8)));
    copy.put("updated_at", "2026-01-01T00:00:00.000Z");
    objects.put(key(copy), copy);
  }

  /** Somebody deletes one. */
  synchronized void forget(String type, String id) {
    objects.remove(type + ":" + id);
  }

  private static String key(JsonNode object) {
    return object.path("type").asText() + ":" + object.path("id").asText();
  }

  // ---- requests

  private record Answer(int status, JsonNode body) {}

  private static Answer error(int status, String name, String message) {
    return new Answer(
        status,
        JSON.createObjectNode()
            .put("statusCode", status)
            .put("error", name)
            .put("message", message));
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      String method = exchange.getRequestMethod();
      requests.add(method + " " + exchange.getRequestURI().getPath());
      String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
      if (starting) {
        send(exchange, 503, "text/plain", "Kibana server is not ready yet");
        return;
      }
      Answer answer;
      try {
        answer = answer(exchange, method, body);
      } catch (RuntimeException e) {
        answer = error(500, "Internal Server Error", e.toString());
      }
      send(exchange, answer.status(), "application/json", answer.body().toString());
    }
  }

  private static void send(HttpExchange exchange, int status, String type, String text)
      throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", type);
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  private synchronized Answer answer(HttpExchange exchange, String method, String body)
      throws IOException {
    String sent = exchange.getRequestHeaders().getFirst("Authorization");
    if (authorization.isPresent() && !authorization.get().equals(sent)) {
      return error(401, "Unauthorized", "[security_exception] unable to authenticate");
    }
    if (!method.equals("GET") && exchange.getRequestHeaders().getFirst("kbn-xsrf") == null) {
      return error(400, "Bad Request", "Request must contain a kbn-xsrf header.");
    }
    Matcher path = PATH.matcher(exchange.getRequestURI().getRawPath());
    if (!path.matches()) {
      return error(404, "Not Found", "Not Found");
    }
    String space = path.group(1) == null ? "default" : path.group(1);
    String rest = path.group(2);
    if (rest.equals("/api/status")) {
      ObjectNode status = JSON.createObjectNode();
      status.putObject("version").put("number", version);
      return new Answer(200, status);
    }
    if (rest.startsWith("/api/spaces/space")) {
      return space(method, rest, body);
    }
    String query = exchange.getRequestURI().getRawQuery();
    return switch (rest) {
      case "/api/saved_objects/_bulk_get" -> bulkGet(space, JSON.readTree(body));
      case "/api/saved_objects/_find" -> find(space, query);
      case "/api/saved_objects/_import" ->
          upload(space, query, exchange.getRequestHeaders().getFirst("Content-Type"), body);
      default -> delete(space, rest);
    };
  }

  private Answer space(String method, String path, String body) throws IOException {
    if (method.equals("POST")) {
      JsonNode space = JSON.readTree(body);
      return spaces.add(space.path("id").asText())
          ? new Answer(200, space)
          : error(409, "Conflict", "A space with the identifier already exists.");
    }
    String id = path.substring("/api/spaces/space/".length());
    return spaces.contains(id)
        ? new Answer(200, JSON.createObjectNode().put("id", id))
        : error(404, "Not Found", "Not Found");
  }

  private Optional<ObjectNode> in(String space, String key) {
    return Optional.ofNullable(objects.get(key))
        .filter(o -> o.path("namespaces").get(0).asText().equals(space));
  }

  private Answer bulkGet(String space, JsonNode wanted) {
    ObjectNode answer = JSON.createObjectNode();
    for (JsonNode one : wanted) {
      Optional<ObjectNode> found = in(space, key(one));
      if (found.isPresent()) {
        answer.withArray("saved_objects").add(found.get());
      } else {
        ObjectNode missing = answer.withArray("saved_objects").addObject();
        missing.put("id", one.path("id").asText()).put("type", one.path("type").asText());
        missing
            .putObject("error")
            .put("statusCode", 404)
            .put("error", "Not Found")
            .put("message", "Saved object [" + key(one).replace(':', '/') + "] not found");
      }
    }
    return new Answer(200, answer);
  }

  private Answer find(String space, String query) throws IOException {
    Set<String> types = new HashSet<>();
    JsonNode reference = null;
    int page = 1;
    int perPage = 20;
    for (String pair : query.split("&")) {
      String value =
          URLDecoder.decode(pair.substring(pair.indexOf('=') + 1), StandardCharsets.UTF_8);
      switch (pair.substring(0, pair.indexOf('='))) {
        case "type" -> types.add(value);
        case "has_reference" -> reference = JSON.readTree(value);
        case "page" -> page = Integer.parseInt(value);
        case "per_page" -> perPage = Integer.parseInt(value);
        default -> {
          return error(400, "Bad Request", "[request query." + pair + "]: definition missing");
        }
      }
    }
    ArrayNode found = JSON.createArrayNode();
    for (ObjectNode object : objects.values()) {
      if (types.contains(object.path("type").asText())
          && in(space, key(object)).isPresent()
          && (reference == null || refersTo(object, reference))) {
        found.add(object);
      }
    }
    ObjectNode answer = JSON.createObjectNode().put("page", page).put("total", found.size());
    ArrayNode shown = answer.putArray("saved_objects");
    for (int i = (page - 1) * perPage; i < Math.min(found.size(), page * perPage); i++) {
      shown.add(found.get(i));
    }
    return new Answer(200, answer);
  }

  private static boolean refersTo(JsonNode object, JsonNode to) {
    for (JsonNode reference : object.path("references")) {
      if (key(reference).equals(key(to))) {
        return true;
      }
    }
    return false;
  }

  private Answer delete(String space, String path) {
    String[] parts = path.substring("/api/saved_objects/".length()).split("/");
    String key = parts[0] + ":" + URLDecoder.decode(parts[1], StandardCharsets.UTF_8);
    if (in(space, key).isEmpty()) {
      return error(404, "Not Found", "Saved object [" + key.replace(':', '/') + "] not found");
    }
    objects.remove(key);
    return new Answer(200, JSON.createObjectNode());
  }

  // ---- import

  private Answer upload(String space, String query, String contentType, String body)
      throws IOException {
    if (!contentType.startsWith("multipart/form-data")) {
      return error(415, "Unsupported Media Type", "Unsupported Media Type");
    }
    if (!"overwrite=true".equals(query)) {
      return error(400, "Bad Request", "only overwriting is spoken here");
    }
    String boundary = contentType.replaceFirst(".*boundary=", "");
    Matcher part =
        Pattern.compile(
                "--"
                    + Pattern.quote(boundary)
                    + "\r\n(.*?)\r\n\r\n(.*)\r\n--"
                    + Pattern.quote(boundary)
                    + "--\r\n",
                Pattern.DOTALL)
            .matcher(body);
    if (!part.matches() || !part.group(1).contains("name=\"file\"")) {
      return error(400, "Bad Request", "[request body.file]: expected value of type [Stream]");
    }
    Matcher file = Pattern.compile("filename=\"[^\"]*?(\\.\\w+)?\"").matcher(part.group(1));
    if (!file.find() || !".ndjson".equals(file.group(1))) {
      return error(400, "Bad Request", "Invalid file extension " + file.group(1));
    }
    List<ObjectNode> sent = new ArrayList<>();
    for (String line : part.group(2).split("\n")) {
      sent.add((ObjectNode) JSON.readTree(line));
    }
    return imported(space, sent);
  }

  private Answer imported(String space, List<ObjectNode> sent) {
    Set<String> keys = new HashSet<>();
    for (ObjectNode object : sent) {
      if (!keys.add(key(object))) {
        return error(
            400, "Bad Request", "Non-unique import objects detected: [" + key(object) + "]");
      }
    }
    ArrayNode errors = JSON.createArrayNode();
    Set<String> failed = new HashSet<>();
    boolean resolvable = false;
    for (ObjectNode object : sent) {
      if (!KNOWN.containsKey(object.path("type").asText())) {
        failure(errors, failed, object, "unsupported_type");
        continue;
      }
      ArrayNode missing = JSON.createArrayNode();
      for (JsonNode reference : object.path("references")) {
        // Kibana looks at the references to these types only.
        if (Set.of("index-pattern", "search").contains(reference.path("type").asText())
            && !keys.contains(key(reference))
            && in(space, key(reference)).isEmpty()) {
          missing.add(reference);
        }
      }
      if (!missing.isEmpty()) {
        failure(errors, failed, object, "missing_references").set("references", missing);
        resolvable = true;
      }
    }
    ArrayNode taken = JSON.createArrayNode();
    if (!resolvable) {
      for (ObjectNode object : sent) {
        if (failed.contains(key(object))) {
          continue;
        }
        String last = KNOWN.get(object.path("type").asText());
        String declared = object.path("typeMigrationVersion").asText("0.0.0");
        if (number(declared) > number(last)) {
          return error(
              422,
              "Unprocessable Entity",
              "Document \""
                  + object.path("id").asText()
                  + "\" belongs to a more recent version of Kibana ["
                  + declared
                  + "] when the last known version is ["
                  + last
                  + "].");
        }
        create(space, object, errors, failed, taken);
      }
    }
    ObjectNode answer =
        JSON.createObjectNode().put("successCount", taken.size()).put("success", errors.isEmpty());
    answer.set("successResults", taken);
    answer.set("errors", errors);
    return new Answer(200, answer);
  }

  private static long number(String version) {
    long number = 0;
    for (String part : version.split("\\.")) {
      number = number * 1000 + Integer.parseInt(part);
    }
    return number;
  }

  private void create(
      String space, ObjectNode object, ArrayNode errors, Set<String> failed, ArrayNode taken) {
    if (object.path("type").asText().equals("dashboard")) {
      for (String name : (Iterable<String>) () -> object.path("attributes").fieldNames()) {
        if (!DASHBOARD.contains(name)) {
          failure(errors, failed, object, "unknown")
              .put("message", "[attributes." + name + "]: definition for this key is missing")
              .put("statusCode", 400);
          return;
        }
      }
    }
    ObjectNode result =
        taken
            .addObject()
            .put("type", object.path("type").asText())
            .put("id", object.path("id").asText());
    ObjectNode made = object;
    if (objects.containsKey(key(object)) && in(space, key(object)).isEmpty()) {
      made = object.deepCopy().put("id", UUID.randomUUID().toString());
      result.put("destinationId", made.path("id").asText());
    }
    save(space, made);
  }

  private static ObjectNode failure(
      ArrayNode errors, Set<String> failed, ObjectNode object, String type) {
    failed.add(key(object));
    ObjectNode failure = errors.addObject();
    failure.put("id", object.path("id").asText()).put("type", object.path("type").asText());
    failure.putObject("meta").put("title", object.at("/attributes/title").asText());
    return failure.putObject("error").put("type", type);
  }
}
