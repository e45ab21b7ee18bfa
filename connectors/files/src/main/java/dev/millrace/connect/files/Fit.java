package dev.millrace.connect.files;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.apache.avro.LogicalType;
import org.apache.avro.LogicalTypes;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericFixed;
import org.apache.avro.generic.IndexedRecord;

/**
 * Whether values of a file's type are values of the declared one too, and how they become so. What
 * may lose something (a long as an int, milliseconds of microseconds) is refused for the file, and
 * not found out row by row.
 */
final class Fit {
  private static final UnaryOperator<Object> AS_IS = UnaryOperator.identity();

  /** What the documentation of the fixed type begins with that Parquet's INT96 is read as. */
  private static final String INT96 = "INT96";

  private static final long JULIAN_DAY_OF_1970 = 2_440_588;

  private Fit() {}

  /** A field whose types do not go together. */
  static final class Misfit extends Exception {
    private static final long serialVersionUID = 1L;

    Misfit(String path, String declared, String found) {
      super(
          "field '" + path + "' is declared as " + declared + ", and is " + found + " in the file");
    }
  }

  /**
   * What makes values of the declared type.
   *
   * @throws Misfit naming the field and both types
   */
  static UnaryOperator<Object> of(String path, Schema declared, Schema found) throws Misfit {
    Schema want = notNull(declared);
    Schema have = notNull(found);
    UnaryOperator<Object> convert = have == null ? null : convert(path, want, have);
    if (convert == null) {
      throw new Misfit(path, shown(declared), shown(found));
    }
    return convert == AS_IS ? AS_IS : value -> value == null ? null : convert.apply(value);
  }

  private static UnaryOperator<Object> convert(String path, Schema want, Schema have)
      throws Misfit {
    String wanted = logical(want);
    String given = logical(have);
    return switch (want.getType()) {
      case STRING ->
          have.getType() == Schema.Type.STRING || have.getType() == Schema.Type.ENUM ? AS_IS : null;
      case ENUM ->
          have.getType() == Schema.Type.STRING || have.getType() == Schema.Type.ENUM ? AS_IS : null;
      case BOOLEAN -> have.getType() == Schema.Type.BOOLEAN ? AS_IS : null;
      case FLOAT -> have.getType() == Schema.Type.FLOAT ? AS_IS : null;
      case DOUBLE ->
          have.getType() == Schema.Type.DOUBLE
                  || have.getType() == Schema.Type.FLOAT
                  || (have.getType() == Schema.Type.INT && given.isEmpty())
              ? AS_IS
              : null;
      case INT, LONG -> whole(want, have, wanted, given);
      case BYTES, FIXED ->
          want.getLogicalType() instanceof LogicalTypes.Decimal decimal
              ? decimal(decimal, have)
              : given.isEmpty()
                      && binary(have)
                      && (want.getType() == Schema.Type.BYTES || same(want, have))
                  ? AS_IS
                  : null;
      case ARRAY -> {
        if (have.getType() != Schema.Type.ARRAY) {
          yield null;
        }
        UnaryOperator<Object> element =
            of(path + "[]", want.getElementType(), have.getElementType());
        yield element == AS_IS
            ? AS_IS
            : value -> {
              List<Object> items = new ArrayList<>();
              ((Collection<?>) value).forEach(i -> items.add(element.apply(i)));
              return items;
            };
      }
      case MAP -> {
        if (have.getType() != Schema.Type.MAP) {
          yield null;
        }
        UnaryOperator<Object> element = of(path + "{}", want.getValueType(), have.getValueType());
        yield element == AS_IS
            ? AS_IS
            : value -> {
              Map<Object, Object> items = new LinkedHashMap<>();
              ((Map<?, ?>) value).forEach((k, v) -> items.put(k, element.apply(v)));
              return items;
            };
      }
      case RECORD -> have.getType() == Schema.Type.RECORD ? record(path, want, have) : null;
      default -> null;
    };
  }

  private static UnaryOperator<Object> record(String path, Schema want, Schema have) throws Misfit {
    Map<String, UnaryOperator<Object>> fields = new LinkedHashMap<>();
    for (Schema.Field field : want.getFields()) {
      Schema.Field there = there(field, have);
      String name = path.isEmpty() ? field.name() : path + "." + field.name();
      if (there != null) {
        fields.put(there.name(), of(name, field.schema(), there.schema()));
      } else if (!field.hasDefaultValue() && !field.schema().isNullable()) {
        throw new Misfit(name, shown(field.schema()), "not there");
      }
    }
    if (fields.values().stream().allMatch(f -> f == AS_IS)) {
      return AS_IS;
    }
    return value -> {
      IndexedRecord record = (IndexedRecord) value;
      Map<String, Object> converted = new LinkedHashMap<>();
      fields.forEach(
          (name, f) ->
              converted.put(name, f.apply(record.get(record.getSchema().getField(name).pos()))));
      return converted;
    };
  }

