package dev.millrace.engine;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.registry.SchemaRegistryClient;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Reads the end of a topic: with a consumer of its own that lives for the one question, belongs to
 * no group, commits nothing and sees what is committed.
 */
final class LastRecords {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration DEADLINE = Duration.ofSeconds(3);
  private static final int MOST_RECORDS = 20_000;
  private static final long MOST_BYTES = 4L * 1024 * 1024;

  private final RecordDecoder decoder;
  private final Map<String, Object> config = new HashMap<>();

  LastRecords(SchemaRegistryClient registry, Map<String, Object> kafka) {
    this.decoder = new RecordDecoder(Optional.of(registry));
    config.putAll(kafka);
    config.put("client.id", "millrace-console");
    config.put("isolation.level", "read_committed");
    config.put("enable.auto.commit", "false");
    config.put("allow.auto.create.topics", "false");
    config.put("auto.offset.reset", "none");
    config.put("default.api.timeout.ms", Long.toString(DEADLINE.toMillis()));
    config.put("request.timeout.ms", "2500");
    config.put("fetch.max.bytes", Integer.toString(1024 * 1024));
    config.put("max.partition.fetch.bytes", Integer.toString(256 * 1024));
    config.put("fetch.max.wait.ms", "100");
    config.put("max.poll.records", "1000");
    config.put("key.deserializer", ByteArrayDeserializer.class.getName());
    config.put("value.deserializer", ByteArrayDeserializer.class.getName());
  }

  /** What is read so far, and how much of the topic that is. */
  private static final class Found {
    final List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
    long bytes;
    boolean fromTheBeginning;
    boolean toTheEnd;

    boolean full() {
      return records.size() >= MOST_RECORDS || bytes >= MOST_BYTES;
    }
  }

  ObjectNode read(String topic, int limit, Redactor redactor) throws BackendException {
    Found found;
    try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(config)) {
      found = find(consumer, topic, limit);
    } catch (KafkaException e) {
      throw BackendException.transientFailure("Kafka: " + topic + ": " + e.getMessage(), e);
    }
    ObjectNode out = JSON.createObjectNode();
    out.put("topic", topic);
    // Only where all of it was read is the number of its records known.
    if (found.fromTheBeginning && found.toTheEnd) {
      out.put("count", found.records.size());
    }
    out.putArray("records");
    found.records.stream()
        .sorted(
            Comparator.comparingLong(ConsumerRecord<byte[], byte[]>::timestamp)
                .thenComparingLong(ConsumerRecord::offset)
                .reversed())
        .limit(limit)
        .forEach(r -> out.withArray("records").add(record(r, redactor)));
    return out;
  }

  private static Found find(KafkaConsumer<byte[], byte[]> consumer, String topic, int limit) {
    long until = System.nanoTime() + DEADLINE.toNanos();
    List<TopicPartition> partitions =
        consumer.partitionsFor(topic).stream()
            .map(p -> new TopicPartition(topic, p.partition()))
            .toList();
    consumer.assign(partitions);
    Map<TopicPartition, Long> first = consumer.beginningOffsets(partitions);
    Map<TopicPartition, Long> next = consumer.endOffsets(partitions);
    // Markers of transactions and what compaction took out are offsets without records: where too
    // few records come of them, more are read.
    long back = Math.max(64, limit * 2L);
    while (true) {
      Found found = new Found();
      found.fromTheBeginning = true;
      for (TopicPartition partition : partitions) {
        long from = Math.max(first.get(partition), next.get(partition) - back);
        found.fromTheBeginning &= from == first.get(partition);
        consumer.seek(partition, from);
      }
      while (!found.full() && System.nanoTime() < until && !found.toTheEnd) {
        consumer
            .poll(Duration.ofMillis(100))
            .forEach(
                record -> {
                  if (record.offset() < next.get(new TopicPartition(topic, record.partition()))) {
                    found.records.add(record);
                    found.bytes +=
                        Math.max(0, record.serializedKeySize())
                            + Math.max(0, record.serializedValueSize());
                  }
                });
        found.toTheEnd = partitions.stream().allMatch(p -> consumer.position(p) >= next.get(p));
      }
      boolean enough = found.records.size() >= limit || found.fromTheBeginning;
      if (enough || found.full() || System.nanoTime() >= until) {
        return found;
      }
      back *= 8;
    }
  }

  private ObjectNode record(ConsumerRecord<byte[], byte[]> record, Redactor redactor) {
    ObjectNode out = JSON.createObjectNode();
    out.put("partition", record.partition());
    out.put("offset", record.offset());
    out.put("at", Instant.ofEpochMilli(record.timestamp()).toString());
    out.put("bytes", Math.max(0, record.serializedValueSize()));
    out.set("key", decoder.decode(record.key()));
    out.set("value", decoder.decode(record.value()));
    for (Header header : record.headers()) {
      out.withObject("/headers").put(header.key(), redactor.redact(RecordDecoder.header(header)));
    }
    return out;
  }
}
