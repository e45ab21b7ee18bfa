package dev.millrace.benchmark;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** Elasticsearch's API, as far as the operator uses it: templates, and no index yet. */
final class ElasticsearchStandIn extends StandIn {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Map<String, JsonNode> templates = new ConcurrentHashMap<>();

  ElasticsearchStandIn(Duration delay) throws IOException {
    super(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), delay);
  }

  @Override
  String kind(String method, String path) {
    return method;
  }

  @Override
  Answer answer(String method, String path, Optional<String> query, String body)
      throws IOException {
    if (path.startsWith("/_nodes")) {
      return Answer.ok("{\"nodes\":{\"n\":{\"version\":\"8.19.0\"}}}");
    }
    if (path.startsWith("/_index_template/")) {
      String name = path.substring("/_index_template/".length());
      if (method.equals("PUT")) {
        templates.put(name, JSON.readTree(body));
        return Answer.ok("{\"acknowledged\":true}");
      }
      JsonNode template = templates.get(name);
      if (template == null) {
        return new Answer(404, "{\"error\":{},\"status\":404}");
      }
      ObjectNode found = JSON.createObjectNode();
      found
          .putArray("index_templates")
          .addObject()
          .put("name", name)
          .set("index_template", template);
      return Answer.ok(found.toString());
    }
    return method.equals("GET") ? Answer.ok("{}") : Answer.ok("{\"acknowledged\":true}");
  }
}
