package dev.millrace.local;

import dev.millrace.engine.ProcessSqlAnalyser;
import java.io.File;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Checks a pipeline directory without starting anything. */
@Command(
    name = "validate",
    mixinStandardHelpOptions = true,
    description = {
      "Says everything that is wrong with a pipeline directory; starts and changes nothing.",
      "What can only be known from a running database is said to be open."
    },
    footerHeading = "%nExamples:%n",
    footer = "  millrace validate demo-tv")
final class ValidateCommand implements Callable<Integer> {
  static final Duration PATIENCE = Duration.ofSeconds(60);

  @Spec CommandSpec spec;

  @Parameters(paramLabel = "DIR", description = "The directory with kustomization.yaml.")
  Path directory;

  @Override
  public Integer call() throws Refusal {
    Checkout checkout = Checkout.locate();
    Pipelines pipelines = Pipelines.read(directory);
    try (ProcessSqlAnalyser analyser =
        new ProcessSqlAnalyser(checkout.analyser(), new File("/dev/null"))) {
      Pipelines.Checked checked =
          pipelines.check(analyser.patient(PATIENCE), new LocalReferences(pipelines.directory()));
      if (!checked.problems().isEmpty()) {
        throw new Refusal(Main.FAILED, checked.problems());
      }
      PrintWriter out = spec.commandLine().getOut();
      checked.warnings().forEach(w -> out.println("warning: " + w));
      checked.waiting().forEach(w -> out.println("not known before it runs: " + w));
      out.println(directory + ": no problem found");
      return 0;
    }
  }
}
