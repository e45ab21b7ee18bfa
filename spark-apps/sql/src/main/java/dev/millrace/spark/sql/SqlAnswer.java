package dev.millrace.spark.sql;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;

/**
 * What a SQL reads and yields, or every reason why it can not run.
 *
 * @param id the request's
 * @param ok whether the SQL can run as a streaming transform; if so {@code errors} is null,
 *     otherwise all but {@code errors} is
 * @param schema Avro record of the result
 * @param kind {@code append}, or {@code table} for a windowed GROUP BY
 * @param groupKeys output columns that identify a group, in output order; empty for {@code append}
 * @param lineage for each output column, the columns of streams that its value is computed from;
 *     what only decides about rows (a join, a filter, a grouping) is not among them
 * @param identity what tells the rows of an {@code append} result apart: columns of streams, all of
 *     which a key must hold; null where that can not be seen
 * @param pending streams that it reads and whose schemas have to be known first; then nothing else
 *     is said
 * @param reads the streams in the order in which the SQL names them
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record SqlAnswer(
    String id,
    boolean ok,
    JsonNode schema,
    String kind,
    List<String> groupKeys,
    List<Read> reads,
    Map<String, List<Column>> lineage,
    List<Identifying> identity,
    List<String> pending,
    List<Problem> errors) {

  /**
   * One stream that is read.
   *
   * @param role {@code drives} (append) or {@code lookup} (table)
   * @param columns the columns that are needed of it, in schema order
   */
  public record Read(String stream, String role, List<String> columns) {}

  /** A column of a stream. */
  public record Column(String stream, String column) {}

  /**
   * A column of a stream that rows are told apart by.
   *
   * @param as the output columns that are equal to it
   */
  public record Identifying(String stream, String column, List<String> as) {}

  /**
   * One thing that is wrong.
   *
   * @param line 1-based line in the SQL, null when the whole is meant
   * @param column 1-based column in the SQL, null when the whole is meant
   * @param suggestion what was probably meant, null when there is no guess
   */
  @JsonInclude(JsonInclude.Include.ALWAYS)
  public record Problem(Integer line, Integer column, String message, String suggestion) {}

  static SqlAnswer refused(String id, List<Problem> errors) {
    return new SqlAnswer(id, false, null, null, null, null, null, null, null, List.copyOf(errors));
  }

  static SqlAnswer waiting(String id, List<String> pending) {
    return new SqlAnswer(id, true, null, null, null, null, null, null, List.copyOf(pending), null);
  }
}
