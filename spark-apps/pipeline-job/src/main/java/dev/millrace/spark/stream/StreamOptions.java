package dev.millrace.spark.stream;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/**
 * What a stream is read with. Everything is text or a number, so that it goes to executors as it
 * is.
 *
 * @param transform the reader, which names its side outputs
 * @param timeField empty without event time
 * @param progressFromMarks progress is what the stream's writer says, not what is seen
 */
record StreamOptions(
    String topic,
    String stream,
    String transform,
    HashMap<String, String> kafka,
    String registryUrl,
    String marksTopic,
    String schema,
    ArrayList<String> columns,
    String timeField,
    long outOfOrderMs,
    long idleMs,
    long latenessMs,
    boolean progressFromMarks,
    long maxOffsetsPerTrigger)
    implements Serializable {

  static StreamOptions of(CaseInsensitiveStringMap options) {
    HashMap<String, String> kafka = kafka(options);
    String schema = required(options, "schema");
    List<String> columns =
        options.containsKey("columns") && !options.get("columns").isBlank()
            ? List.of(options.get("columns").split("\\s*,\\s*"))
            : new Schema.Parser()
                .parse(schema).getFields().stream().map(Schema.Field::name).toList();
    return new StreamOptions(
        required(options, "topic"),
        required(options, "stream"),
        required(options, "transform"),
        kafka,
        required(options, "registry.url"),
        options.getOrDefault("marks.topic", ""),
        schema,
        new ArrayList<>(columns),
        options.getOrDefault("eventTime.field", ""),
        options.getLong("eventTime.outOfOrderMs", 0),
        options.getLong("eventTime.idleMs", 300_000),
        options.getLong("latenessMs", 0),
        options.getOrDefault("eventTime.progress", "observed").equals("marks"),
        options.getLong("maxOffsetsPerTrigger", 200_000));
  }

  /** Kafka's properties: the options that begin with {@code kafka.}. */
  static HashMap<String, String> kafka(CaseInsensitiveStringMap options) {
    HashMap<String, String> kafka = new HashMap<>();
    for (Map.Entry<String, String> option : options.asCaseSensitiveMap().entrySet()) {
      if (option.getKey().toLowerCase(java.util.Locale.ROOT).startsWith("kafka.")) {
        kafka.put(option.getKey().substring("kafka.".length()), option.getValue());
      }
    }
    return kafka;
  }

  static String required(CaseInsensitiveStringMap options, String name) {
    String value = options.get(name);
    if (value == null || value.isBlank()) {
      throw new IllegalArgumentException("option '" + name + "' is missing");
    }
    return value;
  }

  boolean timed() {
    return !timeField.isEmpty();
  }
}
