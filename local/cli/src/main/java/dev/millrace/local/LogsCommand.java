package dev.millrace.local;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Shows a service's log, or what is said of Pipelines on a cluster. */
@Command(
    name = "logs",
    mixinStandardHelpOptions = true,
    description = {
      "Shows the log of a service, or of the run itself ('millrace').",
      "On a cluster: what the operator says (Events) is 'millrace', what is wrong with connectors is"
          + " 'connect', a Spark driver's log is 'spark-PIPELINE', and PIPELINE is all three of it."
    },
    sortOptions = false,
    footerHeading = "%nExamples:%n",
    footer = {
      "  millrace logs demo-tv connect",
      "  millrace logs -f demo-tv spark-tv",
      "  millrace logs examples/apps spark-apps.baskets   of a transform that is an application",
      "  cd demo-tv && ../millrace logs kafka",
      "  millrace logs --cluster -f tv              all that is said of a Pipeline, until Ctrl-C",
      "  millrace logs -n data spark-tv             the log of its Spark driver",
      "  millrace logs -n data millrace             what the operator says of that namespace"
    })
final class LogsCommand implements Callable<Integer> {
  private static final int BLOCK = 64 * 1024;

  @Spec CommandSpec spec;

  @Parameters(
      arity = "1..2",
      paramLabel = "[DIR] NAME",
      hideParamSyntax = true,
      description =
          "The pipeline directory (default: the current one; none on a cluster), and the log's"
              + " name.")
  List<String> where;

  @Option(
      names = {"-f", "--follow"},
      description = "Go on showing what is added, until Ctrl-C.")
  boolean follow;

  @Option(
      names = {"--lines", "--tail"},
      paramLabel = "LINES",
      defaultValue = "200",
      description = "How many lines of its end to begin with (default: ${DEFAULT-VALUE}).")
  int lines;

  @Mixin ClusterOptions cluster = new ClusterOptions();

  @Override
  public Integer call() throws IOException, InterruptedException, Refusal {
    if (cluster.asked()) {
      return cluster();
    }
    StateDirectory state = new StateDirectory(Path.of(where.size() == 2 ? where.get(0) : "."));
    String name = where.get(where.size() - 1);
    Path log =
        name.equals("millrace")
            ? state.log()
            : state.folder("services").resolve(name).resolve("log");
    if (!Files.exists(log)) {
      throw new ParameterException(
          spec.commandLine(),
          "no log of '" + name + "'; there are: " + String.join(", ", names(state)));
    }
    PrintWriter out = spec.commandLine().getOut();
    RandomAccessFile file = new RandomAccessFile(log.toFile(), "r");
    try {
      file.seek(lastLines(file));
      while (true) {
        copy(file, out);
        if (!follow) {
          return 0;
        }
        TimeUnit.MILLISECONDS.sleep(200);
        // A service that is started again has a new log under the old name.
        if (Files.exists(log) && Files.size(log) < file.getFilePointer()) {
          copy(file, out);
          file.close();
          file = new RandomAccessFile(log.toFile(), "r");
        }
      }
    } finally {
      file.close();
    }
  }

  private int cluster() throws Refusal, InterruptedException {
    if (where.size() != 1) {
      throw new ParameterException(
          spec.commandLine(),
          "'" + where.get(0) + "': on a cluster a log has a name only: logs --cluster NAME");
    }
    try (Cluster there = cluster.connect()) {
      new ClusterLogs(there, spec.commandLine().getOut(), lines, follow).show(where.get(0));
    }
    return 0;
  }

  private long lastLines(RandomAccessFile file) throws IOException {
    long position = file.length();
    int found = 0;
    byte[] block = new byte[BLOCK];
    while (position > 0) {
      int n = (int) Math.min(BLOCK, position);
      position -= n;
      file.seek(position);
      file.readFully(block, 0, n);
      for (int i = n - 1; i >= 0; i--) {
        if (block[i] == '\n' && ++found > lines) {
          return position + i + 1;
        }
      }
    }
    return 0;
  }

  private static void copy(RandomAccessFile file, PrintWriter out) throws IOException {
    byte[] block = new byte[BLOCK];
    for (int n = file.read(block); n > 0; n = file.read(block)) {
      out.print(new String(block, 0, n, StandardCharsets.UTF_8));
    }
    out.flush();
  }

  private static List<String> names(StateDirectory state) throws IOException {
    List<String> names = new ArrayList<>();
    if (Files.exists(state.log())) {
      names.add("millrace");
    }
    if (Files.isDirectory(state.folder("services"))) {
      try (Stream<Path> services = Files.list(state.folder("services"))) {
        services
            .filter(s -> Files.exists(s.resolve("log")))
            .map(s -> s.getFileName().toString())
            .sorted()
            .forEach(names::add);
      }
    }
    return names.isEmpty() ? List.of("none, it has not been run") : names;
  }
}
