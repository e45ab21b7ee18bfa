package dev.millrace.connect.records;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.avro.LogicalType;
import org.apache.avro.LogicalTypes;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericFixed;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;

/** Compiles the {@link Form} of each type of a schema. */
final class Forms {
  private final Map<String, RecordForm> records = new HashMap<>();

  /**
   * The form of a record schema.
   *
   * @throws IllegalArgumentException if a field is a union of several types besides null
   */
  static RecordForm record(Schema schema) {
    return (RecordForm) new Forms().of(schema, "");
  }

  /** What is written for a field that does not come; null if it must come. */
  static byte[] byDefault(Schema.Field field) {
    if (field.hasDefaultValue()) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(bytes, null);
      try {
        new GenericDatumWriter<Object>(field.schema())
            .write(GenericData.get().getDefaultValue(field), encoder);
        encoder.flush();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return bytes.toByteArray();
    }
    if (field.schema().getType() == Schema.Type.UNION && field.schema().isNullable()) {
      AvroBytes bytes = new AvroBytes();
      bytes.number(field.schema().getIndexNamed("null"));
      return bytes.copy();
    }
    return field.schema().getType() == Schema.Type.NULL ? new byte[0] : null;
  }

  Form of(Schema schema, String path) {
    return switch (schema.getType()) {
      case RECORD -> {
        RecordForm known = records.get(schema.getFullName());
        if (known == null) {
          known = new RecordForm(path, schema);
          records.put(schema.getFullName(), known);
          known.compile(this);
        }
        yield known;
      }
      case UNION -> union(schema, path);
      case ARRAY -> new ArrayForm(path, of(schema.getElementType(), path + "[]"));
      case MAP -> new MapForm(path, of(schema.getValueType(), path + "{}"));
      case INT, LONG -> number(schema, path);
      case FLOAT, DOUBLE -> new RealForm(path, schema.getType() == Schema.Type.FLOAT);
      case BOOLEAN -> new BooleanForm(path);
      case STRING -> new StringForm(path);
      case ENUM -> new EnumForm(path, schema);
      case BYTES, FIXED ->
          schema.getLogicalType() instanceof LogicalTypes.Decimal decimal
              ? new DecimalForm(path, decimal, size(schema))
              : new BytesForm(path, size(schema));
      case NULL -> new NullForm(path);
    };
  }

  private static int size(Schema schema) {
    return schema.getType() == Schema.Type.FIXED ? schema.getFixedSize() : -1;
  }

  private static Form number(Schema schema, String path) {
    LogicalType logical = schema.getLogicalType();
    TimeUnits units = logical == null ? null : TimeUnits.of(logical.getName());
    return units == null
        ? new IntegerForm(path, schema.getType() == Schema.Type.INT)
        : new TimeForm(path, units);
  }

  private Form union(Schema schema, String path) {
    List<Schema> others =
        schema.getTypes().stream().filter(s -> s.getType() != Schema.Type.NULL).toList();
    if (others.size() != 1) {
      throw new IllegalArgumentException(
          "field '"
              + path
              + "' is a union of "
              + schema.getTypes().stream().map(Schema::getName).toList()
              + ": expected one type, or one and null");
    }
    Form inner = of(others.get(0), path);
    return schema.getTypes().size() == 1
        ? inner
        : new NullableForm(inner, schema.getIndexNamed("null"));
  }

  /** A type or null. */
  private static final class NullableForm extends Form {
    private final Form inner;
    private final int nullIndex;

    NullableForm(Form inner, int nullIndex) {
      super(inner.path, inner.expected + " or null");
      this.inner = inner;
      this.nullIndex = nullIndex;
    }

    @Override
    void json(JsonParser parser, AvroBytes out) throws IOException, BadRecordException {
      if (parser.currentToken() == JsonToken.VALUE_NULL) {
        out.number(nullIndex);
      } else {
        out.number(1 - nullIndex);
        inner.json(parser, out);
      }
    }

    @Override
    void text(CharSequence text, AvroBytes out) throws BadRecordException {
      out.number(1 - nullIndex);
      inner.text(text, out);
    }

    @Override
    void ascii(byte[] bytes, int offset, int count, AvroBytes out) throws BadRecordException {
      out.number(1 - nullIndex);
      inner.ascii(bytes, offset, count, out);
    }

    @Override
    void value(Object value, AvroBytes out) throws BadRecordException {
      if (value == null) {
        out.number(nullIndex);
      } else {
        out.number(1 - nullIndex);
        inner.value(value, out);
      }
    }
  }

