package dev.millrace.local.testing;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.local.testing.TestPlan.TestStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Compares the test server's answer with what a test expects. */
final class Judge {
  private Judge() {}

  static TestResult result(Prepared prepared, JsonNode answer) {
    double seconds = answer.path("millis").asLong() / 1000.0;
    if (answer.has("error")) {
      String transform = answer.path("transform").asText("");
      return new TestResult(
          prepared.test(),
          seconds,
          List.of(),
          (transform.isEmpty() ? "" : transform + " failed: ") + answer.get("error").asText());
    }
    List<String> differences = new ArrayList<>();
    for (int i = 0; i < prepared.steps().size(); i++) {
      Prepared.Step step = prepared.steps().get(i);
      List<String> found = differences(prepared, step, answer.path("steps").path(i));
      if (!found.isEmpty() && !step.path().isEmpty()) {
        differences.add(step.path() + ":");
        found = found.stream().map(l -> "  " + l).toList();
      }
      differences.addAll(found);
    }
    return new TestResult(prepared.test(), seconds, differences, "");
  }

  private static List<String> differences(Prepared prepared, Prepared.Step step, JsonNode seen) {
    List<String> lines = new ArrayList<>();
    TestPlan plan = prepared.plan();
    // Where nothing is said of what is set aside, nothing may be: a row must not vanish unseen.
    boolean last = step == prepared.steps().get(prepared.steps().size() - 1);
    for (Map.Entry<String, TestStream> e : plan.streams().entrySet()) {
      TestStream stream = e.getValue();
      if (!stream.made()) {
        continue;
      }
      Prepared.Expected expected = step.then().get(e.getKey());
      if (expected == null && !last) {
        continue;
      }
      Observed observed = Observed.of(plan, stream, seen);
      lines.addAll(
          expected == null
              ? Comparison.unexpected(stream.name(), stream.keyColumns(), observed)
              : Comparison.of(stream.name(), stream.keyColumns(), expected, observed));
    }
    return lines;
  }
}
