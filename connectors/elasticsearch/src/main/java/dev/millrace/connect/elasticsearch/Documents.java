package dev.millrace.connect.elasticsearch;

import dev.millrace.connect.records.BadRecordException;
import dev.millrace.connect.records.MessageReader;
import dev.millrace.registry.WireFormat;
import dev.millrace.registry.format.EmbeddedAvro;
import dev.millrace.registry.format.JsonWriter;
import dev.millrace.registry.format.StreamFormat;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import org.apache.avro.Schema;

/**
 * Turns values, or keys, of a stream into documents, whatever format they have. Not thread safe.
 */
final class Documents {
  private static final int MOST_SCHEMAS = 100;

  private final StreamFormat format;
  private final MessageReader reader;
  private final IntFunction<Schema> registry;
  private final List<String> keyFields;
  private final Map<Integer, JsonWriter> byId = new HashMap<>();
  private final Map<Schema, JsonWriter> bySchema = new HashMap<>();
  private Schema lastSchema;
  private JsonWriter last;

  /**
   * Documents of one side of a stream.
   *
   * @param schema of messages in JSON, otherwise null; null too if there are none
   * @param registry schemas by their ids
   */
  Documents(
      StreamFormat format, Schema schema, List<String> keyFields, IntFunction<Schema> registry) {
    this.format = format;
    this.reader =
        format == StreamFormat.AVRO || (format == StreamFormat.JSON && schema == null)
            ? null
            : MessageReader.of(format, schema);
    this.registry = registry;
    this.keyFields = keyFields;
  }

  /** Fetches the schema of a message from the registry, if it was not met before. */
  void prepare(byte[] message) {
    if (format == StreamFormat.AVRO) {
      var unused = byId(message);
    }
  }

  /** The document of a message; {@link #keyValues} then has its key. */
  byte[] json(byte[] message) throws IOException, BadRecordException {
    if (format == StreamFormat.AVRO) {
      last = byId(message);
      return last.write(message, WireFormat.HEADER_LENGTH);
    }
    if (reader == null) {
      throw new BadRecordException(
          ElasticsearchSinkConfig.KEY_SCHEMA
              + " is not set: the key of what is deleted is unknown");
    }
    EmbeddedAvro.Read record = reader.read(message);
    if (record.schema() != lastSchema) {
      // Each message brings its schema: nobody says how many there are.
      if (bySchema.size() >= MOST_SCHEMAS) {
        bySchema.clear();
      }
      last =
          bySchema.computeIfAbsent(
              record.schema(), schema -> JsonWriter.documents(schema, keyFields));
      lastSchema = record.schema();
    }
    return last.write(record.avro(), 0);
  }

  /** The key of the message converted last, in the order of the key fields. */
  String[] keyValues() {
    return last.keyValues();
  }

  private JsonWriter byId(byte[] framed) {
    int id = WireFormat.schemaId(framed);
    JsonWriter known = byId.get(id);
    if (known == null) {
      known = JsonWriter.documents(registry.apply(id), keyFields);
      byId.put(id, known);
    }
    return known;
  }
}
