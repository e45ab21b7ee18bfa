package dev.millrace.connect.datagen;

import dev.millrace.connect.datagen.Entities.Transition;
import dev.millrace.registry.WireFormat;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.avro.LogicalTypes;
import org.apache.avro.Schema;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.util.Utf8;
import org.apache.kafka.common.config.ConfigException;

/**
 * Writes whole records, framed: what the annotations say, but for the fields that the entity, its
 * event and the clock decide. Compiled once; not thread safe.
 */
final class RecordWriter {
  private final Schema schema;
  private final Optional<Entities> entities;
  private final Map<Transition, FieldWriters.Writer[]> ofTransition = new HashMap<>();
  private final FieldWriters.Writer[] plain;
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
  private final BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(bytes, null);
  private Object key;
  private long micros;

  RecordWriter(DatagenConfig config) {
    String annotated = config.getString(DatagenConfig.SCHEMA);
    this.schema = FieldWriters.strip(annotated);
    this.entities = config.entities();
    if (schema.getType() != Schema.Type.RECORD) {
      throw new ConfigException(
          DatagenConfig.SCHEMA, schema.getType().toString(), "expected a record");
    }
    String timeField = config.getString(DatagenConfig.EVENT_TIME);
    if (!timeField.isEmpty()) {
      require(DatagenConfig.EVENT_TIME, timeField);
    }
    entities.ifPresent(
        e -> {
          require("entities.key.field", e.keyField());
          e.typeField().ifPresent(t -> require("entities.type.field", t));
        });
    Schema withAnnotations = new Schema.Parser().parse(annotated);
    this.plain = writers(withAnnotations, timeField, Optional.empty());
    entities.ifPresent(
        e ->
            e.states()
                .forEach(
                    state ->
                        state
                            .next()
                            .forEach(
                                t ->
                                    ofTransition.put(
                                        t, writers(withAnnotations, timeField, Optional.of(t))))));
  }

  Schema schema() {
    return schema;
  }

  private void require(String what, String field) {
    if (schema.getField(field) == null) {
      throw new ConfigException(
          what,
          field,
          "the schema has no such field; it has "
              + schema.getFields().stream().map(Schema.Field::name).toList());
    }
  }

  private FieldWriters.Writer[] writers(
      Schema annotated, String timeField, Optional<Transition> transition) {
    transition.ifPresent(t -> t.set().keySet().forEach(f -> require("entities: set", f)));
    List<FieldWriters.Writer> writers = new ArrayList<>();
    for (Schema.Field field : annotated.getFields()) {
      String name = field.name();
      if (name.equals(timeField)) {
        writers.add(time(name, field.schema()));
      } else if (entities.isPresent() && name.equals(entities.get().keyField())) {
        writers.add(key(name, field.schema()));
      } else if (transition.isPresent()
          && name.equals(entities.orElseThrow().typeField().orElse(null))) {
        writers.add(
            FieldWriters.constant(
                name,
                field.schema(),
                com.fasterxml.jackson.databind.node.TextNode.valueOf(transition.get().event())));
      } else if (transition.isPresent() && transition.get().set().containsKey(name)) {
        writers.add(FieldWriters.constant(name, field.schema(), transition.get().set().get(name)));
      } else if (transition.isPresent()
          && field.schema().getType() == Schema.Type.UNION
          && field.getObjectProp(FieldWriters.ANNOTATION) == null
          && isSetElsewhere(name)) {
        // Null is what some other event sets this field to: this event gives it a value.
        writers.add(notNull(name, field.schema()));
      } else {
        writers.add(FieldWriters.field(name, field));
      }
    }
    return writers.toArray(FieldWriters.Writer[]::new);
  }

  private boolean isSetElsewhere(String field) {
    return entities.orElseThrow().states().stream()
        .flatMap(s -> s.next().stream())
        .anyMatch(t -> t.set().containsKey(field) && t.set().get(field).isNull());
  }

  private static FieldWriters.Writer notNull(String name, Schema union) {
    int nullIndex = FieldWriters.nullIndex(union);
    List<FieldWriters.Writer> writers = new ArrayList<>();
    List<Integer> indexes = new ArrayList<>();
    for (int i = 0; i < union.getTypes().size(); i++) {
      if (i != nullIndex) {
        writers.add(FieldWriters.of(name, union.getTypes().get(i)));
        indexes.add(i);
      }
    }
    return (out, random, ordinal) -> {
      int chosen = random.nextInt(writers.size());
      out.writeIndex(indexes.get(chosen));
      writers.get(chosen).write(out, random, ordinal);
    };
  }

  private FieldWriters.Writer time(String name, Schema type) {
    if (type.getLogicalType() instanceof LogicalTypes.TimestampMicros) {
      return (out, random, ordinal) -> out.writeLong(micros);
    }
    if (type.getLogicalType() instanceof LogicalTypes.TimestampMillis) {
      return (out, random, ordinal) -> out.writeLong(Math.floorDiv(micros, 1000));
    }
    throw new ConfigException(
        DatagenConfig.EVENT_TIME, name, "expected type timestamp-micros or timestamp-millis");
  }

  private FieldWriters.Writer key(String name, Schema type) {
    boolean text = entities.orElseThrow().keyFormat().isPresent();
    if (text && type.getType() == Schema.Type.STRING) {
      return (out, random, ordinal) -> out.writeString((Utf8) key);
    }
    if (!text && type.getType() == Schema.Type.LONG) {
      return (out, random, ordinal) -> out.writeLong((Long) key);
    }
    if (!text && type.getType() == Schema.Type.INT) {
      return (out, random, ordinal) -> out.writeInt(((Long) key).intValue());
    }
    throw new ConfigException(
        "entities.key.field", name, "expected string with a format, or int or long without");
  }

  /** The Avro binary of an entity's key, which decides its partition. */
  byte[] keyBytes(Object entityKey) {
    try {
      bytes.reset();
      Schema type = schema.getField(entities.orElseThrow().keyField()).schema();
      if (entityKey instanceof Utf8 text) {
        encoder.writeString(text);
      } else if (type.getType() == Schema.Type.INT) {
        encoder.writeInt(((Long) entityKey).intValue());
      } else {
        encoder.writeLong((Long) entityKey);
      }
      return bytes.toByteArray();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * A framed record.
   *
   * @param entityKey {@link Utf8} or {@link Long}; null without entities
   * @param transition what happened; null without entities
   * @param at event time in microseconds
   */
  byte[] write(
      int schemaId,
      Object entityKey,
      Transition transition,
      long at,
      Random64 random,
      long ordinal) {
    this.key = entityKey;
    this.micros = at;
    FieldWriters.Writer[] writers = transition == null ? plain : ofTransition.get(transition);
    bytes.reset();
    try {
      for (FieldWriters.Writer writer : writers) {
        writer.write(encoder, random, ordinal);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    byte[] framed = new byte[WireFormat.HEADER_LENGTH + bytes.size()];
    WireFormat.writeHeader(framed, 0, schemaId);
    byte[] avro = bytes.toByteArray();
    System.arraycopy(avro, 0, framed, WireFormat.HEADER_LENGTH, avro.length);
    return framed;
  }
}
