package dev.millrace.console;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeSet;

/**
 * Kibana's saved objects (NDJSON, as its export writes them), as far as the page draws them:
 * dashboards and, by reference, their Vega-Lite visualizations.
 */
public final class SavedObjects {
  private static final ObjectMapper JSON = new ObjectMapper();

  private SavedObjects() {}

  /** The dashboards to draw, and the index patterns that their searches name. */
  public record Dashboards(ArrayNode dashboards, TreeSet<String> indices) {}

  /**
   * Reads an export.
   *
   * @param ndjson one saved object a line
   * @throws IllegalArgumentException naming the line, or the dashboard and panel, that can not be
   *     drawn
   */
  public static Dashboards parse(String ndjson) {
    Map<String, JsonNode> objects = new HashMap<>();
    ArrayNode dashboards = JSON.createArrayNode();
    TreeSet<String> indices = new TreeSet<>();
    String[] lines = ndjson.split("\n");
    for (int i = 0; i < lines.length; i++) {
      if (!lines[i].isBlank()) {
        JsonNode object = parse(lines[i], "line " + (i + 1));
        objects.put(object.path("type").asText() + "/" + object.path("id").asText(), object);
      }
    }
    objects.values().stream()
        .filter(o -> o.path("type").asText().equals("dashboard"))
        .sorted((a, b) -> a.path("id").asText().compareTo(b.path("id").asText()))
        .forEach(o -> dashboards.add(dashboard(o, objects, indices)));
    return new Dashboards(dashboards, indices);
  }

  private static ObjectNode dashboard(
      JsonNode dashboard, Map<String, JsonNode> objects, TreeSet<String> indices) {
    String id = dashboard.path("id").asText();
    ObjectNode drawn = JSON.createObjectNode();
    drawn.put("id", id);
    drawn.put("title", dashboard.at("/attributes/title").asText());
    ArrayNode panels = drawn.putArray("panels");
    Map<String, String> references = new HashMap<>();
    for (JsonNode reference : dashboard.path("references")) {
      references.put(
          reference.path("name").asText(),
          reference.path("type").asText() + "/" + reference.path("id").asText());
    }
    String panelsJson = dashboard.at("/attributes/panelsJSON").asText("[]");
    for (JsonNode panel : parse(panelsJson, "dashboard " + id + ": panelsJSON")) {
      String where = "dashboard " + id + ", panel " + panel.path("panelIndex").asText();
      String name = panel.path("panelRefName").asText();
      String target =
          references.getOrDefault(
              panel.path("panelIndex").asText() + ":" + name, references.get(name));
      JsonNode visualization = target == null ? null : objects.get(target);
      if (visualization == null) {
        throw new IllegalArgumentException(
            where + ": its reference '" + name + "' leads to no object in the file");
      }
      JsonNode state =
          parse(visualization.at("/attributes/visState").asText(), where + ": visState");
      if (!state.path("type").asText().equals("vega")) {
        throw new IllegalArgumentException(
            where + ": type '" + state.path("type").asText() + "' is not drawn here; only 'vega'");
      }
      JsonNode spec = parse(state.at("/params/spec").asText(), where + ": spec");
      collectIndices(spec, indices);
      ObjectNode out = panels.addObject();
      out.put("title", visualization.at("/attributes/title").asText());
      out.put("w", panel.at("/gridData/w").asInt(24));
      out.put("h", panel.at("/gridData/h").asInt(15));
      out.set("spec", spec);
    }
    return drawn;
  }

  private static void collectIndices(JsonNode node, TreeSet<String> indices) {
    JsonNode index = node.at("/url/index");
    if (index.isTextual()) {
      indices.add(index.asText());
    }
    node.forEach(child -> collectIndices(child, indices));
  }

  private static JsonNode parse(String text, String where) {
    try {
      return JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(where + ": not JSON: " + e.getOriginalMessage(), e);
    }
  }
}
