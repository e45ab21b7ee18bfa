package dev.millrace.controller;

import dev.millrace.model.Pipeline;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.Objects;
import java.util.Optional;

/**
 * Says in Events what has become different in a Pipeline's status. It compares what is written with
 * what was written before, so that nothing is said again after a restart.
 */
final class Transitions {
  private final EventRecorder events;

  Transitions(EventRecorder events) {
    this.events = events;
  }

  void tell(Pipeline pipeline, Pipeline.Status before, Pipeline.Status now) {
    Optional<Condition> accepted = changed(before, now, "Accepted");
    boolean refused = accepted.map(c -> "False".equals(c.getStatus())).orElse(false);
    if (refused) {
      events.warning(pipeline, "InvalidSpec", accepted.get().getMessage());
    }
    Optional<Condition> ready = changed(before, now, "Ready");
    if (ready.isPresent() && !refused) {
      if ("True".equals(ready.get().getStatus())) {
        events.normal(pipeline, "Ready", said(ready.get()));
      } else if (was(before, "Ready", "True") && !pipeline.isMarkedForDeletion()) {
        events.warning(pipeline, "NotReady", said(ready.get()));
      }
    }
    changed(before, now, "Drift")
        .filter(c -> "True".equals(c.getStatus()))
        .ifPresent(c -> events.warning(pipeline, "Drift", c.getMessage()));
    if (now.plan() != null && (before == null || !Objects.equals(before.plan(), now.plan()))) {
      events.normal(
          pipeline,
          "ConsentNeeded",
          "plan "
              + now.plan().hash()
              + " needs consent to "
              + now.plan().needs()
              + "; to agree, annotate the Pipeline with "
              + Consents.ANNOTATION
              + "="
              + now.plan().hash());
    }
  }

  private static String said(Condition condition) {
    return condition.getMessage() == null || condition.getMessage().isEmpty()
        ? condition.getReason()
        : condition.getReason() + ": " + condition.getMessage();
  }

  private static boolean was(Pipeline.Status before, String type, String status) {
    return before != null
        && Conditions.find(before.conditions(), type)
            .map(c -> status.equals(c.getStatus()))
            .orElse(false);
  }

  /** The condition of a type, if its status is another one than before. */
  private static Optional<Condition> changed(
      Pipeline.Status before, Pipeline.Status now, String type) {
    return Conditions.find(now.conditions(), type).filter(c -> !was(before, type, c.getStatus()));
  }
}
