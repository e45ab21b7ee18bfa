package dev.millrace.spark.stream;

import java.util.Map;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;
import org.apache.spark.sql.connector.read.streaming.MicroBatchStream;
import org.apache.spark.sql.connector.read.streaming.Offset;

/** Rows as they come: each batch has all that is new. */
final class RowsStream implements MicroBatchStream {
  private final RowsOptions options;
  private final RowsTopic topic;

  RowsStream(RowsOptions options) {
    this.options = options;
    this.topic = new RowsTopic(options);
  }

  private static Offset at(Map<Integer, Long> offsets) {
    return new StreamOffset(offsets, Map.of(), StreamOffset.NONE);
  }

  @Override
  public synchronized Offset initialOffset() {
    return at(topic.starts(options.from()));
  }

  @Override
  public synchronized Offset latestOffset() {
    return at(topic.ends());
  }

  @Override
  public Offset deserializeOffset(String json) {
    return StreamOffset.parse(json);
  }

  @Override
  public InputPartition[] planInputPartitions(Offset start, Offset end) {
    return RowsScan.between(
            StreamOffset.of(start).offsets(), StreamOffset.of(end).offsets(), Long.MAX_VALUE)
        .toArray(InputPartition[]::new);
  }

  @Override
  public PartitionReaderFactory createReaderFactory() {
    return new RowsReader.Factory(options);
  }

  @Override
  public void commit(Offset end) {
    // What was read stays in Kafka.
  }

  @Override
  public synchronized void stop() {
    topic.close();
  }
}
