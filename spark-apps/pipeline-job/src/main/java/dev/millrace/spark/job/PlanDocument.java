package dev.millrace.spark.job;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.spark.options.RegistryAccess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The job's work: what the engine writes for one pipeline. Every topic exists and every output
 * schema is registered before the job starts. The format is described in {@code docs/contracts.md};
 * fields that it does not know are refused, since an engine that says more than the job understands
 * expects something that would not happen.
 *
 * @param kafka properties of every Kafka client, {@code bootstrap.servers} among them
 * @param checkpointDir URI under which each transform keeps its checkpoint
 * @param statusPort port of the status server on loopback, 0 for any
 */
public record PlanDocument(
    int version,
    String pipeline,
    Map<String, String> kafka,
    RegistryAccess registry,
    String checkpointDir,
    String marksTopic,
    int statusPort,
    Settings settings,
    List<Stream> streams,
    List<Transform> transforms) {

  /** The same work with its checkpoints elsewhere. */
  PlanDocument withCheckpointDir(String elsewhere) {
    return new PlanDocument(
        version,
        pipeline,
        kafka,
        registry,
        elsewhere,
        marksTopic,
        statusPort,
        settings,
        streams,
        transforms);
  }

  /**
   * @param shufflePartitions tasks of a stateful stage, fixed for the life of its state; 2 when
   *     null
   * @param maxOffsetsPerTrigger most records a batch reads; 200,000 when null
   * @param master Spark's master; {@code local[*]} when null
   */
  public record Settings(Integer shufflePartitions, Long maxOffsetsPerTrigger, String master) {
    public Settings {
      shufflePartitions = shufflePartitions == null ? 2 : shufflePartitions;
      maxOffsetsPerTrigger = maxOffsetsPerTrigger == null ? 200_000L : maxOffsetsPerTrigger;
      master = master == null ? "local[*]" : master;
    }
  }

  /**
   * A stream that transforms read. {@code snapshotMark}: a table that is complete only once its
   * mark says so. {@code format}: see {@link dev.millrace.registry.format.StreamFormat}, null for
   * its default. {@code progressMarks}: another job writes it, and says by marks how far it has
   * come.
   */
  public record Stream(
      String name,
      String topic,
      String kind,
      String format,
      JsonNode schema,
      JsonNode keySchema,
      EventTime eventTime,
      boolean snapshotMark,
      String validFrom,
      String validTo,
      Boolean progressMarks) {
    /** One of whose progress its own rows say most. */
    Stream(
        String name,
        String topic,
        String kind,
        String format,
        JsonNode schema,
        JsonNode keySchema,
        EventTime eventTime,
        boolean snapshotMark,
        String validFrom,
        String validTo) {
      this(
          name,
          topic,
          kind,
          format,
          schema,
          keySchema,
          eventTime,
          snapshotMark,
          validFrom,
          validTo,
          null);
    }

    boolean table() {
      return "table".equals(kind);
    }
  }

  /**
   * Which field is event time, how far out of order it may be and after how long without records a
   * partition counts as idle, in milliseconds.
   */
  public record EventTime(String field, long outOfOrderMs, Long idleMs) {}

  /**
   * One transform: {@code intervals}, {@code sql} or {@code app}, exactly one of them. {@code
   * latenessMs} is null for what keeps no state by time.
   */
  public record Transform(
      String name,
      String stateHash,
      String lateTopic,
      String deadTopic,
      Intervals intervals,
      String sql,
      App app,
      Long latenessMs,
      List<Read> reads,
      Output output) {

    /** One that is no application. */
    Transform(
        String name,
        String stateHash,
        String lateTopic,
        String deadTopic,
        Intervals intervals,
        String sql,
        Long latenessMs,
        List<Read> reads,
        Output output) {
      this(name, stateHash, lateTopic, deadTopic, intervals, sql, null, latenessMs, reads, output);
    }

    /** The streams whose records drive this transform. */
    List<Read> drivers() {
      return intervals != null
          ? List.of(new Read(intervals.from(), "drives", null))
          : reads.stream().filter(r -> "drives".equals(r.role())).toList();
    }

    /** The tables that it looks up. */
    List<Read> lookups() {
      return intervals != null
          ? List.of()
          : reads.stream().filter(r -> "lookup".equals(r.role())).toList();
    }
  }

  /**
   * From an event of a key to its next; times in milliseconds, {@code sliceMs} null without slices.
   */
  public record Intervals(
      String from,
      List<String> by,
      String type,
      List<String> open,
      List<String> close,
      List<String> carry,
      long timeoutMs,
      Long sliceMs) {
    public Intervals {
      close = close == null ? List.of() : List.copyOf(close);
      carry = carry == null ? List.of() : List.copyOf(carry);
    }
  }

  /** What whoever starts an application must know of it. */
  public record App(String file, String hash, String mainClass, List<String> args, String image) {}

  /** One stream that SQL reads, and the columns it needs of it. */
  public record Read(String stream, String role, List<String> columns) {}

  /**
   * Where the rows go, in which format (null for the default). The schema ids are the registry's.
   */
  public record Output(
      String stream,
      String topic,
      String kind,
      String format,
      JsonNode schema,
      JsonNode keySchema,
      List<String> partitionBy,
      Integer schemaId,
      Integer keySchemaId) {
    boolean table() {
      return "table".equals(kind);
    }
  }

  // Errors name the field and the place; the document itself would only hide them.
  private static final ObjectMapper JSON =
      new ObjectMapper(
              JsonFactory.builder().disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION).build())
          .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES);

  /**
   * Reads and checks a plan.
   *
   * @throws IOException if the file can not be read or is no plan, naming the field
   * @throws IllegalArgumentException naming what is missing or contradicts itself
   */
  public static PlanDocument read(Path file) throws IOException {
    return parse(Files.readString(file));
  }

  static PlanDocument parse(String json) throws IOException {
    PlanDocument plan = JSON.readValue(json, PlanDocument.class);
    plan.check();
    return plan;
  }

  Stream stream(String name) {
    return streams.stream()
        .filter(s -> s.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "streams: no stream "
                        + name
                        + "; there are: "
                        + String.join(", ", streams.stream().map(Stream::name).toList())));
  }

  /** How far behind the progress of its input a transform says that its rows' event times lie. */
  Duration outOfOrder(Transform transform) {
    return streams.stream()
        .filter(s -> s.name().equals(transform.output().stream()) && s.eventTime() != null)
        .map(s -> Duration.ofMillis(s.eventTime().outOfOrderMs()))
        .findFirst()
        .orElse(Duration.ZERO);
  }

  private void check() {
    List<String> wrong = new ArrayList<>();
    if (version != 1) {
      wrong.add("version: " + version + " is not known; this job reads version 1");
    }
    need(wrong, "pipeline", pipeline);
    need(wrong, "kafka", kafka);
    need(wrong, "registry", registry);
    need(wrong, "checkpointDir", checkpointDir);
    need(wrong, "marksTopic", marksTopic);
    need(wrong, "settings", settings);
    need(wrong, "streams", streams);
    need(wrong, "transforms", transforms);
    if (!wrong.isEmpty()) {
      throw new IllegalArgumentException("plan: " + String.join("; ", wrong));
    }
    for (Transform t : transforms) {
      String at = "transform " + t.name();
      need(wrong, at + ": stateHash", t.stateHash());
      need(wrong, at + ": output", t.output());
      if (java.util.stream.Stream.of(t.intervals(), t.sql(), t.app())
              .filter(Objects::nonNull)
              .count()
          != 1) {
        wrong.add(at + ": needs exactly one of intervals, sql and app");
      } else if (t.intervals() == null && (t.reads() == null || t.drivers().isEmpty())) {
        wrong.add(at + ": reads: no stream with role drives");
      } else {
        t.drivers().forEach(r -> known(wrong, at, r.stream()));
        t.lookups().forEach(r -> known(wrong, at, r.stream()));
      }
      if (t.intervals() != null
          && (t.intervals().timeoutMs() <= 0
              || (t.intervals().sliceMs() != null && t.intervals().sliceMs() <= 0))) {
        wrong.add(at + ": intervals: timeoutMs and sliceMs must be positive");
      }
    }
    if (!wrong.isEmpty()) {
      throw new IllegalArgumentException("plan: " + String.join("; ", wrong));
    }
  }

  private void known(List<String> wrong, String at, String stream) {
    if (streams.stream().noneMatch(s -> Objects.equals(s.name(), stream))) {
      wrong.add(at + ": reads stream " + stream + ", which is not under streams");
    }
  }

  private static void need(List<String> wrong, String field, Object value) {
    if (value == null) {
      wrong.add(field + " is missing");
    }
  }
}
