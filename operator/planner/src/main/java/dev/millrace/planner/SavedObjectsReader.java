package dev.millrace.planner;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.Names;
import dev.millrace.model.Problem;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Reads exports of Kibana's saved objects and says what Kibana would refuse, or would take and then
 * not draw, with line, object and field.
 */
final class SavedObjectsReader {
  private static final ObjectReader STRICT =
      Schemas.JSON.reader().with(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
  private static final int LONGEST_ID = 200;

  /** An object and where it stands. */
  private record Located(ObjectNode object, String where) {
    String type() {
      return object.path("type").asText();
    }

    String named() {
      return type() + " '" + object.path("id").asText() + "'";
    }
  }

  private final String path;
  private final Set<String> indices;
  private final List<Problem> problems = new ArrayList<>();
  private final List<Problem> warnings = new ArrayList<>();
  private final Map<String, Located> objects = new LinkedHashMap<>();

  /**
   * A reader of one ConfigMap's files.
   *
   * @param path of the field that names the ConfigMap
   * @param indices of the pipeline's sinks
   */
  SavedObjectsReader(String path, Set<String> indices) {
    this.path = path;
    this.indices = indices;
  }

  List<Problem> problems() {
    return problems;
  }

  List<Problem> warnings() {
    return warnings;
  }

  /** What is to be imported, in the order of the files. */
  List<ObjectNode> objects() {
    return objects.values().stream().map(Located::object).toList();
  }

  /** Reads one file; references are looked at in {@link #check}, when all are read. */
  void read(String file, String ndjson) {
    String[] lines = ndjson.split("\n", -1);
    for (int i = 0; i < lines.length; i++) {
      String where = "'" + file + "', line " + (i + 1);
      if (!lines[i].isBlank()) {
        parse(lines[i], where).ifPresent(node -> object(node, where));
      }
    }
  }

  private Optional<JsonNode> parse(String text, String where) {
    try {
      return Optional.of(STRICT.readTree(text));
    } catch (JsonProcessingException e) {
      problem(where + ": is not JSON: " + said(e));
      return Optional.empty();
    }
  }

  /** What the parser says, without what it says of itself. */
  private static String said(JsonProcessingException e) {
    String message = e.getOriginalMessage().lines().findFirst().orElse("");
    if (message.startsWith("Trailing token")) {
      message = "something follows the value";
    }
    String place = "";
    if (e.getLocation() != null) {
      int line = e.getLocation().getLineNr();
      place = (line > 1 ? "line " + line + ", " : "") + "column " + e.getLocation().getColumnNr();
    }
    return message.replaceFirst(" \\(start marker at.*", "") + " (" + place + ")";
  }

  private void problem(String message) {
    problems.add(Problem.of(path, message));
  }

  private void problem(String message, String found, Set<String> known) {
    problems.add(new Problem(path, message, Names.nearest(found, new TreeSet<>(known))));
  }

  private void object(JsonNode node, String where) {
    if (node.has("exportedCount")) {
      return; // The last line of an export: how many there are.
    }
    String type = node.path("type").asText("");
    String id = node.path("id").asText("");
    if (!node.isObject() || type.isEmpty() || id.isEmpty()) {
      problem(where + ": is no saved object: type and id are missing");
      return;
    }
    Located located = new Located(((ObjectNode) node).remove(SavedObjectTypes.BOOKKEEPING), where);
    String at = where + ", " + located.named();
    if (!SavedObjectTypes.TYPES.contains(type)) {
      problem(
          where
              + ": type '"
              + type
              + "': expected one of "
              + String.join(", ", SavedObjectTypes.TYPES),
          type,
          SavedObjectTypes.TYPES);
      return;
    }
    if (id.length() > LONGEST_ID) {
      problem(at + ": its id has " + id.length() + " characters, more than " + LONGEST_ID);
    }
    unknown(at, "", node, SavedObjectTypes.TAKEN);
    if (!node.path("attributes").isObject()) {
      problem(at + ": attributes are missing");
      return;
    }
    Located other = objects.putIfAbsent(type + "/" + id, located);
    if (other != null && !other.object().equals(located.object())) {
      problem(at + ": is there already, and differs, at " + other.where());
    }
    if (SavedObjectTypes.UNCHECKED.contains(type)) {
      warn(at + ": goes to Kibana as it is; nothing checks it, and the console does not draw it");
    } else {
      unknown(at, "attributes.", node.path("attributes"), SavedObjectTypes.ATTRIBUTES.get(type));
    }
  }

  private void unknown(String at, String prefix, JsonNode node, Set<String> known) {
    node.fieldNames()
        .forEachRemaining(
            name -> {
              if (!known.contains(name)) {
                problem(
                    at + ": " + prefix + name + ": unknown; Kibana would refuse it", name, known);
              }
            });
  }

  private void warn(String message) {
    warnings.add(Problem.of(path, message));
  }

  /** What can be said once all objects are known. */
  void check() {
    if (problems.isEmpty()
        && objects.values().stream().noneMatch(o -> o.type().equals("dashboard"))) {
      problem("there is no dashboard in it");
    }
    for (Located located : objects.values()) {
      String at = located.where() + ", " + located.named();
      references(at, located.object());
      Map<String, JsonNode> texts = texts(at, located.object().path("attributes"));
      switch (located.type()) {
        case "dashboard" -> panels(at, located.object(), texts.get("panelsJSON"));
        case "visualization" -> visualization(at + ": attributes.visState", texts.get("visState"));
        case "index-pattern" ->
            indices(at + ": attributes.title", located.object().at("/attributes/title").asText());
        default -> {
          // Not known well enough.
        }
      }
    }
  }

  private void references(String at, ObjectNode object) {
    Set<String> names = new HashSet<>();
    for (JsonNode reference : object.path("references")) {
      String name = reference.path("name").asText("");
      String target = reference.path("type").asText() + "/" + reference.path("id").asText();
      if (!reference.isObject() || name.isEmpty()) {
        problem(at + ": references: one has no name");
      } else if (!names.add(name)) {
        problem(at + ": references: '" + name + "' is there twice");
      }
      if (!objects.containsKey(target)) {
        problem(
            at + ": references: '" + name + "' leads to " + target + ", which is not in the files",
            target,
            objects.keySet());
      }
    }
  }

  /** The attributes that are JSON in a text, as far as they are. */
  private Map<String, JsonNode> texts(String at, JsonNode attributes) {
    Map<String, JsonNode> read = new HashMap<>();
    for (String name : new TreeSet<>(SavedObjectTypes.JSON_TEXTS)) {
      if (attributes.path(name).isTextual()) {
        parse(attributes.path(name).asText(), at + ": attributes." + name)
            .ifPresent(node -> read.put(name, node));
      }
    }
    JsonNode source = attributes.at("/kibanaSavedObjectMeta/searchSourceJSON");
    if (source.isTextual()) {
      parse(source.asText(), at + ": attributes.kibanaSavedObjectMeta.searchSourceJSON");
    }
    return read;
  }

  private void panels(String at, ObjectNode dashboard, JsonNode panels) {
    if (panels == null || !panels.isArray()) {
      if (!dashboard.at("/attributes/panelsJSON").isTextual()) {
        problem(at + ": attributes.panelsJSON: is missing");
      } else if (panels != null) {
        problem(at + ": attributes.panelsJSON: is no list");
      }
      return;
    }
    Set<String> names = new TreeSet<>();
    dashboard.path("references").forEach(r -> names.add(r.path("name").asText()));
    for (JsonNode panel : panels) {
      String index = panel.path("panelIndex").asText("");
      String where = at + ": attributes.panelsJSON, panel '" + index + "'";
      String name = panel.path("panelRefName").asText("");
      if (index.isEmpty() || !panel.path("gridData").isObject()) {
        problem(where + ": panelIndex or gridData is missing");
      }
      if (!name.isEmpty() && !names.contains(name) && !names.contains(index + ":" + name)) {
        problem(where + ": panelRefName '" + name + "' is not in references", name, names);
      } else if (name.isEmpty() && panel.at("/embeddableConfig/savedVis").isObject()) {
        visualization(
            where + ": embeddableConfig.savedVis", panel.at("/embeddableConfig/savedVis"));
      } else if (name.isEmpty()) {
        warn(where + ": refers to no visualization and is none; the console does not draw it");
      }
    }
  }

  private void visualization(String at, JsonNode state) {
    if (state == null) {
      return;
    }
    String type = state.path("type").asText("");
    if (!type.equals("vega")) {
      if (!type.equals("markdown")) {
        warn(at + ": is of type '" + type + "'; the console draws 'vega' and 'markdown'");
      }
      return;
    }
    String where = at + ".params.spec";
    JsonNode spec = state.at("/params/spec");
    if (!spec.isTextual()) {
      problem(where + ": is missing");
      return;
    }
    // Kibana reads HJSON too; the console, and whoever edits it next, strict JSON only.
    parse(spec.asText(), where).ifPresent(s -> searches(where, s));
  }

  private void searches(String at, JsonNode spec) {
    JsonNode url = spec.path("url");
    if (url.isObject()) {
      if (url.path("body").has("query") && (url.has("%timefield%") || url.has("%context%"))) {
        problem(
            at + ": body.query does not go with %timefield% or %context%; take one of them out");
      }
      if (url.has("index")) {
        indices(at + ": url.index", url.path("index").asText());
      }
    }
    spec.forEach(child -> searches(at, child));
  }

  private void indices(String at, String patterns) {
    for (String pattern : patterns.split(",")) {
      if (Dashboards.matching(pattern.strip(), indices).isEmpty()) {
        warnings.add(
            new Problem(
                path,
                at
                    + ": '"
                    + pattern.strip()
                    + "' is no index of a sink of this pipeline; there "
                    + (indices.isEmpty() ? "is none" : "are " + String.join(", ", indices)),
                Names.nearest(pattern.strip(), indices)));
      }
    }
  }
}
