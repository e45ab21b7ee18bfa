package dev.millrace.spark.job;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.spark.checkpoint.NioCheckpointFileManager;
import dev.millrace.spark.sql.AnalyzerMain;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;

/**
 * Runs the tests of a pipeline, in one process and one Spark. One request a line on stdin, one
 * answer a line on stdout, until the end of stdin; logs go to stderr. Requests are those of {@link
 * AnalyzerMain}, answered at once and in order, and tests, several at a time, answered as each is
 * done: see {@code docs/contracts.md}. Its only argument: how many tests run at a time.
 */
public final class TestServer implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final PrintStream answers;
  private final ExecutorService lanes;
  private final Path folder;
  private final CompletableFuture<SparkSession> spark;

  private TestServer(PrintStream answers, int lanes) throws IOException {
    this.answers = answers;
    this.lanes =
        Executors.newFixedThreadPool(
            lanes,
            task -> {
              Thread thread = new Thread(task, "test");
              thread.setDaemon(true);
              return thread;
            });
    Path memory = Path.of("/dev/shm");
    this.folder =
        Files.isWritable(memory)
            ? Files.createTempDirectory(memory, "millrace-test")
            : Files.createTempDirectory("millrace-test");
    // Where it is stopped from outside.
    Runtime.getRuntime().addShutdownHook(new Thread(this::close, "tidy-up"));
    this.spark = CompletableFuture.supplyAsync(this::session);
  }

  public static void main(String[] args) throws IOException {
    PrintStream answers = System.out;
    // Whatever a library prints must not get between the answers.
    System.setOut(System.err);
    try (TestServer server = new TestServer(answers, Integer.parseInt(args[0]))) {
      server.serve();
    }
    // Spark's own end takes its time, and there is nothing to save.
    Runtime.getRuntime().halt(0);
  }

  private void serve() throws IOException {
    BufferedReader requests =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    AnalyzerMain analyser = new AnalyzerMain();
    for (String line = requests.readLine(); line != null; line = requests.readLine()) {
      if (line.isBlank()) {
        continue;
      }
      JsonNode request = JSON.readTree(line);
      if (request.has("tests")) {
        test(request.get("tests"));
      } else {
        answer(analyser.answer(line));
      }
    }
  }

  private void answer(byte[] line) {
    synchronized (answers) {
      answers.writeBytes(line);
      answers.write('\n');
      answers.flush();
    }
  }

  private SparkSession session() {
    PlanDocument plan =
        new PlanDocument(
            1,
            "test",
            Map.of(),
            null,
            "file:" + folder,
            "",
            0,
            // What is computed by key does not depend on how many tasks share the keys.
            new PlanDocument.Settings(1, null, "local[2]"),
            List.of(),
            List.of());
    return PipelineJob.session(plan)
        .config("spark.sql.streaming.pollingDelay", "2ms")
        .config("spark.sql.streaming.numRecentProgressUpdates", "10000")
        // State need not outlive the process.
        .config(
            "spark.sql.streaming.stateStore.providerClass",
            "org.apache.spark.sql.execution.streaming.state.HDFSBackedStateStoreProvider")
        .config("spark.hadoop." + NioCheckpointFileManager.FORCE, "false")
        .config("spark.local.dir", folder.toString())
        // Nobody looks at the plans of a batch.
        .config("spark.sql.ui.explainMode", "simple")
        // To compile whole stages costs more than it saves on a few rows.
        .config("spark.sql.codegen.wholeStage", "false")
        .getOrCreate();
  }

  /** All are answered; what one can not be run for is its answer. */
  private void test(JsonNode requests) {
    List<TestCase> tests = new ArrayList<>();
    for (JsonNode request : requests) {
      try {
        tests.add(TestCase.of(request));
      } catch (IOException | RuntimeException e) {
        answer(
            JSON.createObjectNode()
                .put("id", request.path("id").asText())
                .put("error", "not a test: " + e.getMessage()));
      }
    }
    for (List<TestCase> group : TestRuns.groups(tests)) {
      lanes.execute(
          () -> {
            try {
              new TestRuns(spark.join(), "file:" + folder).run(group).forEach(this::answer);
            } catch (CompletionException e) {
              e.printStackTrace();
              group.forEach(
                  t ->
                      answer(
                          t.answer(0)
                              .put("error", "Spark does not start: " + TransformRunner.cause(e))));
            }
          });
    }
  }

  private void answer(ObjectNode answer) {
    try {
      answer(JSON.writeValueAsBytes(answer));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException | UncheckedIOException e) {
      System.err.println(folder + " can not be deleted: " + e);
    }
  }
}
