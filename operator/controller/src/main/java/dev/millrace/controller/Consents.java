package dev.millrace.controller;

import dev.millrace.controller.PipelineTurns.Result;
import dev.millrace.engine.Engine;
import dev.millrace.engine.PipelineStatus;
import dev.millrace.engine.Preview;
import dev.millrace.engine.SqlAnalyser;
import dev.millrace.model.Pipeline;
import dev.millrace.model.Pipeline.PendingPlan;
import dev.millrace.planner.Changes;
import dev.millrace.planner.Consent;
import dev.millrace.planner.Impact;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What was agreed to by an annotation: a plan, by its hash, and nothing else. Applying takes
 * several turns, each of which makes the rest of the plan another one; so once a plan was found to
 * be the one that was agreed to, the agreement holds for that generation until all is applied. It
 * stands in the status too, and outlives the operator's process.
 */
final class Consents {
  /** The annotation on a Pipeline; its value is the hash of a plan. */
  static final String ANNOTATION = "millrace.dev/consent";

  private static final String ADOPT = "adopt";

  private final Map<ResourceID, Granted> granted = new ConcurrentHashMap<>();

  private final SqlAnalyser analyser;

  /** By this analyser: what it does not know yet is not in the plan, and not agreed to. */
  Consents(SqlAnalyser analyser) {
    this.analyser = analyser;
  }

  private record Granted(long generation, PendingPlan plan) {}

  /** A consent, and to which plan. */
  record Given(Consent consent, Optional<PendingPlan> plan) {
    static final Given NONE = new Given(Consent.NONE, Optional.empty());
  }

  static String annotation(Pipeline pipeline) {
    Map<String, String> annotations = pipeline.getMetadata().getAnnotations();
    return annotations == null ? "" : annotations.getOrDefault(ANNOTATION, "").strip();
  }

  /** What was agreed to of what would happen now. */
  Given given(Engine engine, Pipeline pipeline) {
    ResourceID id = ResourceID.fromResource(pipeline);
    String hash = annotation(pipeline);
    if (hash.isEmpty()) {
      granted.remove(id);
      return Given.NONE;
    }
    long generation = Optional.ofNullable(pipeline.getMetadata().getGeneration()).orElse(0L);
    Granted before = granted.computeIfAbsent(id, i -> written(pipeline, generation).orElse(null));
    if (before != null && before.generation() == generation && before.plan().hash().equals(hash)) {
      return new Given(consent(before.plan().needs()), Optional.of(before.plan()));
    }
    if (!engine.changes(pipeline.name()).hash().equals(hash)) {
      // It is another plan that waits, or none; or nobody has looked yet, and the next turn knows.
      granted.remove(id);
      return Given.NONE;
    }
    Preview preview = engine.preview(pipeline, analyser);
    Optional<PendingPlan> waits = waits(preview.changes());
    if (waits.isEmpty() || !waits.get().hash().equals(hash)) {
      granted.remove(id);
      return Given.NONE;
    }
    granted.put(id, new Granted(generation, waits.get()));
    return new Given(consent(waits.get().needs()), waits);
  }

  /** What an operator's process before this one has written down. */
  private static Optional<Granted> written(Pipeline pipeline, long generation) {
    Pipeline.Status status = pipeline.getStatus();
    return status == null
            || status.consented() == null
            || status.observedGeneration() == null
            || status.observedGeneration() != generation
        ? Optional.empty()
        : Optional.of(new Granted(generation, status.consented()));
  }

  /** What a turn has come to: what still waits for somebody, and what was agreed to and goes on. */
  Result after(Engine engine, Pipeline pipeline, PipelineStatus status, Given given) {
    Changes changes = engine.changes(pipeline.name());
    if (given.plan().isPresent() && !(status.ready() && changes.differing().isEmpty())) {
      return new Result.Seen(status, Optional.empty(), given.plan());
    }
    if (given.plan().isPresent()) {
      granted.remove(ResourceID.fromResource(pipeline));
    }
    return new Result.Seen(status, waits(changes), Optional.empty());
  }

  void forget(ResourceID pipeline) {
    granted.remove(pipeline);
  }

  private static Optional<PendingPlan> waits(Changes changes) {
    List<String> needs = new ArrayList<>();
    changes.consents().forEach(i -> needs.add(i.label()));
    if (!changes.conflicts().isEmpty()) {
      needs.add(ADOPT);
    }
    return needs.isEmpty()
        ? Optional.empty()
        : Optional.of(new PendingPlan(changes.hash(), String.join(",", needs)));
  }

  private static Consent consent(String needs) {
    Set<Impact> allowed = EnumSet.noneOf(Impact.class);
    List<String> labels = Arrays.asList(needs.split(","));
    labels.forEach(l -> Impact.of(l).ifPresent(allowed::add));
    return new Consent(allowed, labels.contains(ADOPT));
  }
}
