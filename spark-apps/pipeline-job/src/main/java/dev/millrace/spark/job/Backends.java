package dev.millrace.spark.job;

import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.DataStreamWriter;

/** Where rows come from and go to: Kafka in the job, memory in tests of what lies between. */
interface Backends {
  /**
   * Rows of an append stream: the columns asked for (all when null), and the two of {@link
   * Progress}.
   */
  Dataset<Row> stream(
      SparkSession session,
      PlanDocument.Transform transform,
      PlanDocument.Stream stream,
      List<String> columns);

  /** The latest row of each key of a table, read anew at each batch. */
  Dataset<Row> table(
      SparkSession session,
      PlanDocument.Transform transform,
      PlanDocument.Stream stream,
      List<String> columns);

  /** The same writer, bound for the transform's output. */
  DataStreamWriter<Row> sink(DataStreamWriter<Row> writer, PlanDocument.Transform transform);
}
