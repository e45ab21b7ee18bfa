package dev.millrace.spark.avro;

import dev.millrace.spark.sql.AvroTypes;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.avro.LogicalTypes;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.catalyst.expressions.UnsafeProjection;
import org.apache.spark.sql.catalyst.expressions.UnsafeRow;
import org.apache.spark.sql.catalyst.expressions.codegen.UnsafeRowWriter;
import org.apache.spark.sql.catalyst.util.ArrayBasedMapData;
import org.apache.spark.sql.catalyst.util.GenericArrayData;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.BooleanType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DateType;
import org.apache.spark.sql.types.Decimal;
import org.apache.spark.sql.types.DecimalType;
import org.apache.spark.sql.types.DoubleType;
import org.apache.spark.sql.types.FloatType;
import org.apache.spark.sql.types.IntegerType;
import org.apache.spark.sql.types.LongType;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.types.TimestampType;
import org.apache.spark.unsafe.types.UTF8String;

/**
 * Turns records of one writer schema into rows of the columns that are wanted of a reader schema,
 * by Avro's resolution rules (fields matched by name, promotions, defaults). Flat rows are written
 * straight into Spark's binary row; fields that nobody wants are skipped. Not thread safe; the row
 * is reused.
 */
public final class RowDecoder {
  /** Event time of a record that has none. */
  public static final long NO_TIME = Long.MIN_VALUE;

  private final Step[] steps;
  private final int[] defaultOrdinals;
  private final Object[] defaults;
  private final Object[] empties;
  private final DataType[] types;
  private final boolean flat;
  private final UnsafeRowWriter writer;
  private final UnsafeProjection projection;
  private final GenericInternalRow generic;
  private final int width;
  private final Cursor cursor = new Cursor();
  private long eventTime;

  /** Reads, or skips, one field of the writer. */
  private interface Step {
    void run(Cursor in);
  }

  /** Reads a value as Spark holds it. */
  private interface Value {
    Object read(Cursor in);
  }

  /** Reads a value into a row; true if it was null. */
  private interface Into {
    void read(Cursor in, UnsafeRowWriter out, int ordinal);
  }

  /** Passes over a value. */
  private interface Skip {
    void skip(Cursor in);
  }

  /**
   * A decoder.
   *
   * @param columns fields of the reader schema that make the row, in this order
   * @param timeField the field that says when, or null
   * @param extra further columns behind them, which the caller fills
   */
  public RowDecoder(
      Schema writerSchema,
      Schema reader,
      List<String> columns,
      String timeField,
      StructType extra) {
    StructType all = AvroTypes.structType(reader);
    StructType row = new StructType();
    for (String column : columns) {
      row = row.add(all.apply(column));
    }
    for (StructField field : extra.fields()) {
      row = row.add(field);
    }
    this.width = columns.size();
    this.types = Arrays.stream(row.fields()).map(StructField::dataType).toArray(DataType[]::new);
    this.empties =
        Arrays.stream(row.fields()).map(f -> f.nullable() ? null : emptyOf(f.dataType())).toArray();
    this.flat = Arrays.stream(types).allMatch(RowDecoder::isFlat);
    this.writer = flat ? new UnsafeRowWriter(types.length, 32 * types.length) : null;
    this.generic = flat ? null : new GenericInternalRow(types.length);
    this.projection = flat ? null : UnsafeProjection.create(row);
    List<Step> list = new ArrayList<>();
    boolean[] read = new boolean[width];
    for (Schema.Field field : writerSchema.getFields()) {
      int ordinal = columns.indexOf(field.name());
      boolean time = field.name().equals(timeField);
      if (ordinal >= 0 && reader.getField(field.name()) != null) {
        read[ordinal] = true;
        list.add(step(field.schema(), types[ordinal], ordinal, time, field.name()));
      } else if (time) {
        Value value =
            value(
                field.schema(),
                reader.getField(timeField) == null ? null : all.apply(timeField).dataType(),
                field.name());
        list.add(in -> noteTime(value.read(in)));
      } else {
        Skip skip = skip(field.schema());
        list.add(skip::skip);
      }
    }
    this.steps = list.toArray(Step[]::new);
    List<Integer> missing = new ArrayList<>();
    List<Object> values = new ArrayList<>();
    for (int i = 0; i < width; i++) {
      if (!read[i]) {
        missing.add(i);
        values.add(defaultOf(reader.getField(columns.get(i)), types[i]));
      }
    }
    this.defaultOrdinals = missing.stream().mapToInt(Integer::intValue).toArray();
    this.defaults = values.toArray();
  }