  /** The file's field of a declared one, by its name or an alias; null if there is none. */
  static Schema.Field there(Schema.Field declared, Schema file) {
    Schema.Field field = file.getField(declared.name());
    if (field == null) {
      for (String alias : declared.aliases()) {
        field = field == null ? file.getField(alias) : field;
      }
    }
    return field;
  }

  private static UnaryOperator<Object> whole(
      Schema want, Schema have, String wanted, String given) {
    boolean narrower = want.getType() == Schema.Type.INT && have.getType() == Schema.Type.LONG;
    boolean number = have.getType() == Schema.Type.INT || have.getType() == Schema.Type.LONG;
    if (wanted.isEmpty() || wanted.equals("date")) {
      return number && !narrower && wanted.equals(given) ? AS_IS : null;
    }
    if (wanted.startsWith("timestamp") && int96(have)) {
      long unit = wanted.endsWith("millis") ? 1_000_000 : 1000;
      return value -> nanosOfInt96((GenericFixed) value, unit);
    }
    if (!number || !family(wanted).equals(family(given))) {
      return null;
    }
    long from = unit(given);
    long to = unit(wanted);
    if (from == to) {
      return AS_IS;
    }
    // Coarser units than the file's would cut something off.
    return from > to ? value -> Math.multiplyExact(((Number) value).longValue(), from / to) : null;
  }

  /** Twelve bytes, little endian: nanoseconds of the day, and the Julian day. */
  private static long nanosOfInt96(GenericFixed value, long unit) {
    ByteBuffer bytes = ByteBuffer.wrap(value.bytes()).order(ByteOrder.LITTLE_ENDIAN);
    long nanos = bytes.getLong();
    long day = bytes.getInt() - JULIAN_DAY_OF_1970;
    return Math.addExact(
        Math.multiplyExact(day, 86_400_000_000_000L / unit), Math.floorDiv(nanos, unit));
  }

  private static String family(String logical) {
    int dash = logical.lastIndexOf('-');
    return dash < 0 ? logical : logical.substring(0, dash);
  }

  private static long unit(String logical) {
    return logical.endsWith("millis") ? 1_000_000 : logical.endsWith("micros") ? 1000 : 1;
  }

  private static UnaryOperator<Object> decimal(LogicalTypes.Decimal want, Schema have) {
    if (have.getLogicalType() instanceof LogicalTypes.Decimal given
        && given.getScale() <= want.getScale()
        && given.getPrecision() - given.getScale() <= want.getPrecision() - want.getScale()) {
      int scale = given.getScale();
      return value ->
          value instanceof Number number
              ? BigDecimal.valueOf(number.longValue(), scale)
              : new BigDecimal(new BigInteger(bytes(value)), scale);
    }
    boolean number = have.getType() == Schema.Type.INT || have.getType() == Schema.Type.LONG;
    return number && have.getLogicalType() == null ? AS_IS : null;
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

  private static boolean binary(Schema schema) {
    return (schema.getType() == Schema.Type.BYTES || schema.getType() == Schema.Type.FIXED)
        && !int96(schema);
  }

  /** How Spark, Hive and Impala wrote times for long, and some do still. */
  private static boolean int96(Schema schema) {
    return schema.getType() == Schema.Type.FIXED
        && schema.getFixedSize() == 12
        && schema.getDoc() != null
        && schema.getDoc().startsWith(INT96);
  }

  private static boolean same(Schema want, Schema have) {
    return have.getType() == Schema.Type.FIXED && have.getFixedSize() == want.getFixedSize();
  }

  /** The type besides null; null if there are several. */
  private static Schema notNull(Schema schema) {
    if (schema.getType() != Schema.Type.UNION) {
      return schema;
    }
    List<Schema> others =
        schema.getTypes().stream().filter(s -> s.getType() != Schema.Type.NULL).toList();
    return others.size() == 1 ? others.get(0) : null;
  }

  private static String logical(Schema schema) {
    LogicalType logical = schema.getLogicalType();
    // A type that this Avro has no class for is known by its name all the same.
    String name =
        logical == null ? schema.getProp(LogicalType.LOGICAL_TYPE_PROP) : logical.getName();
    return name == null ? "" : name;
  }

  private static String shown(Schema schema) {
    if (schema.getType() == Schema.Type.UNION) {
      Schema inner = notNull(schema);
      return inner == null
          ? "one of " + schema.getTypes().stream().map(Fit::shown).toList()
          : shown(inner);
    }
    if (schema.getLogicalType() instanceof LogicalTypes.Decimal decimal) {
      return "decimal(" + decimal.getPrecision() + "," + decimal.getScale() + ")";
    }
    if (int96(schema)) {
      return INT96;
    }
    String logical = logical(schema);
    return logical.isEmpty() ? schema.getName() : logical;
  }
}
