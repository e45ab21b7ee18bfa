package dev.millrace.local;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Shows what a run observed last. */
@Command(
    name = "status",
    mixinStandardHelpOptions = true,
    description = "Shows services, pipelines with their components and streams, and the page.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  millrace status demo-tv",
      "  millrace status demo-tv -o json | jq '.pipelines[0].components'",
      "  millrace status -n tv                      the Pipelines of a namespace"
    })
final class StatusCommand implements Callable<Integer> {
  enum Format {
    text,
    json
  }

  @Spec CommandSpec spec;

  @Parameters(
      paramLabel = "DIR",
      arity = "0..1",
      defaultValue = ".",
      description =
          "The pipeline directory (default: the current one). On a cluster also the name of a"
              + " Pipeline (default: all of the namespace).")
  Path directory;

  @Mixin ClusterOptions cluster = new ClusterOptions();

  @Option(
      names = {"-o", "--output"},
      defaultValue = "text",
      description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  Format format;

  @Override
  public Integer call() throws Refusal {
    PrintWriter out = spec.commandLine().getOut();
    if (cluster.asked()) {
      return cluster(out);
    }
    StateDirectory state = new StateDirectory(directory);
    Optional<JsonNode> status = state.status();
    if (status.isEmpty()) {
      throw new Refusal(
          Main.NOT_RUNNING, List.of("millrace: " + directory + " has not been run yet"));
    }
    boolean running = state.running().isPresent();
    ObjectNode document = (ObjectNode) status.get();
    if (!running && !document.path("state").asText().equals("stopped")) {
      // It was killed: what it observed last is not what is.
      document.put("state", "dead");
    }
    if (format == Format.json) {
      out.println(document.toPrettyString());
    } else {
      text(document, out);
    }
    out.flush();
    return running ? 0 : Main.NOT_RUNNING;
  }

  private void text(JsonNode status, PrintWriter out) {
    String state = status.path("state").asText();
    out.println(
        directory
            + " is "
            + (state.equals("dead") ? "not running: it was killed. 'millrace run' goes on" : state)
            + "; this was observed last");
    out.println("page: " + status.path("page").asText());
    out.println();
    out.printf("%-18s %-9s %8s  %s%n", "SERVICE", "STATE", "RESTARTS", "ENDPOINT");
    for (JsonNode s : status.path("services")) {
      out.printf(
          "%-18s %-9s %8d  %s%n",
          s.path("name").asText(),
          s.path("state").asText(),
          s.path("restarts").asInt(),
          s.path("message").asText().isEmpty()
              ? s.path("endpoint").asText()
              : s.path("message").asText().replace('\n', ' '));
    }
    pipelines(status, out);
  }

  private int cluster(PrintWriter out) throws Refusal {
    try (Cluster there = cluster.connect()) {
      List<String> names = List.of();
      if (Files.isDirectory(directory) && !directory.equals(Path.of("."))) {
        names = Cluster.names(Pipelines.read(directory));
      } else if (!directory.equals(Path.of("."))) {
        names = List.of(directory.toString());
      }
      ObjectNode document = ClusterStatus.document(there.namespace(), there.get(names));
      if (format == Format.json) {
        out.println(document.toPrettyString());
      } else {
        out.println(
            document.path("pipelines").size()
                + " in namespace "
                + there.namespace()
                + "; this was observed last");
        pipelines(document, out);
      }
      out.flush();
      return 0;
    }
  }

  private static void pipelines(JsonNode status, PrintWriter out) {
    for (JsonNode pipeline : status.path("pipelines")) {
      out.println();
      out.println(
          "pipeline "
              + pipeline.path("name").asText()
              + (pipeline.path("ready").asBoolean() ? ": ready" : ": not ready")
              + (pipeline.path("drained").asBoolean() ? ", drained" : ""));
      for (JsonNode problem : pipeline.path("problems")) {
        out.println("  " + problem.asText());
      }
      out.printf("%-18s %-13s %-9s %8s  %s%n", "COMPONENT", "KIND", "STATE", "LAG", "MESSAGE");
      for (JsonNode c : pipeline.path("components")) {
        out.printf(
            "%-18s %-13s %-9s %8s  %s%n",
            c.path("name").asText(),
            c.path("kind").asText(),
            c.path("state").asText(),
            c.path("lag").asText(""),
            c.path("message").asText());
      }
      if (pipeline.path("streams").isEmpty()) {
        continue;
      }
      out.printf("%-18s %-13s %12s %10s%n", "STREAM", "KIND", "OFFSETS", "PER SECOND");
      for (JsonNode s : pipeline.path("streams")) {
        out.printf(
            Locale.ROOT,
            "%-18s %-13s %,12d %10.1f%n",
            s.path("name").asText(),
            s.path("kind").asText(),
            s.path("records").asLong(),
            s.path("rate").asDouble());
      }
    }
  }
}
