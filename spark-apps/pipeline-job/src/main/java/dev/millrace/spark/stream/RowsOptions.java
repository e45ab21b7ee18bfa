package dev.millrace.spark.stream;

import static dev.millrace.spark.options.KafkaOptions.required;

import dev.millrace.registry.format.StreamFormat;
import dev.millrace.spark.options.KafkaOptions;
import dev.millrace.spark.options.RegistryAccess;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/**
 * What the rows of a stream are read with.
 *
 * @param reader what is kept between batches is kept under this
 * @param columns fields of the schema, in this order
 * @param from {@code earliest}, {@code latest}, or milliseconds since the epoch: records that
 *     arrived then or later
 */
record RowsOptions(
    String topic,
    StreamFormat format,
    String reader,
    HashMap<String, String> kafka,
    RegistryAccess registry,
    String schema,
    ArrayList<String> columns,
    Rows rows,
    String from)
    implements Serializable {

  /** Which records make a row. */
  enum Rows {
    /** Each. */
    ALL,
    /** Each with a value: what happens to a table. */
    CHANGES,
    /** The last of each key, unless it has no value: what is in a table. */
    LATEST
  }

  static RowsOptions of(CaseInsensitiveStringMap options) {
    String schema = required(options, "schema");
    return new RowsOptions(
        required(options, "topic"),
        StreamFormat.of(options.get("format")),
        required(options, "reader"),
        KafkaOptions.kafka(options),
        RegistryAccess.of(options),
        schema,
        new ArrayList<>(KafkaOptions.columns(options, schema)),
        Rows.valueOf(options.getOrDefault("rows", "all").toUpperCase(Locale.ROOT)),
        options.getOrDefault("from", "earliest"));
  }

  RowsOptions only(List<String> some) {
    return new RowsOptions(
        topic, format, reader, kafka, registry, schema, new ArrayList<>(some), rows, from);
  }
}
