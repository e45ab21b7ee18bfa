package dev.millrace.local;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.engine.DirectoryPlan;
import dev.millrace.engine.Previews;
import dev.millrace.engine.ProcessSqlAnalyser;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The backends of a run that another process owns: they are looked at, never written to. */
final class Running implements AutoCloseable {
  private final Pipelines pipelines;
  private final ProcessSqlAnalyser analyser;
  private final Previews previews;

  private Running(Pipelines pipelines, ProcessSqlAnalyser analyser, Previews previews) {
    this.pipelines = pipelines;
    this.analyser = analyser;
    this.previews = previews;
  }

  /**
   * Connects to the run of a directory.
   *
   * @throws Refusal with exit code 3 if there is none
   */
  static Running connect(Path directory) throws Refusal, IOException {
    Checkout checkout = Checkout.locate();
    Pipelines pipelines = Pipelines.read(directory);
    StateDirectory state = new StateDirectory(directory);
    JsonNode status = status(directory, state);
    LocalReferences references = new LocalReferences(pipelines.directory());
    yielded(state.secrets()).forEach(references::yield);
    ProcessSqlAnalyser analyser =
        new ProcessSqlAnalyser(checkout.analyser(), state.folder("sql-analyser.log").toFile());
    analyser.remember(state.folder("sql").resolve(checkout.analyserVersion()));
    Previews previews =
        new Previews(
            LocalPlatform.of(
                endpoint(status, "kafka"),
                endpoint(status, "registry"),
                endpoint(status, "connect"),
                endpoint(status, "elasticsearch"),
                state),
            references,
            new KeptJobs(state),
            Clock.systemUTC());
    return new Running(pipelines, analyser, previews);
  }

  /** The status document of a run that is there. */
  static JsonNode status(Path directory, StateDirectory state) throws Refusal {
    if (state.running().isEmpty()) {
      throw new Refusal(
          Main.NOT_RUNNING,
          List.of(
              "millrace: " + directory + " is not running, so there is nothing to compare it with.",
              "'millrace run "
                  + directory
                  + " --detach' starts it; 'millrace validate "
                  + directory
                  + "' checks the files alone."));
    }
    return state
        .status()
        .orElseThrow(() -> new Refusal("the run is starting: try again in a moment"));
  }

  static String endpoint(JsonNode status, String service) throws Refusal {
    for (JsonNode s : status.path("services")) {
      if (s.path("name").asText().equals(service)) {
        if (s.path("state").asText().equals("ready")) {
          return s.path("endpoint").asText();
        }
        throw new Refusal(
            service
                + " is "
                + s.path("state").asText()
                + ": nothing can be said without it; try again when 'millrace status' says ready");
      }
    }
    throw new Refusal(service + " is not there yet: try again in a moment");
  }

  /** The Secrets that the run's services yield: a folder each, a file for each key. */
  private static Map<String, Map<String, String>> yielded(Path secrets) throws IOException {
    Map<String, Map<String, String>> all = new HashMap<>();
    if (!Files.isDirectory(secrets)) {
      return all;
    }
    try (DirectoryStream<Path> folders = Files.newDirectoryStream(secrets, Files::isDirectory)) {
      for (Path folder : folders) {
        Map<String, String> keys = new HashMap<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, Files::isRegularFile)) {
          for (Path file : files) {
            if (!file.toString().endsWith(".next")) {
              keys.put(file.getFileName().toString(), Files.readString(file));
            }
          }
        }
        all.put(folder.getFileName().toString(), keys);
      }
    }
    return all;
  }

  /**
   * What would happen.
   *
   * @throws Refusal with all problems, if the pipelines are wrong or a backend does not answer
   */
  DirectoryPlan plan() throws Refusal {
    return complete(
        DirectoryPlan.of(
            pipelines.pipelines(), previews, analyser.patient(ValidateCommand.PATIENCE)));
  }

  /**
   * The same plan.
   *
   * @throws Refusal with all problems, if the pipelines are wrong or a backend did not answer
   */
  static DirectoryPlan complete(DirectoryPlan plan) throws Refusal {
    if (!plan.problems().isEmpty()) {
      throw new Refusal(Main.FAILED, plan.problems());
    }
    if (!plan.silent().isEmpty()) {
      throw new Refusal(
          Main.FAILED, plan.silent().stream().map(s -> "millrace: no plan: " + s).toList());
    }
    return plan;
  }

  @Override
  public void close() {
    previews.close();
    analyser.close();
  }
}
