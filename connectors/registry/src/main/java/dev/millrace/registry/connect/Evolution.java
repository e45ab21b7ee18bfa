package dev.millrace.registry.connect;

import java.io.IOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.avro.LogicalType;
import org.apache.avro.LogicalTypes;
import org.apache.avro.Schema;
import org.apache.avro.io.Encoder;

/**
 * The schema that rows are written with, given the one that the table has now and the one that its
 * stream has had.
 *
 * @param schema to be registered, unless it is the one before
 * @param writers of its fields, in the order of the table's columns
 * @param refused why there is none
 */
record Evolution(Schema schema, List<FieldWriter> writers, Optional<String> refused) {

  static Evolution of(ConnectToAvro now, Optional<Schema> before, boolean key) {
    List<FieldWriter> writers = new ArrayList<>();
    Schema wanted = now.schema();
    if (before.isEmpty() || before.get().equals(wanted)) {
      now.columns().forEach(c -> writers.add(plain(c.writer())));
      return new Evolution(wanted, writers, Optional.empty());
    }
    return key ? sameKey(now, before.get(), writers) : following(now, before.get(), writers);
  }

  /** Bytes of a key are the row's identity: neither the schema nor its id may be another one. */
  private static Evolution sameKey(ConnectToAvro now, Schema before, List<FieldWriter> writers) {
    List<String> then = names(before);
    List<String> fields = names(now.schema());
    if (!then.equals(fields)) {
      return new Evolution(
          before,
          List.of(),
          Optional.of(
              "the primary key is "
                  + fields
                  + " now and was "
                  + then
                  + ": its rows are other ones than those of the stream. Give the table's stream"
                  + " another name"));
    }
    for (int i = 0; i < fields.size(); i++) {
      Schema.Field was = before.getFields().get(i);
      Schema.Field is = now.schema().getFields().get(i);
      writers.add(
          was.schema().equals(is.schema())
              ? plain(now.columns().get(i).writer())
              : conversion(now.columns().get(i), was.schema()));
    }
    return new Evolution(before, writers, Optional.empty());
  }

  private static List<String> names(Schema record) {
    return record.getFields().stream().map(Schema.Field::name).toList();
  }

  private static Evolution following(ConnectToAvro now, Schema before, List<FieldWriter> writers) {
    Schema wanted = now.schema();
    List<Schema.Field> fields = new ArrayList<>();
    for (int i = 0; i < wanted.getFields().size(); i++) {
      Schema.Field is = wanted.getFields().get(i);
      Schema.Field was = before.getField(is.name());
      ConnectToAvro column = now.columns().get(i);
      if (was == null) {
        boolean readable = is.schema().isNullable() || is.hasDefaultValue();
        fields.add(readable ? new Schema.Field(is, is.schema()) : maybe(is, is.schema()));
        writers.add(readable ? plain(column.writer()) : conversion(column, nullable(is.schema())));
      } else if (was.schema().equals(is.schema())) {
        fields.add(new Schema.Field(is, is.schema()));
        writers.add(plain(column.writer()));
      } else {
        Schema type = wider(notNull(was.schema()), notNull(is.schema()));
        if (was.schema().isNullable() || is.schema().isNullable()) {
          type = nullable(type);
        }
        if (type.equals(is.schema())) {
          fields.add(new Schema.Field(is, is.schema()));
        } else if (type.equals(was.schema())) {
          fields.add(new Schema.Field(was, was.schema()));
        } else {
          fields.add(maybe(is, type));
        }
        writers.add(conversion(column, type));
      }
    }
    return new Evolution(
        Schema.createRecord(
            wanted.getName(), wanted.getDoc(), wanted.getNamespace(), false, fields),
        writers,
        Optional.empty());
  }

  private static Schema.Field maybe(Schema.Field like, Schema type) {
    Schema union = nullable(type);
    return new Schema.Field(like.name(), union, like.doc(), Schema.Field.NULL_DEFAULT_VALUE);
  }

  private static Schema nullable(Schema schema) {
    return schema.isNullable()
        ? schema
        : Schema.createUnion(Schema.create(Schema.Type.NULL), schema);
  }

  /** The type of a field without null. */
  static Schema notNull(Schema schema) {
    if (schema.getType() != Schema.Type.UNION) {
      return schema;
    }
    List<Schema> others =
        schema.getTypes().stream().filter(s -> s.getType() != Schema.Type.NULL).toList();
    return others.size() == 1 ? others.get(0) : schema;
  }

