package dev.millrace.spark.avro;

import dev.millrace.registry.WireFormat;
import dev.millrace.spark.sql.AvroTypes;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.avro.LogicalTypes;
import org.apache.avro.Schema;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.SpecializedGetters;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.sql.catalyst.util.MapData;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.Decimal;
import org.apache.spark.sql.types.DecimalType;
import org.apache.spark.sql.types.IntegerType;
import org.apache.spark.sql.types.LongType;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.unsafe.types.UTF8String;

/**
 * Writes fields of rows as an Avro record, framed or bare. Compiled once; not thread safe.
 *
 * @see Cursor for the encoding
 */
public final class RowEncoder {
  private final Field[] fields;
  private byte[] buffer = new byte[512];
  private int position;

  /** A field of the record and the column that it comes from. */
  private record Field(int ordinal, Writer writer) {}

  /** Writes a value of a row or array. */
  private interface Writer {
    void write(SpecializedGetters from, int ordinal);
  }

  /**
   * An encoder.
   *
   * @param row what the rows are made of
   * @param record each of its fields is a column of that name
   * @throws IllegalArgumentException naming the field without a fitting column
   */
  public RowEncoder(StructType row, Schema record) {
    List<String> names = Arrays.asList(row.fieldNames());
    List<Field> list = new ArrayList<>();
    for (Schema.Field field : record.getFields()) {
      int ordinal = names.indexOf(field.name());
      if (ordinal < 0) {
        throw new IllegalArgumentException(
            "the query yields no column '" + field.name() + "'; it yields " + names);
      }
      list.add(
          new Field(
              ordinal, writer(row.fields()[ordinal].dataType(), field.schema(), field.name())));
    }
    this.fields = list.toArray(Field[]::new);
  }

  /** The record with the wire format's frame. */
  public byte[] framed(int schemaId, InternalRow row) {
    position = WireFormat.HEADER_LENGTH;
    WireFormat.writeHeader(buffer, 0, schemaId);
    return encode(row);
  }

  /** The record alone. */
  public byte[] bare(InternalRow row) {
    position = 0;
    return encode(row);
  }

  private byte[] encode(InternalRow row) {
    for (Field field : fields) {
      field.writer.write(row, field.ordinal);
    }
    return Arrays.copyOf(buffer, position);
  }

  private Writer writer(DataType from, Schema to, String path) {
    if (to.getType() == Schema.Type.UNION) {
      int nullIndex = -1;
      int valueIndex = -1;
      for (int i = 0; i < to.getTypes().size(); i++) {
        if (to.getTypes().get(i).getType() == Schema.Type.NULL) {
          nullIndex = i;
        } else if (valueIndex < 0) {
          valueIndex = i;
        } else {
          throw new IllegalArgumentException(
              path + ": a union of several types can not be written");
        }
      }
      Writer value = value(from, to.getTypes().get(valueIndex), path);
      int ofNull = nullIndex;
      int ofValue = valueIndex;
      return (row, ordinal) -> {
        if (row.isNullAt(ordinal)) {
          if (ofNull < 0) {
            throw required(path);
          }
          writeLong(ofNull);
        } else {
          writeLong(ofValue);
          value.write(row, ordinal);
        }
      };
    }
    Writer value = value(from, to, path);
    return (row, ordinal) -> {
      if (row.isNullAt(ordinal)) {
        throw required(path);
      }
      value.write(row, ordinal);
    };
  }

  private static IllegalArgumentException required(String path) {
    return new IllegalArgumentException(
        "column '" + path + "' is null, and its schema requires a value");
  }

