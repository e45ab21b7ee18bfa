package dev.millrace.spark.job;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.BooleanType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DecimalType;
import org.apache.spark.sql.types.DoubleType;
import org.apache.spark.sql.types.FloatType;
import org.apache.spark.sql.types.IntegerType;
import org.apache.spark.sql.types.LongType;
import org.apache.spark.sql.types.StringType;

/**
 * The carried fields of an event as bytes, in state and between equal events to compare: a byte for
 * null or not, then the value.
 */
final class CarryCodec implements Serializable {
  private static final long serialVersionUID = 1;

  private enum Kind {
    BOOLEAN,
    INT,
    LONG,
    FLOAT,
    DOUBLE,
    STRING,
    BINARY,
    DECIMAL
  }

  private final Kind[] kinds;

  /**
   * @param names of the fields, for errors
   * @throws IllegalArgumentException naming the field, if it has a nested type
   */
  CarryCodec(List<String> names, List<DataType> types) {
    kinds = new Kind[types.size()];
    for (int i = 0; i < kinds.length; i++) {
      kinds[i] = kind(names.get(i), types.get(i));
    }
  }

  private static Kind kind(String name, DataType type) {
    if (type instanceof BooleanType) {
      return Kind.BOOLEAN;
    } else if (type instanceof IntegerType) {
      return Kind.INT;
    } else if (type instanceof LongType) {
      return Kind.LONG;
    } else if (type instanceof FloatType) {
      return Kind.FLOAT;
    } else if (type instanceof DoubleType) {
      return Kind.DOUBLE;
    } else if (type instanceof StringType) {
      return Kind.STRING;
    } else if (type instanceof BinaryType) {
      return Kind.BINARY;
    } else if (type instanceof DecimalType) {
      return Kind.DECIMAL;
    }
    throw new IllegalArgumentException(
        "intervals.carry: "
            + name
            + " is a "
            + type.sql()
            + "; only fields that are not nested can be carried");
  }

  int size() {
    return kinds.length;
  }

  /** The fields of a row from {@code first} on. */
  byte[] encode(Row row, int first) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(16 * kinds.length);
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      for (int i = 0; i < kinds.length; i++) {
        Object value = row.get(first + i);
        out.writeBoolean(value != null);
        if (value != null) {
          write(out, kinds[i], value);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static void write(DataOutputStream out, Kind kind, Object value) throws IOException {
    switch (kind) {
      case BOOLEAN -> out.writeBoolean((Boolean) value);
      case INT -> out.writeInt((Integer) value);
      case LONG -> out.writeLong((Long) value);
      case FLOAT -> out.writeFloat((Float) value);
      case DOUBLE -> out.writeDouble((Double) value);
      case STRING -> bytes(out, ((String) value).getBytes(StandardCharsets.UTF_8));
      case BINARY -> bytes(out, (byte[]) value);
      case DECIMAL -> {
        BigDecimal d = (BigDecimal) value;
        out.writeInt(d.scale());
        bytes(out, d.unscaledValue().toByteArray());
      }
    }
  }

  private static void bytes(DataOutputStream out, byte[] value) throws IOException {
    out.writeInt(value.length);
    out.write(value);
  }

  /** Puts the fields into {@code values} from {@code first} on. */
  void decode(byte[] encoded, Object[] values, int first) {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(encoded))) {
      for (int i = 0; i < kinds.length; i++) {
        values[first + i] = in.readBoolean() ? read(in, kinds[i]) : null;
      }
    } catch (IOException e) {
      throw new UncheckedIOException("state of intervals is not what its types say", e);
    }
  }

  private static Object read(DataInputStream in, Kind kind) throws IOException {
    return switch (kind) {
      case BOOLEAN -> in.readBoolean();
      case INT -> in.readInt();
      case LONG -> in.readLong();
      case FLOAT -> in.readFloat();
      case DOUBLE -> in.readDouble();
      case STRING -> new String(in.readNBytes(in.readInt()), StandardCharsets.UTF_8);
      case BINARY -> in.readNBytes(in.readInt());
      case DECIMAL -> {
        int scale = in.readInt();
        yield new BigDecimal(new BigInteger(in.readNBytes(in.readInt())), scale);
      }
    };
  }
}
