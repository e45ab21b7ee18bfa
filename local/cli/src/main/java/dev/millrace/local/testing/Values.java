package dev.millrace.local.testing;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.local.manifest.Fields;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.Conversions;
import org.apache.avro.LogicalType;
import org.apache.avro.LogicalTypes;
import org.apache.avro.Schema;
import org.apache.avro.data.TimeConversions;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.IndexedRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;

/**
 * Values of columns: from YAML to what Avro writes, and from there to text and back to compare.
 * Timestamps are {@link Instant}s, dates {@link LocalDate}s, decimals {@link BigDecimal}s.
 */
final class Values {
  /** Sums of floating point numbers depend on their order in the last digits. */
  private static final double RELATIVE = 1e-9;

  private static final GenericData DATA = new GenericData();

  static {
    DATA.addLogicalTypeConversion(new TimeConversions.TimestampMicrosConversion());
    DATA.addLogicalTypeConversion(new TimeConversions.TimestampMillisConversion());
    DATA.addLogicalTypeConversion(new TimeConversions.DateConversion());
    DATA.addLogicalTypeConversion(new Conversions.DecimalConversion());
  }

  /** A value is not what its column wants; the message says what it wants and what it found. */
  static final class Unfit extends Exception {
    private static final long serialVersionUID = 1L;

    Unfit(String message) {
      super(message);
    }
  }

  private Values() {}

  /** The schema without null. */
  static Schema notNull(Schema schema) {
    if (schema.getType() != Schema.Type.UNION) {
      return schema;
    }
    return schema.getTypes().stream()
        .filter(s -> s.getType() != Schema.Type.NULL)
        .findFirst()
        .orElse(schema);
  }

  /** A value as YAML has it, for a column of this schema. */
  static Object read(Schema schema, JsonNode node) throws Unfit {
    if (node.isNull() || node.isMissingNode()) {
      if (schema.isNullable()) {
        return null;
      }
      throw new Unfit("is null, and the column is not nullable");
    }
    Schema s = notNull(schema);
    LogicalType logical = s.getLogicalType();
    try {
      return switch (s.getType()) {
        case BOOLEAN -> {
          need(node.isBoolean(), "true or false", node);
          yield node.booleanValue();
        }
        case INT, LONG -> logical == null ? whole(s, node) : temporal(s, logical, node);
        case FLOAT -> {
          need(node.isNumber(), "a number", node);
          yield node.floatValue();
        }
        case DOUBLE -> {
          need(node.isNumber(), "a number", node);
          yield node.doubleValue();
        }
        case STRING, ENUM -> {
          need(node.isTextual(), "text (in quotes if it looks like something else)", node);
          yield node.textValue();
        }
        case BYTES, FIXED -> bytes(s, logical, node);
        case ARRAY -> {
          need(node.isArray(), "a list", node);
          List<Object> items = new ArrayList<>();
          for (JsonNode item : node) {
            items.add(read(s.getElementType(), item));
          }
          yield items;
        }
        case MAP -> {
          need(node.isObject(), "a mapping", node);
          Map<String, Object> entries = new LinkedHashMap<>();
          for (Map.Entry<String, JsonNode> e : node.properties()) {
            entries.put(e.getKey(), read(s.getValueType(), e.getValue()));
          }
          yield entries;
        }
        case RECORD -> record(s, node);
        default -> throw new Unfit("has type " + s + ", which no test can give");
      };
    } catch (DateTimeException | ArithmeticException | IllegalArgumentException e) {
      throw new Unfit("expected " + wanted(s) + ", found " + Fields.describe(node));
    }
  }

  private static GenericRecord record(Schema schema, JsonNode node) throws Unfit {
    need(node.isObject(), "a mapping", node);
    GenericRecord record = new GenericData.Record(schema);
    for (Map.Entry<String, JsonNode> e : node.properties()) {
      if (schema.getField(e.getKey()) == null) {
        throw new Unfit("has no field '" + e.getKey() + "'");
      }
    }
    for (Schema.Field field : schema.getFields()) {
      try {
        record.put(field.pos(), read(field.schema(), node.path(field.name())));
      } catch (Unfit unfit) {
        throw new Unfit(field.name() + ": " + unfit.getMessage());
      }
    }
    return record;
  }

  private static Object whole(Schema s, JsonNode node) throws Unfit {
    boolean fits =
        node.isIntegralNumber()
            && (s.getType() == Schema.Type.INT ? node.canConvertToInt() : node.canConvertToLong());
    need(fits, wanted(s), node);
    return s.getType() == Schema.Type.INT ? (Object) node.intValue() : (Object) node.longValue();
  }

