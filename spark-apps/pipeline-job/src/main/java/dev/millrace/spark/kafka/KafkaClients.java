package dev.millrace.spark.kafka;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * The clients of sources, tables and sinks. Their {@code bootstrap.servers} says whether they are
 * Kafka's own, or those of a {@link MemoryKafka}: what lies above can not tell them apart.
 */
public final class KafkaClients {
  private KafkaClients() {}

  /** A consumer of bytes. */
  public static Consumer<byte[], byte[]> consumer(Map<String, Object> config) {
    Optional<MemoryKafka> memory = MemoryKafka.of(config);
    return memory.isPresent()
        ? memory.get().consumer()
        : new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  /** A producer of bytes. */
  public static Producer<byte[], byte[]> producer(Map<String, Object> config) {
    Optional<MemoryKafka> memory = MemoryKafka.of(config);
    return memory.isPresent()
        ? memory.get().producer()
        : new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
  }

  /** The offset that a group has committed, once no transaction on it is open. */
  public static Optional<OffsetAndMetadata> committed(
      Map<String, Object> config, String group, TopicPartition partition, Duration patience)
      throws ExecutionException, TimeoutException, InterruptedException {
    Optional<MemoryKafka> memory = MemoryKafka.of(config);
    if (memory.isPresent()) {
      return memory.get().committed(group, partition);
    }
    try (Admin admin = Admin.create(config)) {
      return Optional.ofNullable(
          admin
              .listConsumerGroupOffsets(
                  group, new ListConsumerGroupOffsetsOptions().requireStable(true))
              .partitionsToOffsetAndMetadata()
              .get(patience.toSeconds(), TimeUnit.SECONDS)
              .get(partition));
    }
  }

  /**
   * What tells a topic from another of its name, made after the first was deleted; empty where
   * topics can not be deleted.
   */
  public static String topicId(Map<String, Object> config, String topic) {
    if (MemoryKafka.of(config).isPresent()) {
      return "";
    }
    try (Admin admin = Admin.create(config)) {
      return admin
          .describeTopics(List.of(topic))
          .topicNameValues()
          .get(topic)
          .get(30, TimeUnit.SECONDS)
          .topicId()
          .toString();
    } catch (ExecutionException | TimeoutException e) {
      throw new KafkaException("topic " + topic + ": " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new KafkaException("interrupted", e);
    }
  }
}
