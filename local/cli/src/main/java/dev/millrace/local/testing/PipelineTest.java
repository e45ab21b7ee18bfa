package dev.millrace.local.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A test as it was read: names and values are not checked against the pipeline yet.
 *
 * @param file where it stands
 * @param pipeline whose streams these are; empty where the directory has one only
 * @param defaults columns that rows of a stream leave out
 */
record PipelineTest(
    String file,
    String name,
    Optional<String> pipeline,
    Map<String, ObjectNode> defaults,
    List<Step> steps) {

  /** For problems. */
  String where() {
    return file + ": test '" + name + "'";
  }

  /**
   * What happens, and what is seen then.
   *
   * @param path in the document, empty where the test is one step
   * @param given rows by stream
   * @param deleted keys of table rows that go, by stream
   * @param until progress that the sources have made when one looks; empty in the last step for the
   *     end of all input
   */
  record Step(
      String path,
      Map<String, List<JsonNode>> given,
      Map<String, List<JsonNode>> deleted,
      Optional<Instant> until,
      Map<String, Expectation> then) {
    String at(String field) {
      return path.isEmpty() ? field : path + "." + field;
    }
  }

  /**
   * What a stream holds.
   *
   * @param exactly no other rows than these
   * @param rows empty if nothing is said about them
   * @param count how many rows it holds; empty if nothing is said about that
   * @param late rows that came too late for this transform
   * @param dead parts of the reasons why rows were set aside
   */
  record Expectation(
      boolean exactly,
      Optional<List<JsonNode>> rows,
      Optional<Integer> count,
      List<JsonNode> late,
      List<String> dead) {}
}