  private static final class NullForm extends Form {
    NullForm(String path) {
      super(path, "null");
    }

    @Override
    void json(JsonParser parser, AvroBytes out) throws IOException, BadRecordException {
      if (parser.currentToken() != JsonToken.VALUE_NULL) {
        throw bad(parser);
      }
    }

    @Override
    void value(Object value, AvroBytes out) throws BadRecordException {
      if (value != null) {
        throw bad(value);
      }
    }
  }

  private static final class BooleanForm extends Form {
    BooleanForm(String path) {
      super(path, "true or false");
    }

    @Override
    void json(JsonParser parser, AvroBytes out) throws IOException, BadRecordException {
      JsonToken token = parser.currentToken();
      if (token != JsonToken.VALUE_TRUE && token != JsonToken.VALUE_FALSE) {
        throw bad(parser);
      }
      out.bool(token == JsonToken.VALUE_TRUE);
    }

    @Override
    void text(CharSequence text, AvroBytes out) throws BadRecordException {
      String word = text.toString();
      if (!word.equalsIgnoreCase("true") && !word.equalsIgnoreCase("false")) {
        throw bad(text);
      }
      out.bool(word.equalsIgnoreCase("true"));
    }

    @Override
    void value(Object value, AvroBytes out) throws BadRecordException {
      if (!(value instanceof Boolean bool)) {
        throw bad(value);
      }
      out.bool(bool);
    }
  }

  private static final class IntegerForm extends Form {
    private final boolean narrow;

    IntegerForm(String path, boolean narrow) {
      super(path, narrow ? "an int" : "a long");
      this.narrow = narrow;
    }

    private boolean fits(long value) {
      return !narrow || value == (int) value;
    }

    @Override
    void json(JsonParser parser, AvroBytes out) throws IOException, BadRecordException {
      long value;
      if (parser.currentToken() == JsonToken.VALUE_NUMBER_INT) {
        if (parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER) {
          throw bad(parser);
        }
        value = parser.getLongValue();
      } else if (parser.currentToken() == JsonToken.VALUE_NUMBER_FLOAT) {
        // 7.0 is a whole number; some writers know no others.
        value = whole(parser.getDecimalValue());
      } else {
        throw bad(parser);
      }
      if (!fits(value)) {
        throw bad(parser);
      }
      out.number(value);
    }

    private long whole(BigDecimal value) throws BadRecordException {
      // Of 1e999999999 the exact value must not be asked for.
      if (value.scale() < -18 || value.scale() > 1000) {
        throw bad(value);
      }
      try {
        return value.longValueExact();
      } catch (ArithmeticException e) {
        throw bad(value);
      }
    }

    @Override
    void text(CharSequence text, AvroBytes out) throws BadRecordException {
      long value;
      try {
        value = Long.parseLong(text, 0, text.length(), 10);
      } catch (NumberFormatException e) {
        throw bad(text);
      }
      if (!fits(value)) {
        throw bad(text);
      }
      out.number(value);
    }

    @Override
    void value(Object value, AvroBytes out) throws BadRecordException {
      long number;
      if (value instanceof Long
          || value instanceof Integer
          || value instanceof Short
          || value instanceof Byte) {
        number = ((Number) value).longValue();
      } else if (value instanceof BigDecimal decimal) {
        number = whole(decimal);
      } else {
        throw bad(value);
      }
      if (!fits(number)) {
        throw bad(value);
      }
      out.number(number);
    }
  }

  private static final class RealForm extends Form {
    private final boolean single;

    RealForm(String path, boolean single) {
      super(path, "a number");
      this.single = single;
    }

    /** Text in JSON, which has no numbers for them. */
    private static double notFinite(String text) {
      return switch (text) {
        case "NaN" -> Double.NaN;
        case "Infinity" -> Double.POSITIVE_INFINITY;
        case "-Infinity" -> Double.NEGATIVE_INFINITY;
        default -> 0;
      };
    }

    private void write(double value, AvroBytes out) {
      if (single) {
        out.float32((float) value);
      } else {
        out.float64(value);
      }
    }

    @Override
    void json(JsonParser parser, AvroBytes out) throws IOException, BadRecordException {
      if (parser.currentToken() == JsonToken.VALUE_STRING && notFinite(parser.getText()) != 0) {
        write(notFinite(parser.getText()), out);
        return;
      }
      if (!parser.currentToken().isNumeric()) {
        throw bad(parser);
      }
      double value = parser.getDoubleValue();
      if (Double.isInfinite(single ? (float) value : value)) {
        throw bad(parser);
      }
      write(value, out);
    }

