package dev.millrace.local;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.engine.DirectoryPlan;
import dev.millrace.model.Durations;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Has the run of a directory follow the directory. */
@Command(
    name = "apply",
    mixinStandardHelpOptions = true,
    description = {
      "Has the run of a directory do what 'millrace plan' said, and waits until all of it is ready.",
      "If the plan would be another one by now, nothing is done, and what changed since is said."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  millrace apply demo-tv --plan 1f0c77a2b9e4d310",
      "  millrace apply demo-tv --plan 1f0c77a2b9e4d310 --allow state-loss",
      "  millrace apply demo-tv --plan 1f0c77a2b9e4d310 --context production -n tv",
      "",
      "Exit codes: 0 applied and ready; 1 refused, stale or failed; 3 not running."
    })
final class ApplyCommand implements Callable<Integer> {
  private static final long POLL_MS = 300;

  @Spec CommandSpec spec;

  @Parameters(paramLabel = "DIR", description = "The directory with kustomization.yaml.")
  Path directory;

  @Option(
      names = "--plan",
      required = true,
      paramLabel = "HASH",
      description = "The hash that 'millrace plan' has printed.")
  String hash;

  @Mixin Consents consents = new Consents();

  @Mixin ClusterOptions cluster = new ClusterOptions();

  @Option(
      names = "--timeout",
      paramLabel = "DURATION",
      defaultValue = "5m",
      description = "How long to wait for ready (default: ${DEFAULT-VALUE}).")
  String timeout;

  @Override
  public Integer call() throws Refusal, IOException, InterruptedException {
    Duration patience =
        Durations.parse(timeout)
            .orElseThrow(
                () ->
                    new ParameterException(
                        spec.commandLine(),
                        "--timeout '" + timeout + "': expected a duration such as 90s or 5m"));
    PrintWriter out = spec.commandLine().getOut();
    StateDirectory state = new StateDirectory(directory);
    if (cluster.asked()) {
      try (Cluster there = cluster.connect()) {
        new ClusterApply(there, Pipelines.read(directory), state.plan(hash), out)
            .apply(hash, consents.consent(), patience);
      }
      return 0;
    }
    JsonNode unused = Running.status(directory, state);
    ApplyDesk desk = new ApplyDesk(state);
    String id = desk.ask(hash, consents.consent());
    long deadline = System.nanoTime() + patience.toNanos();
    Map<String, String> said = new HashMap<>();
    boolean accepted = false;
    while (System.nanoTime() < deadline) {
      Optional<ApplyDesk.Answer> answer = desk.answer(id);
      if (answer.isPresent()) {
        switch (answer.get().state()) {
          case "ready" -> {
            out.println("applied: all of it is ready");
            out.flush();
            return 0;
          }
          case "refused" -> throw new Refusal(Main.FAILED, refusal(state, answer.get()));
          case "failed" -> throw new Refusal(Main.FAILED, answer.get().lines());
          default -> {
            if (!accepted) {
              accepted = true;
              answer.get().lines().forEach(out::println);
            }
            progress(state, said, out);
          }
        }
      }
      if (state.running().isEmpty()) {
        throw new Refusal(
            Main.NOT_RUNNING, List.of("millrace: the run has ended; its log is " + state.log()));
      }
      TimeUnit.MILLISECONDS.sleep(POLL_MS);
    }
    throw new Refusal(
        (accepted ? "it was applied and is not ready" : "the run has not answered")
            + " after "
            + timeout
            + ": 'millrace status "
            + directory
            + "' shows what it waits for");
  }

  private List<String> refusal(StateDirectory state, ApplyDesk.Answer answer) {
    List<String> lines = new ArrayList<>(answer.lines());
    answer.plan().ifPresent(now -> lines.addAll(since(hash, state.plan(hash), now)));
    return lines;
  }

  /** What is different from the plan that was looked at. */
  static List<String> since(String looked, Optional<JsonNode> before, JsonNode now) {
    return before
        .map(b -> DirectoryPlan.difference(b, now).stream().map(l -> "  " + l).toList())
        .orElseGet(() -> List.of("  plan " + looked + " was not made in this directory"));
  }

  private static void progress(StateDirectory state, Map<String, String> said, PrintWriter out) {
    state.status().ifPresent(status -> progress(status, said, out));
  }

  /** Says which components are in another state than when they were looked at last. */
  static void progress(JsonNode status, Map<String, String> said, PrintWriter out) {
    for (JsonNode pipeline : status.path("pipelines")) {
      for (JsonNode component : pipeline.path("components")) {
        String key = pipeline.path("name").asText() + "/" + component.path("name").asText();
        String message = component.path("message").asText();
        String now = component.path("state").asText() + (message.isEmpty() ? "" : ": " + message);
        String before = said.put(key, now);
        if (before != null && !before.equals(now)) {
          out.printf("  %-25s %s%n", key, now);
          out.flush();
        }
      }
    }
  }
}
