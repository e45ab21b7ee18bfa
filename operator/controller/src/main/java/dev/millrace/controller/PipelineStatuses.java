package dev.millrace.controller;

import dev.millrace.controller.PipelineTurns.Inputs;
import dev.millrace.controller.PipelineTurns.Result;
import dev.millrace.engine.PipelineStatus;
import dev.millrace.model.Pipeline;
import dev.millrace.model.Pipeline.ComponentStatus;
import dev.millrace.model.Pipeline.PendingPlan;
import java.time.Clock;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * From what a turn has come to to the status of a Pipeline. What changes all the time, such as lag,
 * rates and numbers of attempts, is in the metrics: here it would be a write at every look.
 */
final class PipelineStatuses {
  /** How often Connect's tasks were started again: of interest, but never the same twice. */
  private static final Pattern COUNT = Pattern.compile("\\s*\\(restarts: \\d+\\)");

  private final Clock clock;

  PipelineStatuses(Clock clock) {
    this.clock = clock;
  }

  /** The status after a turn; about the generation that the turn was about. */
  Pipeline.Status of(Pipeline pipeline, Inputs inputs, Result result, List<String> missing) {
    if (result instanceof Result.Seen seen) {
      return seen(pipeline, inputs, seen, missing);
    }
    if (result instanceof Result.Removing removing) {
      return removing(pipeline, removing.left());
    }
    if (result instanceof Result.Unresolved unresolved) {
      return unresolved(pipeline, unresolved.why());
    }
    return unknown(pipeline, "EngineFailed", ((Result.Failed) result).why());
  }

  /** What runs goes on, and is not looked at. */
  private Pipeline.Status unresolved(Pipeline pipeline, String message) {
    Conditions conditions = conditions(pipeline, generation(pipeline));
    conditions.keep("Accepted");
    conditions.add("ResolvedRefs", "False", "MissingReference", message);
    conditions.add("Progressing", "True", "MissingReference", message);
    conditions.add("Ready", "Unknown", "MissingReference", message);
    conditions.keep("Drift");
    return status(pipeline, generation(pipeline), conditions, before(pipeline).components());
  }

  /** The Platform that the Pipeline names is not there. */
  Pipeline.Status platformMissing(Pipeline pipeline) {
    String message =
        "no Platform '"
            + pipeline.getSpec().platform()
            + "' in namespace '"
            + pipeline.getMetadata().getNamespace()
            + "'";
    Conditions conditions = conditions(pipeline, generation(pipeline));
    conditions.add("Accepted", "Unknown", "PlatformNotFound", message);
    conditions.add("ResolvedRefs", "False", "PlatformNotFound", message);
    conditions.add("Progressing", "False", "PlatformNotFound", message);
    conditions.add("Ready", "False", "PlatformNotFound", message);
    return status(pipeline, generation(pipeline), conditions, before(pipeline).components());
  }

  /**
   * Whether a turn has only found that it is not known yet what the pipeline refers to, while its
   * status says of the same generation that all is well.
   */
  boolean saysLess(Pipeline pipeline, Result result) {
    Pipeline.Status before = before(pipeline);
    return result instanceof Result.Seen seen
        && seen.status().conditions().stream()
            .anyMatch(c -> c.type().equals("ResolvedRefs") && c.reason().equals("Waiting"))
        && Objects.equals(before.observedGeneration(), generation(pipeline))
        && Conditions.find(before.conditions(), "Ready")
            .filter(c -> c.getStatus().equals("True"))
            .isPresent();
  }

  private Pipeline.Status unknown(Pipeline pipeline, String reason, String message) {
    Pipeline.Status before = before(pipeline);
    Conditions conditions = conditions(pipeline, generation(pipeline));
    conditions.keep("Accepted").keep("ResolvedRefs");
    conditions.add("Progressing", "True", reason, message);
    conditions.add("Ready", "Unknown", reason, message);
    conditions.keep("Drift");
    return status(pipeline, generation(pipeline), conditions, before.components());
  }

  private Pipeline.Status removing(Pipeline pipeline, List<String> left) {
    Conditions conditions = conditions(pipeline, generation(pipeline));
    String message = String.join("; ", left);
    conditions.keep("Accepted").keep("ResolvedRefs");
    conditions.add("Progressing", "True", "Deleting", message);
    conditions.add("Ready", "False", "Deleting", message);
    return status(pipeline, generation(pipeline), conditions, before(pipeline).components());
  }

