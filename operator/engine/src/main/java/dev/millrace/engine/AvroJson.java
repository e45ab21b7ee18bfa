package dev.millrace.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.HexFormat;
import java.util.Map;
import org.apache.avro.LogicalType;
import org.apache.avro.LogicalTypes;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericFixed;
import org.apache.avro.generic.GenericRecord;

/** Avro values as JSON for people: times in ISO-8601, decimals exact, long texts cut. */
final class AvroJson {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
  private static final int LONGEST_TEXT = 1000;
  private static final int MOST_BYTES = 64;
  private static final int MOST_ITEMS = 50;

  private AvroJson() {}

  static JsonNode of(Schema schema, Object value) {
    if (value == null) {
      return NODES.nullNode();
    }
    if (schema.getType() == Schema.Type.UNION) {
      return of(schema.getTypes().get(GenericData.get().resolveUnion(schema, value)), value);
    }
    JsonNode logical = logical(schema.getLogicalType(), value);
    if (logical != null) {
      return logical;
    }
    return switch (schema.getType()) {
      case RECORD -> {
        ObjectNode out = NODES.objectNode();
        GenericRecord row = (GenericRecord) value;
        for (Schema.Field field : schema.getFields()) {
          out.set(field.name(), of(field.schema(), row.get(field.pos())));
        }
        yield out;
      }
      case ARRAY -> {
        ArrayNode out = NODES.arrayNode();
        ((Collection<?>) value)
            .stream().limit(MOST_ITEMS).forEach(item -> out.add(of(schema.getElementType(), item)));
        yield out;
      }
      case MAP -> {
        ObjectNode out = NODES.objectNode();
        ((Map<?, ?>) value)
            .entrySet().stream()
                .limit(MOST_ITEMS)
                .forEach(
                    e -> out.set(e.getKey().toString(), of(schema.getValueType(), e.getValue())));
        yield out;
      }
      case INT -> NODES.numberNode((Integer) value);
      case LONG -> NODES.numberNode((Long) value);
      case FLOAT -> NODES.numberNode((Float) value);
      case DOUBLE -> NODES.numberNode((Double) value);
      case BOOLEAN -> NODES.booleanNode((Boolean) value);
      case BYTES, FIXED -> NODES.textNode(hex(bytes(value)));
      default -> NODES.textNode(cut(value.toString()));
    };
  }

  private static JsonNode logical(LogicalType type, Object value) {
    if (type == null) {
      return null;
    }
    return switch (type.getName()) {
      case "timestamp-micros" -> text(Instant.EPOCH.plus((Long) value, ChronoUnit.MICROS));
      case "timestamp-millis" -> text(Instant.ofEpochMilli((Long) value));
      case "local-timestamp-micros" ->
          text(
              Instant.EPOCH
                  .plus((Long) value, ChronoUnit.MICROS)
                  .atOffset(java.time.ZoneOffset.UTC)
                  .toLocalDateTime());
      case "date" -> text(LocalDate.ofEpochDay((Integer) value));
      case "time-micros" -> text(LocalTime.ofNanoOfDay((Long) value * 1000));
      case "time-millis" -> text(LocalTime.ofNanoOfDay((Integer) value * 1_000_000L));
      case "decimal" ->
          NODES.numberNode(
              new BigDecimal(
                  new BigInteger(bytes(value)), ((LogicalTypes.Decimal) type).getScale()));
      default -> null;
    };
  }

  private static JsonNode text(Object value) {
    return NODES.textNode(value.toString());
  }

  private static byte[] bytes(Object value) {
    if (value instanceof GenericFixed fixed) {
      return fixed.bytes();
    }
    ByteBuffer buffer = ((ByteBuffer) value).duplicate();
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    return bytes;
  }

  /** Some bytes as 0x..., and how many more there are. */
  static String hex(byte[] bytes) {
    int shown = Math.min(bytes.length, MOST_BYTES);
    String hex = "0x" + HexFormat.of().formatHex(bytes, 0, shown);
    return shown == bytes.length ? hex : hex + "... (" + bytes.length + " bytes)";
  }

  /** A text, or its beginning and how long it is. */
  static String cut(String text) {
    return text.length() <= LONGEST_TEXT
        ? text
        : text.substring(0, LONGEST_TEXT) + "... (" + text.length() + " characters)";
  }
}
