package dev.millrace.spark.stream;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.connector.read.streaming.Offset;

/**
 * How far a stream has been read, as it stands in Spark's log: a replayed batch has the same
 * records, the same progress, and so the same late ones.
 */
final class StreamOffset extends Offset {
  /** Progress of a stream of which nothing is known. */
  static final long NONE = Long.MIN_VALUE;

  /** Progress of a stream that has ended: 9999-12-31T00:00:00Z in microseconds. */
  static final long END = 253402214400000000L;

  private static final ObjectMapper JSON = new ObjectMapper();

  private final TreeMap<Integer, Long> offsets;
  private final TreeMap<Integer, Long> times;
  private final long progress;
  private final int starts;
  private final String topicId;

  /**
   * An offset of a source that was not started again after the stream's end.
   *
   * @param offsets next offset by partition
   * @param times newest event time by partition, in microseconds, of what was read in earlier
   *     batches
   * @param progress of the batch that ends here
   */
  StreamOffset(Map<Integer, Long> offsets, Map<Integer, Long> times, long progress) {
    this(offsets, times, progress, 0, "");
  }

  private StreamOffset(
      Map<Integer, Long> offsets,
      Map<Integer, Long> times,
      long progress,
      int starts,
      String topicId) {
    this.offsets = new TreeMap<>(offsets);
    this.times = new TreeMap<>(times);
    this.progress = progress;
    this.starts = starts;
    this.topicId = topicId;
  }

  /** The same place in a topic of this id. */
  StreamOffset in(String id) {
    return new StreamOffset(offsets, times, progress, starts, id);
  }

  /** Id of the topic whose offsets these are; empty if it was not noted. */
  String topicId() {
    return topicId;
  }

  /**
   * The same place, counted once more: one batch without records. State is closed by the batch
   * after the one that saw the end; Spark makes it by itself only in the run that saw the end, and
   * a job that died between the two would wait for data that never comes.
   */
  StreamOffset startedAgain() {
    return new StreamOffset(offsets, times, progress, starts + 1, topicId);
  }

  /** The same count of starts as another's. */
  StreamOffset startedAs(StreamOffset other) {
    return new StreamOffset(offsets, times, progress, other.starts, topicId);
  }

  TreeMap<Integer, Long> offsets() {
    return offsets;
  }

  TreeMap<Integer, Long> times() {
    return times;
  }

  long progress() {
    return progress;
  }

  boolean ended() {
    return progress == END;
  }

  @Override
  public String json() {
    ObjectNode node = JSON.createObjectNode();
    ObjectNode to = node.putObject("offsets");
    offsets.forEach((p, o) -> to.put(Integer.toString(p), o));
    ObjectNode seen = node.putObject("times");
    times.forEach((p, t) -> seen.put(Integer.toString(p), t));
    node.put("progress", progress);
    node.put("starts", starts);
    if (!topicId.isEmpty()) {
      node.put("topicId", topicId);
    }
    return node.toString();
  }

  /** An offset as Spark hands it back: ours, or, from its log, as text. */
  static StreamOffset of(Offset offset) {
    return offset instanceof StreamOffset ours ? ours : parse(offset.json());
  }

  static StreamOffset parse(String json) {
    try {
      JsonNode node = JSON.readTree(json);
      return new StreamOffset(
          longs(node.path("offsets")),
          longs(node.path("times")),
          node.path("progress").asLong(NONE),
          node.path("starts").asInt(0),
          node.path("topicId").asText(""));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("not an offset of a stream: " + json, e);
    }
  }

  private static Map<Integer, Long> longs(JsonNode node) {
    Map<Integer, Long> map = new TreeMap<>();
    node.fields()
        .forEachRemaining(e -> map.put(Integer.parseInt(e.getKey()), e.getValue().asLong()));
    return map;
  }
}
