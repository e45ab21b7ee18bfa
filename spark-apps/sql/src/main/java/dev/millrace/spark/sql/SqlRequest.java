package dev.millrace.spark.sql;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;

/**
 * A question to the {@link Analyzer}: what does this SQL read and yield?
 *
 * @param id echoed in the answer
 * @param sql one SELECT
 * @param transform name of the transform, which names the record of the result
 * @param namespace Avro namespace of that record
 * @param streams every stream the SQL may read, by name
 * @param pending names of further streams, whose schemas are not known yet or not needed
 */
public record SqlRequest(
    String id,
    String sql,
    String transform,
    String namespace,
    Map<String, Stream> streams,
    List<String> pending) {

  public SqlRequest {
    pending = pending == null ? List.of() : List.copyOf(pending);
  }

  /**
   * A stream that SQL may read.
   *
   * @param kind {@code append} or {@code table}
   * @param eventTime field of event time, or null when the stream has none
   * @param schema Avro record
   * @param keyFields fields of its key, empty or null without one
   * @param validFrom first instant at which a row of a table holds (a hint only), or null
   * @param validTo first instant at which it no longer holds (a hint only), or null
   */
  public record Stream(
      String kind,
      String eventTime,
      JsonNode schema,
      List<String> keyFields,
      String validFrom,
      String validTo) {}
}
