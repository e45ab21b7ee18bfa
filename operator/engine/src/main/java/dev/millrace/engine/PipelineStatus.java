package dev.millrace.engine;

import dev.millrace.model.Problem;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.apache.avro.Schema;

/**
 * What was observed of a pipeline.
 *
 * @param drained everything that ends has ended, and has arrived
 * @param problems what is wrong with the Pipeline itself
 */
public record PipelineStatus(
    String name,
    boolean drained,
    List<Condition> conditions,
    List<Component> components,
    List<StreamStatus> streams,
    List<Problem> problems) {

  /**
   * A condition, as Kubernetes has them.
   *
   * @param type {@code Accepted}, {@code ResolvedRefs}, {@code Progressing}, {@code Ready} or
   *     {@code Drift} (somebody changed a backend; the message says what, also after it was mended)
   * @param status {@code True}, {@code False} or {@code Unknown}
   */
  public record Condition(
      String type, String status, String reason, String message, Instant lastTransitionTime) {}

  /**
   * A source, transform or sink.
   *
   * @param kind such as {@code cdc}, {@code intervals}, {@code elasticsearch}
   * @param state {@code ready}, {@code waiting}, {@code failed}, {@code consent} (a change of it
   *     waits for somebody to agree), {@code paused} or {@code ended}
   * @param lag records that it has still to read; -1 where there is no such number
   */
  public record Component(String name, String kind, String state, long lag, String message) {}

  /**
   * A stream.
   *
   * @param format of its records: {@code avro}, {@code json} or {@code avro-embedded}
   * @param schema of its values, where it is known
   * @param records offsets between the first and the next one; transaction markers count in
   * @param rate offsets a second, of late
   */
  public record StreamStatus(
      String name,
      String kind,
      String topic,
      String format,
      Optional<Schema> schema,
      long records,
      double rate) {}

  /** Whether all is as it should be. */
  public boolean ready() {
    return conditions.stream().anyMatch(c -> c.type().equals("Ready") && c.status().equals("True"));
  }
}
