package dev.millrace.console;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** Dashboards as nodes of a pipeline's graph, behind the sinks whose indices they read. */
public final class DashboardNodes {
  private DashboardNodes() {}

  /**
   * Adds the dashboards of one of the Pipeline's entries.
   *
   * @param graph with the sinks' nodes in it, each with its {@code index}
   * @param state of the entry, as it was observed
   */
  public static void add(
      ObjectNode graph, SavedObjects.Dashboards dashboards, String state, String message) {
    for (JsonNode dashboard : dashboards.dashboards()) {
      String id = "dashboard:" + dashboard.path("id").asText();
      ObjectNode node = graph.withArray("nodes").addObject();
      node.put("id", id);
      node.put("type", "dashboard");
      node.put("name", dashboard.path("title").asText());
      node.put("dashboard", dashboard.path("id").asText());
      node.put("kind", dashboard.path("panels").size() + " panels");
      node.put("state", state);
      node.put("message", message);
      for (JsonNode sink : graph.path("nodes")) {
        if (sink.path("type").asText().equals("sink")
            && reads(dashboard, sink.path("index").asText())) {
          ObjectNode edge = graph.withArray("edges").addObject();
          edge.put("from", sink.path("id").asText());
          edge.put("to", id);
          edge.put("role", "shows");
        }
      }
    }
  }

  private static boolean reads(JsonNode dashboard, String index) {
    for (JsonNode pattern : dashboard.path("indices")) {
      if (index.matches(pattern.asText().replace(".", "\\.").replace("*", ".*"))) {
        return true;
      }
    }
    return false;
  }
}