  private static Object temporal(Schema s, LogicalType logical, JsonNode node) throws Unfit {
    if (logical instanceof LogicalTypes.Date) {
      need(node.isTextual(), wanted(s), node);
      return LocalDate.parse(node.textValue());
    }
    if (logical instanceof LogicalTypes.TimestampMicros
        || logical instanceof LogicalTypes.TimestampMillis) {
      need(node.isTextual(), wanted(s), node);
      Instant instant = OffsetDateTime.parse(node.textValue()).toInstant();
      ChronoUnit unit =
          logical instanceof LogicalTypes.TimestampMicros ? ChronoUnit.MICROS : ChronoUnit.MILLIS;
      if (!instant.truncatedTo(unit).equals(instant)) {
        throw new Unfit(
            "is finer than the column, which keeps "
                + unit.name().toLowerCase(java.util.Locale.ROOT)
                + ": '"
                + node.textValue()
                + "'");
      }
      return instant;
    }
    return whole(s, node);
  }

  private static Object bytes(Schema s, LogicalType logical, JsonNode node) throws Unfit {
    if (logical instanceof LogicalTypes.Decimal decimal) {
      need(node.isNumber() || node.isTextual(), wanted(s), node);
      BigDecimal value = new BigDecimal(node.asText()).setScale(decimal.getScale());
      if (value.precision() > decimal.getPrecision()) {
        throw new Unfit("expected " + wanted(s) + ", found " + Fields.describe(node));
      }
      return value;
    }
    need(node.isTextual(), wanted(s), node);
    return ByteBuffer.wrap(Base64.getDecoder().decode(node.textValue()));
  }

  private static void need(boolean fits, String wanted, JsonNode found) throws Unfit {
    if (!fits) {
      throw new Unfit("expected " + wanted + ", found " + Fields.describe(found));
    }
  }

  private static String wanted(Schema s) {
    LogicalType logical = s.getLogicalType();
    if (logical instanceof LogicalTypes.Decimal d) {
      return "a number of at most "
          + d.getPrecision()
          + " digits, "
          + d.getScale()
          + " of them behind the point";
    }
    if (logical instanceof LogicalTypes.Date) {
      return "a date such as 2026-03-01";
    }
    if (logical != null && s.getType() == Schema.Type.LONG) {
      return "a time such as 2026-03-01T10:00:00Z";
    }
    return switch (s.getType()) {
      case INT -> "a whole number of 32 bits";
      case LONG -> "a whole number";
      case BYTES, FIXED -> "bytes in base64";
      default -> s.getType().getName();
    };
  }

  /** As text, for people. */
  static String text(Object value) {
    if (value == null) {
      return "null";
    }
    if (value instanceof Instant instant) {
      return DateTimeFormatter.ISO_INSTANT.format(instant);
    }
    if (value instanceof ByteBuffer bytes) {
      byte[] copy = new byte[bytes.remaining()];
      bytes.duplicate().get(copy);
      return Base64.getEncoder().encodeToString(copy);
    }
    if (value instanceof CharSequence text) {
      return text.toString().matches("[\\w.,:;/@+-]+( [\\w.,:;/@+-]+)*")
          ? text.toString()
          : "'" + text + "'";
    }
    if (value instanceof BigDecimal decimal) {
      return decimal.toPlainString();
    }
    return value.toString();
  }

  /** Whether two values of a column are the same. */
  static boolean same(Object a, Object b) {
    if (a == null || b == null) {
      return a == b;
    }
    if (a instanceof Number x
        && b instanceof Number y
        && (a instanceof Double || a instanceof Float)) {
      double p = x.doubleValue();
      double q = y.doubleValue();
      double tolerance = a instanceof Float ? 1e-6 : RELATIVE;
      return p == q
          || (Double.isNaN(p) && Double.isNaN(q))
          || Math.abs(p - q) <= tolerance * Math.max(Math.abs(p), Math.abs(q));
    }
    if (a instanceof CharSequence || b instanceof CharSequence) {
      return a.toString().equals(b.toString());
    }
    if (a instanceof IndexedRecord x && b instanceof IndexedRecord y) {
      for (Schema.Field field : x.getSchema().getFields()) {
        if (!same(x.get(field.pos()), y.get(field.pos()))) {
          return false;
        }
      }
      return true;
    }
    if (a instanceof List<?> x && b instanceof List<?> y) {
      if (x.size() != y.size()) {
        return false;
      }
      for (int i = 0; i < x.size(); i++) {
        if (!same(x.get(i), y.get(i))) {
          return false;
        }
      }
      return true;
    }
    if (a instanceof Map<?, ?> x && b instanceof Map<?, ?> y) {
      return texts(x).equals(texts(y));
    }
    return a.equals(b);
  }

  private static Map<String, String> texts(Map<?, ?> map) {
    Map<String, String> texts = new java.util.TreeMap<>();
    map.forEach((k, v) -> texts.put(k.toString(), text(v)));
    return texts;
  }

  /** Avro binary of a record. */
  static byte[] encode(GenericRecord record) {
    try {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(out, null);
      new GenericDatumWriter<GenericRecord>(record.getSchema(), DATA).write(record, encoder);
      encoder.flush();
      return out.toByteArray();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A record from Avro binary that begins at an offset. */
  static GenericRecord decode(Schema schema, byte[] bytes, int offset) {
    try {
      return new GenericDatumReader<GenericRecord>(schema, schema, DATA)
          .read(
              null, DecoderFactory.get().binaryDecoder(bytes, offset, bytes.length - offset, null));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
