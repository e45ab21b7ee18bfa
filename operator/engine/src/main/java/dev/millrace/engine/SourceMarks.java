package dev.millrace.engine;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.planner.Plan;
import dev.millrace.registry.StreamMarks;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/**
 * The marks of one pipeline's streams: follows them, and writes those of sources, from what a
 * connector's offsets say. Thread safe, for who looks while a turn is made; only turns write.
 */
final class SourceMarks {
  /** A turn asks several times for the same. */
  private static final Duration FRESH = Duration.ofMillis(200);

  /** Key of the record of what the engine has made: no stream's name begins so. */
  private static final String MADE = "#made";

  private final TopicPartition place;
  private final MarkTopics topics;
  private final Clock clock;
  private final Map<String, StreamMarks> known = new HashMap<>();
  private MadeRecord made = MadeRecord.NONE;
  private long position;
  private Instant read = Instant.EPOCH;

  SourceMarks(MarkTopics topics, String topic, Clock clock) {
    this.place = new TopicPartition(topic, 0);
    this.topics = topics;
    this.clock = clock;
  }

  /** Reads what was added since the last call. */
  synchronized void refresh() throws BackendException {
    Instant now = clock.instant();
    if (now.isAfter(read.plus(FRESH))) {
      position = topics.read(place, position, this::note);
      read = now;
    }
  }

  private void note(ConsumerRecord<byte[], byte[]> record) {
    String stream = new String(record.key(), StandardCharsets.UTF_8);
    if (stream.equals(MADE)) {
      made = record.value() == null ? MadeRecord.NONE : MadeRecord.parse(record.value());
    } else if (record.value() == null) {
      known.remove(stream);
    } else {
      known.put(stream, StreamMarks.parse(record.value()));
    }
  }

  synchronized StreamMarks of(String stream) {
    return known.getOrDefault(stream, StreamMarks.none(stream));
  }

  /** Writes that the first snapshots of tables are complete. */
  synchronized void snapshots(List<Plan.Stream> tables) throws BackendException {
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
  synchronized void end(Plan.Stream stream, JsonNode offsets, Topics topics)
      throws BackendException {
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
    return allSay(offsets, offset -> offset.path("done").asBoolean(false));
  }

  /** The same of a first snapshot, by connectors of ours; what is done has had it. */
  static boolean snapshotSaid(JsonNode offsets) {
    return allSay(
        offsets,
        offset ->
            offset.path("snapshotComplete").asBoolean(false)
                || offset.path("done").asBoolean(false));
  }

  private static boolean allSay(JsonNode offsets, Predicate<JsonNode> says) {
    int saying = 0;
    int partitions = Integer.MAX_VALUE;
    for (JsonNode entry : offsets) {
      JsonNode offset = entry.path("offset");
      if (says.test(offset)) {
        saying++;
        partitions = offset.path("partitions").asInt(Integer.MAX_VALUE);
      }
    }
    return saying >= partitions;
  }

  /** A source that goes on has no end any more. */
  synchronized void goesOn(String stream) throws BackendException {
    StreamMarks now = of(stream);
    if (now.end().isPresent()) {
      write(new StreamMarks(stream, now.snapshotComplete(), Optional.empty(), now.progress()));
    }
  }

  /** What the engine has made for this pipeline. */
  synchronized MadeRecord made() {
    return made;
  }

  /** Remembers what was made; nothing is written if it is known already. */
  synchronized void made(MadeRecord now) throws BackendException {
    if (!now.equals(made)) {
      write("record of what was made", MADE.getBytes(StandardCharsets.UTF_8), now.value());
      made = now;
    }
  }

  /** Forgets what was said of streams that are written anew, or whose snapshot is. */
  synchronized void forget(Collection<String> streams) throws BackendException {
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
    long offset = topics.write(what, place, key, value);
    if (offset == position) {
      // Nobody else has written meanwhile: our own need not be read again.
      position++;
    }
  }
}
