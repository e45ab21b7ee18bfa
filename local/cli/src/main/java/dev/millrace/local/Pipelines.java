package dev.millrace.local;

import dev.millrace.engine.Catalog;
import dev.millrace.engine.SqlAnalyser;
import dev.millrace.local.manifest.DirectoryReader;
import dev.millrace.local.manifest.ManifestException;
import dev.millrace.local.manifest.PipelineDirectory;
import dev.millrace.model.ManifestReader;
import dev.millrace.model.Pipeline;
import dev.millrace.model.Platform;
import dev.millrace.planner.Plan;
import dev.millrace.planner.Planner;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The pipelines of a directory, read and checked as far as it goes without any service. */
record Pipelines(PipelineDirectory directory, List<Pipeline> pipelines) {

  /**
   * Reads them.
   *
   * @throws Refusal with everything that is wrong in the files
   */
  static Pipelines read(Path path) throws Refusal {
    PipelineDirectory directory;
    try {
      directory = DirectoryReader.read(path);
    } catch (ManifestException e) {
      throw new Refusal(Main.FAILED, e.getMessage().lines().toList());
    }
    List<String> problems = new ArrayList<>();
    List<Pipeline> pipelines = new ArrayList<>();
    for (PipelineDirectory.Manifest manifest : directory.manifests()) {
      if (!manifest.kind().equals("Pipeline")) {
        problems.add(
            manifest.file() + ": kind '" + manifest.kind() + "' is not run here; known: Pipeline");
        continue;
      }
      ManifestReader.Read<Pipeline> read = ManifestReader.pipeline(manifest.document());
      read.problems().forEach(p -> problems.add(manifest.file() + ": " + p));
      if (read.problems().isEmpty()) {
        pipelines.add(read.resource());
      }
    }
    if (!problems.isEmpty()) {
      throw new Refusal(Main.FAILED, problems);
    }
    return new Pipelines(directory, pipelines);
  }

  /** What planning found, without asking any service. */
  record Checked(List<String> problems, List<String> waiting, List<String> warnings) {}

  /** Plans each of them with nothing but the files. */
  Checked check(SqlAnalyser analyser, LocalReferences references) {
    List<String> problems = new ArrayList<>();
    List<String> waiting = new ArrayList<>();
    List<String> warnings = new ArrayList<>();
    Platform platform = LocalPlatform.offline();
    for (Pipeline pipeline : pipelines) {
      Plan plan =
          Planner.plan(pipeline, platform, new Catalog(Optional.empty(), references, analyser));
      plan.problems().forEach(p -> problems.add("Pipeline " + pipeline.name() + ": " + p));
      plan.warnings().forEach(w -> warnings.add("Pipeline " + pipeline.name() + ": " + w));
      plan.waiting()
          .forEach(
              (component, why) ->
                  waiting.add("Pipeline " + pipeline.name() + ": " + component + ": " + why));
    }
    return new Checked(problems, waiting, warnings);
  }
}
