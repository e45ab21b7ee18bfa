package dev.millrace.console;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.UncheckedIOException;
import java.net.URI;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** What a page is shown in tests: JSON texts by the path that asks for them. */
final class FixedData implements ConsoleData {
  private static final ObjectMapper JSON = new ObjectMapper();

  final Map<String, String> answers = new ConcurrentHashMap<>();
  final AtomicInteger asked = new AtomicInteger();
  private final SavedObjects.Dashboards dashboards;
  private final Set<String> indices;
  private volatile URI elasticsearch;

  FixedData(SavedObjects.Dashboards dashboards, Set<String> indices, URI elasticsearch) {
    this.dashboards = dashboards;
    this.indices = indices;
    this.elasticsearch = elasticsearch;
  }

  void elasticsearch(URI uri) {
    elasticsearch = uri;
  }

  private Optional<JsonNode> answer(String path) {
    String text = answers.get(path);
    try {
      return text == null ? Optional.empty() : Optional.of(JSON.readTree(text));
    } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  private JsonNode array(String path) {
    return answer(path).orElseGet(JSON::createArrayNode);
  }

  @Override
  public JsonNode status() {
    return answer("status").orElseGet(JSON::createObjectNode);
  }

  @Override
  public JsonNode graph() {
    return answer("graph").orElseGet(JSON::createObjectNode);
  }

  @Override
  public SavedObjects.Dashboards dashboards() {
    return dashboards;
  }

  @Override
  public Set<String> indices() {
    return indices;
  }

  @Override
  public Optional<URI> elasticsearch() {
    return Optional.ofNullable(elasticsearch);
  }

  @Override
  public Optional<JsonNode> component(String pipeline, String name) {
    return answer(pipeline + "/component/" + name);
  }

  @Override
  public Optional<JsonNode> stream(String pipeline, String name) {
    return answer(pipeline + "/stream/" + name);
  }

  @Override
  public Optional<JsonNode> lineage(String pipeline) {
    return answer(pipeline + "/lineage");
  }

  @Override
  public JsonNode connectors() {
    return array("connectors");
  }

  @Override
  public JsonNode jobs() {
    return array("jobs");
  }

  @Override
  public JsonNode topics() throws Unavailable {
    asked.incrementAndGet();
    return answer("topics").orElseThrow(() -> new Unavailable("Kafka does not answer", null));
  }

  @Override
  public Optional<JsonNode> records(String topic, int limit) {
    asked.incrementAndGet();
    return answer("records/" + topic);
  }

  @Override
  public Optional<JsonNode> log(String pipeline, String component, boolean whole) {
    return answer(pipeline + "/log/" + component);
  }
}
