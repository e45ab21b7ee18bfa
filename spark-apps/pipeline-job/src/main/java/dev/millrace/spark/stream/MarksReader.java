package dev.millrace.spark.stream;

import dev.millrace.registry.StreamMarks;
import dev.millrace.spark.kafka.MemoryKafka;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What is known of a pipeline's streams; to ask it at each batch costs nothing. */
interface MarksReader {
  /** What is known of a stream by now. */
  StreamMarks of(String stream);

  /** Follows a topic of marks in the background, one thread for all who read it. */
  static MarksReader shared(Map<String, String> kafka, String topic) {
    return MemoryKafka.of(kafka)
        .<MarksReader>map(memory -> memory::marks)
        .orElseGet(() -> Following.shared(kafka, topic));
  }

  /** Reads the topic, from its beginning on. */
  final class Following implements MarksReader {
    private static final Logger log = LoggerFactory.getLogger(Following.class);
    private static final Map<String, Following> SHARED = new ConcurrentHashMap<>();

    private final Map<String, String> kafka;
    private final String topic;

    /**
     * Never changed, but replaced: what the topic says after one of its records, such as an end
     * that the next one takes back, was true once, and must not be taken for what is true now.
     */
    private volatile Map<String, StreamMarks> known = Map.of();

    private Following(Map<String, String> kafka, String topic) {
      this.kafka = kafka;
      this.topic = topic;
      Thread thread = new Thread(this::follow, "marks-" + topic);
      thread.setDaemon(true);
      thread.start();
    }

    static Following shared(Map<String, String> kafka, String topic) {
      return SHARED.computeIfAbsent(
          kafka.get("bootstrap.servers") + " " + topic,
          k -> new Following(Map.copyOf(kafka), topic));
    }

    @Override
    public StreamMarks of(String stream) {
      return known.getOrDefault(stream, StreamMarks.none(stream));
    }

    private void follow() {
      while (true) {
        Map<String, Object> config = new HashMap<>(kafka);
        config.put("isolation.level", "read_committed");
        config.put("enable.auto.commit", "false");
        config.put("auto.offset.reset", "earliest");
        try (KafkaConsumer<byte[], byte[]> consumer =
            new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
          TopicPartition only = new TopicPartition(topic, 0);
          consumer.assign(List.of(only));
          consumer.seekToBeginning(List.of(only));
          long end = consumer.endOffsets(List.of(only)).get(only);
          Map<String, StreamMarks> read = new HashMap<>();
          while (true) {
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
              String stream = new String(record.key(), StandardCharsets.UTF_8);
              if (record.value() == null) {
                read.remove(stream);
              } else {
                read.put(stream, StreamMarks.parse(record.value()));
              }
            }
            if (consumer.position(only) >= end) {
              known = Map.copyOf(read);
            }
          }
        } catch (RuntimeException e) {
          log.warn("topic of marks {}: {}; trying again", topic, e.toString());
        }
        try {
          Thread.sleep(1000);
        } catch (InterruptedException e) {
          return;
        }
      }
    }
  }
}
