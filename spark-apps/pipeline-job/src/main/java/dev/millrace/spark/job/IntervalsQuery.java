package dev.millrace.spark.job;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.when;

import dev.millrace.spark.job.IntervalState.Event;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.function.FlatMapGroupsWithStateFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.streaming.GroupState;
import org.apache.spark.sql.streaming.GroupStateTimeout;
import org.apache.spark.sql.streaming.OutputMode;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.DateType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.types.TimestampType;

/**
 * An {@code intervals} transform as a streaming query: {@link IntervalRules} over Spark's keyed
 * state, in append mode.
 */
final class IntervalsQuery {
  /** Microseconds in a millisecond: Spark's watermark counts the latter. */
  private static final long MICROS = 1000;

  private IntervalsQuery() {}

  /**
   * The rows of the transform: the key's fields, the carried ones, {@code started_at}, {@code
   * ended_at}, {@code opened_at}, {@code ended_by}.
   *
   * @param source rows of the stream with the engine's two columns
   * @param at its event time field
   */
  static Dataset<Row> build(PlanDocument.Intervals spec, Dataset<Row> source, String at) {
    List<String> types = new ArrayList<>(spec.close());
    types.addAll(spec.open());
    Column order = null;
    for (int i = 0; i < types.size(); i++) {
      Column is = col(spec.type()).equalTo(types.get(i));
      order = order == null ? when(is, lit(i)) : order.when(is, lit(i));
    }
    // Keys first, then what the state machine needs, in primitive types: a row is taken apart once
    // per event.
    List<Column> in = new ArrayList<>();
    spec.by().forEach(f -> in.add(col(f)));
    in.add(functions.unix_micros(col(at)).as("_at"));
    in.add(order.as("_order"));
    // Spark must see a column with its watermark's mark, and would drop rows that are behind it.
    // None are (the source sees to that), and equal progress in two
    // batches is no lateness: so a column that is never behind.
    in.add(lit(Long.MAX_VALUE).as("_never", Progress.evictedBy(0)));
    spec.carry()
        .forEach(
            f -> in.add(primitive(source.schema().apply(f).dataType(), col(f)).as("_carry_" + f)));
    Dataset<Row> events =
        Progress.watermarked(source, 0)
            .select(in.toArray(new Column[0]))
            .filter(col("_order").isNotNull().and(col("_at").isNotNull()));

    int keys = spec.by().size();
    StructType schema = events.schema();
    List<DataType> carryTypes = new ArrayList<>();
    for (int i = keys + 3; i < schema.size(); i++) {
      carryTypes.add(schema.apply(i).dataType());
    }
    StructType keySchema = new StructType(java.util.Arrays.copyOf(schema.fields(), keys));
    StructType out = keySchema;
    for (int i = 0; i < carryTypes.size(); i++) {
      out = out.add(spec.carry().get(i), carryTypes.get(i), true);
    }
    out =
        out.add("started_at", DataTypes.LongType, false)
            .add("ended_at", DataTypes.LongType, false)
            .add("opened_at", DataTypes.LongType, false)
            .add("ended_by", DataTypes.StringType, false);
    IntervalRules rules =
        new IntervalRules(
            List.copyOf(types),
            spec.close().size(),
            spec.timeoutMs() * MICROS,
            spec.sliceMs() == null ? 0 : spec.sliceMs() * MICROS);
    Dataset<Row> rows =
        events
            .groupBy(spec.by().stream().map(functions::col).toArray(Column[]::new))
            .as(Encoders.row(keySchema), Encoders.row(schema))
            .flatMapGroupsWithState(
                new Step(rules, keys, new CarryCodec(spec.carry(), carryTypes)),
                OutputMode.Append(),
                Encoders.BINARY(),
                Encoders.row(out),
                GroupStateTimeout.EventTimeTimeout());
    List<Column> result = new ArrayList<>();
    spec.by().forEach(f -> result.add(col(f)));
    spec.carry().forEach(f -> result.add(original(source.schema().apply(f), col(f)).as(f)));
    for (String f : List.of("started_at", "ended_at", "opened_at")) {
      result.add(functions.timestamp_micros(col(f)).as(f));
    }
    result.add(col("ended_by"));
    return rows.select(result.toArray(new Column[0]));
  }

  private static Column primitive(DataType type, Column column) {
    if (type instanceof TimestampType) {
      return functions.unix_micros(column);
    }
    return type instanceof DateType ? functions.unix_date(column) : column;
  }

  private static Column original(StructField field, Column column) {
    if (field.dataType() instanceof TimestampType) {
      return functions.timestamp_micros(column);
    }
    return field.dataType() instanceof DateType ? functions.date_from_unix_date(column) : column;
  }

  /** One key in one batch. */
  private record Step(IntervalRules rules, int keys, CarryCodec codec)
      implements FlatMapGroupsWithStateFunction<Row, Row, byte[], Row> {
    @Override
    public Iterator<Row> call(Row key, Iterator<Row> values, GroupState<byte[]> group) {
      IntervalState state =
          group.exists() ? IntervalState.decode(group.get()) : new IntervalState();
      long watermark = group.getCurrentWatermarkMs();
      List<Row> out = new ArrayList<>();
      Iterator<Event> events =
          new Iterator<>() {
            @Override
            public boolean hasNext() {
              return values.hasNext();
            }

            @Override
            public Event next() {
              Row row = values.next();
              return new Event(
                  row.getLong(keys), row.getInt(keys + 1), codec.encode(row, keys + 3));
            }
          };
      rules.advance(
          state,
          events,
          watermark * MICROS,
          (carry, from, to, opened, by) -> out.add(row(key, carry, from, to, opened, by)));
      if (state.isEmpty()) {
        group.remove();
      } else {
        group.update(state.encode());
        // Spark calls when the watermark is greater than this, and refuses a time that already is
        // not.
        group.setTimeoutTimestamp(
            Math.max(Math.floorDiv(rules.nextTime(state), MICROS), watermark + 1));
      }
      return out.isEmpty() ? Collections.emptyIterator() : out.iterator();
    }

    private Row row(Row key, byte[] carry, long from, long to, long opened, String by) {
      int carried = codec.size();
      Object[] values = new Object[keys + carried + 4];
      for (int i = 0; i < keys; i++) {
        values[i] = key.get(i);
      }
      codec.decode(carry, values, keys);
      values[keys + carried] = from;
      values[keys + carried + 1] = to;
      values[keys + carried + 2] = opened;
      values[keys + carried + 3] = by;
      return RowFactory.create(values);
    }
  }
}
