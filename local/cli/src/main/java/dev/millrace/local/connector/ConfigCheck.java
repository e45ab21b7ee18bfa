package dev.millrace.local.connector;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.engine.BackendException;
import dev.millrace.engine.ConnectRest;
import dev.millrace.model.Problem;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * What the connector itself says of its configuration, before it is made.
 *
 * @param problems with which it can not start, by key
 * @param doubts keys that the connector does not define: it may read them nevertheless
 */
record ConfigCheck(boolean sink, List<String> problems, List<String> doubts) {
  /** Prefixes of what Connect, clients, converters and transformations take. */
  private static final List<String> OTHERS =
      List.of(
          "transforms.",
          "predicates.",
          "topic.creation.",
          "producer.override.",
          "consumer.override.",
          "admin.override.",
          "key.converter.",
          "value.converter.",
          "header.converter.",
          "errors.");

  static ConfigCheck of(ConnectRest connect, ConnectorConfig written, ConnectorConfig given)
      throws BackendException {
    TreeMap<String, String> types = new TreeMap<>();
    for (JsonNode plugin : connect.plugins()) {
      String type = plugin.path("class").asText();
      if (!type.startsWith("org.apache.kafka.")) {
        types.put(type, plugin.path("type").asText());
      }
    }
    String wanted = given.values().get("connector.class");
    String type = types.keySet().stream().filter(t -> named(t, wanted)).findFirst().orElse(null);
    if (type == null) {
      String there =
          types.isEmpty()
              ? "there is no connector in it"
              : "there are " + String.join(", ", types.keySet());
      Problem problem =
          Problem.unknown(
              written.file() + ": connector.class",
              "'" + wanted + "': no connector of this name in the plugin; " + there,
              wanted,
              types.keySet());
      return new ConfigCheck(false, List.of(problem.toString()), List.of());
    }
    TreeMap<String, String> config = new TreeMap<>(given.values());
    config.put("name", given.name());
    return of(types.get(type).equals("sink"), connect.validate(config), written, given);
  }

  /** Connect takes whole names, simple ones, and those without "Connector". */
  private static boolean named(String type, String wanted) {
    String simple = type.substring(type.lastIndexOf('.') + 1);
    return List.of(type, simple, simple.replaceFirst("Connector$", "")).contains(wanted);
  }

  private static ConfigCheck of(
      boolean sink, JsonNode answer, ConnectorConfig written, ConnectorConfig given) {
    List<String> problems = new ArrayList<>();
    Set<String> defined = new TreeSet<>();
    for (JsonNode key : answer.path("configs")) {
      String name = key.at("/value/name").asText();
      defined.add(name);
      for (JsonNode error : key.at("/value/errors")) {
        // As it was written: what a reference stands for is nobody's to see.
        String value = written.values().get(name);
        problems.add(
            Problem.of(
                    written.file() + ": " + name,
                    (value == null ? "" : "'" + value + "': ") + error.asText())
                .toString());
      }
    }
    List<String> doubts =
        given.values().keySet().stream()
            .filter(key -> !defined.contains(key))
            .filter(key -> OTHERS.stream().noneMatch(key::startsWith))
            .map(
                key ->
                    Problem.unknown(
                            written.file() + ": " + key,
                            "the connector defines no such key, and may pass over it",
                            key,
                            defined)
                        .toString())
            .collect(Collectors.toList());
    return new ConfigCheck(sink, problems, doubts);
  }
}
