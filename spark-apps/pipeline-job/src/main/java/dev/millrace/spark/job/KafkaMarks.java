package dev.millrace.spark.job;

import dev.millrace.registry.StreamMarks;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.UnaryOperator;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * {@link Marks} in Kafka. A call that needs marks first reads what was added to their topic since
 * the last; Kafka's absence is an exception of its client's, which the caller's next round meets
 * again or not.
 */
final class KafkaMarks implements Marks {
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final Duration POLL = Duration.ofMillis(5);

  private final String topic;
  private final Consumer<byte[], byte[]> consumer;
  private final Producer<byte[], byte[]> producer;
  private final Map<String, StreamMarks> known = new ConcurrentHashMap<>();

  KafkaMarks(Map<String, String> kafka, String topic) {
    this.topic = topic;
    Map<String, Object> reading = new HashMap<>(kafka);
    reading.put("isolation.level", "read_committed");
    reading.put("enable.auto.commit", "false");
    reading.put("auto.offset.reset", "earliest");
    reading.put("default.api.timeout.ms", Long.toString(PATIENCE.toMillis()));
    consumer =
        new KafkaConsumer<>(reading, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    TopicPartition only = new TopicPartition(topic, 0);
    consumer.assign(List.of(only));
    consumer.seekToBeginning(List.of(only));
    Map<String, Object> writing = new HashMap<>(kafka);
    writing.put("acks", "all");
    writing.put("max.block.ms", Long.toString(PATIENCE.toMillis()));
    writing.put("delivery.timeout.ms", "30000");
    writing.put("request.timeout.ms", "10000");
    producer = new KafkaProducer<>(writing, new ByteArraySerializer(), new ByteArraySerializer());
  }

  @Override
  public synchronized StreamMarks of(String stream) {
    refresh();
    return known.getOrDefault(stream, StreamMarks.none(stream));
  }

  private void refresh() {
    TopicPartition only = new TopicPartition(topic, 0);
    long end = consumer.endOffsets(List.of(only)).get(only);
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (consumer.position(only) < end) {
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
        String stream = new String(record.key(), StandardCharsets.UTF_8);
        if (record.value() == null) {
          known.remove(stream);
        } else {
          known.put(stream, StreamMarks.parse(record.value()));
        }
      }
      if (System.nanoTime() > deadline) {
        throw new IllegalStateException(
            "topic "
                + topic
                + " did not yield its records up to offset "
                + end
                + " within "
                + PATIENCE.toSeconds()
                + " s");
      }
    }
  }

  @Override
  public synchronized void change(String stream, UnaryOperator<StreamMarks> change) {
    StreamMarks now = of(stream);
    StreamMarks next = change.apply(now);
    if (next.equals(now)) {
      return;
    }
    try {
      producer
          .send(new ProducerRecord<>(topic, 0, next.key(), next.value()))
          .get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException(
          "mark of stream " + stream + " was not written to " + topic + ": " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while writing the mark of stream " + stream, e);
    }
    known.put(stream, next);
  }

  @Override
  public synchronized Map<Integer, Long> ends(String of) {
    List<TopicPartition> partitions =
        consumer.partitionsFor(of).stream()
            .map(p -> new TopicPartition(of, p.partition()))
            .toList();
    Map<Integer, Long> out = new TreeMap<>();
    consumer.endOffsets(partitions).forEach((p, offset) -> out.put(p.partition(), offset));
    return out;
  }

  @Override
  public synchronized void close() {
    consumer.close(Duration.ofSeconds(1));
    producer.close(Duration.ofSeconds(1));
  }
}
