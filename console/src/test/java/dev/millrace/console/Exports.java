package dev.millrace.console;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/** Writes an export of saved objects: one dashboard of panels by reference. */
final class Exports {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final String prefix;
  private final List<String> lines = new ArrayList<>();
  private final ArrayNode panels = JSON.createArrayNode();
  private final ArrayNode references = JSON.createArrayNode();

  /** An export whose objects have ids that begin so. */
  Exports(String prefix) {
    this.prefix = prefix;
  }

  /** A panel with a Vega-Lite spec, half a row wide. */
  Exports vega(String title, String spec) {
    return panel(title, "vega", "spec", spec);
  }

  Exports panel(String title, String type, String parameter, String value) {
    int n = panels.size();
    ObjectNode state = JSON.createObjectNode().put("type", type);
    state.putObject("params").put(parameter, value);
    ObjectNode visualization = JSON.createObjectNode();
    visualization.put("type", "visualization").put("id", prefix + n);
    visualization.putObject("attributes").put("title", title).put("visState", state.toString());
    lines.add(visualization.toString());
    ObjectNode panel = panels.addObject();
    panel.put("panelIndex", "" + n).put("panelRefName", "panel_" + n);
    panel.putObject("gridData").put("x", n % 2 * 24).put("y", n / 2 * 12).put("w", 24).put("h", 12);
    references
        .addObject()
        .put("name", n + ":panel_" + n)
        .put("type", "visualization")
        .put("id", prefix + n);
    return this;
  }

  String dashboard(String id, String title) throws JsonProcessingException {
    ObjectNode dashboard = JSON.createObjectNode();
    dashboard.put("type", "dashboard").put("id", id);
    ObjectNode attributes = dashboard.putObject("attributes");
    attributes.put("title", title).put("panelsJSON", panels.toString());
    ObjectNode source = JSON.createObjectNode();
    source.putArray("filter").addObject().putObject("query").putObject("term").put("kind", "view");
    attributes
        .putObject("kibanaSavedObjectMeta")
        .put("searchSourceJSON", JSON.writeValueAsString(source));
    dashboard.set("references", references);
    lines.add(dashboard.toString());
    return String.join("\n", lines);
  }
}
