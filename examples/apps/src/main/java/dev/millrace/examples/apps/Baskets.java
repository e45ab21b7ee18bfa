package dev.millrace.examples.apps;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.session_window;
import static org.apache.spark.sql.functions.sum;

import dev.millrace.spark.job.Streams;
import java.io.IOException;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** What a customer has ordered until a pause; how long that is, the argument says. */
public final class Baskets {
  private Baskets() {}

  public static void main(String[] args) throws IOException {
    Streams streams = Streams.open();
    Dataset<Row> baskets =
        streams
            .read("orders")
            .groupBy(col("customer"), session_window(col("ordered_at"), args[0]))
            .agg(
                count("*").as("orders"),
                sum(col("quantity").multiply(col("cents"))).as("total_cents"))
            .select(
                col("customer"),
                col("session_window.start").as("started_at"),
                col("session_window.end").as("ended_at"),
                col("orders"),
                col("total_cents"));
    streams.write(baskets);
  }
}
