package dev.millrace.registry.format;

import java.io.IOException;
import org.apache.avro.Schema;

/** Makes messages of Avro binary of one schema. Not thread safe. */
public interface MessageWriter {
  /**
   * The message of a record.
   *
   * @param avro ends with the record's Avro binary
   * @param offset where that begins
   */
  byte[] write(byte[] avro, int offset) throws IOException;

  /**
   * A writer of a format.
   *
   * @throws IllegalArgumentException for {@link StreamFormat#AVRO}, which wants the id of the
   *     schema and is written by whoever knows it
   */
  static MessageWriter of(StreamFormat format, Schema schema) {
    return switch (format) {
      case JSON -> JsonWriter.messages(schema);
      case AVRO_EMBEDDED -> EmbeddedAvro.writer(schema);
      case AVRO -> throw new IllegalArgumentException("format avro is written with a schema id");
    };
  }
}
