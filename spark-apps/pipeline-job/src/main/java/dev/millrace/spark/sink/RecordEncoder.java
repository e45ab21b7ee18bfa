package dev.millrace.spark.sink;

import dev.millrace.registry.format.MessageWriter;
import dev.millrace.registry.format.StreamFormat;
import dev.millrace.spark.avro.RowEncoder;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.avro.Schema;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.types.StructType;

/** Makes keys, or values, of rows in a stream's format. Not thread safe. */
interface RecordEncoder {
  /**
   * The bytes of a row.
   *
   * @throws IllegalArgumentException if its schema does not allow it
   */
  byte[] encode(InternalRow row);

  /** An encoder; the id is that of the schema in the registry, for the format that bears it. */
  static RecordEncoder of(StreamFormat format, StructType rows, Schema schema, int schemaId) {
    RowEncoder avro = new RowEncoder(rows, schema);
    if (format == StreamFormat.AVRO) {
      return row -> avro.framed(schemaId, row);
    }
    MessageWriter messages = MessageWriter.of(format, schema);
    return row -> {
      try {
        return messages.write(avro.bare(row), 0);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    };
  }
}