  private Pipeline.Status seen(
      Pipeline pipeline, Inputs inputs, Result.Seen seen, List<String> missing) {
    Conditions conditions = conditions(pipeline, inputs.generation());
    PipelineStatus status = seen.status();
    for (PipelineStatus.Condition condition : status.conditions()) {
      switch (condition.type()) {
        case "ResolvedRefs" -> {
          if (!missing.isEmpty() && !condition.status().equals("True")) {
            conditions.add("ResolvedRefs", "False", "MissingReference", String.join("; ", missing));
          } else {
            add(conditions, condition);
          }
        }
        case "Ready" -> ready(conditions, pipeline, seen, condition);
        case "Drift" -> drift(conditions, pipeline, condition);
        default -> add(conditions, condition);
      }
    }
    return new Pipeline.Status(
        inputs.generation(),
        conditions.all(),
        status.components().stream()
            .map(
                c ->
                    new ComponentStatus(
                        c.name(), c.kind(), c.state(), plain(c.message()).orElse(null)))
            .toList(),
        seen.waiting().orElse(null),
        seen.consented().orElse(null));
  }

  private static void add(Conditions conditions, PipelineStatus.Condition condition) {
    conditions.add(
        condition.type(),
        condition.status(),
        condition.reason(),
        plain(condition.message()).orElse(""));
  }

  /** Says of what is not ready what is wrong with it, and not only that. */
  private static void ready(
      Conditions conditions,
      Pipeline pipeline,
      Result.Seen seen,
      PipelineStatus.Condition condition) {
    if (condition.status().equals("True")) {
      String state = pipeline.getSpec().state();
      boolean running = state.equals("running");
      conditions.add(
          "Ready",
          "True",
          running ? "Running" : state.equals("paused") ? "Paused" : "Stopped",
          seen.status().drained() ? "everything that ends has arrived" : "");
      return;
    }
    String state =
        switch (condition.reason()) {
          case "Failed" -> "failed";
          case "NeedsConsent" -> "consent";
          default -> "waiting";
        };
    String message =
        seen.status().components().stream()
            .filter(c -> c.state().equals(state))
            .map(c -> c.name() + ": " + c.message())
            .collect(Collectors.joining("; "));
    String consent =
        seen.waiting()
            .filter(w -> state.equals("consent"))
            .map(w -> "; to agree, annotate it with " + Consents.ANNOTATION + "=" + w.hash())
            .orElse("");
    conditions.add(
        "Ready",
        "False",
        condition.reason(),
        plain(message.isEmpty() ? condition.message() : message).orElse("") + consent);
  }

  /** An engine that was made later has mended nothing; what is written stays true. */
  private static void drift(
      Conditions conditions, Pipeline pipeline, PipelineStatus.Condition condition) {
    boolean mended =
        Conditions.find(before(pipeline).conditions(), "Drift")
            .map(c -> "Mended".equals(c.getReason()))
            .orElse(false);
    if (condition.reason().equals("None") && mended) {
      conditions.keep("Drift");
    } else {
      add(conditions, condition);
    }
  }

  private static Optional<String> plain(String message) {
    String plain = COUNT.matcher(message == null ? "" : message).replaceAll("");
    return plain.isEmpty() ? Optional.empty() : Optional.of(plain);
  }

  private Conditions conditions(Pipeline pipeline, long generation) {
    return new Conditions(before(pipeline).conditions(), generation, clock);
  }

  private static Pipeline.Status status(
      Pipeline pipeline, long generation, Conditions conditions, List<ComponentStatus> components) {
    PendingPlan consented = before(pipeline).consented();
    return new Pipeline.Status(generation, conditions.all(), components, null, consented);
  }

  private static Pipeline.Status before(Pipeline pipeline) {
    return pipeline.getStatus() == null
        ? new Pipeline.Status(null, List.of(), List.of(), null, null)
        : pipeline.getStatus();
  }

  private static long generation(Pipeline pipeline) {
    return Optional.ofNullable(pipeline.getMetadata().getGeneration()).orElse(0L);
  }
}
