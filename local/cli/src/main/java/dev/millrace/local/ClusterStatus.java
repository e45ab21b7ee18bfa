package dev.millrace.local;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;

/** Pipelines of a cluster as the document that {@code status -o json} shows of a run. */
final class ClusterStatus {
  private static final ObjectMapper JSON = new ObjectMapper();

  private ClusterStatus() {}

  static ObjectNode document(String namespace, List<JsonNode> pipelines) {
    ObjectNode document = JSON.createObjectNode();
    document.put("namespace", namespace);
    document.putArray("pipelines");
    for (JsonNode pipeline : pipelines) {
      ObjectNode out = document.withArray("pipelines").addObject();
      JsonNode status = pipeline.path("status");
      out.put("name", pipeline.at("/metadata/name").asText());
      out.put("ready", ready(pipeline));
      out.set("conditions", array(status.path("conditions")));
      out.set("components", array(status.path("components")));
      ArrayNode problems = out.putArray("problems");
      if (!current(pipeline)) {
        problems.add("the operator has not seen its last edit yet");
      }
      for (JsonNode condition : status.path("conditions")) {
        if (condition.path("type").asText().equals("Accepted")
            && condition.path("status").asText().equals("False")) {
          condition.path("message").asText().lines().forEach(problems::add);
        }
      }
      consent(pipeline)
          .ifPresent(
              needs ->
                  problems.add(
                      "a change needs consent to "
                          + needs
                          + ": 'millrace plan' shows all of it; plan "
                          + status.at("/plan/hash").asText()));
    }
    return document;
  }

  /** Whether what its status says is about the Pipeline as it is now, and is that all is well. */
  static boolean ready(JsonNode pipeline) {
    for (JsonNode condition : pipeline.at("/status/conditions")) {
      if (condition.path("type").asText().equals("Ready")) {
        return current(pipeline) && condition.path("status").asText().equals("True");
      }
    }
    return false;
  }

  /** What it takes to agree to, if a change waits for that. */
  static Optional<String> consent(JsonNode pipeline) {
    return Optional.ofNullable(pipeline.at("/status/plan/needs").textValue());
  }

  private static boolean current(JsonNode pipeline) {
    return pipeline.at("/status/observedGeneration").asLong(-1)
        == pipeline.at("/metadata/generation").asLong();
  }

  private static JsonNode array(JsonNode node) {
    return node.isArray() ? node : JSON.createArrayNode();
  }
}
