package dev.millrace.registry.connect;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.registry.RegistryException;
import dev.millrace.registry.SchemaRegistryClient;
import dev.millrace.registry.WireFormat;
import dev.millrace.registry.connect.ChangeEvent.Cell;
import dev.millrace.registry.connect.ColumnRules.How;
import dev.millrace.registry.connect.ColumnRules.Mask;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.avro.Schema;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;

/**
 * How rows of one schema are written to one topic: made once, run for every row.
 *
 * <p>Of what is registered already, a value's schema keeps what it must so that older records can
 * be read: a column that is new may be null, one that could be null still can, a type only widens
 * ({@code int} to {@code long} or {@code double}, {@code float} to {@code double}, digits of a
 * decimal); a narrower value is written as what the stream has. A column that is gone goes. A key's
 * schema never changes: its bytes are the row's identity.
 */
final class RowFormat {
  private final List<Column> columns;
  private final Optional<MisfitException> misfit;
  private final int id;
  private final ByteArrayOutputStream buffer = new ByteArrayOutputStream(512);
  private BinaryEncoder encoder;

  /**
   * A column on its way.
   *
   * @param cell where the value is
   * @param shown under which it is written, and of which type
   * @param mask of its value, or null
   */
  private record Column(Cell cell, Field shown, Mask mask, Hasher hasher, FieldWriter writer) {
    Object value(Struct record) {
      Object value = cell.value().of(record);
      if (mask == null || value == null) {
        return value;
      }
      return switch (mask.how()) {
        case HASH -> hasher.hash(value);
        case EMPTY -> null;
        case TEXT -> mask.text();
      };
    }

    Column with(FieldWriter other) {
      return new Column(cell, shown, mask, hasher, other);
    }
  }

  private RowFormat(List<Column> columns, int id, Optional<MisfitException> misfit) {
    this.columns = columns;
    this.id = id;
    this.misfit = misfit;
  }

  /**
   * Finds how, and registers the schema if it is a new one that may follow.
   *
   * @throws RegistryException if the registry can not be asked
   */
  static RowFormat of(
      String topic,
      List<Cell> cells,
      boolean key,
      ColumnRules rules,
      Optional<Hasher> hasher,
      SchemaRegistryClient registry,
      String namespace) {
    List<Column> columns = columns(cells, rules, hasher);
    Optional<MisfitException> wrong = wrong(cells, columns, key, rules);
    if (wrong.isPresent()) {
      return new RowFormat(columns, 0, wrong);
    }
    SchemaBuilder shown = SchemaBuilder.struct();
    columns.forEach(c -> shown.field(c.shown().name(), c.shown().schema()));
    ConnectToAvro mapping =
        ConnectToAvro.of(
            shown.build(),
            AvroConverter.recordNamespace(namespace, topic),
            AvroConverter.recordName(topic, key));
    String subject = topic + (key ? "-key" : "-value");
    Optional<SchemaRegistryClient.Registered> before = registry.latest(subject);
    if (before.isPresent() && before.get().schema().getType() != Schema.Type.RECORD) {
      return new RowFormat(
          columns,
          0,
          Optional.of(
              new MisfitException(
                  "subject " + subject + " holds " + before.get().schema() + ", no record", true)));
    }
    Evolution evolution =
        Evolution.of(mapping, before.map(SchemaRegistryClient.Registered::schema), key);
    if (evolution.refused().isPresent()) {
      return new RowFormat(
          columns, 0, Optional.of(new MisfitException(evolution.refused().get(), true)));
    }
    int id;
    try {
      id =
          before.isPresent() && before.get().schema().equals(evolution.schema())
              ? before.get().id()
              : registry.register(subject, evolution.schema());
    } catch (RegistryException e) {
      if (e.status() != 409 && e.status() != 422) {
        throw e;
      }
      return new RowFormat(
          columns, 0, Optional.of(new MisfitException("the registry: " + e.getMessage(), true)));
    }
    List<Column> written = new ArrayList<>();
    for (int i = 0; i < columns.size(); i++) {
      written.add(columns.get(i).with(evolution.writers().get(i)));
    }
    return new RowFormat(written, id, Optional.empty());
  }

  private static List<Column> columns(
      List<Cell> cells, ColumnRules rules, Optional<Hasher> hasher) {
    List<Column> columns = new ArrayList<>();
    for (Cell cell : cells) {
      if (!rules.keeps(cell.name())) {
        continue;
      }
      Mask mask = rules.masks().get(cell.name());
      Field shown = new Field(cell.name(), columns.size(), type(cell.schema(), mask));
      columns.add(
          new Column(
              cell,
              shown,
              mask,
              mask != null && mask.how() == How.HASH ? hasher.orElseThrow() : null,
              null));
    }
    return columns;
  }

