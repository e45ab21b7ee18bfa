package dev.millrace.spark.table;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/**
 * What a table is read with.
 *
 * @param reader the transform that reads it: each has its own copy, of its own columns
 */
record TableOptions(
    String topic,
    String reader,
    HashMap<String, String> kafka,
    String registryUrl,
    String schema,
    ArrayList<String> columns)
    implements Serializable {

  static TableOptions of(CaseInsensitiveStringMap options) {
    HashMap<String, String> kafka = new HashMap<>();
    for (Map.Entry<String, String> option : options.asCaseSensitiveMap().entrySet()) {
      if (option.getKey().toLowerCase(Locale.ROOT).startsWith("kafka.")) {
        kafka.put(option.getKey().substring("kafka.".length()), option.getValue());
      }
    }
    String schema = required(options, "schema");
    return new TableOptions(
        required(options, "topic"),
        required(options, "transform"),
        kafka,
        required(options, "registry.url"),
        schema,
        new ArrayList<>(TableProvider.columns(options, schema)));
  }

  private static String required(CaseInsensitiveStringMap options, String name) {
    String value = options.get(name);
    if (value == null || value.isBlank()) {
      throw new IllegalArgumentException("option '" + name + "' is missing");
    }
    return value;
  }

  /** What a copy of the rows is kept under. */
  String id() {
    return topic + " " + reader + " " + columns;
  }
}
