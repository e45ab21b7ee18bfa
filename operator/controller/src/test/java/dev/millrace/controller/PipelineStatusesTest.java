package dev.millrace.controller;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.controller.PipelineTurns.Inputs;
import dev.millrace.controller.PipelineTurns.Result;
import dev.millrace.engine.PipelineStatus;
import dev.millrace.model.ManifestReader;
import dev.millrace.model.Pipeline;
import dev.millrace.model.Pipeline.PendingPlan;
import io.fabric8.kubernetes.api.model.Condition;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What is written about a Pipeline, from what a turn has come to. */
class PipelineStatusesTest {
  private static final Instant FIRST = Instant.parse("2026-01-01T00:00:00Z");
  private static final Inputs INPUTS =
      new Inputs("u", 3, false, "", new PlatformRooms.Version("p", 1, Map.of()), Map.of(), "");

  private static PipelineStatuses at(Instant now) {
    return new PipelineStatuses(Clock.fixed(now, ZoneOffset.UTC));
  }

  private static Pipeline pipeline() {
    Pipeline pipeline =
        ManifestReader.pipeline(
                """
                apiVersion: millrace.dev/v1alpha1
                kind: Pipeline
                metadata: { name: p }
                spec:
                  sources: [ { name: s, topic: { name: t } } ]
                """)
            .resource();
    pipeline.getMetadata().setGeneration(3L);
    return pipeline;
  }

  private static Result.Seen seen(String ready, String reason, String state, String message) {
    return seen(ready, reason, state, message, 0, Optional.empty());
  }

  private static Result.Seen seen(
      String ready,
      String reason,
      String state,
      String message,
      long lag,
      Optional<PendingPlan> waiting) {
    return new Result.Seen(
        new PipelineStatus(
            "p",
            false,
            List.of(
                new PipelineStatus.Condition("Accepted", "True", "Valid", "", FIRST),
                new PipelineStatus.Condition("Ready", ready, reason, "s", FIRST),
                new PipelineStatus.Condition("Drift", "False", "None", "", FIRST)),
            List.of(new PipelineStatus.Component("s", "cdc", state, lag, message)),
            List.of(),
            List.of()),
        waiting,
        Optional.empty());
  }

  private static Condition condition(Pipeline.Status status, String type) {
    return Conditions.find(status.conditions(), type).orElseThrow();
  }

  @Test
  void whatChangesAllTheTimeIsNotInIt() {
    Pipeline pipeline = pipeline();
    Pipeline.Status first =
        at(FIRST)
            .of(
                pipeline,
                INPUTS,
                seen("False", "Failed", "failed", "no route (restarts: 3)", 5, Optional.empty()),
                List.of());
    assertThat(condition(first, "Ready").getMessage()).isEqualTo("s: no route");
    pipeline.setStatus(first);
    Pipeline.Status later =
        at(FIRST.plusSeconds(99))
            .of(
                pipeline,
                INPUTS,
                seen("False", "Failed", "failed", "no route (restarts: 4)", 7, Optional.empty()),
                List.of());
    assertThat(StatusWriter.differs(first, later)).isFalse();
    assertThat(condition(later, "Ready").getLastTransitionTime()).isEqualTo(FIRST.toString());
  }

  @Test
  void aTransitionHasItsTimeAndTheGenerationThatWasLookedAt() {
    Pipeline pipeline = pipeline();
    pipeline.setStatus(
        at(FIRST).of(pipeline, INPUTS, seen("False", "Waiting", "waiting", "x"), List.of()));
    pipeline.getMetadata().setGeneration(4L);
    Instant later = FIRST.plusSeconds(60);
    Pipeline.Status status =
        at(later).of(pipeline, INPUTS, seen("True", "Running", "ready", ""), List.of());
    assertThat(StatusWriter.differs(pipeline.getStatus(), status)).isTrue();
    assertThat(condition(status, "Ready").getLastTransitionTime()).isEqualTo(later.toString());
    assertThat(condition(status, "Accepted").getLastTransitionTime()).isEqualTo(FIRST.toString());
    assertThat(status.observedGeneration()).isEqualTo(3);
    assertThat(condition(status, "Ready").getObservedGeneration()).isEqualTo(3);
  }

  @Test
  void whatWaitsForConsentSaysHowToAgree() {
    PendingPlan plan = new PendingPlan("abc", "state-loss");
    Pipeline.Status status =
        at(FIRST)
            .of(
                pipeline(),
                INPUTS,
                seen("False", "NeedsConsent", "consent", "another window", -1, Optional.of(plan)),
                List.of());
    assertThat(condition(status, "Ready").getMessage())
        .isEqualTo("s: another window; to agree, annotate it with millrace.dev/consent=abc");
    assertThat(status.plan()).isEqualTo(plan);
  }

  @Test
  void driftThatWasMendedBeforeARestartStaysSaid() {
    Pipeline pipeline = pipeline();
    Pipeline.Status before =
        new Pipeline.Status(
            3L,
            new Conditions(null, 3, Clock.fixed(FIRST, ZoneOffset.UTC))
                .add("Drift", "False", "Mended", "tasks.max: 3 -> 1")
                .all(),
            List.of(),
            null,
            null);
    pipeline.setStatus(before);
    Pipeline.Status status =
        at(FIRST.plusSeconds(60))
            .of(pipeline, INPUTS, seen("True", "Running", "ready", ""), List.of());
    assertThat(condition(status, "Drift")).isEqualTo(condition(before, "Drift"));
  }

  @Test
  void anEngineThatFailedLeavesWhatWasSaidAndSaysThatItDoesNotKnow() {
    Pipeline pipeline = pipeline();
    pipeline.setStatus(
        at(FIRST).of(pipeline, INPUTS, seen("True", "Running", "ready", ""), List.of()));
    Pipeline.Status status =
        at(FIRST).of(pipeline, INPUTS, new Result.Failed("the engine failed: X"), List.of());
    assertThat(condition(status, "Ready").getStatus()).isEqualTo("Unknown");
    assertThat(condition(status, "Accepted").getStatus()).isEqualTo("True");
    assertThat(status.components()).isEqualTo(pipeline.getStatus().components());
  }

  @Test
  void thatItIsNotKnownYetSaysLessThanThatAllIsWell() {
    Result.Seen waiting = resolving("Waiting");
    Pipeline pipeline = pipeline();
    assertThat(at(FIRST).saysLess(pipeline, waiting)).isFalse();
    pipeline.setStatus(
        at(FIRST).of(pipeline, INPUTS, seen("True", "Running", "ready", ""), List.of()));
    assertThat(at(FIRST).saysLess(pipeline, waiting)).isTrue();
    assertThat(at(FIRST).saysLess(pipeline, resolving("Resolved"))).isFalse();
    assertThat(at(FIRST).saysLess(pipeline, new Result.Failed("x"))).isFalse();
    // An edit is another matter: nothing has been said of it yet.
    pipeline.getMetadata().setGeneration(4L);
    assertThat(at(FIRST).saysLess(pipeline, waiting)).isFalse();
  }

  private static Result.Seen resolving(String reason) {
    return new Result.Seen(
        new PipelineStatus(
            "p",
            false,
            List.of(new PipelineStatus.Condition("ResolvedRefs", "False", reason, "", FIRST)),
            List.of(),
            List.of(),
            List.of()),
        Optional.empty(),
        Optional.empty());
  }
}
