package dev.millrace.registry.format;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.ByteArrayBuilder;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoField;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.LogicalType;
import org.apache.avro.LogicalTypes;
import org.apache.avro.Schema;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.util.Utf8;

/**
 * Turns the Avro binary of one writer schema into JSON bytes, field by field, without a record in
 * between, and picks the key fields' values on the way. Compiled once a schema; not thread safe.
 *
 * <p>Timestamps become ISO 8601 in UTC with the digits that their type has, dates {@code
 * yyyy-MM-dd}, decimals plain numbers, bytes base64. NaN and the infinities, which JSON does not
 * know, are null in documents and text in messages.
 */
public final class JsonWriter implements MessageWriter {
  private static final JsonFactory JSON = new JsonFactory();
  private static final DateTimeFormatter MILLIS = timestamp(3);
  private static final DateTimeFormatter MICROS = timestamp(6);

  private final List<Column> columns = new ArrayList<>();
  private final String[] keyValues;
  private final Map<String, List<Column>> nested = new HashMap<>();
  private final boolean realsAsText;
  private final Utf8 text = new Utf8();
  private BinaryDecoder decoder;

  /**
   * A top-level field.
   *
   * @param key its place in the id, or -1
   */
  private record Column(String name, Copier copier, int key) {}

  /** Copies a value, and answers what it is in an id; null for null. */
  @FunctionalInterface
  private interface Copier {
    String copy(BinaryDecoder in, JsonGenerator out, boolean asText) throws IOException;
  }

  /**
   * Writes documents for searching.
   *
   * @param keyFields whose values {@link #keyValues} has
   * @throws IllegalArgumentException if the schema is no record, or has no such field
   */
  public static JsonWriter documents(Schema schema, List<String> keyFields) {
    return new JsonWriter(schema, keyFields, false);
  }

  /** Writes messages of a stream: {@link StreamFormat#JSON}. */
  static JsonWriter messages(Schema schema) {
    return new JsonWriter(schema, List.of(), true);
  }

  private JsonWriter(Schema schema, List<String> keyFields, boolean realsAsText) {
    this.realsAsText = realsAsText;
    if (schema.getType() != Schema.Type.RECORD) {
      throw new IllegalArgumentException("the schema is a " + schema.getType() + ", not a record");
    }
    for (Schema.Field field : schema.getFields()) {
      columns.add(
          new Column(field.name(), copier(field.schema()), keyFields.indexOf(field.name())));
    }
    this.keyValues = new String[keyFields.size()];
    for (String key : keyFields) {
      if (schema.getField(key) == null) {
        throw new IllegalArgumentException("the record has no key field '" + key + "'");
      }
    }
  }

  /**
   * Converts a record. {@link #keyValues} then has its key.
   *
   * @throws IOException if the bytes are no record of the schema
   */
  @Override
  public byte[] write(byte[] bytes, int offset) throws IOException {
    decoder = DecoderFactory.get().binaryDecoder(bytes, offset, bytes.length - offset, decoder);
    try (ByteArrayBuilder buffer = new ByteArrayBuilder(bytes.length * 2 + 64);
        JsonGenerator out = JSON.createGenerator(buffer)) {
      out.writeStartObject();
      for (Column column : columns) {
        out.writeFieldName(column.name);
        String value = column.copier.copy(decoder, out, column.key >= 0);
        if (column.key >= 0) {
          keyValues[column.key] = value;
        }
      }
      out.writeEndObject();
      out.flush();
      if (!decoder.isEnd()) {
        throw new IOException("bytes are left behind the record: another schema wrote it");
      }
      return buffer.toByteArray();
    }
  }

  /** The key of the record converted last, in the order of the key fields. */
  public String[] keyValues() {
    return keyValues;
  }

