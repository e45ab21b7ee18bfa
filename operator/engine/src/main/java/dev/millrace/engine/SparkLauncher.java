package dev.millrace.engine;

import com.fasterxml.jackson.databind.JsonNode;

/** Runs Spark jobs: as a supervised process on a laptop, as a SparkApplication on a cluster. */
public interface SparkLauncher extends JobView {
  /** Has the job run with this document; does nothing if it runs with the same hash. */
  void ensureRunning(String job, JsonNode document, String hash);

  /** Stops the job; nothing happens if there is none. */
  void stop(String job);

  /** Stops the job and forgets its document: one of the same name that comes later is new. */
  default void forget(String job) {
    stop(job);
  }
}