  private Writer value(DataType from, Schema to, String path) {
    return switch (to.getType()) {
      case BOOLEAN ->
          (row, ordinal) -> {
            grow(1);
            buffer[position++] = (byte) (row.getBoolean(ordinal) ? 1 : 0);
          };
      case INT -> {
        if (from instanceof LongType) {
          yield (row, ordinal) -> writeLong(Math.toIntExact(row.getLong(ordinal)));
        }
        yield switch (from.typeName()) {
          case "byte" -> (row, ordinal) -> writeLong(row.getByte(ordinal));
          case "short" -> (row, ordinal) -> writeLong(row.getShort(ordinal));
          default -> (row, ordinal) -> writeLong(row.getInt(ordinal));
        };
      }
      case LONG -> {
        if (from instanceof IntegerType) {
          yield (row, ordinal) -> writeLong(row.getInt(ordinal));
        }
        if (AvroTypes.isTimestampMillis(to)) {
          yield (row, ordinal) -> writeLong(Math.floorDiv(row.getLong(ordinal), 1000L));
        }
        yield (row, ordinal) -> writeLong(row.getLong(ordinal));
      }
      case FLOAT -> (row, ordinal) -> writeFixed(Float.floatToRawIntBits(row.getFloat(ordinal)), 4);
      case DOUBLE ->
          (row, ordinal) -> writeFixed(Double.doubleToRawLongBits(row.getDouble(ordinal)), 8);
      case STRING ->
          (row, ordinal) -> {
            UTF8String text = row.getUTF8String(ordinal);
            int length = text.numBytes();
            writeLong(length);
            grow(length);
            text.writeToMemory(
                buffer, org.apache.spark.unsafe.Platform.BYTE_ARRAY_OFFSET + position);
            position += length;
          };
      case ENUM ->
          (row, ordinal) -> {
            String symbol = row.getUTF8String(ordinal).toString();
            if (!to.hasEnumSymbol(symbol)) {
              throw new IllegalArgumentException(
                  "column '" + path + "': '" + symbol + "' is none of " + to.getEnumSymbols());
            }
            writeLong(to.getEnumOrdinal(symbol));
          };
      case BYTES -> {
        if (to.getLogicalType() instanceof LogicalTypes.Decimal && from instanceof DecimalType d) {
          yield (row, ordinal) -> {
            byte[] bytes = unscaled(row.getDecimal(ordinal, d.precision(), d.scale()));
            writeLong(bytes.length);
            writeBytes(bytes);
          };
        }
        yield (row, ordinal) -> {
          byte[] bytes = row.getBinary(ordinal);
          writeLong(bytes.length);
          writeBytes(bytes);
        };
      }
      case FIXED -> {
        int size = to.getFixedSize();
        if (to.getLogicalType() instanceof LogicalTypes.Decimal && from instanceof DecimalType d) {
          yield (row, ordinal) -> {
            byte[] bytes = unscaled(row.getDecimal(ordinal, d.precision(), d.scale()));
            grow(size);
            byte sign = (byte) (bytes[0] < 0 ? -1 : 0);
            Arrays.fill(buffer, position, position + size - bytes.length, sign);
            position += size - bytes.length;
            writeBytes(bytes);
          };
        }
        yield (row, ordinal) -> {
          byte[] bytes = row.getBinary(ordinal);
          if (bytes.length != size) {
            throw new IllegalArgumentException(
                "column '" + path + "': " + bytes.length + " bytes, its schema has " + size);
          }
          writeBytes(bytes);
        };
      }
      case ARRAY -> {
        Writer item = writer(((ArrayType) from).elementType(), to.getElementType(), path + "[]");
        yield (row, ordinal) -> {
          ArrayData array = row.getArray(ordinal);
          if (array.numElements() > 0) {
            writeLong(array.numElements());
            for (int i = 0; i < array.numElements(); i++) {
              item.write(array, i);
            }
          }
          writeLong(0);
        };
      }
      case MAP -> {
        Writer item = writer(((MapType) from).valueType(), to.getValueType(), path + "{}");
        Writer key =
            value(((MapType) from).keyType(), Schema.create(Schema.Type.STRING), path + "{key}");
        yield (row, ordinal) -> {
          MapData map = row.getMap(ordinal);
          if (map.numElements() > 0) {
            writeLong(map.numElements());
            for (int i = 0; i < map.numElements(); i++) {
              key.write(map.keyArray(), i);
              item.write(map.valueArray(), i);
            }
          }
          writeLong(0);
        };
      }
      case RECORD -> {
        StructType struct = (StructType) from;
        List<String> names = Arrays.asList(struct.fieldNames());
        List<Field> inner = new ArrayList<>();
        for (Schema.Field field : to.getFields()) {
          int at = names.indexOf(field.name());
          if (at < 0) {
            throw new IllegalArgumentException(path + ": has no field '" + field.name() + "'");
          }
          inner.add(
              new Field(
                  at,
                  writer(
                      struct.fields()[at].dataType(), field.schema(), path + "." + field.name())));
        }
        yield (row, ordinal) -> {
          InternalRow nested = row.getStruct(ordinal, struct.size());
          for (Field field : inner) {
            field.writer.write(nested, field.ordinal);
          }
        };
      }
      case NULL, UNION ->
          throw new IllegalArgumentException(path + ": type " + to + " can not be written");
    };
  }

  private static byte[] unscaled(Decimal decimal) {
    BigInteger unscaled = decimal.toJavaBigDecimal().unscaledValue();
    return unscaled.toByteArray();
  }

  private void writeLong(long value) {
    grow(10);
    long n = (value << 1) ^ (value >> 63);
    while ((n & ~0x7fL) != 0) {
      buffer[position++] = (byte) (n | 0x80);
      n >>>= 7;
    }
    buffer[position++] = (byte) n;
  }

  private void writeFixed(long bits, int bytes) {
    grow(bytes);
    for (int i = 0; i < bytes; i++) {
      buffer[position++] = (byte) (bits >>> (8 * i));
    }
  }

  private void writeBytes(byte[] bytes) {
    grow(bytes.length);
    System.arraycopy(bytes, 0, buffer, position, bytes.length);
    position += bytes.length;
  }

  private void grow(int more) {
    if (buffer.length - position < more) {
      buffer = Arrays.copyOf(buffer, Math.max(buffer.length * 2, position + more));
    }
  }
}
