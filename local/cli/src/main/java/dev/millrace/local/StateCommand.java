package dev.millrace.local;

import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Sets the state of Pipelines on a cluster. A run's is in its file: {@code spec.state}. */
abstract class StateCommand implements Callable<Integer> {
  @Spec CommandSpec spec;

  @Parameters(arity = "1..*", paramLabel = "PIPELINE", description = "Names of Pipelines.")
  List<String> names;

  @Mixin ClusterOptions cluster = new ClusterOptions();

  private final String state;
  private final String said;

  StateCommand(String state, String said) {
    this.state = state;
    this.said = said;
  }

  @Override
  public Integer call() throws Refusal {
    PrintWriter out = spec.commandLine().getOut();
    try (Cluster there = cluster.connect()) {
      for (String name : names) {
        there.state(name, state);
        out.println(name + " " + said);
        out.flush();
      }
    }
    return 0;
  }

  /** Has them stand still. */
  @Command(
      name = "pause",
      mixinStandardHelpOptions = true,
      description = {
        "Has Pipelines on a cluster stand still: connectors and jobs keep their places, nothing is"
            + " lost. Sets spec.state to paused.",
        "Of a run on this machine: write 'state: paused' under spec in its file, then plan and apply."
      },
      footerHeading = "%nExamples:%n",
      footer = {"  millrace pause tv -n tv", "  millrace pause tv shop --context production"})
  static final class Pause extends StateCommand {
    Pause() {
      super("paused", "is to pause: 'millrace status' says when it does");
    }
  }

  /** Has them go on. */
  @Command(
      name = "resume",
      mixinStandardHelpOptions = true,
      description =
          "Has Pipelines on a cluster that were paused or stopped go on where they were. Sets"
              + " spec.state to running.",
      footerHeading = "%nExamples:%n",
      footer = {"  millrace resume tv -n tv"})
  static final class Resume extends StateCommand {
    Resume() {
      super("running", "is to run");
    }
  }
}
