package dev.millrace.registry.connect;

import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.OffsetTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Date;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.apache.avro.LogicalType;
import org.apache.avro.LogicalTypes;
import org.apache.avro.Schema;
import org.apache.avro.io.Encoder;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.errors.DataException;

/**
 * A Connect schema's Avro schema, and a writer of its values: made once, run for every record.
 *
 * <p>Logical types by the names that Connect ({@code org.apache.kafka.connect.data}) and Debezium
 * ({@code io.debezium.time}, <a
 * href="https://debezium.io/documentation/reference/stable/connectors/mysql.html#mysql-temporal-types">its
 * temporal types</a>) give them: whatever is a point in time becomes {@code timestamp-micros},
 * whatever is a time of day {@code time-micros}, days {@code date}, decimals {@code decimal}.
 */
final class ConnectToAvro {
  /** Decimals whose source does not say how many digits they have. */
  private static final int MOST_DIGITS = 38;

  private final Schema schema;
  private final Writer writer;
  private final Writer required;
  private final List<ConnectToAvro> columns;

  /** Writes a value that is not null, or, for optional ones, may be. */
  interface Writer {
    void write(Object value, Encoder out) throws IOException;
  }

  private ConnectToAvro(Schema schema, Writer writer) {
    this(schema, writer, writer, List.of());
  }

  private ConnectToAvro(
      Schema schema, Writer writer, Writer required, List<ConnectToAvro> columns) {
    this.schema = schema;
    this.writer = writer;
    this.required = required;
    this.columns = columns;
  }

  Schema schema() {
    return schema;
  }

  Writer writer() {
    return writer;
  }

  /** Writes a value that is not null, without saying that it is not. */
  Writer required() {
    return required;
  }

  /** Of a record that is not optional: its fields, in their order. */
  List<ConnectToAvro> columns() {
    return columns;
  }

  /**
   * The mapping of a schema.
   *
   * @param name of the record, if it is one
   */
  static ConnectToAvro of(
      org.apache.kafka.connect.data.Schema connect, String namespace, String name) {
    return new Builder(namespace).map(connect, name);
  }

  /** {@code show_views} becomes {@code ShowViews}. */
  static String camelCase(String text) {
    StringBuilder out = new StringBuilder();
    for (String part : text.split("[^A-Za-z0-9]+")) {
      if (!part.isEmpty()) {
        out.append(part.substring(0, 1).toUpperCase(Locale.ROOT)).append(part.substring(1));
      }
    }
    return out.length() == 0 || Character.isDigit(out.charAt(0)) ? "R" + out : out.toString();
  }

  private static final class Builder {
    private final String namespace;
    private final Map<org.apache.kafka.connect.data.Schema, ConnectToAvro> structs =
        new HashMap<>();
    private final Set<String> names = new HashSet<>();

    Builder(String namespace) {
      this.namespace = namespace;
    }

    ConnectToAvro map(org.apache.kafka.connect.data.Schema connect, String name) {
      ConnectToAvro required = required(connect, name);
      if (!connect.isOptional()) {
        return required;
      }
      Schema union = Schema.createUnion(Schema.create(Schema.Type.NULL), required.schema());
      Writer writer = required.writer();
      return new ConnectToAvro(
          union,
          (value, out) -> {
            if (value == null) {
              out.writeIndex(0);
              out.writeNull();
            } else {
              out.writeIndex(1);
              writer.write(value, out);
            }
          },
          writer,
          List.of());
    }

    private ConnectToAvro required(org.apache.kafka.connect.data.Schema connect, String name) {
      ConnectToAvro logical = logical(connect);
      if (logical != null) {
        return logical;
      }
      return switch (connect.type()) {
        case INT8, INT16, INT32 ->
            of(Schema.Type.INT, (v, out) -> out.writeInt(number(v).intValue()));
        case INT64 -> of(Schema.Type.LONG, (v, out) -> out.writeLong(number(v).longValue()));
        case FLOAT32 -> of(Schema.Type.FLOAT, (v, out) -> out.writeFloat(number(v).floatValue()));
        case FLOAT64 ->
            of(Schema.Type.DOUBLE, (v, out) -> out.writeDouble(number(v).doubleValue()));
        case BOOLEAN -> of(Schema.Type.BOOLEAN, (v, out) -> out.writeBoolean((Boolean) v));
        case STRING -> of(Schema.Type.STRING, (v, out) -> out.writeString(v.toString()));
        case BYTES -> of(Schema.Type.BYTES, (v, out) -> out.writeBytes(bytes(v)));
        case ARRAY -> array(connect, name);
        case MAP -> mapping(connect, name);
        case STRUCT -> struct(connect, name);
      };
    }

