package dev.millrace.local;

import dev.millrace.engine.DirectoryPlan;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Says what would change, and what that would cost. */
@Command(
    name = "plan",
    mixinStandardHelpOptions = true,
    description = {
      "Compares a directory with what its run, or a cluster, has in Kafka, the registry, Connect, Spark and"
          + " Elasticsearch, and says what 'apply' would change, with the impact of each change:"
          + " in-place, restart, state-loss or data-loss. Writes nothing.",
      "Signs: + is created, ~ changed, - deleted, = left there, ! was made by somebody else, x can"
          + " not be done."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  millrace plan demo-tv",
      "  millrace plan demo-tv -o json | jq '.pipelines[].changes[] | select(.impact == \"data-loss\")'",
      "  millrace plan demo-tv -n tv                 on a cluster; it is asked by a dry run, and writes nothing",
      "",
      "Exit codes: 0 there is a plan; 1 the files are wrong, or a backend does not answer; 3 not running."
    })
final class PlanCommand implements Callable<Integer> {
  @Spec CommandSpec spec;

  @Parameters(paramLabel = "DIR", description = "The directory with kustomization.yaml.")
  Path directory;

  @Mixin ClusterOptions cluster = new ClusterOptions();

  @Option(
      names = {"-o", "--output"},
      defaultValue = "text",
      description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  StatusCommand.Format format;

  @Override
  public Integer call() throws Refusal, IOException {
    PrintWriter out = spec.commandLine().getOut();
    DirectoryPlan plan = plan(directory, cluster);
    new StateDirectory(directory).keepPlan(plan.hash(), plan.json());
    if (format == StatusCommand.Format.json) {
      out.println(plan.json().toPrettyString());
    } else {
      PlanText.of(plan).forEach(out::println);
      PlanText.next(plan, directory + cluster.flags()).forEach(out::println);
    }
    out.flush();
    return 0;
  }

  /** What would happen to the run of a directory, or to its Pipelines on a cluster. */
  static DirectoryPlan plan(Path directory, ClusterOptions cluster) throws Refusal, IOException {
    if (cluster.asked()) {
      try (Cluster there = cluster.connect()) {
        return there.plan(Pipelines.read(directory));
      }
    }
    try (Running running = Running.connect(directory)) {
      return running.plan();
    }
  }
}
