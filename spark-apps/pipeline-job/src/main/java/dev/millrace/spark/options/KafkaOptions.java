package dev.millrace.spark.options;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/** Reads the options that a stream or table is loaded or written with. */
public final class KafkaOptions {
  private static final String PREFIX = "kafka.";

  private KafkaOptions() {}

  /** Kafka's properties: the options that begin with {@code kafka.}. */
  public static HashMap<String, String> kafka(CaseInsensitiveStringMap options) {
    HashMap<String, String> kafka = new HashMap<>();
    for (Map.Entry<String, String> option : options.asCaseSensitiveMap().entrySet()) {
      if (option.getKey().toLowerCase(Locale.ROOT).startsWith(PREFIX)) {
        kafka.put(option.getKey().substring(PREFIX.length()), option.getValue());
      }
    }
    return kafka;
  }

  /**
   * An option that must be there.
   *
   * @throws IllegalArgumentException naming it
   */
  public static String required(CaseInsensitiveStringMap options, String name) {
    String value = options.get(name);
    if (value == null || value.isBlank()) {
      throw new IllegalArgumentException("option '" + name + "' is missing");
    }
    return value;
  }

  /** The columns asked for, in that order; all fields of the schema when none are named. */
  public static List<String> columns(CaseInsensitiveStringMap options, String schema) {
    String columns = options.getOrDefault("columns", "");
    return columns.isBlank()
        ? new Schema.Parser().parse(schema).getFields().stream().map(Schema.Field::name).toList()
        : List.of(columns.split("\\s*,\\s*"));
  }
}
