package dev.millrace.spark.sql;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.avro.LogicalType;
import org.apache.avro.LogicalTypes;
import org.apache.avro.Schema;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.BooleanType;
import org.apache.spark.sql.types.ByteType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.DateType;
import org.apache.spark.sql.types.DecimalType;
import org.apache.spark.sql.types.DoubleType;
import org.apache.spark.sql.types.FloatType;
import org.apache.spark.sql.types.IntegerType;
import org.apache.spark.sql.types.LongType;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.NullType;
import org.apache.spark.sql.types.ShortType;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.types.TimestampNTZType;
import org.apache.spark.sql.types.TimestampType;

/**
 * The one mapping between Avro schemas and Spark's types. Everything that turns Avro into rows,
 * rows into Avro or a query's result into a schema follows it.
 *
 * <table>
 * <caption>Avro to Spark</caption>
 * <tr><th>Avro</th><th>Spark</th></tr>
 * <tr><td>boolean, int, long, float, double</td><td>BOOLEAN, INT, BIGINT, FLOAT, DOUBLE</td></tr>
 * <tr><td>string, enum, any string with a logical type (uuid)</td><td>STRING</td></tr>
 * <tr><td>bytes, fixed</td><td>BINARY</td></tr>
 * <tr><td>bytes or fixed with decimal(p,s), p at most 38</td><td>DECIMAL(p,s)</td></tr>
 * <tr><td>int with date</td><td>DATE</td></tr>
 * <tr><td>long with timestamp-micros or timestamp-millis (and their local- forms)</td><td>TIMESTAMP</td></tr>
 * <tr><td>int with time-millis, long with time-micros</td><td>BIGINT (the number as it is)</td></tr>
 * <tr><td>record, array, map</td><td>STRUCT, ARRAY, MAP&lt;STRING, ...&gt;</td></tr>
 * <tr><td>union of null and T</td><td>T, nullable</td></tr>
 * </table>
 *
 * <p>Other unions and recursive records are refused. Back: TIMESTAMP is timestamp-micros, DATE is
 * date, DECIMAL is bytes with decimal, TINYINT and SMALLINT are int, and a nullable T is {@code
 * [null, T]} with default null.
 */
public final class AvroTypes {
  private static final int MAX_PRECISION = 38;

  private AvroTypes() {}

  /**
   * The row type of an Avro record.
   *
   * @throws IllegalArgumentException naming the field and its schema, when it has no counterpart
   */
  public static StructType structType(Schema record) {
    if (record.getType() != Schema.Type.RECORD) {
      throw new IllegalArgumentException(
          "schema of a stream must be a record, but is "
              + record.getType().getName()
              + ": "
              + record);
    }
    return struct(record, record.getName(), new HashSet<>());
  }

  /** Some columns of the row type of an Avro record, in the order that they are named in. */
  public static StructType structType(Schema record, List<String> columns) {
    StructType all = structType(record);
    StructField[] fields = columns.stream().map(all::apply).toArray(StructField[]::new);
    return new StructType(fields);
  }

  /**
   * The type of one Avro field or element, with its nullability.
   *
   * @throws IllegalArgumentException naming {@code path} and the schema, when it has no counterpart
   */
  public static Column column(Schema schema, String path) {
    return column(schema, path, new HashSet<>());
  }

  /** A Spark type and whether a value may be null. */
  public record Column(DataType type, boolean nullable) {}

  /** The schema inside a {@code [null, T]} union; any other schema as it is. */
  public static Schema nonNull(Schema schema) {
    if (schema.getType() != Schema.Type.UNION) {
      return schema;
    }
    Schema inner = null;
    for (Schema branch : schema.getTypes()) {
      if (branch.getType() != Schema.Type.NULL) {
        if (inner != null) {
          return schema;
        }
        inner = branch;
      }
    }
    return inner == null ? schema : inner;
  }

