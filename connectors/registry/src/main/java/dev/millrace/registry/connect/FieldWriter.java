package dev.millrace.registry.connect;

import java.io.IOException;
import java.util.Locale;
import org.apache.avro.LogicalTypes;
import org.apache.avro.Schema;
import org.apache.avro.io.Encoder;

/** Writes a column's value as the type that it has in the stream. */
interface FieldWriter {
  /**
   * Writes.
   *
   * @throws MisfitException if the stream's type can not hold the value
   */
  void write(Object value, Encoder out) throws IOException;

  /** A type as people say it: {@code long?} may be null. */
  static String typeName(Schema schema) {
    Schema one = Evolution.notNull(schema);
    String name =
        one.getLogicalType() != null
            ? one.getLogicalType().getName()
            : one.getType().getName().toLowerCase(Locale.ROOT);
    if (one.getLogicalType() instanceof LogicalTypes.Decimal decimal) {
      name += "(" + decimal.getPrecision() + "," + decimal.getScale() + ")";
    }
    return schema.isNullable() ? name + "?" : name;
  }

  /** The same of Connect's. */
  static String typeName(org.apache.kafka.connect.data.Schema schema) {
    return schema.name() == null
        ? schema.type().getName()
        : schema.name().substring(schema.name().lastIndexOf('.') + 1);
  }
}
