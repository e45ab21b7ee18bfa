package dev.millrace.spark.sink;

import dev.millrace.spark.avro.RowEncoder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.apache.avro.Schema;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.utils.Utils;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.CatalystTypeConverters;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.connector.write.DataWriter;
import org.apache.spark.sql.connector.write.WriterCommitMessage;
import org.apache.spark.sql.types.StructType;

/** Writes the rows of one task and epoch in one transaction. */
final class RowWriter implements DataWriter<InternalRow> {
  private final SinkOptions options;
  private final StructType rows;
  private final String queryId;
  private final String task;
  private final long epoch;
  private final RecordEncoder value;
  private final RecordEncoder key;
  private final RowEncoder partitioner;
  private Transactions transactions;
  private boolean skip;
  private int partitions;

  RowWriter(SinkOptions options, StructType rows, String queryId, int partition, long epoch) {
    this.options = options;
    this.rows = rows;
    this.queryId = queryId;
    this.task = Integer.toString(partition);
    this.epoch = epoch;
    Schema schema = new Schema.Parser().parse(options.schema());
    this.value = RecordEncoder.of(options.format(), rows, schema, options.schemaId());
    this.key =
        options.keyed()
            ? RecordEncoder.of(
                options.format(),
                rows,
                new Schema.Parser().parse(options.keySchema()),
                options.keySchemaId())
            : null;
    Schema by = options.partitionSchema(schema);
    this.partitioner = by == null ? null : new RowEncoder(rows, by);
  }

  @Override
  public void write(InternalRow row) throws IOException {
    if (transactions == null) {
      transactions = Transactions.take(options, task);
      skip = transactions.hasWritten(queryId, epoch);
      partitions = transactions.partitions(options.topic());
    }
    if (skip) {
      return;
    }
    transactions.send(record(row));
  }

  private ProducerRecord<byte[], byte[]> record(InternalRow row) {
    try {
      byte[] k = key == null ? null : key.encode(row);
      byte[] v = value.encode(row);
      byte[] by = partitioner == null ? k : partitioner.bare(row);
      Integer partition = by == null ? null : Utils.toPositive(Utils.murmur2(by)) % partitions;
      return new ProducerRecord<>(options.topic(), partition, k, v);
    } catch (IllegalArgumentException e) {
      // A row that its schema does not allow, such as a key that is null: it is kept where people
      // look for it, and the others go on.
      if (options.deadTopic().isEmpty()) {
        throw e;
      }
      ProducerRecord<byte[], byte[]> dead =
          new ProducerRecord<>(options.deadTopic(), json(row).getBytes(StandardCharsets.UTF_8));
      dead.headers()
          .add("millrace.reason", String.valueOf(e.getMessage()).getBytes(StandardCharsets.UTF_8));
      return dead;
    }
  }

  private String json(InternalRow row) {
    return ((Row) CatalystTypeConverters.createToScalaConverter(rows).apply(row)).json();
  }

  @Override
  public WriterCommitMessage commit() throws IOException {
    if (transactions != null) {
      if (!skip) {
        transactions.commit(queryId, epoch);
      }
      transactions.release(true);
      transactions = null;
    }
    return Done.DONE;
  }

  @Override
  public void abort() {
    close();
  }

  @Override
  public void close() {
    if (transactions != null) {
      transactions.release(false);
      transactions = null;
    }
  }

  /** Nothing needs to be said of a commit. */
  private enum Done implements WriterCommitMessage {
    DONE
  }
}
