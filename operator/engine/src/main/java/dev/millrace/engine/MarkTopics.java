package dev.millrace.engine;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Reads and writes the topics of marks of all pipelines of a platform, with one consumer and one
 * producer: a pair for each pipeline would cost a thread and half a megabyte each. Thread safe; who
 * reads waits for others who do.
 */
final class MarkTopics implements AutoCloseable {
  private static final Duration DEADLINE = Duration.ofSeconds(8);

  /** A topic that was made just now has no leader yet for some milliseconds. */
  private static final String RETRY_MS = "20";

  private final Topics topics;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final KafkaProducer<byte[], byte[]> producer;

  /**
   * @param kafka what every client is made with
   */
  MarkTopics(Map<String, Object> kafka, Topics topics) {
    this.topics = topics;
    Map<String, Object> config = new HashMap<>(kafka);
    config.put("retry.backoff.ms", RETRY_MS);
    Map<String, Object> reading = new HashMap<>(config);
    reading.put("default.api.timeout.ms", Long.toString(DEADLINE.toMillis()));
    reading.put("isolation.level", "read_committed");
    reading.put("enable.auto.commit", "false");
    reading.put("auto.offset.reset", "earliest");
    reading.put("allow.auto.create.topics", "false");
    consumer =
        new KafkaConsumer<>(reading, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    Map<String, Object> writing = new HashMap<>(config);
    writing.put("linger.ms", "0");
    writing.put("max.block.ms", Long.toString(DEADLINE.toMillis()));
    writing.put("request.timeout.ms", "5000");
    writing.put("delivery.timeout.ms", Long.toString(DEADLINE.toMillis()));
    producer = new KafkaProducer<>(writing, new ByteArraySerializer(), new ByteArraySerializer());
  }

  /**
   * Reads a partition's committed records.
   *
   * @param from the first offset; after a topic was made anew, all is read
   * @return the next offset to read from
   */
  long read(TopicPartition place, long from, Consumer<ConsumerRecord<byte[], byte[]>> each)
      throws BackendException {
    long end = topics.end(place);
    if (end == from) {
      return from;
    }
    synchronized (consumer) {
      try {
        consumer.assign(List.of(place));
        consumer.seek(place, end < from ? 0 : from);
        long deadline = System.nanoTime() + DEADLINE.toNanos();
        while (consumer.position(place) < end) {
          consumer.poll(Duration.ofMillis(50)).forEach(each);
          if (System.nanoTime() > deadline) {
            throw BackendException.transientFailure(
                "topic " + place.topic() + " does not yield its records", null);
          }
        }
        return consumer.position(place);
      } catch (KafkaException e) {
        throw BackendException.transientFailure(
            "topic " + place.topic() + ": " + e.getMessage(), e);
      }
    }
  }

  /**
   * Writes a record, and waits until it is written.
   *
   * @return its offset
   */
  long write(String what, TopicPartition place, byte[] key, byte[] value) throws BackendException {
    try {
      return producer
          .send(new ProducerRecord<>(place.topic(), place.partition(), key, value))
          .get(DEADLINE.toMillis(), TimeUnit.MILLISECONDS)
          .offset();
    } catch (ExecutionException | TimeoutException | KafkaException e) {
      throw BackendException.transientFailure(what + " was not written: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw BackendException.transientFailure("interrupted", e);
    }
  }

  @Override
  public void close() {
    synchronized (consumer) {
      consumer.close(Duration.ofSeconds(1));
    }
    producer.close(Duration.ofSeconds(1));
  }
}
