package dev.millrace.registry.connect;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.LogicalTypes;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericFixed;
import org.apache.avro.generic.IndexedRecord;
import org.apache.kafka.connect.data.Decimal;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.data.Timestamp;
import org.apache.kafka.connect.errors.DataException;

/**
 * An Avro schema's Connect schema, and its values. Microseconds, which Connect's own types do not
 * have, are Debezium's {@code MicroTimestamp} and {@code MicroTime}: sinks know these, and nothing
 * is lost on the way back.
 */
final class AvroToConnect {
  private final org.apache.kafka.connect.data.Schema schema;
  private final Reader reader;

  private interface Reader {
    Object read(Object avro);
  }

  private AvroToConnect(org.apache.kafka.connect.data.Schema schema, Reader reader) {
    this.schema = schema;
    this.reader = reader;
  }

  org.apache.kafka.connect.data.Schema schema() {
    return schema;
  }

  Object value(Object avro) {
    return reader.read(avro);
  }

  static AvroToConnect of(Schema avro) {
    return map(avro, false, new ArrayList<>());
  }

  private static AvroToConnect map(Schema avro, boolean optional, List<Schema> within) {
    if (avro.getType() == Schema.Type.UNION) {
      List<Schema> others =
          avro.getTypes().stream().filter(s -> s.getType() != Schema.Type.NULL).toList();
      if (others.size() != 1) {
        throw new DataException("a union of several types has no Connect schema: " + avro);
      }
      return map(others.get(0), others.size() < avro.getTypes().size(), within);
    }
    SchemaBuilder builder;
    Reader reader;
    if (avro.getLogicalType() instanceof LogicalTypes.TimestampMillis) {
      builder = Timestamp.builder();
      reader = v -> new Date((Long) v);
    } else if (avro.getLogicalType() instanceof LogicalTypes.TimestampMicros) {
      builder = SchemaBuilder.int64().name("io.debezium.time.MicroTimestamp").version(1);
      reader = v -> v;
    } else if (avro.getLogicalType() instanceof LogicalTypes.TimeMicros) {
      builder = SchemaBuilder.int64().name("io.debezium.time.MicroTime").version(1);
      reader = v -> v;
    } else if (avro.getLogicalType() instanceof LogicalTypes.Date) {
      builder = org.apache.kafka.connect.data.Date.builder();
      reader = v -> new Date((Integer) v * 86_400_000L);
    } else if (avro.getLogicalType() instanceof LogicalTypes.Decimal decimal) {
      builder =
          Decimal.builder(decimal.getScale())
              .parameter("connect.decimal.precision", Integer.toString(decimal.getPrecision()));
      reader = v -> new BigDecimal(new BigInteger(bytes(v)), decimal.getScale());
    } else {
      switch (avro.getType()) {
        case INT -> {
          builder = SchemaBuilder.int32();
          reader = v -> v;
        }
        case LONG -> {
          builder = SchemaBuilder.int64();
          reader = v -> v;
        }
        case FLOAT -> {
          builder = SchemaBuilder.float32();
          reader = v -> v;
        }
        case DOUBLE -> {
          builder = SchemaBuilder.float64();
          reader = v -> v;
        }
        case BOOLEAN -> {
          builder = SchemaBuilder.bool();
          reader = v -> v;
        }
        case STRING, ENUM -> {
          builder = SchemaBuilder.string();
          reader = Object::toString;
        }
        case BYTES, FIXED -> {
          builder = SchemaBuilder.bytes();
          reader = AvroToConnect::bytes;
        }
        case ARRAY -> {
          AvroToConnect item = map(avro.getElementType(), false, within);
          builder = SchemaBuilder.array(item.schema);
          reader =
              v -> {
                List<Object> out = new ArrayList<>();
                ((Collection<?>) v).forEach(i -> out.add(item.value(i)));
                return out;
              };
        }
        case MAP -> {
          AvroToConnect item = map(avro.getValueType(), false, within);
          builder =
              SchemaBuilder.map(org.apache.kafka.connect.data.Schema.STRING_SCHEMA, item.schema);
          reader =
              v -> {
                Map<String, Object> out = new LinkedHashMap<>();
                ((Map<?, ?>) v).forEach((k, i) -> out.put(k.toString(), item.value(i)));
                return out;
              };
        }
        case RECORD -> {
          return record(avro, optional, within);
        }
        default -> throw new DataException(avro.getType() + " has no Connect schema: " + avro);
      }
    }
    return done(builder, optional, reader);
  }

  private static AvroToConnect record(Schema avro, boolean optional, List<Schema> within) {
    if (within.stream().anyMatch(s -> s == avro)) {
      throw new DataException(avro.getFullName() + " contains itself, which Connect can not say");
    }
    within.add(avro);
    SchemaBuilder builder = SchemaBuilder.struct().name(avro.getFullName());
    List<AvroToConnect> fields = new ArrayList<>();
    for (Schema.Field field : avro.getFields()) {
      AvroToConnect mapped = map(field.schema(), false, within);
      fields.add(mapped);
      builder.field(field.name(), mapped.schema);
    }
    within.remove(within.size() - 1);
    if (optional) {
      builder.optional();
    }
    org.apache.kafka.connect.data.Schema schema = builder.build();
    return new AvroToConnect(
        schema,
        v -> {
          if (v == null) {
            return null;
          }
          IndexedRecord from = (IndexedRecord) v;
          Struct struct = new Struct(schema);
          for (int i = 0; i < fields.size(); i++) {
            struct.put(schema.fields().get(i), fields.get(i).value(from.get(i)));
          }
          return struct;
        });
  }

  private static AvroToConnect done(SchemaBuilder builder, boolean optional, Reader reader) {
    if (optional) {
      builder.optional();
    }
    return new AvroToConnect(builder.build(), v -> v == null ? null : reader.read(v));
  }

  private static byte[] bytes(Object value) {
    if (value instanceof GenericFixed fixed) {
      return fixed.bytes();
    }
    ByteBuffer buffer = ((ByteBuffer) value).duplicate();
    byte[] out = new byte[buffer.remaining()];
    buffer.get(out);
    return out;
  }
}