  /**
   * Decodes a record; {@link #row} then completes the row.
   *
   * @return its event time in microseconds, or {@link #NO_TIME}
   * @throws CorruptRecordException if the bytes are no such record
   */
  public long decode(byte[] bytes, int offset) {
    cursor.reset(bytes, offset);
    eventTime = NO_TIME;
    if (flat) {
      writer.reset();
      writer.zeroOutNullBytes();
    }
    try {
      for (Step step : steps) {
        step.run(cursor);
      }
    } catch (IndexOutOfBoundsException e) {
      throw new CorruptRecordException("the record ends too early");
    }
    if (!cursor.atEnd()) {
      throw new CorruptRecordException(
          (bytes.length - cursor.position) + " bytes are left behind the record");
    }
    for (int i = 0; i < defaultOrdinals.length; i++) {
      set(defaultOrdinals[i], defaults[i]);
    }
    return eventTime;
  }

  /**
   * Begins a row without a record: columns are null, or, where they may not be, empty or zero. What
   * Spark generates does not look whether a column that is never null is null.
   */
  public void empty() {
    if (flat) {
      writer.reset();
      writer.zeroOutNullBytes();
    }
    for (int i = 0; i < width; i++) {
      set(i, empties[i]);
    }
  }

  private static Object emptyOf(DataType type) {
    if (type instanceof StringType) {
      return UTF8String.EMPTY_UTF8;
    } else if (type instanceof BinaryType) {
      return new byte[0];
    } else if (type instanceof BooleanType) {
      return false;
    } else if (type instanceof IntegerType || type instanceof DateType) {
      return 0;
    } else if (type instanceof FloatType) {
      return 0f;
    } else if (type instanceof DoubleType) {
      return 0d;
    } else if (type instanceof DecimalType decimal) {
      return Decimal.apply(0L, decimal.precision(), decimal.scale());
    } else if (type instanceof ArrayType) {
      return new GenericArrayData(new Object[0]);
    } else if (type instanceof MapType) {
      return new ArrayBasedMapData(
          new GenericArrayData(new Object[0]), new GenericArrayData(new Object[0]));
    } else if (type instanceof StructType struct) {
      return new GenericInternalRow(
          Arrays.stream(struct.fields()).map(f -> emptyOf(f.dataType())).toArray());
    }
    return 0L;
  }

  /** Sets an extra column: a {@link Long}, {@link Integer} or {@link Boolean}. */
  public void extra(int index, Object value) {
    set(width + index, value);
  }

  /** The row, valid until the next one is decoded. */
  public UnsafeRow row() {
    return flat ? writer.getRow() : projection.apply(generic);
  }

  private void set(int ordinal, Object value) {
    if (!flat) {
      generic.update(ordinal, value);
    } else if (value == null) {
      if (types[ordinal] instanceof DecimalType decimal
          && decimal.precision() > Decimal.MAX_LONG_DIGITS()) {
        writer.write(ordinal, (Decimal) null, decimal.precision(), decimal.scale());
      } else {
        writer.setNullAt(ordinal);
      }
    } else if (value instanceof Long v) {
      writer.write(ordinal, v.longValue());
    } else if (value instanceof Integer v) {
      writer.write(ordinal, v.intValue());
    } else if (value instanceof Boolean v) {
      writer.write(ordinal, v.booleanValue());
    } else if (value instanceof Double v) {
      writer.write(ordinal, v.doubleValue());
    } else if (value instanceof Float v) {
      writer.write(ordinal, v.floatValue());
    } else if (value instanceof UTF8String v) {
      writer.write(ordinal, v);
    } else if (value instanceof byte[] v) {
      writer.write(ordinal, v);
    } else if (value instanceof Decimal v) {
      DecimalType type = (DecimalType) types[ordinal];
      writer.write(ordinal, v, type.precision(), type.scale());
    } else {
      throw new IllegalStateException("no flat value: " + value.getClass());
    }
  }

