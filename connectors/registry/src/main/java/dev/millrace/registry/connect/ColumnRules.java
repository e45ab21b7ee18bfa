package dev.millrace.registry.connect;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * Which columns of a table are written, and what is put in the place of some.
 *
 * @param only these columns; empty for all
 * @param exclude not these
 * @param masks by column
 */
record ColumnRules(Set<String> only, Set<String> exclude, Map<String, Mask> masks) {
  static final ColumnRules NONE = new ColumnRules(Set.of(), Set.of(), Map.of());

  /** What the connector adds when it is asked to: no columns of the table. */
  static final String OP = "_op";

  static final String SOURCE_TS = "_source_ts";

  private static final Set<String> METADATA = Set.of(OP, SOURCE_TS);
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * What is put in the place of a value.
   *
   * @param text for {@link How#TEXT}
   */
  record Mask(How how, String text) {}

  /** Kinds of masks. Null stays null with each of them. */
  enum How {
    /** A salted hash: equal values stay equal. */
    HASH,
    /** Null. */
    EMPTY,
    /** Always the same text. */
    TEXT
  }

  /**
   * Rules by topic.
   *
   * @throws IllegalArgumentException if the text does not say any
   */
  static Map<String, ColumnRules> parse(String text) {
    JsonNode tree;
    try {
      tree = JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("is not JSON: " + e.getOriginalMessage(), e);
    }
    if (!tree.isObject()) {
      throw new IllegalArgumentException("is no JSON object of topics");
    }
    Map<String, ColumnRules> rules = new HashMap<>();
    tree.properties().forEach(e -> rules.put(e.getKey(), rules(e.getKey(), e.getValue())));
    return rules;
  }

  private static ColumnRules rules(String topic, JsonNode node) {
    Map<String, Mask> masks = new LinkedHashMap<>();
    node.path("mask").properties().forEach(e -> masks.put(e.getKey(), mask(topic, e.getValue())));
    return new ColumnRules(names(node.path("columns")), names(node.path("exclude")), masks);
  }

  private static Mask mask(String topic, JsonNode node) {
    String with = node.path("with").asText();
    return switch (with) {
      case "hash" -> new Mask(How.HASH, "");
      case "empty" -> new Mask(How.EMPTY, "");
      case "text" -> new Mask(How.TEXT, node.path("text").asText());
      default ->
          throw new IllegalArgumentException(
              topic + ": mask with '" + with + "': expected hash, empty or text");
    };
  }

  private static Set<String> names(JsonNode array) {
    Set<String> names = new HashSet<>();
    array.forEach(n -> names.add(n.asText()));
    return names;
  }

  boolean hashes() {
    return masks.values().stream().anyMatch(m -> m.how() == How.HASH);
  }

  boolean keeps(String column) {
    return (only.isEmpty() || only.contains(column) || METADATA.contains(column))
        && !exclude.contains(column);
  }
}
