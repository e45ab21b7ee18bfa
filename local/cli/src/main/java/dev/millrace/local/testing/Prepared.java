package dev.millrace.local.testing;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A test that fits its pipeline, ready to be run.
 *
 * @param request as the test server takes it, without an id
 */
record Prepared(PipelineTest test, TestPlan plan, ObjectNode request, List<Step> steps) {

  /** What is expected when, by stream. */
  record Step(String path, Map<String, Expected> then) {}

  /**
   * What a stream is expected to hold; columns that a row does not mention may be anything.
   *
   * @param exactly no other rows than these
   * @param rows empty if nothing is said about them
   * @param count of all rows; empty if nothing is said about it
   */
  record Expected(
      boolean exactly,
      Optional<List<Map<String, Object>>> rows,
      Optional<Integer> count,
      List<Map<String, Object>> late,
      List<String> dead) {}
}