  private static org.apache.kafka.connect.data.Schema type(
      org.apache.kafka.connect.data.Schema schema, Mask mask) {
    if (mask == null || (mask.how() == How.EMPTY && schema.isOptional())) {
      return schema;
    }
    if (mask.how() == How.EMPTY) {
      return optional(schema);
    }
    SchemaBuilder text = SchemaBuilder.string();
    return schema.isOptional() ? text.optional().build() : text.build();
  }

  /** A copy that may be null; what is in it is never written. */
  private static org.apache.kafka.connect.data.Schema optional(
      org.apache.kafka.connect.data.Schema schema) {
    SchemaBuilder copy =
        switch (schema.type()) {
          case ARRAY -> SchemaBuilder.array(schema.valueSchema());
          case MAP -> SchemaBuilder.map(schema.keySchema(), schema.valueSchema());
          case STRUCT -> SchemaBuilder.struct();
          default -> SchemaBuilder.type(schema.type());
        };
    if (schema.type() == org.apache.kafka.connect.data.Schema.Type.STRUCT) {
      schema.fields().forEach(f -> copy.field(f.name(), f.schema()));
    }
    if (schema.name() != null) {
      copy.name(schema.name());
    }
    if (schema.parameters() != null) {
      copy.parameters(schema.parameters());
    }
    return copy.optional().build();
  }

  /** What the rules ask for that this table does not allow. */
  private static Optional<MisfitException> wrong(
      List<Cell> cells, List<Column> columns, boolean key, ColumnRules rules) {
    for (Cell cell : cells) {
      Mask mask = rules.masks().get(cell.name());
      boolean identity = mask == null || mask.how() == How.HASH;
      if (key && (!identity || !rules.keeps(cell.name()))) {
        return Optional.of(
            new MisfitException(
                "column '"
                    + cell.name()
                    + "' is part of the primary key, by which rows are told apart: it can be hashed,"
                    + " not left out",
                false));
      }
    }
    if (!key) {
      Set<String> there = new HashSet<>();
      cells.forEach(c -> there.add(c.name()));
      Set<String> named = new HashSet<>(rules.masks().keySet());
      named.addAll(rules.exclude());
      named.addAll(rules.only());
      named.removeAll(there);
      if (!named.isEmpty()) {
        return Optional.of(
            new MisfitException(
                "column '"
                    + named.iterator().next()
                    + "' of mask, exclude or columns is not in the table, which has "
                    + columns.stream().map(c -> c.cell().name()).toList()
                    + ": rows are held back, since it may have another name now",
                false));
      }
    }
    return Optional.empty();
  }

  /**
   * The row's bytes.
   *
   * @param record a change event, or a key: what the cells are of
   * @throws MisfitException if the stream can not hold it
   */
  byte[] write(Struct record) {
    if (misfit.isPresent()) {
      throw misfit.get();
    }
    buffer.reset();
    byte[] header = new byte[WireFormat.HEADER_LENGTH];
    WireFormat.writeHeader(header, 0, id);
    buffer.write(header, 0, header.length);
    encoder = EncoderFactory.get().directBinaryEncoder(buffer, encoder);
    for (Column column : columns) {
      Object value = column.value(record);
      try {
        if (value == null && !column.shown().schema().isOptional()) {
          value = column.shown().schema().defaultValue();
        }
        column.writer().write(value, encoder);
      } catch (MisfitException e) {
        throw new MisfitException(
            "column '" + column.shown().name() + "': " + e.getMessage(), true);
      } catch (IOException | RuntimeException e) {
        // Not its message, which may have the value in it.
        throw new MisfitException(
            "column '"
                + column.shown().name()
                + "': a value of the database's "
                + FieldWriter.typeName(column.shown().schema())
                + " can not be written ("
                + e.getClass().getSimpleName()
                + ")",
            true);
      }
    }
    return buffer.toByteArray();
  }

  /** The row for people, with the columns that may be seen. */
  byte[] json(Struct record) {
    ObjectNode object = JsonNodeFactory.instance.objectNode();
    for (Column column : columns) {
      object.set(column.shown().name(), RowJson.node(column.value(record)));
    }
    return RowJson.bytes(object);
  }
}
