package dev.millrace.local.manifest;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.model.Names;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Reads the fields of a YAML mapping strictly: what is unknown, missing or of another type becomes
 * a problem with its path, and reading goes on, so that all problems are reported at once.
 */
public final class Fields {
  private final String file;
  private final String path;
  private final JsonNode node;
  private final List<String> problems;
  private final Set<String> asked = new TreeSet<>();

  /**
   * @param path of the mapping in its document, empty for the document
   * @param problems are added to these
   */
  public Fields(String file, String path, JsonNode node, List<String> problems) {
    this.file = file;
    this.path = path;
    this.node = node;
    this.problems = problems;
    if (!node.isObject()) {
      problem(path, "expected a mapping, found " + describe(node));
    }
  }

  /** The same mapping, its problems said of another place; nothing counts as asked for yet. */
  public Fields named(String place) {
    return new Fields(place, path, node, problems);
  }

  /** Notes a problem of a field. */
  public void problem(String at, String message) {
    problems.add(file + ": " + (at.isEmpty() ? "" : at + ": ") + message);
  }

  /** A field's path. */
  public String at(String field) {
    return path.isEmpty() ? field : path + "." + field;
  }

  /** Whether a field is there and not null. */
  public boolean has(String field) {
    asked.add(field);
    return node.hasNonNull(field);
  }

  /** A scalar. */
  public Optional<String> text(String field) {
    if (!has(field)) {
      return Optional.empty();
    }
    JsonNode value = node.get(field);
    if (!value.isValueNode()) {
      problem(at(field), "expected text, found " + describe(value));
      return Optional.empty();
    }
    return Optional.of(value.asText());
  }

  /** A scalar that must be there; empty, and a problem, if it is not. */
  public String required(String field) {
    Optional<String> value = text(field).filter(v -> !v.isBlank());
    if (value.isEmpty() && !node.hasNonNull(field)) {
      problem(at(field), "is missing");
    } else if (value.isEmpty() && node.get(field).isValueNode()) {
      problem(at(field), "is empty");
    }
    return value.orElse("");
  }

  /** A list of scalars. */
  public List<String> texts(String field) {
    List<String> values = new ArrayList<>();
    List<JsonNode> items = items(field);
    for (int i = 0; i < items.size(); i++) {
      if (items.get(i).isValueNode()) {
        values.add(items.get(i).asText());
      } else {
        problem(at(field) + "[" + i + "]", "expected text, found " + describe(items.get(i)));
      }
    }
    return values;
  }

  /** A list of mappings. */
  public List<Fields> mappings(String field) {
    List<Fields> values = new ArrayList<>();
    List<JsonNode> items = items(field);
    for (int i = 0; i < items.size(); i++) {
      values.add(new Fields(file, at(field) + "[" + i + "]", items.get(i), problems));
    }
    return values;
  }

  /** A mapping. */
  public Optional<Fields> mapping(String field) {
    return has(field)
        ? Optional.of(new Fields(file, at(field), node.get(field), problems))
        : Optional.empty();
  }

  private List<JsonNode> items(String field) {
    List<JsonNode> items = new ArrayList<>();
    if (has(field)) {
      JsonNode value = node.get(field);
      if (value.isArray()) {
        value.forEach(items::add);
      } else {
        problem(at(field), "expected a list, found " + describe(value));
      }
    }
    return items;
  }

  /** All names in the mapping, in its order, for one whose names are anybody's choice. */
  public List<String> names() {
    List<String> names = new ArrayList<>();
    node.fieldNames().forEachRemaining(names::add);
    return names;
  }

  /** What stands in a field, whatever it is; a missing node if nothing does. */
  public JsonNode value(String field) {
    asked.add(field);
    return node.path(field);
  }

  /** To be called last: whatever was not asked for is unknown. */
  public void noMore() {
    node.fieldNames()
        .forEachRemaining(
            name -> {
              if (!asked.contains(name)) {
                problem(
                    at(name),
                    "unknown field "
                        + Names.nearest(name, asked)
                            .map(near -> "(did you mean '" + near + "'?)")
                            .orElse("(known here: " + String.join(", ", asked) + ")"));
              }
            });
  }

  /** What a node is, in words. */
  public static String describe(JsonNode node) {
    if (node.isObject()) {
      return "a mapping";
    }
    if (node.isArray()) {
      return "a list";
    }
    return node.isNull() || node.isMissingNode() ? "nothing" : "'" + node.asText() + "'";
  }
}
