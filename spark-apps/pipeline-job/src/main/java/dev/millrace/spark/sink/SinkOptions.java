package dev.millrace.spark.sink;

import static dev.millrace.spark.options.KafkaOptions.required;

import dev.millrace.registry.format.StreamFormat;
import dev.millrace.spark.options.KafkaOptions;
import java.io.Serializable;
import java.util.HashMap;
import java.util.List;
import org.apache.avro.Schema;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/**
 * What a stream is written with. Text and numbers, so that it goes to executors as it is.
 *
 * @param keySchema empty for records without a key
 * @param partitionBy empty: by the key; otherwise by these fields
 * @param lateTopic empty when nothing can be late
 * @param epochsGroup consumer groups that begin so keep the epoch that a task has written last
 */
record SinkOptions(
    String topic,
    StreamFormat format,
    String transform,
    HashMap<String, String> kafka,
    String schema,
    int schemaId,
    String keySchema,
    int keySchemaId,
    String partitionBy,
    String lateTopic,
    String deadTopic,
    String marksTopic,
    String epochsGroup)
    implements Serializable {

  static SinkOptions of(CaseInsensitiveStringMap options) {
    String keySchema = options.getOrDefault("keySchema", "");
    return new SinkOptions(
        required(options, "topic"),
        StreamFormat.of(options.get("format")),
        required(options, "transform"),
        KafkaOptions.kafka(options),
        required(options, "schema"),
        Integer.parseInt(required(options, "schemaId")),
        keySchema,
        keySchema.isEmpty() ? -1 : Integer.parseInt(required(options, "keySchemaId")),
        options.getOrDefault("partitionBy", ""),
        options.getOrDefault("lateTopic", ""),
        options.getOrDefault("deadTopic", ""),
        required(options, "marks.topic"),
        required(options, "epochs.group"));
  }

  boolean keyed() {
    return !keySchema.isEmpty();
  }

  /** The fields that decide the partition, as a record; null when the key does. */
  Schema partitionSchema(Schema value) {
    if (partitionBy.isEmpty()) {
      return null;
    }
    List<Schema.Field> fields =
        java.util.Arrays.stream(partitionBy.split(","))
            .map(
                name -> {
                  Schema.Field field = value.getField(name);
                  if (field == null) {
                    throw new IllegalArgumentException(
                        "partitionBy '" + name + "' is no field of stream " + topic);
                  }
                  return new Schema.Field(name, field.schema());
                })
            .toList();
    return Schema.createRecord("Partition", null, null, false, fields);
  }
}
