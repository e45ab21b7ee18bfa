package dev.millrace.engine;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;

/** Looks at Spark jobs: all that a process needs that plans and does not run any. */
public interface JobView {
  /**
   * What is seen of a job.
   *
   * @param hash of the document it was started with
   * @param running whether its process is there
   * @param status its own answer, if it gave one
   * @param message why it is not running, or does not answer; may be empty
   */
  record Observed(String hash, boolean running, Optional<JsonNode> status, String message) {}

  /** The job, if it was ever started. */
  Optional<Observed> observe(String job);

  /** The document that the job was started with last, by this process or an earlier one. */
  Optional<JsonNode> document(String job);
}
