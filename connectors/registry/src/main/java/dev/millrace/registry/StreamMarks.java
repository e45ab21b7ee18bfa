package dev.millrace.registry;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Facts about a stream that its records do not carry, as they stand in a pipeline's topic of marks:
 * key the stream's name, value this as JSON.
 *
 * @param stream its name
 * @param snapshotComplete the first snapshot of a table has been read to its end
 * @param end the stream ends at these offsets (exclusive), one for each partition
 * @param progress every record from these offsets on has at least this event time
 */
public record StreamMarks(
    String stream,
    boolean snapshotComplete,
    Optional<Map<Integer, Long>> end,
    Optional<Progress> progress) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * How far a stream that we write has come.
   *
   * @param at event time in microseconds since 1970 UTC
   * @param offsets from which on no record is earlier, one for each partition
   */
  public record Progress(long at, Map<Integer, Long> offsets) {}

  /** A stream of which nothing is known. */
  public static StreamMarks none(String stream) {
    return new StreamMarks(stream, false, Optional.empty(), Optional.empty());
  }

  /** The same, with its first snapshot complete. */
  public StreamMarks withSnapshotComplete() {
    return new StreamMarks(stream, true, end, progress);
  }

  /** The same, with an end. */
  public StreamMarks withEnd(Map<Integer, Long> offsets) {
    return new StreamMarks(stream, snapshotComplete, Optional.of(Map.copyOf(offsets)), progress);
  }

  /** The same, with progress. */
  public StreamMarks withProgress(long at, Map<Integer, Long> offsets) {
    return new StreamMarks(
        stream, snapshotComplete, end, Optional.of(new Progress(at, Map.copyOf(offsets))));
  }

  /**
   * The topic of a pipeline's marks, by what its topics begin with ({@code <prefix><pipeline>.}).
   */
  public static String topic(String topicPrefix) {
    return topicPrefix + "millrace-marks";
  }

  /** The record's key. */
  public byte[] key() {
    return stream.getBytes(StandardCharsets.UTF_8);
  }

  /** The record's value. */
  public byte[] value() {
    ObjectNode node = JSON.createObjectNode();
    node.put("stream", stream);
    if (snapshotComplete) {
      node.put("snapshotComplete", true);
    }
    end.ifPresent(e -> offsets(node.putObject("end"), e));
    progress.ifPresent(
        p -> {
          ObjectNode out = node.putObject("progress");
          out.put("at", p.at());
          offsets(out.putObject("offsets"), p.offsets());
        });
    try {
      return JSON.writeValueAsBytes(node);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void offsets(ObjectNode node, Map<Integer, Long> offsets) {
    new TreeMap<>(offsets).forEach((p, o) -> node.put(Integer.toString(p), o));
  }

  /**
   * Reads a record's value.
   *
   * @throws WireFormatException if it is not one
   */
  public static StreamMarks parse(byte[] value) {
    try {
      JsonNode node = JSON.readTree(value);
      Optional<Progress> progress =
          node.has("progress")
              ? Optional.of(
                  new Progress(
                      node.at("/progress/at").asLong(), offsets(node.at("/progress/offsets"))))
              : Optional.empty();
      return new StreamMarks(
          node.path("stream").asText(),
          node.path("snapshotComplete").asBoolean(false),
          node.has("end") ? Optional.of(offsets(node.get("end"))) : Optional.empty(),
          progress);
    } catch (IOException | NumberFormatException e) {
      throw new WireFormatException("not a stream mark: " + e.getMessage());
    }
  }

  private static Map<Integer, Long> offsets(JsonNode node) {
    Map<Integer, Long> offsets = new TreeMap<>();
    node.fields()
        .forEachRemaining(e -> offsets.put(Integer.parseInt(e.getKey()), e.getValue().asLong()));
    return offsets;
  }
}
