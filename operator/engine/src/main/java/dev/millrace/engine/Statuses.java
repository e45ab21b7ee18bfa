package dev.millrace.engine;

import dev.millrace.engine.PipelineStatus.Component;
import dev.millrace.engine.PipelineStatus.Condition;
import dev.millrace.engine.PipelineStatus.StreamStatus;
import dev.millrace.model.Pipeline;
import dev.millrace.model.Problem;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** From what was observed to conditions, which remember when they last changed. */
final class Statuses {
  private final Clock clock;
  private final Map<String, Condition> last = new ConcurrentHashMap<>();

  Statuses(Clock clock) {
    this.clock = clock;
  }

  /** The status of a Pipeline that is wrong: nothing of it was applied. */
  PipelineStatus refused(Pipeline pipeline, List<Problem> problems) {
    String message = problems.get(0).toString();
    return new PipelineStatus(
        pipeline.name(),
        false,
        List.of(
            condition(pipeline, "Accepted", "False", "InvalidSpec", message),
            condition(pipeline, "ResolvedRefs", "Unknown", "InvalidSpec", ""),
            condition(pipeline, "Progressing", "False", "InvalidSpec", ""),
            condition(pipeline, "Ready", "False", "InvalidSpec", message)),
        List.of(),
        List.of(),
        problems);
  }

  PipelineStatus observed(
      Pipeline pipeline,
      List<Component> components,
      List<StreamStatus> streams,
      boolean drained,
      Map<String, String> waiting,
      List<String> drift) {
    List<String> failed = named(components, "failed");
    List<String> pending = named(components, "waiting");
    List<String> held = named(components, "consent");
    List<Condition> conditions = new ArrayList<>();
    conditions.add(condition(pipeline, "Accepted", "True", "Valid", ""));
    conditions.add(
        waiting.isEmpty()
            ? condition(pipeline, "ResolvedRefs", "True", "Resolved", "")
            : condition(
                pipeline,
                "ResolvedRefs",
                "False",
                "Waiting",
                waiting.entrySet().iterator().next().getKey()
                    + ": "
                    + waiting.entrySet().iterator().next().getValue()));
    conditions.add(
        pending.isEmpty()
            ? condition(pipeline, "Progressing", "False", "Settled", "")
            : condition(pipeline, "Progressing", "True", "Waiting", String.join(", ", pending)));
    if (!failed.isEmpty()) {
      conditions.add(condition(pipeline, "Ready", "False", "Failed", String.join(", ", failed)));
    } else if (!held.isEmpty()) {
      conditions.add(
          condition(pipeline, "Ready", "False", "NeedsConsent", String.join(", ", held)));
    } else if (!pending.isEmpty()) {
      conditions.add(condition(pipeline, "Ready", "False", "Waiting", String.join(", ", pending)));
    } else {
      conditions.add(condition(pipeline, "Ready", "True", "Running", ""));
    }
    if (!drift.isEmpty()) {
      conditions.add(condition(pipeline, "Drift", "True", "Mending", String.join("; ", drift)));
    } else {
      Condition before = last.get(pipeline.name() + "/Drift");
      boolean mended = before != null && !before.message().isEmpty();
      conditions.add(
          condition(
              pipeline,
              "Drift",
              "False",
              mended ? "Mended" : "None",
              mended ? before.message() : ""));
    }
    return new PipelineStatus(pipeline.name(), drained, conditions, components, streams, List.of());
  }

  private static List<String> named(List<Component> components, String state) {
    return components.stream().filter(c -> c.state().equals(state)).map(Component::name).toList();
  }

  private Condition condition(
      Pipeline pipeline, String type, String status, String reason, String message) {
    Condition before = last.get(pipeline.name() + "/" + type);
    Condition now =
        new Condition(
            type,
            status,
            reason,
            message,
            before != null && before.status().equals(status)
                ? before.lastTransitionTime()
                : clock.instant());
    last.put(pipeline.name() + "/" + type, now);
    return now;
  }
}
