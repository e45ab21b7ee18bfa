package dev.millrace.spark.sink;

import dev.millrace.spark.stream.SideOutputs;
import dev.millrace.spark.stream.SideRecord;
import java.io.IOException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Headers;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.connector.write.DataWriter;
import org.apache.spark.sql.connector.write.PhysicalWriteInfo;
import org.apache.spark.sql.connector.write.WriterCommitMessage;
import org.apache.spark.sql.connector.write.streaming.StreamingDataWriterFactory;
import org.apache.spark.sql.connector.write.streaming.StreamingWrite;
import org.apache.spark.sql.types.StructType;

/** The driver's side of a write. Made anew for each batch by Spark, so it holds nothing. */
final class StreamSink implements StreamingWrite {
  /** Name of the driver's own transaction, that of what sources have set aside. */
  private static final String SIDE = "side";

  private final SinkOptions options;
  private final StructType rows;
  private final String queryId;

  StreamSink(SinkOptions options, StructType rows, String queryId) {
    this.options = options;
    this.rows = rows;
    this.queryId = queryId;
  }

  @Override
  public StreamingDataWriterFactory createStreamingWriterFactory(PhysicalWriteInfo info) {
    return new Factory(options, rows, queryId);
  }

  private record Factory(SinkOptions options, StructType rows, String queryId)
      implements StreamingDataWriterFactory, Serializable {
    @Override
    public DataWriter<InternalRow> createWriter(int partition, long task, long epoch) {
      return new RowWriter(options, rows, queryId, partition, epoch);
    }
  }

  @Override
  public boolean useCommitCoordinator() {
    // A transactional id is the coordinator: of two attempts, Kafka lets the later one commit.
    return false;
  }

  /** Writes what the sources of this transform have set aside, before the batch counts as done. */
  @Override
  public void commit(long epoch, WriterCommitMessage[] messages) {
    Collection<SideRecord> records = SideOutputs.take(options.transform());
    if (records.isEmpty()) {
      return;
    }
    try {
      Transactions side = Transactions.take(options, SIDE);
      boolean done = false;
      try {
        if (!side.hasWritten(queryId, epoch)) {
          for (SideRecord record : records) {
            side.send(sideRecord(record));
          }
          side.commit(queryId, epoch);
        }
        done = true;
      } finally {
        side.release(done);
      }
    } catch (IOException e) {
      throw new IllegalStateException(e.getMessage(), e);
    }
  }

  private ProducerRecord<byte[], byte[]> sideRecord(SideRecord record) {
    String topic = record.late() ? options.lateTopic() : options.deadTopic();
    ProducerRecord<byte[], byte[]> out =
        new ProducerRecord<>(topic, null, record.key(), record.value());
    Headers headers = out.headers();
    headers.add("millrace.reason", record.reason().getBytes(StandardCharsets.UTF_8));
    headers.add("millrace.topic", record.topic().getBytes(StandardCharsets.UTF_8));
    headers.add(
        "millrace.partition",
        Integer.toString(record.partition()).getBytes(StandardCharsets.UTF_8));
    headers.add("millrace.offset", Long.toString(record.offset()).getBytes(StandardCharsets.UTF_8));
    return out;
  }

  @Override
  public void abort(long epoch, WriterCommitMessage[] messages) {
    // Tasks have aborted their transactions; those that committed are recognised when the batch is
    // replayed. What was set aside comes again with it.
    SideOutputs.take(options.transform());
  }
}
