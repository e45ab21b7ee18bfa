package dev.millrace.local.testing;

import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;

/** Results as lines on a terminal. */
final class TestReport {
  private final PrintWriter out;

  TestReport(PrintWriter out) {
    this.out = out;
  }

  void result(TestResult result) {
    out.println(
        (result.passed() ? "✓ " : "✗ ")
            + result.test().name()
            + String.format(Locale.ROOT, " (%.2f s)", result.seconds()));
    if (!result.passed()) {
      out.println("    " + result.test().file());
      result.lines().forEach(line -> out.println("    " + line));
    }
    out.flush();
  }

  void summary(List<TestResult> results, double seconds) {
    long failed = results.stream().filter(r -> !r.passed()).count();
    out.println(
        (failed == 0
                ? results.size() + (results.size() == 1 ? " test passed" : " tests passed")
                : failed
                    + " of "
                    + results.size()
                    + (results.size() == 1 ? " test" : " tests")
                    + " failed")
            + String.format(Locale.ROOT, " in %.1f s", seconds));
    out.flush();
  }
}
