package dev.millrace.connect.datagen;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.NullNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IllegalFormatException;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.config.ConfigException;

/**
 * Who acts, and how: so many entities, each going through the states of one machine.
 *
 * @param count how many
 * @param keyField the record's field that names the entity
 * @param keyFormat {@link String#format} of the entity's number, if the field is text
 * @param first number of the first entity
 * @param typeField the record's field for an event's type, if it has one
 * @param states of the machine
 * @param initial index of the state in which all begin
 */
record Entities(
    int count,
    String keyField,
    Optional<String> keyFormat,
    long first,
    Optional<String> typeField,
    List<State> states,
    int initial) {

  /** A state: how long one stays, and what may come then. */
  record State(String name, Dwell dwell, List<Transition> next, double totalWeight) {}

  /**
   * What ends a state.
   *
   * @param event its type
   * @param to index of the state that follows
   * @param set values of fields that the schema's annotations do not decide for this event; null
   *     for those that are to be unset
   */
  record Transition(String event, int to, double weight, Map<String, JsonNode> set) {}

  Transition choose(State state, Random64 random) {
    double dice = random.nextDouble() * state.totalWeight();
    for (Transition transition : state.next()) {
      dice -= transition.weight();
      if (dice < 0) {
        return transition;
      }
    }
    return state.next().get(state.next().size() - 1);
  }

  /** The key of the entity with this index, from 0. */
  Object key(int index) {
    long number = first + index;
    return keyFormat.<Object>map(f -> String.format(Locale.ROOT, f, number)).orElse(number);
  }

  private static final ObjectMapper JSON = new ObjectMapper();

  static Entities parse(String text) {
    JsonNode node;
    try {
      node = JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw new ConfigException("entities", text, "is not JSON: " + e.getOriginalMessage());
    }
    only("entities", node, Set.of("count", "key", "type", "states", "initial"));
    int count = node.path("count").asInt(0);
    if (count < 1) {
      throw new ConfigException(
          "entities.count", node.path("count").asText(), "expected 1 or more");
    }
    String keyField = required("entities.key", node.path("key"), "field");
    Optional<String> format =
        node.at("/key/format").isTextual()
            ? Optional.of(node.at("/key/format").asText())
            : Optional.empty();
    format.ifPresent(
        f -> {
          try {
            if (String.format(Locale.ROOT, f, 1L).equals(String.format(Locale.ROOT, f, 2L))) {
              throw new ConfigException("entities.key.format", f, "is the same for all entities");
            }
          } catch (IllegalFormatException e) {
            throw new ConfigException("entities.key.format", f, "expected one like d%06d");
          }
        });
    Map<String, Integer> indexes = new HashMap<>();
    Iterator<String> names = node.path("states").fieldNames();
    while (names.hasNext()) {
      indexes.put(names.next(), indexes.size());
    }
    if (indexes.isEmpty()) {
      throw new ConfigException("entities.states", null, "is missing or empty");
    }
    List<State> states = new ArrayList<>();
    names = node.path("states").fieldNames();
    while (names.hasNext()) {
      String name = names.next();
      states.add(state("entities.states." + name, name, node.path("states").get(name), indexes));
    }
    String initial = node.path("initial").asText(states.get(0).name());
    return new Entities(
        count,
        keyField,
        format,
        node.at("/key/from").asLong(1),
        node.at("/type/field").isTextual()
            ? Optional.of(node.at("/type/field").asText())
            : Optional.empty(),
        List.copyOf(states),
        index("entities.initial", initial, indexes));
  }

  private static State state(
      String field, String name, JsonNode node, Map<String, Integer> indexes) {
    only(field, node, Set.of("dwell", "next"));
    if (!node.has("dwell")) {
      throw new ConfigException(field + ".dwell", null, "is missing");
    }
    List<Transition> next = new ArrayList<>();
    double total = 0;
    for (int i = 0; i < node.path("next").size(); i++) {
      JsonNode item = node.get("next").get(i);
      String at = field + ".next[" + i + "]";
      only(at, item, Set.of("event", "to", "weight", "set", "unset"));
      double weight = item.path("weight").asDouble(1);
      if (!(weight > 0)) {
        throw new ConfigException(at + ".weight", item.get("weight").asText(), "expected above 0");
      }
      Map<String, JsonNode> set = new HashMap<>();
      item.path("set")
          .fields()
          .forEachRemaining(
              e -> {
                if (e.getValue().isNull()) {
                  throw new ConfigException(
                      at + ".set." + e.getKey(),
                      null,
                      "kubectl leaves a null out; name the field in unset: ["
                          + e.getKey()
                          + "] instead");
                }
                set.put(e.getKey(), e.getValue());
              });
      for (JsonNode unset : item.path("unset")) {
        if (set.put(unset.asText(), NullNode.getInstance()) != null) {
          throw new ConfigException(at + ".unset", unset.asText(), "is in set too");
        }
      }
      next.add(
          new Transition(
              required(at, item, "event"),
              index(at + ".to", item.path("to").asText(name), indexes),
              weight,
              Map.copyOf(set)));
      total += weight;
    }
    if (next.isEmpty()) {
      throw new ConfigException(field + ".next", null, "is missing or empty");
    }
    return new State(name, Dwell.parse(field + ".dwell", node.get("dwell")), next, total);
  }

  private static int index(String field, String name, Map<String, Integer> indexes) {
    Integer index = indexes.get(name);
    if (index == null) {
      throw new ConfigException(field, name, "no such state; there are " + indexes.keySet());
    }
    return index;
  }

  private static String required(String field, JsonNode node, String key) {
    if (!node.path(key).isTextual()) {
      throw new ConfigException(field + "." + key, null, "is missing");
    }
    return node.get(key).asText();
  }

  private static void only(String field, JsonNode node, Set<String> known) {
    if (!node.isObject()) {
      throw new ConfigException(field, node.asText(), "expected a mapping");
    }
    node.fieldNames()
        .forEachRemaining(
            name -> {
              if (!known.contains(name)) {
                throw new ConfigException(field + "." + name, null, "unknown; known: " + known);
              }
            });
  }
}
