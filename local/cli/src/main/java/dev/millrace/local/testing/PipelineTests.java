package dev.millrace.local.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.local.manifest.ManifestException;
import dev.millrace.model.Pipeline;
import dev.millrace.model.Platform;
import dev.millrace.planner.SchemaCatalog;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;

/** The tests of a directory, from reading to the report. */
public final class PipelineTests {
  private final Path directory;
  private final List<Prepared> tests;

  private PipelineTests(Path directory, List<Prepared> tests) {
    this.directory = directory;
    this.tests = tests;
  }

  /**
   * Reads the tests, plans the pipelines, and holds the one against the other.
   *
   * @param files answers what stands in the directory's files, and analyses SQL
   * @throws ManifestException with everything that is wrong
   */
  public static PipelineTests read(
      Path directory, List<Pipeline> pipelines, Platform platform, SchemaCatalog files)
      throws ManifestException {
    TestSuite suite = TestReader.read(directory);
    List<String> problems = new ArrayList<>();
    Map<String, TestPlan> plans = new LinkedHashMap<>();
    for (Pipeline pipeline : pipelines) {
      TestCatalog catalog =
          new TestCatalog(files, pipeline, platform.getSpec().prefix(), suite.streams());
      TestPlan.of(pipeline, platform, suite.streams(), catalog, problems)
          .ifPresent(plan -> plans.put(pipeline.name(), plan));
    }
    List<Prepared> prepared = new ArrayList<>();
    if (problems.isEmpty()) {
      for (PipelineTest test : suite.tests()) {
        plan(test, plans, problems)
            .ifPresent(p -> prepared.add(Preparation.of(test, p, suite.streams(), problems)));
      }
    }
    if (!problems.isEmpty()) {
      throw new ManifestException(problems.stream().distinct().toList());
    }
    return new PipelineTests(directory, prepared);
  }

  private static Optional<TestPlan> plan(
      PipelineTest test, Map<String, TestPlan> plans, List<String> problems) {
    if (test.pipeline().isEmpty() && plans.size() == 1) {
      return Optional.of(plans.values().iterator().next());
    }
    String wanted = test.pipeline().orElse("");
    if (!plans.containsKey(wanted)) {
      problems.add(
          test.where()
              + ": pipeline: "
              + (wanted.isEmpty()
                  ? "is missing, and there are several"
                  : "there is no pipeline '" + wanted + "'")
              + ": "
              + String.join(", ", plans.keySet()));
    }
    return Optional.ofNullable(plans.get(wanted));
  }

  /** Those whose names contain a text. */
  public PipelineTests filter(String text) {
    String part = text.toLowerCase(Locale.ROOT);
    return new PipelineTests(
        directory,
        tests.stream()
            .filter(t -> t.test().name().toLowerCase(Locale.ROOT).contains(part))
            .toList());
  }

  /** Whether there are none. */
  public boolean isEmpty() {
    return tests.isEmpty();
  }

  /** Their names, in their order. */
  public List<String> names() {
    return tests.stream().map(t -> t.test().name()).toList();
  }

  /**
   * Runs all, and says how each went, in their order, as soon as it is known.
   *
   * @param server takes all requests, and answers each when it can
   * @param startedNanos when the command was
   * @param junit file for the results as XML
   * @return whether all passed
   */
  public boolean run(
      Function<List<ObjectNode>, List<CompletableFuture<JsonNode>>> server,
      PrintWriter out,
      long startedNanos,
      Optional<Path> junit)
      throws IOException {
    List<CompletableFuture<JsonNode>> answers =
        server.apply(tests.stream().map(Prepared::request).toList());
    TestReport report = new TestReport(out);
    List<TestResult> results = new ArrayList<>();
    for (int i = 0; i < tests.size(); i++) {
      TestResult result;
      try {
        result = Judge.result(tests.get(i), answers.get(i).join());
      } catch (CompletionException e) {
        result = new TestResult(tests.get(i).test(), 0, List.of(), e.getCause().getMessage());
      }
      results.add(result);
      report.result(result);
    }
    report.summary(results, (System.nanoTime() - startedNanos) / 1e9);
    if (junit.isPresent()) {
      String suite = directory.toAbsolutePath().normalize().getFileName().toString();
      JUnitReport.write(junit.get(), suite, results);
    }
    return results.stream().allMatch(TestResult::passed);
  }
}