  private Copier copier(Schema schema) {
    LogicalType logical = schema.getLogicalType();
    if (logical != null) {
      Copier special = logical(schema, logical);
      if (special != null) {
        return special;
      }
    }
    return switch (schema.getType()) {
      case NULL ->
          (in, out, asText) -> {
            in.readNull();
            out.writeNull();
            return null;
          };
      case BOOLEAN ->
          (in, out, asText) -> {
            boolean value = in.readBoolean();
            out.writeBoolean(value);
            return Boolean.toString(value);
          };
      case INT ->
          (in, out, asText) -> {
            int value = in.readInt();
            out.writeNumber(value);
            return asText ? Integer.toString(value) : null;
          };
      case LONG ->
          (in, out, asText) -> {
            long value = in.readLong();
            out.writeNumber(value);
            return asText ? Long.toString(value) : null;
          };
      case FLOAT ->
          (in, out, asText) -> {
            float value = in.readFloat();
            if (Float.isFinite(value)) {
              out.writeNumber(value);
            } else {
              notFinite(out, value);
            }
            return asText ? Float.toString(value) : null;
          };
      case DOUBLE ->
          (in, out, asText) -> {
            double value = in.readDouble();
            if (Double.isFinite(value)) {
              out.writeNumber(value);
            } else {
              notFinite(out, value);
            }
            return asText ? Double.toString(value) : null;
          };
      case STRING ->
          (in, out, asText) -> {
            Utf8 value = in.readString(text);
            out.writeUTF8String(value.getBytes(), 0, value.getByteLength());
            return asText ? value.toString() : null;
          };
      case ENUM -> {
        List<String> symbols = schema.getEnumSymbols();
        yield (in, out, asText) -> {
          String value = symbols.get(in.readEnum());
          out.writeString(value);
          return value;
        };
      }
      case BYTES ->
          (in, out, asText) -> {
            ByteBuffer value = in.readBytes(null);
            out.writeBinary(value.array(), value.position(), value.remaining());
            return asText ? java.util.HexFormat.of().formatHex(value.array()) : null;
          };
      case FIXED -> {
        int size = schema.getFixedSize();
        yield (in, out, asText) -> {
          byte[] value = new byte[size];
          in.readFixed(value);
          out.writeBinary(value);
          return asText ? java.util.HexFormat.of().formatHex(value) : null;
        };
      }
      case UNION -> {
        Copier[] branches = schema.getTypes().stream().map(this::copier).toArray(Copier[]::new);
        yield (in, out, asText) -> {
          int index = in.readIndex();
          if (index < 0 || index >= branches.length) {
            throw new IOException("branch " + index + " of a union of " + branches.length);
          }
          return branches[index].copy(in, out, asText);
        };
      }
      case ARRAY -> {
        Copier item = copier(schema.getElementType());
        yield (in, out, asText) -> {
          out.writeStartArray();
          for (long n = in.readArrayStart(); n > 0; n = in.arrayNext()) {
            for (long i = 0; i < n; i++) {
              item.copy(in, out, false);
            }
          }
          out.writeEndArray();
          return null;
        };
      }
      case MAP -> {
        Copier value = copier(schema.getValueType());
        yield (in, out, asText) -> {
          out.writeStartObject();
          for (long n = in.readMapStart(); n > 0; n = in.mapNext()) {
            for (long i = 0; i < n; i++) {
              out.writeFieldName(in.readString());
              value.copy(in, out, false);
            }
          }
          out.writeEndObject();
          return null;
        };
      }
      case RECORD -> {
        List<Column> known = nested.get(schema.getFullName());
        List<Column> fields = known == null ? new ArrayList<>() : known;
        if (known == null) {
          // Before its fields: a record may contain itself.
          nested.put(schema.getFullName(), fields);
          for (Schema.Field field : schema.getFields()) {
            fields.add(new Column(field.name(), copier(field.schema()), -1));
          }
        }
        yield (in, out, asText) -> {
          out.writeStartObject();
          for (Column field : fields) {
            out.writeFieldName(field.name);
            field.copier.copy(in, out, false);
          }
          out.writeEndObject();
          return null;
        };
      }
    };
  }

  private Copier logical(Schema schema, LogicalType type) {
    if (type instanceof LogicalTypes.TimestampMillis) {
      return (in, out, asText) -> write(out, MILLIS.format(Instant.ofEpochMilli(in.readLong())));
    }
    if (type instanceof LogicalTypes.TimestampMicros) {
      return (in, out, asText) -> write(out, micros(in.readLong()));
    }
    if (type instanceof LogicalTypes.Date) {
      return (in, out, asText) -> write(out, LocalDate.ofEpochDay(in.readInt()).toString());
    }
    if (type instanceof LogicalTypes.TimeMillis) {
      return (in, out, asText) ->
          write(out, LocalTime.ofNanoOfDay(in.readInt() * 1_000_000L).toString());
    }
    if (type instanceof LogicalTypes.TimeMicros) {
      return (in, out, asText) ->
          write(out, LocalTime.ofNanoOfDay(in.readLong() * 1000L).toString());
    }
    if (type instanceof LogicalTypes.Decimal decimal) {
      int scale = decimal.getScale();
      if (schema.getType() == Schema.Type.FIXED) {
        int size = schema.getFixedSize();
        return (in, out, asText) -> {
          byte[] unscaled = new byte[size];
          in.readFixed(unscaled);
          return number(out, unscaled, scale);
        };
      }
      return (in, out, asText) -> {
        ByteBuffer value = in.readBytes(null);
        byte[] unscaled = new byte[value.remaining()];
        value.get(unscaled);
        return number(out, unscaled, scale);
      };
    }
    return null;
  }

  private void notFinite(JsonGenerator out, double value) throws IOException {
    if (realsAsText) {
      out.writeString(Double.toString(value));
    } else {
      out.writeNull();
    }
  }

  private static String micros(long micros) {
    return MICROS.format(
        Instant.ofEpochSecond(
            Math.floorDiv(micros, 1_000_000L), Math.floorMod(micros, 1_000_000L) * 1000));
  }

  private static String write(JsonGenerator out, String value) throws IOException {
    out.writeString(value);
    return value;
  }

  private static String number(JsonGenerator out, byte[] unscaled, int scale) throws IOException {
    String value = new BigDecimal(new BigInteger(unscaled), scale).toPlainString();
    out.writeNumber(value);
    return value;
  }

  private static DateTimeFormatter timestamp(int digits) {
    return new DateTimeFormatterBuilder()
        .appendPattern("uuuu-MM-dd'T'HH:mm:ss")
        .appendFraction(ChronoField.NANO_OF_SECOND, digits, digits, true)
        .appendLiteral('Z')
        .toFormatter()
        .withZone(ZoneOffset.UTC);
  }
}