  /** Of two types the one that holds the other's values, exactly; else the one that was. */
  private static Schema wider(Schema was, Schema is) {
    return widens(was, is) ? is : was;
  }

  private static boolean widens(Schema from, Schema to) {
    if (from.getLogicalType() instanceof LogicalTypes.Decimal a
        && to.getLogicalType() instanceof LogicalTypes.Decimal b) {
      return a.getScale() == b.getScale()
          && a.getPrecision() <= b.getPrecision()
          && from.getType() == to.getType();
    }
    if (from.getLogicalType() != null || to.getLogicalType() != null) {
      return from.equals(to);
    }
    return switch (from.getType()) {
      case INT -> to.getType() == Schema.Type.LONG || to.getType() == Schema.Type.DOUBLE;
      case FLOAT -> to.getType() == Schema.Type.DOUBLE;
      default -> from.equals(to);
    };
  }

  private static FieldWriter plain(ConnectToAvro.Writer writer) {
    return writer::write;
  }

  /** Writes values of one type as another, which they may not fit. */
  private static FieldWriter conversion(ConnectToAvro now, Schema target) {
    Schema is = now.schema();
    Schema from = notNull(is);
    Schema to = notNull(target);
    FieldWriter inner = from.equals(to) ? now.required()::write : converted(from, to);
    if (!target.isNullable()) {
      return (value, out) -> {
        if (value == null) {
          throw misfit(is, target);
        }
        inner.write(value, out);
      };
    }
    int none = target.getTypes().get(0).getType() == Schema.Type.NULL ? 0 : 1;
    return (value, out) -> {
      if (value == null) {
        out.writeIndex(none);
        out.writeNull();
      } else {
        out.writeIndex(1 - none);
        inner.write(value, out);
      }
    };
  }

  private static FieldWriter converted(Schema from, Schema to) {
    if (to.getLogicalType() instanceof LogicalTypes.Decimal decimal) {
      return (value, out) -> out.writeBytes(unscaled(from, to, decimal, value));
    }
    LogicalType same = from.getLogicalType();
    boolean plain = same == null && to.getLogicalType() == null;
    return (value, out) -> {
      if (!plain || !(value instanceof Number number)) {
        throw misfit(from, to);
      }
      number(from, to, number, out);
    };
  }

  private static void number(Schema from, Schema to, Number number, Encoder out)
      throws IOException {
    boolean whole = from.getType() == Schema.Type.INT || from.getType() == Schema.Type.LONG;
    long value = number.longValue();
    if (to.getType() == Schema.Type.LONG && whole) {
      out.writeLong(value);
    } else if (to.getType() == Schema.Type.INT && whole && value == (int) value) {
      out.writeInt((int) value);
    } else if (to.getType() == Schema.Type.DOUBLE
        && (!whole || (long) (double) value == value)
        && from.getType() != Schema.Type.BYTES) {
      out.writeDouble(number.doubleValue());
    } else if (to.getType() == Schema.Type.FLOAT && number.floatValue() == number.doubleValue()) {
      out.writeFloat(number.floatValue());
    } else {
      throw misfit(from, to);
    }
  }

  private static byte[] unscaled(
      Schema from, Schema to, LogicalTypes.Decimal decimal, Object value) {
    BigDecimal number;
    if (value instanceof BigDecimal exact) {
      number = exact;
    } else if (from.getLogicalType() == null
        && (value instanceof Byte
            || value instanceof Short
            || value instanceof Integer
            || value instanceof Long)) {
      number = BigDecimal.valueOf(((Number) value).longValue());
    } else {
      throw misfit(from, to);
    }
    try {
      BigDecimal scaled = number.setScale(decimal.getScale());
      if (scaled.precision() <= decimal.getPrecision()) {
        return scaled.unscaledValue().toByteArray();
      }
    } catch (ArithmeticException e) {
      // It has more digits behind the point.
    }
    throw misfit(from, to);
  }

  private static MisfitException misfit(Schema is, Schema was) {
    return new MisfitException(
        "is "
            + FieldWriter.typeName(is)
            + " in the database, and "
            + FieldWriter.typeName(was)
            + " in the stream, which can not hold the value",
        true);
  }
}