    private static ConnectToAvro of(Schema.Type type, Writer writer) {
      return new ConnectToAvro(Schema.create(type), writer);
    }

    private static ConnectToAvro of(Schema.Type type, LogicalType logical, Writer writer) {
      return new ConnectToAvro(logical.addToSchema(Schema.create(type)), writer);
    }

    private static ConnectToAvro logical(org.apache.kafka.connect.data.Schema connect) {
      if (connect.name() == null) {
        return null;
      }
      return switch (connect.name()) {
        case "org.apache.kafka.connect.data.Date" ->
            of(
                Schema.Type.INT,
                LogicalTypes.date(),
                (v, out) -> out.writeInt((int) Math.floorDiv(((Date) v).getTime(), 86_400_000L)));
        case "io.debezium.time.Date" ->
            of(
                Schema.Type.INT,
                LogicalTypes.date(),
                (v, out) -> out.writeInt(number(v).intValue()));
        case "org.apache.kafka.connect.data.Timestamp" ->
            timestamp((v, out) -> out.writeLong(Math.multiplyExact(((Date) v).getTime(), 1000L)));
        case "io.debezium.time.Timestamp" ->
            timestamp((v, out) -> out.writeLong(Math.multiplyExact(number(v).longValue(), 1000L)));
        case "io.debezium.time.MicroTimestamp" ->
            timestamp((v, out) -> out.writeLong(number(v).longValue()));
        case "io.debezium.time.NanoTimestamp" ->
            timestamp((v, out) -> out.writeLong(Math.floorDiv(number(v).longValue(), 1000L)));
        case "io.debezium.time.ZonedTimestamp" ->
            timestamp(
                (v, out) ->
                    out.writeLong(
                        ChronoUnit.MICROS.between(
                            Instant.EPOCH, OffsetDateTime.parse((String) v).toInstant())));
        case "org.apache.kafka.connect.data.Time" ->
            time((v, out) -> out.writeLong(((Date) v).getTime() * 1000L));
        case "io.debezium.time.Time" ->
            time((v, out) -> out.writeLong(number(v).longValue() * 1000L));
        case "io.debezium.time.MicroTime" -> time((v, out) -> out.writeLong(number(v).longValue()));
        case "io.debezium.time.NanoTime" ->
            time((v, out) -> out.writeLong(number(v).longValue() / 1000L));
        case "io.debezium.time.ZonedTime" ->
            time(
                (v, out) ->
                    out.writeLong(
                        OffsetTime.parse((String) v)
                                .withOffsetSameInstant(ZoneOffset.UTC)
                                .toLocalTime()
                                .toNanoOfDay()
                            / 1000L));
        case "org.apache.kafka.connect.data.Decimal" -> decimal(connect);
        // A numeric whose column names no scale: each value has its own, which only text keeps.
        case "io.debezium.data.VariableScaleDecimal" ->
            of(
                Schema.Type.STRING,
                (v, out) -> {
                  Struct struct = (Struct) v;
                  byte[] unscaled = struct.getBytes("value");
                  out.writeString(
                      new BigDecimal(new BigInteger(unscaled), struct.getInt32("scale"))
                          .toPlainString());
                });
        default -> null;
      };
    }

    private static ConnectToAvro timestamp(Writer writer) {
      return of(Schema.Type.LONG, LogicalTypes.timestampMicros(), writer);
    }

    private static ConnectToAvro time(Writer writer) {
      return of(Schema.Type.LONG, LogicalTypes.timeMicros(), writer);
    }

    private static ConnectToAvro decimal(org.apache.kafka.connect.data.Schema connect) {
      int scale = Integer.parseInt(connect.parameters().getOrDefault("scale", "0"));
      int precision =
          Integer.parseInt(
              connect
                  .parameters()
                  .getOrDefault("connect.decimal.precision", Integer.toString(MOST_DIGITS)));
      return of(
          Schema.Type.BYTES,
          LogicalTypes.decimal(Math.max(precision, Math.max(scale, 1)), scale),
          (v, out) -> {
            BigDecimal decimal = (BigDecimal) v;
            if (decimal.precision() - decimal.scale() > precision - scale) {
              throw new DataException(
                  decimal + " has more than the " + precision + " digits of its column");
            }
            out.writeBytes(decimal.setScale(scale).unscaledValue().toByteArray());
          });
    }