  private void noteTime(Object value) {
    if (value instanceof Long micros) {
      eventTime = micros;
    }
  }

  private static boolean isFlat(DataType type) {
    return !(type instanceof StructType || type instanceof ArrayType || type instanceof MapType);
  }

  private Step step(Schema from, DataType to, int ordinal, boolean time, String path) {
    if (flat && !time && !(to instanceof DecimalType)) {
      Into into = into(from, to, path);
      return in -> into.read(in, writer, ordinal);
    }
    if (flat && time && from.getType() == Schema.Type.LONG) {
      long factor = AvroTypes.isTimestampMillis(from) ? 1000 : 1;
      return in -> {
        eventTime = in.readLong() * factor;
        writer.write(ordinal, eventTime);
      };
    }
    Value value = value(from, to, path);
    return in -> {
      Object read = value.read(in);
      if (time) {
        noteTime(read);
      }
      set(ordinal, read);
    };
  }

  /** The quick way for what fits a fixed place or a run of bytes. */
  private static Into into(Schema from, DataType to, String path) {
    if (from.getType() == Schema.Type.UNION) {
      Into[] branches = from.getTypes().stream().map(b -> into(b, to, path)).toArray(Into[]::new);
      return (in, out, ordinal) -> branch(branches, in, path).read(in, out, ordinal);
    }
    if (from.getType() == Schema.Type.NULL) {
      return (in, out, ordinal) -> out.setNullAt(ordinal);
    }
    if (to instanceof StringType
        && (from.getType() == Schema.Type.STRING || from.getType() == Schema.Type.BYTES)) {
      return (in, out, ordinal) -> {
        int length = in.readLength();
        out.write(ordinal, in.bytes, in.position, length);
        in.position += length;
      };
    }
    if (to instanceof LongType
        && (from.getType() == Schema.Type.LONG || from.getType() == Schema.Type.INT)) {
      return (in, out, ordinal) -> out.write(ordinal, in.readLong());
    }
    if (to instanceof TimestampType && from.getType() == Schema.Type.LONG) {
      long factor = AvroTypes.isTimestampMillis(from) ? 1000 : 1;
      return (in, out, ordinal) -> out.write(ordinal, in.readLong() * factor);
    }
    if ((to instanceof IntegerType || to instanceof DateType)
        && from.getType() == Schema.Type.INT) {
      return (in, out, ordinal) -> out.write(ordinal, in.readInt());
    }
    if (to instanceof DoubleType && from.getType() == Schema.Type.DOUBLE) {
      return (in, out, ordinal) -> out.write(ordinal, in.readDouble());
    }
    if (to instanceof BooleanType && from.getType() == Schema.Type.BOOLEAN) {
      return (in, out, ordinal) -> out.write(ordinal, in.readBoolean());
    }
    Value value = value(from, to, path);
    return (in, out, ordinal) -> {
      Object read = value.read(in);
      if (read instanceof UTF8String v) {
        out.write(ordinal, v);
      } else if (read instanceof byte[] v) {
        out.write(ordinal, v);
      } else if (read instanceof Double v) {
        out.write(ordinal, v.doubleValue());
      } else if (read instanceof Float v) {
        out.write(ordinal, v.floatValue());
      } else {
        throw new IllegalStateException(path + ": " + read);
      }
    };
  }

  private static <T> T branch(T[] branches, Cursor in, String path) {
    int index = in.readInt();
    if (index < 0 || index >= branches.length) {
      throw new CorruptRecordException(
          path + ": branch " + index + " of a union of " + branches.length);
    }
    return branches[index];
  }

