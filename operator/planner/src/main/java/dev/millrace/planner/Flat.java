package dev.millrace.planner;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/** JSON as a flat map of its leaves: what two documents are compared by. */
public final class Flat {
  private Flat() {}

  /**
   * The leaves by path, such as {@code mappings.properties.title.type}. A list of plain values is
   * one leaf.
   */
  public static TreeMap<String, String> of(JsonNode node) {
    TreeMap<String, String> leaves = new TreeMap<>();
    collect("", node, leaves);
    return leaves;
  }

  private static void collect(String path, JsonNode node, Map<String, String> leaves) {
    if (node.isObject()) {
      node.properties()
          .forEach(
              e ->
                  collect(
                      path.isEmpty() ? e.getKey() : path + "." + e.getKey(), e.getValue(), leaves));
    } else if (node.isArray() && node.size() > 0 && node.get(0).isContainerNode()) {
      for (int i = 0; i < node.size(); i++) {
        collect(path + "[" + i + "]", node.get(i), leaves);
      }
    } else if (node.isArray()) {
      List<String> items = new ArrayList<>();
      node.forEach(n -> items.add(n.asText()));
      leaves.put(path, items.toString());
    } else if (!node.isNull() && !node.isMissingNode()) {
      leaves.put(path, node.asText());
    }
  }

  /** What differs between two flat maps, each by what a rule makes of its field. */
  static List<FieldChange> compare(
      Map<String, String> before, Map<String, String> after, Rule rule) {
    TreeSet<String> fields = new TreeSet<>(before.keySet());
    fields.addAll(after.keySet());
    return fields.stream()
        .filter(f -> before.get(f) == null || !before.get(f).equals(after.get(f)))
        .flatMap(f -> Stream.ofNullable(rule.of(f, before.get(f), after.get(f))))
        .toList();
  }

  /** From a field with its values, either of which may be null, to a change, or null for none. */
  @FunctionalInterface
  interface Rule {
    FieldChange of(String field, String before, String after);

    /** One impact and one reason for whatever differs. */
    static Rule all(Impact impact, String reason) {
      return (field, before, after) -> FieldChange.of(field, before, after, impact, reason);
    }
  }
}
