package dev.millrace.spark.job;

import java.time.Instant;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.MetadataBuilder;

/**
 * Makes Spark's watermark equal to our progress. Spark takes the maximum of a column over all rows
 * for its watermark, which loses the rows of a partition that lags; the source gives every row of a
 * batch the same {@code _progress}, the minimum over partitions, so that the maximum of
 * <em>that</em> column is the minimum we mean.
 */
final class Progress {
  /** Column of the source: progress as known when the batch was planned. */
  static final String COLUMN = "_progress";

  /** Column of the source: true in the one row of each batch that carries nothing but progress. */
  static final String TICK = "_tick";

  /** Progress of a stream that has ended. */
  static final Instant END = Instant.parse("9999-12-31T00:00:00Z");

  /** From here on a progress, or one less some lateness, means the end. */
  static final Instant NEARLY_END = Instant.parse("9999-01-01T00:00:00Z");

  /**
   * Where Spark's watermark node leaves its mark on a column, and its stateful nodes look for it
   * ({@code EventTimeWatermark.delayKey}).
   */
  private static final String DELAY_KEY = "spark.watermarkDelayMs";

  private Progress() {}

  /** The rows without the tick, the watermark following {@code _progress} by {@code delayMs}. */
  static Dataset<Row> watermarked(Dataset<Row> source, long delayMs) {
    // The optimizer pushes filters towards the source, this one and every later one (a WHERE, the
    // "is not null" of a join or of a window), and the tick would be gone before the watermark sees
    // it. It stops at a condition that is not deterministic. No partition has a negative number.
    Column data = functions.not(functions.col(TICK)).or(functions.spark_partition_id().lt(0));
    return source.withWatermark(COLUMN, delayMs + " milliseconds").filter(data);
  }

  /**
   * Marks a column as the one by which Spark's stateful nodes give up state and rows, instead of
   * the one it took the watermark from.
   */
  static Metadata evictedBy(long delayMs) {
    return new MetadataBuilder().putLong(DELAY_KEY, delayMs).build();
  }
}
