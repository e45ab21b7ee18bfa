package dev.millrace.registry.connect;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.errors.DataException;

/**
 * Where in a change event of Debezium a row is: an event has the row {@code before} and {@code
 * after}, the operation, and the {@code source} that tells of its place and time in the database's
 * log (<a
 * href="https://debezium.io/documentation/reference/stable/connectors/mysql.html#mysql-events">its
 * events</a>).
 */
final class ChangeEvent {
  /** What may be asked for besides the row: its operation, as {@code _op}. */
  static final String OP = "op";

  /** The same: when it was changed, as {@code _source_ts}. */
  static final String SOURCE_TS = "source_ts";

  private static final String AFTER = "after";

  private static final Schema MICROS =
      SchemaBuilder.int64().name("io.debezium.time.MicroTimestamp").optional().build();

  private ChangeEvent() {}

  /** Finds a value in an event, or in a key; null if it is null there. */
  interface Value {
    Object of(Struct record);
  }

  /**
   * A column as it is handed over.
   *
   * @param schema its type
   */
  record Cell(String name, Schema schema, Value value) {}

  /** Columns of a key, which is no event: it has nothing around it. */
  static List<Cell> key(Schema key) {
    List<Cell> cells = new ArrayList<>();
    for (Field field : key.fields()) {
      cells.add(new Cell(field.name(), field.schema(), k -> k.getWithoutDefault(field.name())));
    }
    return cells;
  }

  /**
   * Columns of the row after the change, and behind them what is asked for of the event.
   *
   * @param metadata {@link #OP}, {@link #SOURCE_TS}
   */
  static List<Cell> row(Schema event, Set<String> metadata) {
    Field after = event.field(AFTER);
    if (after == null) {
      throw new DataException("expected change events of Debezium, found " + event.name());
    }
    List<Cell> cells = new ArrayList<>();
    for (Field field : after.schema().fields()) {
      cells.add(
          new Cell(
              field.name(),
              field.schema(),
              // Not get(): that puts the default in the place of a null.
              e -> ((Struct) e.get(after)).getWithoutDefault(field.name())));
    }
    if (metadata.contains(OP)) {
      cells.add(new Cell(ColumnRules.OP, Schema.OPTIONAL_STRING_SCHEMA, e -> e.getString(OP)));
    }
    if (metadata.contains(SOURCE_TS)) {
      cells.add(
          new Cell(ColumnRules.SOURCE_TS, MICROS, e -> e.getStruct("source").getInt64("ts_us")));
    }
    return cells;
  }

  /** Whether the row is gone: an event of a delete, or nothing at all. */
  static boolean deletes(Struct event) {
    return event == null || event.getWithoutDefault(AFTER) == null;
  }
}