  private static StructType struct(Schema record, String path, Set<String> open) {
    if (!open.add(record.getFullName())) {
      throw new IllegalArgumentException(
          path
              + ": record "
              + record.getFullName()
              + " contains itself, which no row can hold; declare the nested part as a string or as bytes");
    }
    List<StructField> fields = new ArrayList<>(record.getFields().size());
    for (Schema.Field f : record.getFields()) {
      Column c = column(f.schema(), path + "." + f.name(), open);
      fields.add(new StructField(f.name(), c.type(), c.nullable(), Metadata.empty()));
    }
    open.remove(record.getFullName());
    return new StructType(fields.toArray(new StructField[0]));
  }

  private static Column column(Schema schema, String path, Set<String> open) {
    if (schema.getType() == Schema.Type.UNION) {
      boolean hasNull = schema.getTypes().stream().anyMatch(t -> t.getType() == Schema.Type.NULL);
      Schema inner = nonNull(schema);
      if (inner.getType() == Schema.Type.UNION || inner.getType() == Schema.Type.NULL) {
        throw new IllegalArgumentException(
            path
                + ": union "
                + schema
                + " has no column type; only [\"null\", T] and [T, \"null\"] have");
      }
      return new Column(type(inner, path, open), hasNull);
    }
    return new Column(type(schema, path, open), schema.getType() == Schema.Type.NULL);
  }

  private static DataType type(Schema s, String path, Set<String> open) {
    LogicalType logical = s.getLogicalType();
    return switch (s.getType()) {
      case BOOLEAN -> DataTypes.BooleanType;
      case INT -> {
        if (logical instanceof LogicalTypes.Date) {
          yield DataTypes.DateType;
        }
        yield logical instanceof LogicalTypes.TimeMillis
            ? DataTypes.LongType
            : DataTypes.IntegerType;
      }
      case LONG ->
          isTimestampMillis(s) || isTimestampMicros(s)
              ? DataTypes.TimestampType
              : DataTypes.LongType;
      case FLOAT -> DataTypes.FloatType;
      case DOUBLE -> DataTypes.DoubleType;
      case STRING, ENUM -> DataTypes.StringType;
      case BYTES, FIXED -> {
        if (logical instanceof LogicalTypes.Decimal d) {
          if (d.getPrecision() > MAX_PRECISION) {
            throw new IllegalArgumentException(
                path
                    + ": decimal precision "
                    + d.getPrecision()
                    + " is more than "
                    + MAX_PRECISION
                    + "; declare a smaller one");
          }
          yield DataTypes.createDecimalType(d.getPrecision(), d.getScale());
        }
        yield DataTypes.BinaryType;
      }
      case RECORD -> struct(s, path, open);
      case ARRAY -> {
        Column e = column(s.getElementType(), path + "[]", open);
        yield DataTypes.createArrayType(e.type(), e.nullable());
      }
      case MAP -> {
        Column v = column(s.getValueType(), path + "{}", open);
        yield DataTypes.createMapType(DataTypes.StringType, v.type(), v.nullable());
      }
      case NULL -> DataTypes.NullType;
      case UNION -> throw new IllegalArgumentException(path + ": union " + s + " within a union");
    };
  }

  /**
   * Whether values count milliseconds since the epoch (timestamp-millis, local-timestamp-millis).
   */
  public static boolean isTimestampMillis(Schema schema) {
    LogicalType l = schema.getLogicalType();
    return l instanceof LogicalTypes.TimestampMillis
        || l instanceof LogicalTypes.LocalTimestampMillis;
  }

  /**
   * Whether values count microseconds since the epoch (timestamp-micros, local-timestamp-micros).
   */
  public static boolean isTimestampMicros(Schema schema) {
    LogicalType l = schema.getLogicalType();
    return l instanceof LogicalTypes.TimestampMicros
        || l instanceof LogicalTypes.LocalTimestampMicros;
  }

  /**
   * The Avro record of a row type. Nested records are named after the path of fields that leads to
   * them, so names never collide.
   *
   * @param name the record's name, see {@link #recordName}
   * @throws IllegalArgumentException naming the column and its type, when it has no counterpart
   */
  public static Schema avroSchema(StructType struct, String name, String namespace) {
    return record(struct, name, namespace, name, new HashMap<>());
  }