    @Override
    void text(CharSequence text, AvroBytes out) throws BadRecordException {
      try {
        write(Double.parseDouble(text.toString()), out);
      } catch (NumberFormatException e) {
        throw bad(text);
      }
    }

    @Override
    void value(Object value, AvroBytes out) throws BadRecordException {
      if (!(value instanceof Number number)) {
        throw bad(value);
      }
      write(number.doubleValue(), out);
    }
  }

  private static final class StringForm extends Form {
    StringForm(String path) {
      super(path, "text");
    }

    @Override
    void json(JsonParser parser, AvroBytes out) throws IOException, BadRecordException {
      if (parser.currentToken() != JsonToken.VALUE_STRING) {
        throw bad(parser);
      }
      out.text(parser.getText());
    }

    @Override
    void text(CharSequence text, AvroBytes out) {
      out.text(text);
    }

    @Override
    void ascii(byte[] bytes, int offset, int count, AvroBytes out) {
      out.withLength(bytes, offset, count);
    }

    @Override
    void value(Object value, AvroBytes out) throws BadRecordException {
      if (value instanceof CharSequence
          || value instanceof UUID
          || value instanceof GenericData.EnumSymbol) {
        out.text(value.toString());
      } else {
        throw bad(value);
      }
    }
  }

  private static final class EnumForm extends Form {
    private final Schema schema;

    EnumForm(String path, Schema schema) {
      super(path, "one of " + String.join(", ", schema.getEnumSymbols()));
      this.schema = schema;
    }

    @Override
    void json(JsonParser parser, AvroBytes out) throws IOException, BadRecordException {
      if (parser.currentToken() != JsonToken.VALUE_STRING) {
        throw bad(parser);
      }
      text(parser.getText(), out);
    }

    @Override
    void text(CharSequence text, AvroBytes out) throws BadRecordException {
      String symbol = text.toString();
      if (!schema.hasEnumSymbol(symbol)) {
        throw bad(text);
      }
      out.number(schema.getEnumOrdinal(symbol));
    }

    @Override
    void value(Object value, AvroBytes out) throws BadRecordException {
      if (value == null) {
        throw bad((Object) null);
      }
      text(value.toString(), out);
    }
  }

  /** Bytes, in JSON and text as Base64. */
  private static final class BytesForm extends Form {
    private final int size;

    BytesForm(String path, int size) {
      super(path, size < 0 ? "Base64" : "Base64 of " + size + " bytes");
      this.size = size;
    }

    private void write(byte[] bytes, AvroBytes out) throws BadRecordException {
      if (size < 0) {
        out.withLength(bytes, 0, bytes.length);
      } else if (bytes.length == size) {
        out.raw(bytes, 0, size);
      } else {
        throw bad(new Literal(bytes.length + " bytes"));
      }
    }

    @Override
    void json(JsonParser parser, AvroBytes out) throws IOException, BadRecordException {
      if (parser.currentToken() != JsonToken.VALUE_STRING) {
        throw bad(parser);
      }
      text(parser.getText(), out);
    }

    @Override
    void text(CharSequence text, AvroBytes out) throws BadRecordException {
      byte[] bytes;
      try {
        bytes = Base64.getDecoder().decode(text.toString());
      } catch (IllegalArgumentException e) {
        throw bad(text);
      }
      write(bytes, out);
    }

    @Override
    void value(Object value, AvroBytes out) throws BadRecordException {
      if (value instanceof byte[] bytes) {
        write(bytes, out);
      } else if (value instanceof ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        write(bytes, out);
      } else if (value instanceof GenericFixed fixed) {
        write(fixed.bytes(), out);
      } else {
        throw bad(value);
      }
    }
  }

  /** A decimal: the digits may be fewer than its scale, never more. */
  private static final class DecimalForm extends Form {
    private final LogicalTypes.Decimal type;
    private final int size;

    DecimalForm(String path, LogicalTypes.Decimal type, int size) {
      super(path, "a decimal(" + type.getPrecision() + "," + type.getScale() + ")");
      this.type = type;
      this.size = size;
    }

    private void write(BigDecimal given, AvroBytes out) throws BadRecordException {
      // What can not fit is not spelled out first: 1e999999999 has as many digits.
      if (given.signum() != 0
          && (long) given.precision() - given.scale() > type.getPrecision() - type.getScale()) {
        throw bad(given);
      }
      BigDecimal value;
      try {
        value = given.setScale(type.getScale(), RoundingMode.UNNECESSARY);
      } catch (ArithmeticException e) {
        throw bad(given);
      }
      byte[] bytes = value.unscaledValue().toByteArray();
      if (size < 0) {
        out.withLength(bytes, 0, bytes.length);
        return;
      }
      byte[] padded = new byte[size];
      Arrays.fill(padded, (byte) (bytes[0] < 0 ? -1 : 0));
      System.arraycopy(bytes, 0, padded, size - bytes.length, bytes.length);
      out.raw(padded, 0, size);
    }

