package dev.millrace.connect.files;

import dev.millrace.registry.WireFormat;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.avro.LogicalTypes;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.common.config.ConfigException;

/** Reads the event time out of a framed record, passing over the fields before it. */
final class EventTime {
  private final Schema schema;
  private final Schema.Field field;
  private final boolean millis;
  private BinaryDecoder decoder;

  EventTime(Schema schema, String name) {
    this.schema = schema;
    this.field = schema.getField(name);
    Schema type = field == null ? null : notNull(field.schema());
    if (type == null
        || !(type.getLogicalType() instanceof LogicalTypes.TimestampMicros
            || type.getLogicalType() instanceof LogicalTypes.TimestampMillis)) {
      throw new ConfigException(
          FilesConfig.EVENT_TIME,
          name,
          "expected a field of type timestamp-micros or timestamp-millis");
    }
    this.millis = type.getLogicalType() instanceof LogicalTypes.TimestampMillis;
  }

  private static Schema notNull(Schema schema) {
    return schema.getType() == Schema.Type.UNION
        ? schema.getTypes().stream()
            .filter(s -> s.getType() != Schema.Type.NULL)
            .findFirst()
            .orElse(schema)
        : schema;
  }

  /** Microseconds since 1970; {@link Long#MIN_VALUE} if it is null. */
  long micros(byte[] framed) {
    try {
      decoder =
          DecoderFactory.get()
              .binaryDecoder(
                  framed,
                  WireFormat.HEADER_LENGTH,
                  framed.length - WireFormat.HEADER_LENGTH,
                  decoder);
      for (Schema.Field before : schema.getFields().subList(0, field.pos())) {
        GenericDatumReader.skip(before.schema(), decoder);
      }
      if (field.schema().getType() == Schema.Type.UNION
          && field.schema().getTypes().get(decoder.readIndex()).getType() == Schema.Type.NULL) {
        return Long.MIN_VALUE;
      }
      long value = decoder.readLong();
      return millis ? Math.multiplyExact(value, 1000) : value;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
