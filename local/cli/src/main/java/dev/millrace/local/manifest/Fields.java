package dev.millrace.local.manifest;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Reads the fields of a YAML mapping strictly: what is unknown, missing or of another type becomes
 * a problem with its path, and reading goes on, so that all problems are reported at once.
 */
final class Fields {
  private final String file;
  private final String path;
  private final JsonNode node;
  private final List<String> problems;
  private final Set<String> asked = new TreeSet<>();

  Fields(String file, String path, JsonNode node, List<String> problems) {
    this.file = file;
    this.path = path;
    this.node = node;
    this.problems = problems;
    if (!node.isObject()) {
      problem(path, "expected a mapping, found " + describe(node));
    }
  }

  void problem(String at, String message) {
    problems.add(file + ": " + (at.isEmpty() ? "" : at + ": ") + message);
  }

  String at(String field) {
    return path.isEmpty() ? field : path + "." + field;
  }

  boolean has(String field) {
    asked.add(field);
    return node.hasNonNull(field);
  }

  Optional<String> text(String field) {
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

  String required(String field) {
    Optional<String> value = text(field).filter(v -> !v.isBlank());
    if (value.isEmpty() && !node.hasNonNull(field)) {
      problem(at(field), "is missing");
    } else if (value.isEmpty() && node.get(field).isValueNode()) {
      problem(at(field), "is empty");
    }
    return value.orElse("");
  }

  List<String> texts(String field) {
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

  List<Fields> mappings(String field) {
    List<Fields> values = new ArrayList<>();
    List<JsonNode> items = items(field);
    for (int i = 0; i < items.size(); i++) {
      values.add(new Fields(file, at(field) + "[" + i + "]", items.get(i), problems));
    }
    return values;
  }

  Optional<Fields> mapping(String field) {
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

  /** To be called last: whatever was not asked for is unknown. */
  void noMore() {
    node.fieldNames()
        .forEachRemaining(
            name -> {
              if (!asked.contains(name)) {
                problem(at(name), "unknown field (known here: " + String.join(", ", asked) + ")");
              }
            });
  }

  static String describe(JsonNode node) {
    if (node.isObject()) {
      return "a mapping";
    }
    if (node.isArray()) {
      return "a list";
    }
    return node.isNull() || node.isMissingNode() ? "nothing" : "'" + node.asText() + "'";
  }
}
