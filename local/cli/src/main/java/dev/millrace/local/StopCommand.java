package dev.millrace.local;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Stops a run. */
@Command(
    name = "stop",
    mixinStandardHelpOptions = true,
    description = "Stops the run of a directory. Nothing is lost; the next run goes on.",
    footerHeading = "%nExamples:%n",
    footer = "  millrace stop demo-tv")
final class StopCommand implements Callable<Integer> {
  private static final long PATIENCE_S = 90;

  @Spec CommandSpec spec;

  @Parameters(
      paramLabel = "DIR",
      arity = "0..1",
      defaultValue = ".",
      description = "The pipeline directory (default: the current one).")
  Path directory;

  @Override
  public Integer call() throws InterruptedException, ExecutionException, Refusal {
    PrintWriter out = spec.commandLine().getOut();
    StateDirectory state = new StateDirectory(directory);
    Optional<ProcessHandle> running = state.running();
    if (running.isEmpty()) {
      out.println(directory + " is not running");
      return 0;
    }
    running.get().destroy();
    try {
      running.get().onExit().get(PATIENCE_S, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      throw new Refusal(
          "process "
              + running.get().pid()
              + " has not stopped within "
              + PATIENCE_S
              + " s; its log is "
              + state.log());
    }
    out.println(directory + " is stopped");
    return 0;
  }
}
