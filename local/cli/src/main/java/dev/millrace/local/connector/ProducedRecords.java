package dev.millrace.local.connector;

import dev.millrace.engine.RecordDecoder;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * What a source writes: the first records of each start, decoded, and how many there are. Read by a
 * consumer without a group, which commits nothing and sees what is committed.
 */
final class ProducedRecords implements AutoCloseable {
  private static final Duration EVERY = Duration.ofSeconds(10);

  private final KafkaConsumer<byte[], byte[]> consumer;
  private final RecordDecoder decoder;
  private final Map<TopicPartition, Long> before;
  private final Lines lines;
  private final Clock clock;
  private final int most;
  private final Set<String> topics = new TreeSet<>();
  private final Map<String, Long> counts = new TreeMap<>();
  private long said;
  private Instant saidAt;
  private int shown;

  /**
   * @param kafka how to reach it
   * @param before where topics ended before the connector began
   * @param most how many are shown after each start
   */
  ProducedRecords(
      Map<String, Object> kafka,
      RecordDecoder decoder,
      Map<TopicPartition, Long> before,
      int most,
      Lines lines,
      Clock clock) {
    Map<String, Object> config = new HashMap<>(kafka);
    config.put("isolation.level", "read_committed");
    config.put("enable.auto.commit", "false");
    config.put("allow.auto.create.topics", "false");
    config.put("auto.offset.reset", "earliest");
    this.consumer =
        new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    this.decoder = decoder;
    this.before = Map.copyOf(before);
    this.most = most;
    this.lines = lines;
    this.clock = clock;
    this.saidAt = clock.instant();
  }

  /** Where all topics end. */
  static Map<TopicPartition, Long> ends(Admin admin)
      throws ExecutionException, InterruptedException {
    Set<String> names = admin.listTopics().names().get();
    Map<TopicPartition, OffsetSpec> latest = new HashMap<>();
    admin
        .describeTopics(names)
        .allTopicNames()
        .get()
        .forEach(
            (name, topic) ->
                topic
                    .partitions()
                    .forEach(
                        p ->
                            latest.put(
                                new TopicPartition(name, p.partition()), OffsetSpec.latest())));
    return admin.listOffsets(latest).all().get().entrySet().stream()
        .collect(Collectors.toMap(Map.Entry::getKey, e -> e.getValue().offset()));
  }

  /** Takes what is there by now, so that the first ones that are shown next were written later. */
  void started() {
    shown = most;
    Map<TopicPartition, Long> ends = consumer.endOffsets(consumer.assignment());
    Instant until = clock.instant().plus(EVERY);
    while (ends.entrySet().stream().anyMatch(e -> consumer.position(e.getKey()) < e.getValue())
        && clock.instant().isBefore(until)) {
      poll();
    }
    shown = 0;
  }

  /** How many have been shown since the start. */
  int shown() {
    return shown;
  }

  /** Reads on, also of these topics. */
  void read(Collection<String> written) {
    if (topics.addAll(written)) {
      assign();
    }
    if (topics.isEmpty()) {
      return;
    }
    poll();
    long now = counts.values().stream().mapToLong(Long::longValue).sum();
    if (now > said
        && shown >= most
        && Duration.between(saidAt, clock.instant()).compareTo(EVERY) >= 0) {
      said = now;
      saidAt = clock.instant();
      counts.forEach((topic, count) -> lines.say("records", count + " in " + topic));
    }
  }

  private void poll() {
    for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(50))) {
      counts.merge(record.topic(), 1L, Long::sum);
      if (shown < most) {
        shown++;
        lines.say("record", text(record));
      }
    }
  }

  private void assign() {
    Set<TopicPartition> old = consumer.assignment();
    List<TopicPartition> all = new ArrayList<>();
    for (String topic : topics) {
      consumer.partitionsFor(topic).forEach(p -> all.add(new TopicPartition(topic, p.partition())));
    }
    consumer.assign(all);
    for (TopicPartition partition : all) {
      if (!old.contains(partition)) {
        consumer.seek(partition, before.getOrDefault(partition, 0L));
      }
    }
  }

  private String text(ConsumerRecord<byte[], byte[]> record) {
    StringBuilder text = new StringBuilder(record.topic());
    text.append(" ").append(record.partition()).append("@").append(record.offset()).append(" ");
    if (record.key() != null) {
      text.append(decoder.decode(record.key())).append(" = ");
    }
    text.append(decoder.decode(record.value()));
    for (Header header : record.headers()) {
      text.append(" ").append(header.key()).append(": ").append(RecordDecoder.header(header));
    }
    return text.toString();
  }

  @Override
  public void close() {
    consumer.close();
  }
}
