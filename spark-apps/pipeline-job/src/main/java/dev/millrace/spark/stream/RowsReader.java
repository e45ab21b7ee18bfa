package dev.millrace.spark.stream;

import dev.millrace.registry.WireFormatException;
import dev.millrace.spark.avro.CorruptRecordException;
import dev.millrace.spark.avro.Decoders;
import java.io.IOException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.UnsafeRow;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.read.PartitionReader;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;
import org.apache.spark.sql.types.StructType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** An executor's side: the rows of one range. */
final class RowsReader implements PartitionReader<InternalRow> {
  private static final Logger LOG = LoggerFactory.getLogger(RowsReader.class);

  /** So many bad records are named; of the others, their number is said. */
  private static final int NAMED = 5;

  private final RowsOptions options;
  private final RowsRange range;
  private final Decoders decoders;
  private PartitionLog log;
  private Iterator<UnsafeRow> latest;
  private UnsafeRow row;
  private long bad;

  /** Goes to executors. */
  record Factory(RowsOptions options) implements PartitionReaderFactory, Serializable {
    @Override
    public PartitionReader<InternalRow> createReader(InputPartition partition) {
      return new RowsReader(options, (RowsRange) partition);
    }
  }

  RowsReader(RowsOptions options, RowsRange range) {
    this.options = options;
    this.range = range;
    this.decoders =
        new Decoders(
            options.format(),
            options.registry(),
            new Schema.Parser().parse(options.schema()),
            options.columns(),
            null,
            new StructType());
    this.log =
        PartitionLog.take(
            options.reader(),
            new TopicPartition(options.topic(), range.partition()),
            options.kafka());
    log.seek(range.from());
  }

  @Override
  public boolean next() throws IOException {
    if (options.rows() == RowsOptions.Rows.LATEST) {
      if (latest == null) {
        latest = latest().iterator();
      }
      row = latest.hasNext() ? latest.next() : null;
      return row != null;
    }
    while (log != null) {
      ConsumerRecord<byte[], byte[]> record = log.next(range.until());
      if (record == null) {
        done();
      } else if (record.value() == null) {
        if (options.rows() == RowsOptions.Rows.ALL) {
          passOver(record, "it has no value");
        }
      } else if (decode(record)) {
        return true;
      }
    }
    return false;
  }

  /** A key is always in the same partition. */
  private Iterable<UnsafeRow> latest() throws IOException {
    Map<ByteBuffer, UnsafeRow> rows = new HashMap<>();
    for (ConsumerRecord<byte[], byte[]> record = log.next(range.until());
        record != null;
        record = log.next(range.until())) {
      if (record.key() == null) {
        passOver(record, "a record of a table without a key");
      } else if (record.value() == null) {
        rows.remove(ByteBuffer.wrap(record.key()));
      } else if (decode(record)) {
        rows.put(ByteBuffer.wrap(record.key()), row.copy());
      }
    }
    done();
    return rows.values();
  }

  private boolean decode(ConsumerRecord<byte[], byte[]> record) throws IOException {
    try {
      var unused = decoders.decode(record.value());
      row = decoders.last().row();
      return true;
    } catch (WireFormatException | CorruptRecordException | IllegalArgumentException e) {
      passOver(record, e.getMessage());
      return false;
    }
  }

  private void passOver(ConsumerRecord<byte[], byte[]> record, String why) {
    if (++bad <= NAMED) {
      LOG.warn(
          "{} partition {} offset {} is left out: {}",
          record.topic(),
          record.partition(),
          record.offset(),
          why);
    }
  }

  /** The next range goes on where this one ends. */
  private void done() {
    log.giveBack();
    log = null;
  }

  @Override
  public InternalRow get() {
    return row;
  }

  @Override
  public void close() {
    if (bad > NAMED) {
      LOG.warn(
          "{} partition {}: {} more are left out", options.topic(), range.partition(), bad - NAMED);
      bad = 0;
    }
    if (log != null) {
      log.close();
      log = null;
    }
  }
}
