package dev.millrace.spark.job;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.streaming.DataStreamWriter;
import org.apache.spark.sql.streaming.OutputMode;
import org.apache.spark.sql.streaming.Trigger;

/** One transform as a streaming query, ready to be started. */
final class TransformQuery {
  /**
   * Name of the metric under which a batch reports the progress of one of several driving streams.
   */
  static final String OBSERVED = "progress_of_";

  private TransformQuery() {}

  /** How SQL over the session's views becomes rows. */
  interface Sql {
    Dataset<Row> rows(SparkSession session, String sql);
  }

  /** As it is. */
  static final Sql AS_IS = (session, sql) -> session.sql(sql);

  /** The same with SQL as it is. */
  static DataStreamWriter<Row> build(
      SparkSession session,
      PlanDocument plan,
      PlanDocument.Transform transform,
      Backends backends,
      String checkpoint) {
    return build(session, plan, transform, backends, checkpoint, AS_IS);
  }

  /**
   * @param session of this transform alone: its SQL's streams are temporary views there
   * @param checkpoint URI of its checkpoint
   */
  static DataStreamWriter<Row> build(
      SparkSession session,
      PlanDocument plan,
      PlanDocument.Transform transform,
      Backends backends,
      String checkpoint,
      Sql sql) {
    Dataset<Row> rows =
        transform.intervals() != null
            ? intervals(session, plan, transform, backends)
            : sql(session, plan, transform, backends, sql);
    DataStreamWriter<Row> writer =
        rows.writeStream()
            .queryName(transform.name())
            .outputMode(transform.output().table() ? OutputMode.Update() : OutputMode.Append())
            .option("checkpointLocation", checkpoint)
            .trigger(Trigger.ProcessingTime(0));
    return backends.sink(writer, transform);
  }

  private static Dataset<Row> intervals(
      SparkSession session,
      PlanDocument plan,
      PlanDocument.Transform transform,
      Backends backends) {
    PlanDocument.Intervals spec = transform.intervals();
    PlanDocument.Stream from = plan.stream(spec.from());
    if (from.eventTime() == null) {
      throw new IllegalArgumentException(
          "transform "
              + transform.name()
              + ": stream "
              + from.name()
              + " has no eventTime, and intervals are between event times");
    }
    List<String> columns = new ArrayList<>(spec.by());
    for (String more : spec.carry()) {
      addOnce(columns, more);
    }
    addOnce(columns, spec.type());
    addOnce(columns, from.eventTime().field());
    return IntervalsQuery.build(
        spec, backends.stream(session, transform, from, columns), from.eventTime().field());
  }

  private static void addOnce(List<String> columns, String column) {
    if (!columns.contains(column)) {
      columns.add(column);
    }
  }

  private static Dataset<Row> sql(
      SparkSession session,
      PlanDocument plan,
      PlanDocument.Transform transform,
      Backends backends,
      Sql sql) {
    boolean grouped = transform.output().table();
    long lateness = transform.latenessMs() == null ? 0 : transform.latenessMs();
    List<PlanDocument.Read> drivers = transform.drivers();
    for (PlanDocument.Read read : drivers) {
      PlanDocument.Stream stream = plan.stream(read.stream());
      Dataset<Row> source = backends.stream(session, transform, stream, read.columns());
      if (drivers.size() > 1) {
        source =
            source.observe(
                OBSERVED + stream.name(),
                functions.max(functions.col(Progress.COLUMN)).as("progress"));
      }
      Dataset<Row> rows = Progress.watermarked(source, lateness);
      List<Column> columns = new ArrayList<>();
      for (String name : rows.columns()) {
        if (name.equals(Progress.COLUMN) || name.equals(Progress.TICK)) {
          continue;
        }
        boolean time =
            grouped && stream.eventTime() != null && name.equals(stream.eventTime().field());
        columns.add(
            time
                ? functions.col(name).as(name, Progress.evictedBy(lateness))
                : functions.col(name));
      }
      rows.select(columns.toArray(new Column[0])).createOrReplaceTempView(stream.name());
    }
    for (PlanDocument.Read read : transform.lookups()) {
      backends
          .table(session, transform, plan.stream(read.stream()), read.columns())
          .createOrReplaceTempView(read.stream());
    }
    return sql.rows(session, transform.sql());
  }
}