  private static Value value(Schema from, DataType to, String path) {
    if (from.getType() == Schema.Type.UNION) {
      Value[] branches =
          from.getTypes().stream().map(b -> value(b, to, path)).toArray(Value[]::new);
      return in -> branch(branches, in, path).read(in);
    }
    if (from.getType() == Schema.Type.NULL) {
      return in -> null;
    }
    Schema.Type type = from.getType();
    if (to instanceof BooleanType && type == Schema.Type.BOOLEAN) {
      return Cursor::readBoolean;
    }
    if ((to instanceof IntegerType || to instanceof DateType) && type == Schema.Type.INT) {
      return Cursor::readInt;
    }
    if (to instanceof LongType && (type == Schema.Type.LONG || type == Schema.Type.INT)) {
      return Cursor::readLong;
    }
    if (to instanceof TimestampType && type == Schema.Type.LONG) {
      long factor = AvroTypes.isTimestampMillis(from) ? 1000 : 1;
      return in -> in.readLong() * factor;
    }
    if (to instanceof FloatType) {
      switch (type) {
        case FLOAT -> {
          return Cursor::readFloat;
        }
        case INT, LONG -> {
          return in -> (float) in.readLong();
        }
        default -> {
          // Refused below.
        }
      }
    }
    if (to instanceof DoubleType) {
      switch (type) {
        case DOUBLE -> {
          return Cursor::readDouble;
        }
        case FLOAT -> {
          return in -> (double) in.readFloat();
        }
        case INT, LONG -> {
          return in -> (double) in.readLong();
        }
        default -> {
          // Refused below.
        }
      }
    }
    if (to instanceof StringType) {
      switch (type) {
        case STRING, BYTES -> {
          return in -> UTF8String.fromBytes(bytes(in, in.readLength()));
        }
        case ENUM -> {
          UTF8String[] symbols =
              from.getEnumSymbols().stream().map(UTF8String::fromString).toArray(UTF8String[]::new);
          return in -> {
            int index = in.readInt();
            if (index < 0 || index >= symbols.length) {
              throw new CorruptRecordException(path + ": symbol " + index);
            }
            return symbols[index];
          };
        }
        default -> {
          // Refused below.
        }
      }
    }
    if (to instanceof BinaryType) {
      switch (type) {
        case BYTES, STRING -> {
          return in -> bytes(in, in.readLength());
        }
        case FIXED -> {
          int size = from.getFixedSize();
          return in -> bytes(in, size);
        }
        default -> {
          // Refused below.
        }
      }
    }
    if (to instanceof DecimalType decimal
        && from.getLogicalType() instanceof LogicalTypes.Decimal d) {
      if (d.getScale() != decimal.scale()) {
        throw new IllegalArgumentException(
            path + ": decimal of scale " + d.getScale() + " read as scale " + decimal.scale());
      }
      int fixed = type == Schema.Type.FIXED ? from.getFixedSize() : -1;
      return in -> {
        BigInteger unscaled = new BigInteger(bytes(in, fixed < 0 ? in.readLength() : fixed));
        return Decimal.apply(
            new BigDecimal(unscaled, decimal.scale()), decimal.precision(), decimal.scale());
      };
    }
    if (to instanceof ArrayType array && type == Schema.Type.ARRAY) {
      Value item = value(from.getElementType(), array.elementType(), path + "[]");
      return in -> {
        List<Object> items = new ArrayList<>();
        for (int n = in.readBlock(); n > 0; n = in.readBlock()) {
          for (int i = 0; i < n; i++) {
            items.add(item.read(in));
          }
        }
        return new GenericArrayData(items.toArray());
      };
    }
    if (to instanceof MapType map && type == Schema.Type.MAP) {
      Value item = value(from.getValueType(), map.valueType(), path + "{}");
      return in -> {
        List<Object> keys = new ArrayList<>();
        List<Object> values = new ArrayList<>();
        for (int n = in.readBlock(); n > 0; n = in.readBlock()) {
          for (int i = 0; i < n; i++) {
            keys.add(UTF8String.fromBytes(bytes(in, in.readLength())));
            values.add(item.read(in));
          }
        }
        return new ArrayBasedMapData(
            new GenericArrayData(keys.toArray()), new GenericArrayData(values.toArray()));
      };
    }
    if (to instanceof StructType struct && type == Schema.Type.RECORD) {
      return struct(from, struct, path);
    }
    throw new IllegalArgumentException(
        path + ": written as " + from + ", which can not be read as " + to.simpleString());
  }

