package dev.millrace.local;

import dev.millrace.engine.DirectoryPlan;
import dev.millrace.engine.Engine;
import dev.millrace.engine.PipelineStatus;
import dev.millrace.engine.ProcessSqlAnalyser;
import dev.millrace.planner.Consent;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What somebody edits while the directory runs: nothing of it happens before a request to apply it
 * comes in, with the hash of the plan that was looked at.
 */
final class Edits {
  private static final Logger log = LoggerFactory.getLogger(Edits.class);

  /** What fails for so long is not just being started again. */
  private static final Duration FAILED_FOR = Duration.ofSeconds(20);

  private final LocalReferences references;
  private final Engine engine;
  private final ProcessSqlAnalyser analyser;
  private final ApplyDesk desk;
  private final Clock clock;
  private Pipelines pipelines;
  private Optional<ApplyDesk.Request> applying = Optional.empty();
  private Optional<Instant> failing = Optional.empty();

  Edits(
      Pipelines pipelines,
      LocalReferences references,
      Engine engine,
      ProcessSqlAnalyser analyser,
      ApplyDesk desk,
      Clock clock) {
    this.pipelines = pipelines;
    this.references = references;
    this.engine = engine;
    this.analyser = analyser;
    this.desk = desk;
    this.clock = clock;
    engine.know(pipelines.pipelines());
  }

  /** What is to run now. */
  Pipelines pipelines() {
    return pipelines;
  }

  /** What was agreed to with the edit that is being applied. */
  Optional<Consent> consent() {
    return applying.map(ApplyDesk.Request::consent);
  }

  /** Looks for a request, and follows it or says why not. */
  void look() throws IOException {
    Optional<ApplyDesk.Request> request = desk.take();
    if (request.isEmpty()) {
      return;
    }
    Pipelines before = pipelines;
    try {
      apply(request.get());
    } catch (Refusal e) {
      references.use(before.directory());
      engine.know(before.pipelines());
      desk.answer(request.get().id(), "refused", e.lines(), Optional.empty());
      log.info("not applied: {}", e.lines().get(e.lines().size() - 1));
    }
  }

  private void apply(ApplyDesk.Request request) throws Refusal, IOException {
    Pipelines next = Pipelines.read(pipelines.directory().root());
    if (!Objects.equals(next.directory().environment(), pipelines.directory().environment())) {
      throw new Refusal(
          "local.yaml has changed: 'millrace stop' and 'millrace run' have its services follow it");
    }
    references.use(next.directory());
    DirectoryPlan plan =
        DirectoryPlan.of(
            next.pipelines(), engine.previews(), analyser.patient(ValidateCommand.PATIENCE));
    Running.complete(plan);
    if (!plan.hash().equals(request.plan())) {
      references.use(pipelines.directory());
      engine.know(pipelines.pipelines());
      desk.answer(
          request.id(), "refused", List.of(stale(request.plan(), plan)), Optional.of(plan.json()));
      return;
    }
    agreed(plan, request.consent());
    pipelines = next;
    applying = Optional.of(request);
    failing = Optional.empty();
    desk.answer(
        request.id(),
        "applying",
        List.of(
            plan.differing().isEmpty()
                ? "nothing differs"
                : "applying " + plan.differing().size() + " changes"),
        Optional.empty());
    log.info("applying plan {}", request.plan());
  }

  /** What is said to somebody whose plan would be another one by now. */
  static String stale(String looked, DirectoryPlan now) {
    return "millrace: plan "
        + looked
        + " is stale: it would be "
        + now.hash()
        + " now. Nothing was done. What has changed since:";
  }

  /**
   * Whether a plan may be applied.
   *
   * @throws Refusal if it can not be done, or needs more consent than was given
   */
  static void agreed(DirectoryPlan plan, Consent consent) throws Refusal {
    if (!plan.refused().isEmpty()) {
      List<String> lines = new ArrayList<>();
      plan.refused()
          .forEach(c -> lines.add(c.resource() + " (" + c.component() + "): " + c.reason()));
      throw new Refusal(Main.FAILED, lines);
    }
    String lacking = plan.lacking(consent);
    if (!lacking.isEmpty()) {
      List<String> lines = new ArrayList<>(PlanText.of(plan));
      lines.add("millrace: not applied: the plan needs consent: " + lacking);
      throw new Refusal(Main.FAILED, lines);
    }
  }

  /** A turn is over: says how far the edit is that is being applied. */
  void turned(Map<String, PipelineStatus> statuses) throws IOException {
    if (applying.isEmpty()) {
      return;
    }
    String id = applying.get().id();
    boolean done =
        pipelines.pipelines().stream()
            .allMatch(
                p ->
                    engine.changes(p.name()).differing().isEmpty()
                        && Optional.ofNullable(statuses.get(p.name()))
                            .map(PipelineStatus::ready)
                            .orElse(false));
    if (done) {
      applying = Optional.empty();
      desk.answer(id, "ready", List.of(), Optional.empty());
      return;
    }
    List<String> failed = new ArrayList<>();
    for (PipelineStatus status : statuses.values()) {
      status.problems().forEach(p -> failed.add("Pipeline " + status.name() + ": " + p));
      status.components().stream()
          .filter(c -> c.state().equals("failed") || c.state().equals("consent"))
          .forEach(
              c ->
                  failed.add(
                      status.name() + "/" + c.name() + " " + c.state() + ": " + c.message()));
    }
    if (failed.isEmpty()) {
      failing = Optional.empty();
    } else if (failing.isEmpty()) {
      failing = Optional.of(clock.instant());
    } else if (clock.instant().isAfter(failing.get().plus(FAILED_FOR))) {
      applying = Optional.empty();
      desk.answer(id, "failed", failed, Optional.empty());
    }
  }
}
