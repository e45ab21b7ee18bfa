package dev.millrace.spark.table;

import static dev.millrace.spark.options.KafkaOptions.required;

import dev.millrace.registry.format.StreamFormat;
import dev.millrace.spark.options.KafkaOptions;
import dev.millrace.spark.options.RegistryAccess;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/**
 * What a table is read with.
 *
 * @param reader the transform that reads it: each has its own copy, of its own columns
 */
record TableOptions(
    String topic,
    StreamFormat format,
    String reader,
    HashMap<String, String> kafka,
    RegistryAccess registry,
    String schema,
    ArrayList<String> columns)
    implements Serializable {

  static TableOptions of(CaseInsensitiveStringMap options) {
    String schema = required(options, "schema");
    return new TableOptions(
        required(options, "topic"),
        StreamFormat.of(options.get("format")),
        required(options, "transform"),
        KafkaOptions.kafka(options),
        RegistryAccess.of(options),
        schema,
        new ArrayList<>(KafkaOptions.columns(options, schema)));
  }

  /** What a copy of the rows is kept under. */
  String id() {
    return topic + " " + reader + " " + columns;
  }
}
