package dev.millrace.engine;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.planner.Plan;
import dev.millrace.registry.StreamMarks;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * The marks of one pipeline's streams: follows them, and writes those of sources, from what a
 * connector's offsets say. Not thread safe.
 */
final class SourceMarks implements AutoCloseable {
  private static final Duration DEADLINE = Duration.ofSeconds(8);

  private final TopicPartition place;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final KafkaProducer<byte[], byte[]> producer;

  /** Key of the record of what the engine has made: no stream's name begins so. */
  private static final String MADE = "#made";

  private final Map<String, StreamMarks> known = new HashMap<>();
  private MadeRecord made = MadeRecord.NONE;

  SourceMarks(Map<String, Object> kafka, String topic) {
    this.place = new TopicPartition(topic, 0);
    Map<String, Object> config = new HashMap<>(kafka);
    config.put("default.api.timeout.ms", Long.toString(DEADLINE.toMillis()));
    Map<String, Object> reading = new HashMap<>(config);
    reading.put("isolation.level", "read_committed");
    reading.put("enable.auto.commit", "false");
    reading.put("auto.offset.reset", "earliest");
    reading.put("allow.auto.create.topics", "false");
    consumer =
        new KafkaConsumer<>(reading, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    consumer.assign(List.of(place));
    consumer.seekToBeginning(List.of(place));
    Map<String, Object> writing = new HashMap<>(kafka);
    writing.put("max.block.ms", Long.toString(DEADLINE.toMillis()));
    writing.put("request.timeout.ms", "5000");
    writing.put("delivery.timeout.ms", Long.toString(DEADLINE.toMillis()));
    producer = new KafkaProducer<>(writing, new ByteArraySerializer(), new ByteArraySerializer());
  }

  /** Reads what was added since the last call. */
  void refresh() throws BackendException {
    try {
      long end = consumer.endOffsets(List.of(place)).get(place);
      long deadline = System.nanoTime() + DEADLINE.toNanos();
      while (consumer.position(place) < end) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(50))) {
          String stream = new String(record.key(), StandardCharsets.UTF_8);
          if (stream.equals(MADE)) {
            made = record.value() == null ? MadeRecord.NONE : MadeRecord.parse(record.value());
          } else if (record.value() == null) {
            known.remove(stream);
          } else {
            known.put(stream, StreamMarks.parse(record.value()));
          }
        }
        if (System.nanoTime() > deadline) {
          throw BackendException.transientFailure(
              "topic " + place.topic() + " does not yield its records", null);
        }
      }
    } catch (KafkaException e) {
      throw BackendException.transientFailure("topic " + place.topic() + ": " + e.getMessage(), e);
    }
  }

  StreamMarks of(String stream) {
    return known.getOrDefault(stream, StreamMarks.none(stream));
  }

  /** Writes that the first snapshots of a CDC source's tables are complete, once they are. */
  void snapshots(List<Plan.Stream> tables, JsonNode offsets) throws BackendException {
    if (!snapshotComplete(offsets)) {
      return;
    }
    for (Plan.Stream table : tables) {
      StreamMarks now = of(table.name());
      if (!now.snapshotComplete()) {
        write(now.withSnapshotComplete());
      }
    }
  }

  /**
   * Debezium commits offsets with {@code snapshot} (or, by version, {@code snapshot_completed:
   * false}) in them while it takes its snapshot, and without it after.
   */
  static boolean snapshotComplete(JsonNode offsets) {
    if (offsets.isEmpty()) {
      return false;
    }
    for (JsonNode entry : offsets) {
      JsonNode offset = entry.path("offset");
      JsonNode snapshot = offset.path("snapshot");
      boolean taking =
          snapshot.isBoolean()
              ? snapshot.asBoolean()
              : snapshot.isTextual() && !snapshot.asText().equalsIgnoreCase("false");
      if (offset.isMissingNode()
          || offset.isNull()
          || (taking && !offset.path("snapshot_completed").asBoolean(false))) {
        return false;
      }
    }
    return true;
  }

  /** Writes the end of a bounded source's stream, once all of it is there. */
  void end(Plan.Stream stream, JsonNode offsets, Topics topics) throws BackendException {
    if (of(stream.name()).end().isPresent() || !done(offsets)) {
      return;
    }
    TreeMap<Integer, Long> ends = topics.ends(List.of(stream.topic())).get(stream.topic());
    if (ends != null) {
      write(of(stream.name()).withEnd(ends));
    }
  }

  /** Each source partition says of itself that it is done, and how many there are. */
  static boolean done(JsonNode offsets) {
    int done = 0;
    int partitions = Integer.MAX_VALUE;
    for (JsonNode entry : offsets) {
      JsonNode offset = entry.path("offset");
      if (offset.path("done").asBoolean(false)) {
        done++;
        partitions = offset.path("partitions").asInt(Integer.MAX_VALUE);
      }
    }
    return done >= partitions;
  }

  /** A source that goes on has no end any more. */
  void goesOn(String stream) throws BackendException {
    StreamMarks now = of(stream);
    if (now.end().isPresent()) {
      write(new StreamMarks(stream, now.snapshotComplete(), Optional.empty(), now.progress()));
    }
  }

  /** What the engine has made for this pipeline. */
  MadeRecord made() {
    return made;
  }

  /** Remembers what was made; nothing is written if it is known already. */
  void made(MadeRecord now) throws BackendException {
    if (!now.equals(made)) {
      write("record of what was made", MADE.getBytes(StandardCharsets.UTF_8), now.value());
      made = now;
    }
  }

  /** Forgets what was said of streams that are written anew, or whose snapshot is. */
  void forget(Collection<String> streams) throws BackendException {
    for (String stream : streams) {
      if (known.containsKey(stream)) {
        write("mark of stream " + stream, StreamMarks.none(stream).key(), null);
        known.remove(stream);
      }
    }
  }

  private void write(StreamMarks marks) throws BackendException {
    write("mark of stream " + marks.stream(), marks.key(), marks.value());
    known.put(marks.stream(), marks);
  }

  private void write(String what, byte[] key, byte[] value) throws BackendException {
    try {
      producer
          .send(new ProducerRecord<>(place.topic(), 0, key, value))
          .get(DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException | KafkaException e) {
      throw BackendException.transientFailure(what + " was not written: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw BackendException.transientFailure("interrupted", e);
    }
  }

  @Override
  public void close() {
    consumer.close(Duration.ofSeconds(1));
    producer.close(Duration.ofSeconds(1));
  }
}
