package dev.millrace.spark.query;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.Map;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructField;
import scala.collection.JavaConverters;

/**
 * Values as text: times in ISO 8601 (UTC), decimals with all their digits, bytes in Base64,
 * structures as JSON.
 */
final class Cells {
  static final JsonFactory JSON = new JsonFactory();

  private Cells() {}

  /** A value that is not null. */
  static String text(Object value) throws IOException {
    if (value instanceof Row
        || value instanceof scala.collection.Seq
        || value instanceof scala.collection.Map) {
      StringWriter text = new StringWriter();
      try (JsonGenerator json = JSON.createGenerator(text)) {
        write(json, value);
      }
      return text.toString();
    }
    if (value instanceof BigDecimal decimal) {
      return decimal.toPlainString();
    }
    if (value instanceof byte[] bytes) {
      return Base64.getEncoder().encodeToString(bytes);
    }
    if (value instanceof LocalDateTime time) {
      return DateTimeFormatter.ISO_LOCAL_DATE_TIME.format(time);
    }
    // An Instant, LocalDate, Duration or Period says itself in ISO 8601.
    return value.toString();
  }

  /** Any value, null too. Numbers that JSON has no word for (NaN, infinities) are strings. */
  static void write(JsonGenerator json, Object value) throws IOException {
    if (value == null) {
      json.writeNull();
    } else if (value instanceof Boolean v) {
      json.writeBoolean(v);
    } else if (value instanceof Double v) {
      json.writeNumber(v);
    } else if (value instanceof Float v) {
      json.writeNumber(v);
    } else if (value instanceof BigDecimal v) {
      json.writeNumber(v.toPlainString());
    } else if (value instanceof Number v) {
      json.writeNumber(v.longValue());
    } else if (value instanceof Row v) {
      StructField[] fields = v.schema().fields();
      json.writeStartObject();
      for (int i = 0; i < fields.length; i++) {
        json.writeFieldName(fields[i].name());
        write(json, v.get(i));
      }
      json.writeEndObject();
    } else if (value instanceof scala.collection.Seq<?> v) {
      json.writeStartArray();
      for (Object element : JavaConverters.seqAsJavaList(v)) {
        write(json, element);
      }
      json.writeEndArray();
    } else if (value instanceof scala.collection.Map<?, ?> v) {
      json.writeStartObject();
      for (Map.Entry<?, ?> entry : JavaConverters.mapAsJavaMap(v).entrySet()) {
        json.writeFieldName(text(entry.getKey()));
        write(json, entry.getValue());
      }
      json.writeEndObject();
    } else {
      json.writeString(text(value));
    }
  }
}
