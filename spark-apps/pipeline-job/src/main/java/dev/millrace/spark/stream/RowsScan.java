package dev.millrace.spark.stream;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import org.apache.spark.sql.connector.read.Batch;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;
import org.apache.spark.sql.connector.read.Scan;
import org.apache.spark.sql.connector.read.Statistics;
import org.apache.spark.sql.connector.read.SupportsReportStatistics;
import org.apache.spark.sql.connector.read.streaming.MicroBatchStream;
import org.apache.spark.sql.types.StructType;

/** The rows between two offsets of each partition, which are asked for once. */
final class RowsScan implements Scan, Batch, SupportsReportStatistics {
  /** Rows come out as ranges are done: short ones come soon. */
  private static final long RECORDS_PER_RANGE = 100_000;

  /** A guess: it says which side of a join is the small one. */
  private static final long BYTES_PER_COLUMN = 16;

  private final RowsOptions options;
  private final StructType rows;
  private List<RowsRange> ranges;

  RowsScan(RowsOptions options, StructType rows) {
    this.options = options;
    this.rows = rows;
  }

  @Override
  public StructType readSchema() {
    return rows;
  }

  @Override
  public String description() {
    return "millrace rows of "
        + options.topic()
        + " ("
        + options.rows().name().toLowerCase(Locale.ROOT)
        + "): "
        + String.join(", ", options.columns());
  }

  @Override
  public Batch toBatch() {
    return this;
  }

  @Override
  public MicroBatchStream toMicroBatchStream(String checkpointLocation) {
    return new RowsStream(options);
  }

  @Override
  public Statistics estimateStatistics() {
    long records = ranges().stream().mapToLong(r -> r.until() - r.from()).sum();
    return new Statistics() {
      @Override
      public OptionalLong sizeInBytes() {
        return OptionalLong.of(Math.max(1, records * BYTES_PER_COLUMN * (1 + rows.size())));
      }

      @Override
      public OptionalLong numRows() {
        return OptionalLong.empty();
      }
    };
  }

  private synchronized List<RowsRange> ranges() {
    if (ranges == null) {
      try (RowsTopic topic = new RowsTopic(options)) {
        boolean latest = options.rows() == RowsOptions.Rows.LATEST;
        ranges =
            between(
                // Of a key, only the last record of all is true.
                topic.starts(latest ? "earliest" : options.from()),
                topic.ends(),
                latest ? Long.MAX_VALUE : RECORDS_PER_RANGE);
      }
    }
    return ranges;
  }

  /** At most so many offsets each. */
  static List<RowsRange> between(
      Map<Integer, Long> starts, Map<Integer, Long> ends, long recordsPerRange) {
    List<RowsRange> ranges = new ArrayList<>();
    ends.forEach(
        (partition, end) -> {
          for (long from = starts.getOrDefault(partition, 0L); from < end; ) {
            long until = end - from > recordsPerRange ? from + recordsPerRange : end;
            ranges.add(new RowsRange(partition, from, until));
            from = until;
          }
        });
    return ranges;
  }

  @Override
  public InputPartition[] planInputPartitions() {
    return ranges().toArray(InputPartition[]::new);
  }

  @Override
  public PartitionReaderFactory createReaderFactory() {
    return new RowsReader.Factory(options);
  }
}
