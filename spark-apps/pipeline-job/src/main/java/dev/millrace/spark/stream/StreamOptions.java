package dev.millrace.spark.stream;

import static dev.millrace.spark.options.KafkaOptions.required;

import dev.millrace.registry.format.StreamFormat;
import dev.millrace.spark.options.KafkaOptions;
import dev.millrace.spark.options.RegistryAccess;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
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
    StreamFormat format,
    String stream,
    String transform,
    HashMap<String, String> kafka,
    RegistryAccess registry,
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
    String schema = required(options, "schema");
    return new StreamOptions(
        required(options, "topic"),
        StreamFormat.of(options.get("format")),
        required(options, "stream"),
        required(options, "transform"),
        KafkaOptions.kafka(options),
        RegistryAccess.of(options),
        options.getOrDefault("marks.topic", ""),
        schema,
        new ArrayList<>(KafkaOptions.columns(options, schema)),
        options.getOrDefault("eventTime.field", ""),
        options.getLong("eventTime.outOfOrderMs", 0),
        options.getLong("eventTime.idleMs", 300_000),
        options.getLong("latenessMs", 0),
        options.getOrDefault("eventTime.progress", "observed").equals("marks"),
        options.getLong("maxOffsetsPerTrigger", 200_000));
  }

  boolean timed() {
    return !timeField.isEmpty();
  }
}
