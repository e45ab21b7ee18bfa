package dev.millrace.engine;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Why rows of a source were set aside: the newest reason of each topic that they were meant for,
 * from the headers of the source's dead letters. A topic of dead letters is read again only when it
 * has become longer. Thread safe.
 */
final class SetAside {
  private static final Duration DEADLINE = Duration.ofSeconds(3);

  /** How far back is looked: reasons repeat themselves. */
  private static final long MOST_RECORDS = 2_000;

  private final Map<String, Object> config = new HashMap<>();
  private final Map<String, Seen> seen = new ConcurrentHashMap<>();

  private record Seen(long start, long end, Map<String, String> reasons) {}

  SetAside(Map<String, Object> kafka) {
    config.putAll(kafka);
    config.put("client.id", "millrace-engine-dead-letters");
    config.put("isolation.level", "read_committed");
    config.put("enable.auto.commit", "false");
    config.put("allow.auto.create.topics", "false");
    config.put("auto.offset.reset", "earliest");
    config.put("default.api.timeout.ms", Long.toString(DEADLINE.toMillis()));
    config.put("request.timeout.ms", "2500");
    config.put("fetch.max.wait.ms", "100");
    config.put("key.deserializer", ByteArrayDeserializer.class.getName());
    config.put("value.deserializer", ByteArrayDeserializer.class.getName());
  }

  /**
   * Reasons by the topic that rows were meant for.
   *
   * @param deadLetters a topic of one partition
   * @param start its first offset
   * @param end its next offset
   */
  Map<String, String> reasons(String deadLetters, long start, long end) throws BackendException {
    if (start >= end) {
      seen.remove(deadLetters);
      return Map.of();
    }
    Seen before = seen.get(deadLetters);
    if (before != null && before.start() == start && before.end() == end) {
      return before.reasons();
    }
    Map<String, String> reasons = new TreeMap<>();
    // What was read in a longer one still holds, unless it was emptied since.
    if (before != null && before.start() == start && before.end() < end) {
      reasons.putAll(before.reasons());
    }
    TopicPartition partition = new TopicPartition(deadLetters, 0);
    try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(config)) {
      consumer.assign(List.of(partition));
      consumer.seek(partition, Math.max(start, end - MOST_RECORDS));
      long until = System.nanoTime() + DEADLINE.toNanos();
      while (consumer.position(partition) < end && System.nanoTime() < until) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
          reasons.put(header(record, "millrace.topic"), header(record, "millrace.reason"));
        }
      }
    } catch (KafkaException e) {
      throw BackendException.transientFailure("Kafka: " + deadLetters + ": " + e.getMessage(), e);
    }
    seen.put(deadLetters, new Seen(start, end, Map.copyOf(reasons)));
    return reasons;
  }

  private static String header(ConsumerRecord<byte[], byte[]> record, String name) {
    Header header = record.headers().lastHeader(name);
    return header == null || header.value() == null
        ? ""
        : new String(header.value(), StandardCharsets.UTF_8);
  }
}
