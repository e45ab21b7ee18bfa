package dev.millrace.spark.kafka;

import dev.millrace.registry.StreamMarks;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.record.TimestampType;

/**
 * As much of a Kafka as sources, tables and sinks need, in memory: topics of one partition,
 * transactions that become visible whole, committed offsets, and the marks of streams. Clients find
 * it by its {@link #bootstrap} address.
 */
public final class MemoryKafka implements AutoCloseable {
  private static final String SCHEME = "memory:";
  private static final AtomicLong COUNT = new AtomicLong();
  private static final Map<String, MemoryKafka> OPEN = new ConcurrentHashMap<>();

  private final String bootstrap = SCHEME + COUNT.incrementAndGet();
  private final Map<String, List<ConsumerRecord<byte[], byte[]>>> topics =
      new ConcurrentHashMap<>();
  private final Map<String, Map<TopicPartition, OffsetAndMetadata>> groups =
      new ConcurrentHashMap<>();
  private final Map<String, StreamMarks> marks = new ConcurrentHashMap<>();

  /** An empty one. */
  public MemoryKafka() {
    OPEN.put(bootstrap, this);
  }

  /** The value of {@code bootstrap.servers} that leads here. */
  public String bootstrap() {
    return bootstrap;
  }

  /**
   * The one that a client's properties name; empty for a real one.
   *
   * @throws IllegalStateException if it is closed
   */
  public static Optional<MemoryKafka> of(Map<String, ?> config) {
    String address = String.valueOf(config.get("bootstrap.servers"));
    if (!address.startsWith(SCHEME)) {
      return Optional.empty();
    }
    MemoryKafka found = OPEN.get(address);
    if (found == null) {
      throw new IllegalStateException("the Kafka " + address + " is closed");
    }
    return Optional.of(found);
  }

  /** Adds records, all at once: a reader sees none or all. */
  public synchronized void append(List<ProducerRecord<byte[], byte[]>> records) {
    for (ProducerRecord<byte[], byte[]> record : records) {
      List<ConsumerRecord<byte[], byte[]>> log =
          topics.computeIfAbsent(record.topic(), t -> new ArrayList<>());
      log.add(
          new ConsumerRecord<>(
              record.topic(),
              0,
              log.size(),
              ConsumerRecord.NO_TIMESTAMP,
              TimestampType.LOG_APPEND_TIME,
              record.key() == null ? 0 : record.key().length,
              record.value() == null ? 0 : record.value().length,
              record.key(),
              record.value(),
              record.headers(),
              Optional.empty()));
    }
  }

  /** The records of a topic, oldest first. */
  public synchronized List<ConsumerRecord<byte[], byte[]>> records(String topic) {
    return List.copyOf(topics.getOrDefault(topic, List.of()));
  }

  synchronized List<ConsumerRecord<byte[], byte[]>> records(String topic, long from) {
    List<ConsumerRecord<byte[], byte[]>> log = topics.getOrDefault(topic, List.of());
    return List.copyOf(log.subList((int) Math.min(from, log.size()), log.size()));
  }

  /** Offset of the next record. */
  public synchronized long end(String topic) {
    return topics.getOrDefault(topic, List.of()).size();
  }

  /** What is known of a stream. */
  public StreamMarks marks(String stream) {
    return marks.getOrDefault(stream, StreamMarks.none(stream));
  }

  /** Changes what is known of a stream. */
  public void mark(String stream, UnaryOperator<StreamMarks> change) {
    marks.compute(
        stream, (s, known) -> change.apply(known == null ? StreamMarks.none(stream) : known));
  }

  Optional<OffsetAndMetadata> committed(String group, TopicPartition partition) {
    return Optional.ofNullable(groups.getOrDefault(group, Map.of()).get(partition));
  }

  synchronized void commit(
      List<ProducerRecord<byte[], byte[]>> records,
      Map<String, Map<TopicPartition, OffsetAndMetadata>> offsets) {
    append(records);
    offsets.forEach(
        (group, committed) ->
            groups.computeIfAbsent(group, g -> new ConcurrentHashMap<>()).putAll(committed));
  }

  Consumer<byte[], byte[]> consumer() {
    return new MemoryConsumer(this);
  }

  Producer<byte[], byte[]> producer() {
    return new MemoryProducer(this);
  }

  @Override
  public void close() {
    OPEN.remove(bootstrap);
  }
}
