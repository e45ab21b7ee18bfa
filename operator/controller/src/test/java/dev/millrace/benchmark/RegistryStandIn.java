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
import java.util.concurrent.atomic.AtomicInteger;

/** The schema registry's API, as far as the operator uses it: one version of each subject. */
final class RegistryStandIn extends StandIn {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final AtomicInteger ids = new AtomicInteger();
  private final Map<String, Integer> bySchema = new ConcurrentHashMap<>();
  private final Map<String, ObjectNode> latest = new ConcurrentHashMap<>();
  private final Map<String, String> levels = new ConcurrentHashMap<>();

  RegistryStandIn(Duration delay) throws IOException {
    super(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), delay);
  }

  @Override
  String kind(String method, String path) {
    return method;
  }

  @Override
  Answer answer(String method, String path, Optional<String> query, String body)
      throws IOException {
    String[] parts = path.split("/");
    if (parts[1].equals("config")) {
      if (parts.length == 2) {
        return Answer.ok("{\"compatibilityLevel\":\"BACKWARD\"}");
      }
      if (method.equals("PUT")) {
        levels.put(parts[2], JSON.readTree(body).path("compatibility").asText());
        return Answer.ok(body);
      }
      return levels.containsKey(parts[2])
          ? Answer.ok("{\"compatibilityLevel\":\"" + levels.get(parts[2]) + "\"}")
          : Answer.missing();
    }
    if (parts[1].equals("compatibility")) {
      return Answer.ok("{\"is_compatible\":true}");
    }
    String subject = parts[2];
    if (method.equals("POST")) {
      JsonNode schema = JSON.readTree(body).path("schema");
      int id = bySchema.computeIfAbsent(schema.asText(), s -> ids.incrementAndGet());
      ObjectNode version = JSON.createObjectNode().put("subject", subject);
      version.put("version", 1).put("id", id).set("schema", schema);
      latest.put(subject, version);
      return Answer.ok("{\"id\":" + id + "}");
    }
    return latest.containsKey(subject)
        ? Answer.ok(latest.get(subject).toString())
        : Answer.missing();
  }
}
