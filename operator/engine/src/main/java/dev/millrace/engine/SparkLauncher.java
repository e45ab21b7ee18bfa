package dev.millrace.engine;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;

/** Runs Spark jobs: as a supervised process on a laptop, as a SparkApplication on a cluster. */
public interface SparkLauncher {
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

  /** Has the job run with this document; does nothing if it runs with the same hash. */
  void ensureRunning(String job, JsonNode document, String hash);

  /** Stops the job; nothing happens if there is none. */
  void stop(String job);

  /** Stops the job and forgets its document: one of the same name that comes later is new. */
  default void forget(String job) {
    stop(job);
  }
}
