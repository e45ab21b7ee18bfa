package dev.millrace.spark.table;

import dev.millrace.registry.WireFormatException;
import dev.millrace.spark.avro.CorruptRecordException;
import dev.millrace.spark.avro.Decoders;
import dev.millrace.spark.kafka.KafkaClients;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.avro.Schema;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.spark.sql.catalyst.expressions.UnsafeRow;
import org.apache.spark.sql.types.StructType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A table's latest rows in an executor's memory, by key. A scan reads only what was written since
 * the last. It may be ahead of what a scan asks for, never behind.
 */
final class TableCopy {
  private static final Logger log = LoggerFactory.getLogger(TableCopy.class);
  private static final Map<String, TableCopy> COPIES = new ConcurrentHashMap<>();
  private static final long PATIENCE_NANOS = Duration.ofSeconds(60).toNanos();

  private final TableOptions options;
  private final Decoders decoders;
  private final Map<ByteBuffer, UnsafeRow> rows = new HashMap<>();
  private List<UnsafeRow> snapshot = List.of();
  private Consumer<byte[], byte[]> consumer;
  private int epoch;
  private boolean reopened;

  private TableCopy(TableOptions options) {
    this.options = options;
    this.decoders =
        new Decoders(
            options.format(),
            options.registry(),
            new Schema.Parser().parse(options.schema()),
            options.columns(),
            null,
            new StructType());
  }

  static TableCopy of(TableOptions options) {
    return COPIES.computeIfAbsent(options.id(), id -> new TableCopy(options));
  }

  /**
   * The rows, when everything before these offsets is in them. In another epoch, none that was read
   * before is.
   *
   * @throws IOException if Kafka or the registry do not yield what is missing
   */
  synchronized List<UnsafeRow> upTo(Snapshots.Snapshot asked) throws IOException {
    try {
      if (consumer != null && asked.epoch() > epoch) {
        close();
      }
      epoch = Math.max(epoch, asked.epoch());
      if (catchUp(asked.ends())) {
        snapshot = new ArrayList<>(rows.values());
      }
      return snapshot;
    } catch (KafkaException e) {
      close();
      throw new IOException("table " + options.topic() + ": " + e.getMessage(), e);
    }
  }

  private boolean catchUp(TreeMap<Integer, Long> ends) throws IOException {
    if (consumer == null) {
      open(ends);
    }
    // Emptied, it has other rows though none was read.
    boolean changed = reopened;
    reopened = false;
    long deadline = System.nanoTime() + PATIENCE_NANOS;
    while (behind(ends)) {
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
        apply(record);
        changed = true;
        deadline = System.nanoTime() + PATIENCE_NANOS;
      }
      if (System.nanoTime() > deadline) {
        throw new IOException(
            "Kafka did not yield table " + options.topic() + " up to " + ends + " within 60 s");
      }
    }
    return changed;
  }

  private void open(TreeMap<Integer, Long> ends) {
    Map<String, Object> config = new HashMap<>(options.kafka());
    config.put("isolation.level", "read_committed");
    config.put("enable.auto.commit", "false");
    config.put("allow.auto.create.topics", "false");
    config.put("auto.offset.reset", "earliest");
    config.put("max.poll.records", "20000");
    consumer = KafkaClients.consumer(config);
    List<TopicPartition> all =
        ends.keySet().stream().map(p -> new TopicPartition(options.topic(), p)).toList();
    consumer.assign(all);
    consumer.seekToBeginning(all);
    rows.clear();
    reopened = true;
  }

  private boolean behind(TreeMap<Integer, Long> ends) {
    for (Map.Entry<Integer, Long> end : ends.entrySet()) {
      if (consumer.position(new TopicPartition(options.topic(), end.getKey())) < end.getValue()) {
        return true;
      }
    }
    return false;
  }

  private void apply(ConsumerRecord<byte[], byte[]> record) throws IOException {
    if (record.key() == null) {
      log.warn("{}: a record of a table has no key and is passed over", place(record));
      return;
    }
    ByteBuffer key = ByteBuffer.wrap(record.key());
    if (record.value() == null) {
      rows.remove(key);
      return;
    }
    try {
      var unused = decoders.decode(record.value());
      rows.put(key, decoders.last().row().copy());
    } catch (WireFormatException | CorruptRecordException | IllegalArgumentException e) {
      // The row it would have replaced is not true any more either, but it is the last known.
      log.warn("{} can not be decoded and is passed over: {}", place(record), e.getMessage());
    }
  }

  private static String place(ConsumerRecord<byte[], byte[]> record) {
    return record.topic() + " partition " + record.partition() + " offset " + record.offset();
  }

  private void close() {
    consumer.close(Duration.ofSeconds(1));
    consumer = null;
  }
}
