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
 * dashboards and, by reference or within them, their Vega, Vega-Lite and Markdown visualizations.
 * What can not be drawn is in the result too, with the reason in words.
 */
public final class SavedObjects {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Map<String, JsonNode> objects = new HashMap<>();
  private final ArrayNode dashboards = JSON.createArrayNode();
  private final ArrayNode problems = JSON.createArrayNode();
  private final TreeSet<String> indices = new TreeSet<>();

  private SavedObjects() {}

  /** The dashboards to draw, and the index patterns that their searches name. */
  public record Dashboards(ArrayNode dashboards, ArrayNode problems, TreeSet<String> indices) {
    /** As the page gets them. */
    ObjectNode json() {
      ObjectNode json = JSON.createObjectNode();
      json.set("dashboards", dashboards);
      json.set("problems", problems);
      return json;
    }
  }

  /**
   * Reads an export.
   *
   * @param ndjson one saved object a line
   */
  public static Dashboards parse(String ndjson) {
    SavedObjects reading = new SavedObjects();
    String[] lines = ndjson.split("\n");
    for (int i = 0; i < lines.length; i++) {
      if (!lines[i].isBlank()) {
        try {
          JsonNode object = json(lines[i]);
          reading.objects.put(
              object.path("type").asText() + "/" + object.path("id").asText(), object);
        } catch (NotDrawn e) {
          reading.problems.add("line " + (i + 1) + ": " + e.getMessage());
        }
      }
    }
    reading.objects.values().stream()
        .filter(o -> o.path("type").asText().equals("dashboard"))
        .sorted((a, b) -> a.path("id").asText().compareTo(b.path("id").asText()))
        .forEach(reading::dashboard);
    return new Dashboards(reading.dashboards, reading.problems, reading.indices);
  }

  /** Something that is not drawn, with the reason for its reader. */
  private static final class NotDrawn extends Exception {
    private static final long serialVersionUID = 1L;

    NotDrawn(String message) {
      super(message);
    }
  }

  private void dashboard(JsonNode dashboard) {
    String id = dashboard.path("id").asText();
    JsonNode attributes = dashboard.path("attributes");
    ObjectNode drawn = dashboards.addObject();
    drawn.put("id", id);
    drawn.put("title", attributes.path("title").asText(id));
    drawn.put("description", attributes.path("description").asText());
    if (attributes.path("timeRestore").asBoolean()) {
      drawn.put("from", attributes.path("timeFrom").asText());
      drawn.put("to", attributes.path("timeTo").asText());
    }
    JsonNode refresh = attributes.path("refreshInterval");
    if (refresh.isObject()) {
      drawn.put("refreshMs", refresh.path("pause").asBoolean() ? 0 : refresh.path("value").asInt());
    }
    ArrayNode panels = drawn.putArray("panels");
    drawn.putArray("indices");
    try {
      context(attributes, drawn);
      Map<String, String> references = new HashMap<>();
      for (JsonNode reference : dashboard.path("references")) {
        references.put(
            reference.path("name").asText(),
            reference.path("type").asText() + "/" + reference.path("id").asText());
      }
      for (JsonNode panel : json(attributes.path("panelsJSON").asText("[]"))) {
        panels.add(panel(panel, references, drawn));
      }
    } catch (NotDrawn e) {
      problems.add("dashboard " + id + ": " + e.getMessage());
    }
  }

  /** The dashboard's own query and filters, which {@code %context%} adds to searches. */
  private static void context(JsonNode attributes, ObjectNode drawn) throws NotDrawn {
    JsonNode source = json(attributes.at("/kibanaSavedObjectMeta/searchSourceJSON").asText("{}"));
    drawn.set("query", source.path("query"));
    drawn.set("filters", source.path("filter"));
  }

  private ObjectNode panel(JsonNode panel, Map<String, String> references, ObjectNode dashboard) {
    ObjectNode out = JSON.createObjectNode();
    JsonNode grid = panel.path("gridData");
    out.put("id", panel.path("panelIndex").asText(grid.path("i").asText()));
    out.put("x", grid.path("x").asInt(0));
    out.put("y", grid.path("y").asInt(0));
    out.put("w", grid.path("w").asInt(24));
    out.put("h", grid.path("h").asInt(15));
    JsonNode embedded = panel.path("embeddableConfig");
    String own = panel.path("title").asText(embedded.path("title").asText());
    out.put("title", own);
    out.put("hideTitle", embedded.path("hidePanelTitles").asBoolean());
    try {
      JsonNode state = embedded.path("savedVis");
      if (state.isMissingNode()) {
        JsonNode attributes = visualization(panel, references).path("attributes");
        state = json(attributes.path("visState").asText("{}"));
        if (own.isEmpty()) {
          out.put("title", attributes.path("title").asText());
        }
        out.put("description", attributes.path("description").asText());
      }
      visual(state, out, dashboard);
    } catch (NotDrawn e) {
      out.put("type", "problem");
      out.put("problem", e.getMessage());
    }
    return out;
  }

  private JsonNode visualization(JsonNode panel, Map<String, String> references) throws NotDrawn {
    String name = panel.path("panelRefName").asText();
    String target =
        references.getOrDefault(
            panel.path("panelIndex").asText() + ":" + name, references.get(name));
    JsonNode found = target == null ? null : objects.get(target);
    if (found == null) {
      throw new NotDrawn("its reference '" + name + "' leads to no object in the file");
    }
    if (!found.path("type").asText().equals("visualization")) {
      throw new NotDrawn("a panel of type '" + found.path("type").asText() + "' is not drawn here");
    }
    return found;
  }

  private void visual(JsonNode state, ObjectNode out, ObjectNode dashboard) throws NotDrawn {
    String type = state.path("type").asText();
    out.put("type", type);
    switch (type) {
      case "vega" -> {
        JsonNode spec = json(state.at("/params/spec").asText());
        collectIndices(spec, dashboard);
        out.set("spec", spec);
      }
      case "markdown" -> out.put("markdown", state.at("/params/markdown").asText());
      default ->
          throw new NotDrawn(
              "a visualization of type '" + type + "' is not drawn here; vega and markdown are");
    }
  }

  private void collectIndices(JsonNode node, ObjectNode dashboard) {
    JsonNode index = node.at("/url/index");
    if (index.isTextual()) {
      indices.add(index.asText());
      if (!contains(dashboard.withArray("indices"), index.asText())) {
        dashboard.withArray("indices").add(index.asText());
      }
    }
    node.forEach(child -> collectIndices(child, dashboard));
  }

  private static boolean contains(ArrayNode array, String text) {
    for (JsonNode node : array) {
      if (node.asText().equals(text)) {
        return true;
      }
    }
    return false;
  }

  private static JsonNode json(String text) throws NotDrawn {
    try {
      return JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw new NotDrawn("not JSON: " + e.getOriginalMessage());
    }
  }
}
