package dev.millrace.local;

import dev.millrace.engine.ProcessSqlAnalyser;
import dev.millrace.model.Durations;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Runs a pipeline directory. */
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    description = {
      "Runs the pipelines of a directory with real services: Kafka, Connect, a schema registry,"
          + " Elasticsearch, Spark, and what its local.yaml asks for.",
      "State is kept in DIR/.millrace: the next run goes on where this one stopped.",
      "Files that were edited in the meantime are applied at the start, unless that would lose state"
          + " or data: then it says what, and needs --allow. While it runs, edits are applied by"
          + " 'millrace plan' and 'millrace apply' only."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  millrace run demo-tv",
      "  millrace run demo-tv --fresh --until drained",
      "  millrace run demo-tv --detach --until 10m",
      "",
      "Environment:",
      "  MILLRACE_JAVA_OPTIONS   further options of the services' and jobs' JVMs, with the last word:"
          + " -XX:TieredStopAtLevel=4",
      "                          for both compilers on a machine of few processors"
    })
final class RunCommand implements Callable<Integer> {
  @Spec CommandSpec spec;

  @Parameters(paramLabel = "DIR", description = "The directory with kustomization.yaml.")
  Path directory;

  @Option(names = "--fresh", description = "Forget all earlier runs of the directory first.")
  boolean fresh;

  @Option(
      names = "--detach",
      description = "Run in the background; return when the pipelines are running.")
  boolean detach;

  @Option(
      names = "--until",
      paramLabel = "drained|DURATION",
      description =
          "Stop by itself: when everything that ends has arrived, or after a time such as 10m.")
  String until;

  @Mixin Consents consents = new Consents();

  @Override
  public Integer call() throws Refusal, IOException, InterruptedException {
    boolean drained = "drained".equals(until);
    Optional<Duration> atMost = Optional.empty();
    if (until != null && !drained) {
      atMost = Durations.parse(until);
      if (atMost.isEmpty()) {
        throw new ParameterException(
            spec.commandLine(),
            "--until '" + until + "': expected 'drained' or a duration such as 30s, 10m, 2h");
      }
    }
    Checkout checkout = Checkout.locate();
    Pipelines pipelines = Pipelines.read(directory);
    LocalReferences references = new LocalReferences(pipelines.directory());
    PrintWriter out = spec.commandLine().getOut();
    StateDirectory state = new StateDirectory(directory);
    state.refuseIfRunning();
    try (ProcessSqlAnalyser analyser =
        new ProcessSqlAnalyser(checkout.analyser(), state.folder("sql-analyser.log").toFile())) {
      Path memory = state.folder("sql").resolve(checkout.analyserVersion());
      if (Files.isDirectory(state.path())) {
        analyser.remember(memory);
      }
      if (System.getenv(Detached.CHECKED) == null) {
        check(analyser, pipelines, references);
      }
      state.create();
      analyser.remember(memory);
      if (detach) {
        return new Detached(
                directory, state, fresh, Optional.ofNullable(until), consents.arguments(), out)
            .start();
      }
      state.lock();
      if (fresh) {
        state.wipe();
        analyser.remember(memory);
      }
      Clock clock = Clock.systemUTC();
      return new LocalRun(
              pipelines, state, checkout, new Progress(out, clock), references, analyser, clock)
          .run(drained, atMost, consents.consent());
    }
  }

  /** Says everything that is wrong before anything is started. */
  private static void check(
      ProcessSqlAnalyser analyser, Pipelines pipelines, LocalReferences references) throws Refusal {
    Pipelines.Checked checked =
        pipelines.check(analyser.patient(ValidateCommand.PATIENCE), references);
    if (!checked.problems().isEmpty()) {
      throw new Refusal(Main.FAILED, checked.problems());
    }
  }
}
