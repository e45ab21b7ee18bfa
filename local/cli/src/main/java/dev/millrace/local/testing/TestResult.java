package dev.millrace.local.testing;

import java.util.List;

/**
 * How a test went.
 *
 * @param differences lines, none if it passed
 * @param error it could not be run to its end; empty otherwise
 */
record TestResult(PipelineTest test, double seconds, List<String> differences, String error) {
  boolean passed() {
    return differences.isEmpty() && error.isEmpty();
  }

  /** Everything that is to be said of it, a line each. */
  List<String> lines() {
    return error.isEmpty() ? differences : List.of(error);
  }
}