  private static Value struct(Schema from, StructType to, String path) {
    int size = to.size();
    List<Schema.Field> fields = from.getFields();
    int[] ordinals = new int[fields.size()];
    Value[] values = new Value[fields.size()];
    Skip[] skips = new Skip[fields.size()];
    List<String> names = Arrays.asList(to.fieldNames());
    for (int i = 0; i < fields.size(); i++) {
      ordinals[i] = names.indexOf(fields.get(i).name());
      if (ordinals[i] >= 0) {
        values[i] =
            value(
                fields.get(i).schema(),
                to.fields()[ordinals[i]].dataType(),
                path + "." + fields.get(i).name());
      } else {
        skips[i] = skip(fields.get(i).schema());
      }
    }
    for (String name : names) {
      if (from.getField(name) == null && !to.apply(name).nullable()) {
        throw new IllegalArgumentException(
            path + "." + name + ": is not in the record that was written, and may not be null");
      }
    }
    return in -> {
      InternalRow row = new GenericInternalRow(size);
      for (int i = 0; i < ordinals.length; i++) {
        if (ordinals[i] >= 0) {
          row.update(ordinals[i], values[i].read(in));
        } else {
          skips[i].skip(in);
        }
      }
      return row;
    };
  }

  private static byte[] bytes(Cursor in, int length) {
    int from = in.position;
    in.skip(length);
    return Arrays.copyOfRange(in.bytes, from, from + length);
  }

  private static Skip skip(Schema schema) {
    return switch (schema.getType()) {
      case NULL -> in -> {};
      case BOOLEAN -> in -> in.skip(1);
      case INT, LONG, ENUM -> Cursor::readLong;
      case FLOAT -> in -> in.skip(4);
      case DOUBLE -> in -> in.skip(8);
      case STRING, BYTES -> in -> in.skip(in.readLength());
      case FIXED -> {
        int size = schema.getFixedSize();
        yield in -> in.skip(size);
      }
      case UNION -> {
        Skip[] branches = schema.getTypes().stream().map(RowDecoder::skip).toArray(Skip[]::new);
        yield in -> branch(branches, in, "a skipped field").skip(in);
      }
      case ARRAY -> items(skip(schema.getElementType()));
      case MAP -> {
        Skip value = skip(schema.getValueType());
        yield items(
            in -> {
              in.skip(in.readLength());
              value.skip(in);
            });
      }
      case RECORD -> {
        Skip[] fields = schema.getFields().stream().map(f -> skip(f.schema())).toArray(Skip[]::new);
        yield in -> {
          for (Skip field : fields) {
            field.skip(in);
          }
        };
      }
    };
  }

  private static Skip items(Skip item) {
    return in -> {
      for (int n = in.readBlock(); n > 0; n = in.readBlock()) {
        for (int i = 0; i < n; i++) {
          item.skip(in);
        }
      }
    };
  }

  private static Object defaultOf(Schema.Field field, DataType type) {
    if (!field.hasDefaultValue()) {
      throw new IllegalArgumentException(
          "field " + field.name() + " was not written and has no default");
    }
    Object value = GenericData.get().getDefaultValue(field);
    if (value == null) {
      return null;
    }
    if (value instanceof CharSequence || value instanceof GenericData.EnumSymbol) {
      return type instanceof BinaryType
          ? value.toString().getBytes(StandardCharsets.UTF_8)
          : UTF8String.fromString(value.toString());
    }
    if (value instanceof Number || value instanceof Boolean) {
      if (type instanceof TimestampType
          && AvroTypes.isTimestampMillis(AvroTypes.nonNull(field.schema()))) {
        return ((Number) value).longValue() * 1000;
      }
      if (type instanceof LongType) {
        return ((Number) value).longValue();
      }
      return value;
    }
    if (value instanceof ByteBuffer buffer && type instanceof BinaryType) {
      byte[] copy = new byte[buffer.remaining()];
      buffer.duplicate().get(copy);
      return copy;
    }
    if (value instanceof List<?> list && list.isEmpty() && type instanceof ArrayType) {
      return new GenericArrayData(new Object[0]);
    }
    if (value instanceof Map<?, ?> map && map.isEmpty() && type instanceof MapType) {
      return new ArrayBasedMapData(
          new GenericArrayData(new Object[0]), new GenericArrayData(new Object[0]));
    }
    throw new IllegalArgumentException(
        "field "
            + field.name()
            + ": default "
            + value
            + " of type "
            + type.simpleString()
            + " is not supported");
  }
}
