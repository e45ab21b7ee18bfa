package dev.millrace.local;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Makes a pipeline directory to begin with. */
@Command(
    name = "init",
    mixinStandardHelpOptions = true,
    description = {
      "Makes a directory with a small pipeline that runs: orders of a shop, priced, on a dashboard.",
      "Nothing that exists is overwritten."
    },
    footerHeading = "%nExamples:%n",
    footer = {"  millrace init shop", "  millrace run shop"})
final class InitCommand implements Callable<Integer> {
  @Spec CommandSpec spec;

  @Parameters(paramLabel = "DIR", description = "The directory; made if it is not there.")
  Path directory;

  @Override
  public Integer call() throws Refusal, IOException {
    Path example = Checkout.locate().home().resolve("examples/shop");
    if (Files.exists(directory) && !empty(directory)) {
      throw new Refusal(directory + " is not empty: name a directory that is, or a new one");
    }
    PrintWriter out = spec.commandLine().getOut();
    try (Stream<Path> files = Files.walk(example)) {
      for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
        Path relative = example.relativize(file);
        if (relative.startsWith(".millrace")) {
          continue;
        }
        Path to = directory.resolve(relative.toString());
        Files.createDirectories(to.getParent());
        Files.copy(file, to);
        out.println("  " + to);
      }
    }
    for (String line :
        List.of(
            "Run it:    millrace run " + directory, "Check it:  millrace validate " + directory)) {
      out.println(line);
    }
    return 0;
  }

  private static boolean empty(Path directory) throws Refusal {
    if (!Files.isDirectory(directory)) {
      throw new Refusal(directory + " is a file");
    }
    try (Stream<Path> files = Files.list(directory)) {
      return files.findAny().isEmpty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
