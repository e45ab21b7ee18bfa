package dev.millrace.spark.stream;

import dev.millrace.spark.kafka.KafkaClients;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.TopicPartition;

/** Says where a topic's partitions begin and end, for those who read what is committed. */
final class RowsTopic implements AutoCloseable {
  private final Consumer<byte[], byte[]> consumer;
  private final List<TopicPartition> partitions;

  /**
   * Asks for its partitions.
   *
   * @throws IllegalStateException if there is no such topic
   */
  RowsTopic(RowsOptions options) {
    Map<String, Object> config = new HashMap<>(options.kafka());
    config.put("isolation.level", "read_committed");
    config.put("enable.auto.commit", "false");
    config.put("allow.auto.create.topics", "false");
    config.put("default.api.timeout.ms", "30000");
    consumer = KafkaClients.consumer(config);
    partitions =
        consumer.partitionsFor(options.topic()).stream()
            .map(p -> new TopicPartition(options.topic(), p.partition()))
            .toList();
    if (partitions.isEmpty()) {
      consumer.close(Duration.ofSeconds(1));
      throw new IllegalStateException("topic " + options.topic() + " does not exist");
    }
  }

  /** First offsets of what is asked for, by partition; see {@link RowsOptions#from}. */
  TreeMap<Integer, Long> starts(String from) {
    return switch (from) {
      case "earliest" -> byPartition(consumer.beginningOffsets(partitions));
      case "latest" -> ends();
      default -> since(Long.parseLong(from));
    };
  }

  private TreeMap<Integer, Long> since(long millis) {
    TreeMap<Integer, Long> starts = ends();
    Map<TopicPartition, Long> wanted = new HashMap<>();
    partitions.forEach(p -> wanted.put(p, millis));
    consumer
        .offsetsForTimes(wanted)
        .forEach(
            (partition, found) -> {
              // Absent: nothing is that new.
              if (found != null) {
                starts.put(partition.partition(), found.offset());
              }
            });
    return starts;
  }

  /** The offsets behind what is committed, by partition. */
  TreeMap<Integer, Long> ends() {
    return byPartition(consumer.endOffsets(partitions));
  }

  private static TreeMap<Integer, Long> byPartition(Map<TopicPartition, Long> offsets) {
    TreeMap<Integer, Long> out = new TreeMap<>();
    offsets.forEach((p, o) -> out.put(p.partition(), o));
    return out;
  }

  @Override
  public void close() {
    consumer.close(Duration.ofSeconds(1));
  }
}
