package dev.millrace.engine;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * How many records a group has not read yet. Between what it has committed and a partition's end
 * there may be nothing but a transaction's marker, which no consumer sees or commits: a small
 * difference is looked into, once. Thread safe; who looks into one waits for others who do.
 */
final class SinkLag implements AutoCloseable {
  /** Larger differences hold records. */
  private static final long SMALL = 16;

  private static final Duration DEADLINE = Duration.ofSeconds(2);

  private final KafkaConsumer<byte[], byte[]> consumer;

  /** Partitions between whose offsets there is no record: from the first, up to the second. */
  private final Map<TopicPartition, Gap> empty = new ConcurrentHashMap<>();

  private record Gap(long from, long until) {}

  /**
   * @param kafka what every client is made with
   */
  SinkLag(Map<String, Object> kafka) {
    Map<String, Object> config = new HashMap<>(kafka);
    config.put("isolation.level", "read_committed");
    config.put("enable.auto.commit", "false");
    config.put("allow.auto.create.topics", "false");
    config.put("auto.offset.reset", "earliest");
    config.put("default.api.timeout.ms", Long.toString(DEADLINE.toMillis()));
    this.consumer =
        new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  /**
   * The lag of a group on a topic.
   *
   * @param starts first offset by partition
   * @param ends next offset by partition
   */
  long of(
      String topic,
      Map<Integer, Long> starts,
      Map<Integer, Long> ends,
      Map<TopicPartition, Long> committed)
      throws BackendException {
    long lag = 0;
    for (Map.Entry<Integer, Long> end : ends.entrySet()) {
      TopicPartition partition = new TopicPartition(topic, end.getKey());
      long start = starts.getOrDefault(end.getKey(), 0L);
      long from = Math.max(start, committed.getOrDefault(partition, start));
      long gap = end.getValue() - from;
      if (gap > 0 && !(gap <= SMALL && isEmpty(partition, from, end.getValue()))) {
        lag += gap;
      }
    }
    return lag;
  }

  private boolean isEmpty(TopicPartition partition, long from, long until) throws BackendException {
    Gap gap = new Gap(from, until);
    if (gap.equals(empty.get(partition))) {
      return true;
    }
    synchronized (consumer) {
      return look(partition, gap);
    }
  }

  private boolean look(TopicPartition partition, Gap gap) throws BackendException {
    long until = gap.until();
    try {
      consumer.assign(List.of(partition));
      consumer.seek(partition, gap.from());
      long deadline = System.nanoTime() + DEADLINE.toNanos();
      while (consumer.position(partition) < until && System.nanoTime() < deadline) {
        if (!consumer.poll(Duration.ofMillis(50)).isEmpty()) {
          return false;
        }
      }
      if (consumer.position(partition) < until) {
        return false;
      }
      empty.put(partition, gap);
      return true;
    } catch (KafkaException e) {
      throw BackendException.transientFailure(partition + ": " + e.getMessage(), e);
    }
  }

  @Override
  public void close() {
    synchronized (consumer) {
      consumer.close(Duration.ofSeconds(1));
    }
  }
}