  /** The record name of a stream: {@code show_views} is {@code ShowViews}. */
  public static String recordName(String stream) {
    StringBuilder out = new StringBuilder(stream.length());
    for (String part : stream.split("[^A-Za-z0-9]+")) {
      if (!part.isEmpty()) {
        out.append(Character.toUpperCase(part.charAt(0))).append(part, 1, part.length());
      }
    }
    return out.toString();
  }

  private static Schema record(
      StructType struct, String name, String namespace, String path, Map<String, Integer> names) {
    // Two paths may camel-case to one name (a_b and a.b): the later one gets a number.
    int seen = names.merge(name, 1, Integer::sum);
    Schema out = Schema.createRecord(seen == 1 ? name : name + seen, null, namespace, false);
    List<Schema.Field> fields = new ArrayList<>(struct.size());
    for (StructField f : struct.fields()) {
      String fieldPath = path + "." + f.name();
      if (!f.name().matches("[A-Za-z_][A-Za-z0-9_]*")) {
        throw new IllegalArgumentException(
            fieldPath
                + ": \""
                + f.name()
                + "\" can not be a field name; give the column a name of letters, digits and _ (... AS name)");
      }
      Schema plain = avro(f.dataType(), fieldPath, name + recordName(f.name()), namespace, names);
      boolean nullable = f.nullable() && plain.getType() != Schema.Type.NULL;
      fields.add(
          nullable
              ? new Schema.Field(f.name(), nullable(plain), null, Schema.Field.NULL_DEFAULT_VALUE)
              : new Schema.Field(f.name(), plain, null, null));
    }
    out.setFields(fields);
    return out;
  }

  private static Schema nullable(Schema schema) {
    return Schema.createUnion(Schema.create(Schema.Type.NULL), schema);
  }

  private static Schema avro(
      DataType t, String path, String recordName, String namespace, Map<String, Integer> names) {
    if (t instanceof BooleanType) {
      return Schema.create(Schema.Type.BOOLEAN);
    } else if (t instanceof ByteType || t instanceof ShortType || t instanceof IntegerType) {
      return Schema.create(Schema.Type.INT);
    } else if (t instanceof LongType) {
      return Schema.create(Schema.Type.LONG);
    } else if (t instanceof FloatType) {
      return Schema.create(Schema.Type.FLOAT);
    } else if (t instanceof DoubleType) {
      return Schema.create(Schema.Type.DOUBLE);
    } else if (t instanceof StringType) {
      return Schema.create(Schema.Type.STRING);
    } else if (t instanceof BinaryType) {
      return Schema.create(Schema.Type.BYTES);
    } else if (t instanceof DateType) {
      return LogicalTypes.date().addToSchema(Schema.create(Schema.Type.INT));
    } else if (t instanceof TimestampType) {
      return LogicalTypes.timestampMicros().addToSchema(Schema.create(Schema.Type.LONG));
    } else if (t instanceof DecimalType d) {
      return LogicalTypes.decimal(d.precision(), d.scale())
          .addToSchema(Schema.create(Schema.Type.BYTES));
    } else if (t instanceof ArrayType a) {
      Schema e = avro(a.elementType(), path + "[]", recordName, namespace, names);
      return Schema.createArray(a.containsNull() ? nullable(e) : e);
    } else if (t instanceof MapType m) {
      if (!(m.keyType() instanceof StringType)) {
        throw new IllegalArgumentException(
            path
                + ": a map with keys of type "
                + m.keyType().sql()
                + "; Avro maps have strings as keys: cast them");
      }
      Schema v = avro(m.valueType(), path + "{}", recordName, namespace, names);
      return Schema.createMap(m.valueContainsNull() ? nullable(v) : v);
    } else if (t instanceof StructType s) {
      return record(s, recordName, namespace, path, names);
    } else if (t instanceof NullType) {
      throw new IllegalArgumentException(
          path + ": null without a type; write CAST(NULL AS <type>)");
    } else if (t instanceof TimestampNTZType) {
      throw new IllegalArgumentException(
          path + ": TIMESTAMP_NTZ names no instant; write CAST(... AS TIMESTAMP)");
    }
    throw new IllegalArgumentException(
        path + ": type " + t.sql() + " has no Avro counterpart; cast it, for example to STRING");
  }
}
