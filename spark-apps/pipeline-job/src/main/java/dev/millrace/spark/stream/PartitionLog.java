package dev.millrace.spark.stream;

import dev.millrace.spark.kafka.KafkaClients;
import java.io.IOException;
import java.time.Duration;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/**
 * Reads one partition in order, range after range. Kept between batches, so that what was fetched
 * ahead is there when the next one asks.
 */
final class PartitionLog implements AutoCloseable {
  private static final Duration POLL = Duration.ofMillis(200);
  private static final long PATIENCE_NANOS = Duration.ofSeconds(60).toNanos();
  private static final Map<String, PartitionLog> IDLE = new ConcurrentHashMap<>();

  private final String reader;
  private final TopicPartition partition;
  private final Consumer<byte[], byte[]> consumer;
  private Iterator<ConsumerRecord<byte[], byte[]>> fetched = Collections.emptyIterator();
  private ConsumerRecord<byte[], byte[]> ahead;
  private long position = -1;

  private PartitionLog(String reader, TopicPartition partition, Map<String, String> kafka) {
    this.reader = reader;
    this.partition = partition;
    Map<String, Object> config = new HashMap<>(kafka);
    config.put("isolation.level", "read_committed");
    config.put("enable.auto.commit", "false");
    config.put("allow.auto.create.topics", "false");
    config.put("auto.offset.reset", "none");
    config.put("max.poll.records", "20000");
    config.put("max.partition.fetch.bytes", Integer.toString(8 << 20));
    config.put("fetch.max.bytes", Integer.toString(16 << 20));
    this.consumer = KafkaClients.consumer(config);
    consumer.assign(List.of(partition));
  }

  /** The reader's log of a partition, where it was left if it was; {@link #giveBack} it. */
  static PartitionLog take(String reader, TopicPartition partition, Map<String, String> kafka) {
    PartitionLog idle = IDLE.remove(reader + " " + partition);
    return idle == null ? new PartitionLog(reader, partition, kafka) : idle;
  }

  /** Keeps it for the next batch. */
  void giveBack() {
    PartitionLog other = IDLE.put(reader + " " + partition, this);
    if (other != null) {
      other.close();
    }
  }

  /** Goes to an offset; costs nothing if it is there already. */
  void seek(long offset) {
    if (offset != position) {
      fetched = Collections.emptyIterator();
      ahead = null;
      consumer.seek(partition, offset);
      position = offset;
    }
  }

  /**
   * The next record before an offset, or null when there is none left.
   *
   * @throws IOException if records are gone, or Kafka does not yield them
   */
  ConsumerRecord<byte[], byte[]> next(long until) throws IOException {
    long deadline = 0;
    while (true) {
      if (ahead == null && fetched.hasNext()) {
        ahead = fetched.next();
      }
      if (ahead != null) {
        if (ahead.offset() >= until) {
          position = until;
          return null;
        }
        ConsumerRecord<byte[], byte[]> record = ahead;
        ahead = null;
        position = record.offset() + 1;
        return record;
      }
      try {
        // Offsets at the end may belong to transactions: no record comes for them.
        if (consumer.position(partition) >= until) {
          position = until;
          return null;
        }
        fetched = consumer.poll(POLL).records(partition).iterator();
      } catch (OffsetOutOfRangeException e) {
        throw new IOException(
            "records of "
                + partition
                + " from offset "
                + position
                + " are gone from Kafka before they were read (retention?): "
                + e.getMessage(),
            e);
      }
      if (!fetched.hasNext()) {
        long now = System.nanoTime();
        deadline = deadline == 0 ? now + PATIENCE_NANOS : deadline;
        if (now > deadline) {
          throw new IOException(
              "Kafka did not yield " + partition + " from offset " + position + " for 60 s");
        }
      }
    }
  }

  @Override
  public void close() {
    try {
      consumer.close(Duration.ofSeconds(1));
    } catch (KafkaException e) {
      // A task that is cancelled closes while it is interrupted; there is nothing to lose.
    }
  }
}