    private ConnectToAvro array(org.apache.kafka.connect.data.Schema connect, String name) {
      ConnectToAvro item = map(connect.valueSchema(), name);
      Writer writer = item.writer();
      return new ConnectToAvro(
          Schema.createArray(item.schema()),
          (v, out) -> {
            Collection<?> items = (Collection<?>) v;
            out.writeArrayStart();
            out.setItemCount(items.size());
            for (Object i : items) {
              out.startItem();
              writer.write(i, out);
            }
            out.writeArrayEnd();
          });
    }

    private ConnectToAvro mapping(org.apache.kafka.connect.data.Schema connect, String name) {
      if (connect.keySchema().type() != org.apache.kafka.connect.data.Schema.Type.STRING) {
        throw new DataException(
            name + ": a map whose keys are " + connect.keySchema().type() + " has no Avro");
      }
      ConnectToAvro item = map(connect.valueSchema(), name);
      Writer writer = item.writer();
      return new ConnectToAvro(
          Schema.createMap(item.schema()),
          (v, out) -> {
            Map<?, ?> entries = (Map<?, ?>) v;
            out.writeMapStart();
            out.setItemCount(entries.size());
            for (Map.Entry<?, ?> entry : entries.entrySet()) {
              out.startItem();
              out.writeString((String) entry.getKey());
              writer.write(entry.getValue(), out);
            }
            out.writeMapEnd();
          });
    }

    private ConnectToAvro struct(org.apache.kafka.connect.data.Schema connect, String name) {
      ConnectToAvro known = structs.get(connect);
      if (known != null) {
        return known;
      }
      String unique = name;
      for (int i = 2; !names.add(unique); i++) {
        unique = name + i;
      }
      List<Schema.Field> fields = new ArrayList<>();
      List<Field> columns = connect.fields();
      Writer[] writers = new Writer[columns.size()];
      List<ConnectToAvro> all = new ArrayList<>();
      for (int i = 0; i < writers.length; i++) {
        Field column = columns.get(i);
        String field = fieldName(name, column.name());
        ConnectToAvro mapped = map(column.schema(), name + camelCase(field));
        writers[i] = mapped.writer();
        all.add(mapped);
        fields.add(
            new Schema.Field(
                field,
                mapped.schema(),
                null,
                column.schema().isOptional()
                    ? Schema.Field.NULL_DEFAULT_VALUE
                    : defaultOf(column.schema())));
      }
      Writer whole =
          (v, out) -> {
            Struct struct = (Struct) v;
            for (int i = 0; i < writers.length; i++) {
              Field column = columns.get(i);
              // Not get(): that puts the default in the place of a null.
              Object value = struct.getWithoutDefault(column.name());
              if (value == null && !column.schema().isOptional()) {
                value = column.schema().defaultValue();
                if (value == null) {
                  throw new DataException("field '" + column.name() + "' is null");
                }
              }
              writers[i].write(value, out);
            }
          };
      ConnectToAvro mapping =
          new ConnectToAvro(
              Schema.createRecord(unique, null, namespace, false, fields), whole, whole, all);
      structs.put(connect, mapping);
      return mapping;
    }

    private static String fieldName(String record, String name) {
      if (!name.matches("[A-Za-z_][A-Za-z0-9_]*")) {
        throw new DataException(record + ": '" + name + "' can not be the name of an Avro field");
      }
      return name;
    }

    /** So that a column added with a default can be read from older records. */
    private static Object defaultOf(org.apache.kafka.connect.data.Schema schema) {
      Object value = schema.defaultValue();
      if (value == null || logical(schema) != null) {
        return null;
      }
      return switch (schema.type()) {
        case INT8, INT16, INT32 -> number(value).intValue();
        case INT64, FLOAT32, FLOAT64, BOOLEAN, STRING -> value;
        default -> null;
      };
    }

    private static Number number(Object value) {
      return (Number) value;
    }

    private static ByteBuffer bytes(Object value) {
      return value instanceof byte[] array
          ? ByteBuffer.wrap(array)
          : ((ByteBuffer) value).duplicate();
    }
  }
}
