package dev.millrace.spark.job;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Map;

/** The answer of {@code GET /status}. */
@JsonInclude(JsonInclude.Include.ALWAYS)
record JobStatus(String state, List<Query> queries) {

  /**
   * One transform.
   *
   * @param state {@code waiting}, {@code running}, {@code failed} or {@code ended}
   * @param cause what it waits for, or why it failed (last); null when neither
   * @param batchMs how long the last batch took
   * @param lag records that are not read yet, by stream
   * @param progress of event time, ISO-8601, or null
   * @param late records that came too late, since the job started
   */
  record Query(
      String transform,
      String state,
      String cause,
      double inputRowsPerSecond,
      double processedRowsPerSecond,
      long batchId,
      long batchMs,
      Map<String, Long> lag,
      String progress,
      long stateRows,
      long late,
      long dead,
      long rowsWritten) {}

  static JobStatus of(List<Query> queries) {
    String state;
    if (queries.stream().anyMatch(q -> q.state().equals("failed"))) {
      state = "failed";
    } else {
      state = queries.stream().allMatch(q -> q.state().equals("ended")) ? "ended" : "running";
    }
    return new JobStatus(state, queries);
  }
}
