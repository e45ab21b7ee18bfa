package dev.millrace.local;

import dev.millrace.engine.Catalog;
import dev.millrace.local.manifest.ManifestException;
import dev.millrace.local.testing.PipelineTests;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Runs the tests of a pipeline directory. */
@Command(
    name = "test",
    mixinStandardHelpOptions = true,
    description = {
      "Runs the tests in DIR/tests: rows in, the pipeline's own transforms, rows out.",
      "Time is virtual and Kafka is in memory: nothing else is started, nothing is left behind."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  millrace test demo-tv",
      "  millrace test demo-tv --filter boundary     those whose names have 'boundary' in them",
      "  millrace test demo-tv --junit target/tv.xml for a CI server",
      "",
      "Exit codes: 0 all passed; 1 some failed, or a file is wrong; 2 the command line is wrong."
    })
final class TestCommand implements Callable<Integer> {
  @Spec CommandSpec spec;

  @Parameters(paramLabel = "DIR", description = "The directory with kustomization.yaml and tests/.")
  Path directory;

  @Option(
      names = "--filter",
      paramLabel = "TEXT",
      description = "Only tests whose names contain it, in upper or lower case.")
  String filter;

  @Option(
      names = "--junit",
      paramLabel = "FILE",
      description = "Also writes the results as JUnit XML.")
  Path junit;

  @Override
  public Integer call() throws Refusal, IOException {
    long started = System.nanoTime();
    Checkout checkout = Checkout.locate();
    SparkJvm jvm = SparkJvm.tests(checkout);
    boolean ran = false;
    // It takes a while to start: meanwhile, files are read.
    try (TestProcess process = new TestProcess(jvm.command())) {
      Pipelines pipelines = Pipelines.read(directory);
      PipelineTests tests = prepare(pipelines, process);
      boolean passed =
          tests.run(process::run, spec.commandLine().getOut(), started, Optional.ofNullable(junit));
      ran = true;
      return passed ? 0 : Main.FAILED;
    } finally {
      jvm.archive(ran);
    }
  }

  private PipelineTests prepare(Pipelines pipelines, TestProcess process) throws Refusal {
    PipelineTests tests;
    try {
      tests =
          PipelineTests.read(
              directory,
              pipelines.pipelines(),
              LocalPlatform.offline(),
              new Catalog(Optional.empty(), new LocalReferences(pipelines.directory()), process));
    } catch (ManifestException e) {
      throw new Refusal(Main.FAILED, e.problems());
    }
    if (filter == null) {
      return tests;
    }
    PipelineTests some = tests.filter(filter);
    if (some.isEmpty()) {
      throw new ParameterException(
          spec.commandLine(),
          "--filter '"
              + filter
              + "': no test is named so; there are "
              + String.join(", ", tests.names()));
    }
    return some;
  }
}