    @Override
    void json(JsonParser parser, AvroBytes out) throws IOException, BadRecordException {
      if (parser.currentToken().isNumeric()) {
        write(parser.getDecimalValue(), out);
      } else if (parser.currentToken() == JsonToken.VALUE_STRING) {
        text(parser.getText(), out);
      } else {
        throw bad(parser);
      }
    }

    @Override
    void text(CharSequence text, AvroBytes out) throws BadRecordException {
      BigDecimal value;
      try {
        value = new BigDecimal(text.toString());
      } catch (NumberFormatException e) {
        throw bad(text);
      }
      write(value, out);
    }

    @Override
    void value(Object value, AvroBytes out) throws BadRecordException {
      if (value instanceof BigDecimal decimal) {
        write(decimal, out);
      } else if (value instanceof Long || value instanceof Integer) {
        write(BigDecimal.valueOf(((Number) value).longValue()), out);
      } else {
        throw bad(value);
      }
    }
  }

  /** A date or time, as text of ISO 8601 or a number of the type's own units. */
  private static final class TimeForm extends Form {
    private final TimeUnits units;

    TimeForm(String path, TimeUnits units) {
      super(path, units.expected());
      this.units = units;
    }

    @Override
    void json(JsonParser parser, AvroBytes out) throws IOException, BadRecordException {
      if (parser.currentToken() == JsonToken.VALUE_STRING) {
        text(parser.getText(), out);
      } else if (parser.currentToken() == JsonToken.VALUE_NUMBER_INT
          && parser.getNumberType() != JsonParser.NumberType.BIG_INTEGER
          && units.fits(parser.getLongValue())) {
        out.number(parser.getLongValue());
      } else {
        throw bad(parser);
      }
    }

    @Override
    void text(CharSequence text, AvroBytes out) throws BadRecordException {
      try {
        out.number(units.parse(text.toString()));
      } catch (RuntimeException e) {
        throw bad(text);
      }
    }

    @Override
    void value(Object value, AvroBytes out) throws BadRecordException {
      if (value instanceof CharSequence text) {
        text(text, out);
        return;
      }
      try {
        out.number(units.of(value));
      } catch (RuntimeException e) {
        throw bad(value);
      }
    }
  }

  private static final class ArrayForm extends Form {
    private final Form element;

    ArrayForm(String path, Form element) {
      super(path, "an array");
      this.element = element;
    }

    @Override
    void json(JsonParser parser, AvroBytes out) throws IOException, BadRecordException {
      if (parser.currentToken() != JsonToken.START_ARRAY) {
        throw bad(parser);
      }
      // Blocks of one: how many there are is known only at the end.
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        if (parser.currentToken() == null) {
          throw new BadRecordException("truncated: an array does not end");
        }
        out.number(1);
        element.json(parser, out);
      }
      out.number(0);
    }

    @Override
    void value(Object value, AvroBytes out) throws BadRecordException {
      if (!(value instanceof Collection<?> items)) {
        throw bad(value);
      }
      if (!items.isEmpty()) {
        out.number(items.size());
        for (Object item : items) {
          element.value(item, out);
        }
      }
      out.number(0);
    }
  }

  private static final class MapForm extends Form {
    private final Form element;

    MapForm(String path, Form element) {
      super(path, "an object");
      this.element = element;
    }

    @Override
    void json(JsonParser parser, AvroBytes out) throws IOException, BadRecordException {
      if (parser.currentToken() != JsonToken.START_OBJECT) {
        throw bad(parser);
      }
      for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
        out.number(1);
        out.text(name);
        parser.nextToken();
        element.json(parser, out);
      }
      if (parser.currentToken() != JsonToken.END_OBJECT) {
        throw new BadRecordException("truncated: an object does not end");
      }
      out.number(0);
    }

    @Override
    void value(Object value, AvroBytes out) throws BadRecordException {
      if (!(value instanceof Map<?, ?> map)) {
        throw bad(value);
      }
      if (!map.isEmpty()) {
        out.number(map.size());
        for (Map.Entry<?, ?> entry : map.entrySet()) {
          out.text(entry.getKey().toString());
          element.value(entry.getValue(), out);
        }
      }
      out.number(0);
    }
  }
}
