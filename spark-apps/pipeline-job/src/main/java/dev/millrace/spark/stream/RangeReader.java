package dev.millrace.spark.stream;

import dev.millrace.registry.WireFormatException;
import dev.millrace.spark.avro.CorruptRecordException;
import dev.millrace.spark.avro.Decoders;
import dev.millrace.spark.avro.RowDecoder;
import java.io.IOException;
import java.io.Serializable;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.read.PartitionReader;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;
import org.apache.spark.util.CollectionAccumulator;

/** An executor's side: the rows of one range, and the tick. */
final class RangeReader implements PartitionReader<InternalRow> {
  private final StreamOptions options;
  private final KafkaRange range;
  private final ObservedTimes observed;
  private final CollectionAccumulator<SideRecord> aside;
  private final Decoders decoders;
  private final long lateBefore;
  private PartitionLog log;
  private boolean tickDue;
  private InternalRow row;
  private long newest = RowDecoder.NO_TIME;
  private boolean exhausted;

  /** Goes to executors. */
  record Factory(
      StreamOptions options, ObservedTimes observed, CollectionAccumulator<SideRecord> aside)
      implements PartitionReaderFactory, Serializable {
    @Override
    public PartitionReader<InternalRow> createReader(InputPartition partition) {
      return new RangeReader(options, (KafkaRange) partition, observed, aside);
    }
  }

  RangeReader(
      StreamOptions options,
      KafkaRange range,
      ObservedTimes observed,
      CollectionAccumulator<SideRecord> aside) {
    this.options = options;
    this.range = range;
    this.observed = observed;
    this.aside = aside;
    this.decoders =
        new Decoders(
            options.format(),
            options.registry(),
            new Schema.Parser().parse(options.schema()),
            options.columns(),
            options.timed() ? options.timeField() : null,
            StreamProvider.EXTRA);
    this.tickDue = range.tick();
    this.lateBefore =
        range.progress() == StreamOffset.NONE
            ? Long.MIN_VALUE
            : range.progress() - options.latenessMs() * 1000;
    if (range.partition() >= 0) {
      log =
          PartitionLog.take(
              options.transform(),
              new TopicPartition(options.topic(), range.partition()),
              options.kafka());
      log.seek(range.from());
    }
  }

  @Override
  public boolean next() throws IOException {
    if (tickDue) {
      tickDue = false;
      RowDecoder decoder = decoders.ofReader();
      decoder.empty();
      row = complete(decoder, true);
      return true;
    }
    while (log != null) {
      ConsumerRecord<byte[], byte[]> record = log.next(range.until());
      if (record == null) {
        exhausted = true;
        if (newest != RowDecoder.NO_TIME) {
          observed.add(Map.entry(range.partition(), newest));
          newest = RowDecoder.NO_TIME;
        }
        return false;
      }
      if (decode(record)) {
        return true;
      }
    }
    return false;
  }

  private boolean decode(ConsumerRecord<byte[], byte[]> record) throws IOException {
    byte[] value = record.value();
    if (value == null) {
      aside(record, false, "a record without a value in an append stream");
      return false;
    }
    long time;
    try {
      time = decoders.decode(value);
    } catch (WireFormatException | CorruptRecordException | IllegalArgumentException e) {
      aside(record, false, e.getMessage());
      return false;
    }
    if (options.timed()) {
      if (time == RowDecoder.NO_TIME) {
        aside(record, false, "event time field '" + options.timeField() + "' is null");
        return false;
      }
      newest = Math.max(newest, time);
      if (time < lateBefore) {
        aside(
            record,
            true,
            "event time is " + (lateBefore - time) / 1000 + " ms behind what is still accepted");
        return false;
      }
    }
    row = complete(decoders.last(), false);
    return true;
  }

  private InternalRow complete(RowDecoder decoder, boolean tick) {
    decoder.extra(0, range.progress() == StreamOffset.NONE ? null : (Object) range.progress());
    decoder.extra(1, tick);
    return decoder.row();
  }

  private void aside(ConsumerRecord<byte[], byte[]> record, boolean late, String reason) {
    aside.add(
        new SideRecord(
            record.topic(),
            record.partition(),
            record.offset(),
            record.key(),
            record.value(),
            late,
            reason));
  }

  @Override
  public InternalRow get() {
    return row;
  }

  @Override
  public void close() {
    if (log != null) {
      if (exhausted) {
        log.giveBack();
      } else {
        log.close();
      }
      log = null;
    }
  }
}
