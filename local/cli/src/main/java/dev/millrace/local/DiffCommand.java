package dev.millrace.local;

import dev.millrace.engine.DirectoryPlan;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Says which fields differ. */
@Command(
    name = "diff",
    mixinStandardHelpOptions = true,
    description =
        "Shows the fields in which a directory differs from what its run has, and nothing else."
            + " Writes nothing.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  millrace diff demo-tv",
      "  millrace diff demo-tv || echo 'demo-tv is not as it runs'",
      "  millrace diff demo-tv --context production -n tv",
      "",
      "Exit codes, as diff and 'kubectl diff' have them: 0 no difference; 1 differences; more than 1"
          + " no answer: 2 the command line or the files are wrong, 3 not running."
    })
final class DiffCommand implements Callable<Integer> {
  private static final int DIFFERENT = 1;
  private static final int TROUBLE = 2;

  @Spec CommandSpec spec;

  @Parameters(paramLabel = "DIR", description = "The directory with kustomization.yaml.")
  Path directory;

  @Mixin ClusterOptions cluster = new ClusterOptions();

  @Override
  public Integer call() throws Refusal, IOException {
    PrintWriter out = spec.commandLine().getOut();
    try {
      DirectoryPlan plan = PlanCommand.plan(directory, cluster);
      PlanText.differences(plan).forEach(out::println);
      out.flush();
      return plan.differing().isEmpty() ? 0 : DIFFERENT;
    } catch (Refusal e) {
      throw e.exitCode() == Main.FAILED ? new Refusal(TROUBLE, e.lines()) : e;
    }
  }
}
