package dev.millrace.controller;

import dev.millrace.controller.PlatformRooms.Room;
import dev.millrace.engine.Engine;
import dev.millrace.engine.PipelineStatus;
import dev.millrace.engine.SqlAnalyser;
import dev.millrace.model.Pipeline;
import dev.millrace.model.Pipeline.PendingPlan;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.time.Clock;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calls engines for pipelines, on the platforms' lanes, and keeps what came of the last call until
 * the reconciler, which is woken, has written it down.
 */
final class PipelineTurns {
  private static final Logger log = LoggerFactory.getLogger(PipelineTurns.class);

  private final Clock clock;
  private final Consumer<ResourceID> wake;
  private final OperatorMetrics metrics;
  private final Consents consents;
  private final Map<ResourceID, Outcome> outcomes = new ConcurrentHashMap<>();
  private final Map<ResourceID, Inputs> asked = new ConcurrentHashMap<>();

  /**
   * What a turn goes by: with the same, another turn is only due after a while.
   *
   * @param references resource versions of Secrets and ConfigMaps; empty for what is not there
   * @param spark how far the Spark operator says that its application is
   */
  record Inputs(
      String uid,
      long generation,
      boolean deleted,
      String consent,
      PlatformRooms.Version platform,
      Map<String, String> references,
      String spark) {}

  /** What came of a turn. */
  sealed interface Result {
    /** The engine has looked and applied. */
    record Seen(
        PipelineStatus status, Optional<PendingPlan> waiting, Optional<PendingPlan> consented)
        implements Result {}

    /** The pipeline is being removed; this is left. */
    record Removing(List<String> left) implements Result {}

    /** A Secret of the Platform is missing: nothing was looked at, and nothing touched. */
    record Unresolved(String why) implements Result {}

    /** The engine could not even look, and why. */
    record Failed(String why) implements Result {}
  }

  /**
   * A turn that was made.
   *
   * @param unsettled since when it has not been ready; empty if it is
   */
  record Outcome(Inputs inputs, Result result, Instant at, Optional<Instant> unsettled) {}

  /**
   * No turn yet.
   *
   * @param wake is told of every pipeline of which there is an outcome; must not wait
   */
  PipelineTurns(
      SqlAnalyser analyser, Clock clock, Consumer<ResourceID> wake, OperatorMetrics metrics) {
    this.consents = new Consents(analyser);
    this.clock = clock;
    this.wake = wake;
    this.metrics = metrics;
  }

  Optional<Outcome> latest(ResourceID pipeline) {
    return Optional.ofNullable(outcomes.get(pipeline));
  }

  /** Whether a turn with these inputs waits or is under way. */
  boolean underWay(ResourceID pipeline, Inputs inputs) {
    return inputs.equals(asked.get(pipeline));
  }

  /** Has the engine look and apply, some time soon. */
  void reconcile(
      Room room, Pipeline pipeline, Inputs inputs, Supplier<Collection<Pipeline>> neighbours) {
    turn(
        room,
        pipeline,
        inputs,
        engine -> {
          Consents.Given given = consents.given(engine, pipeline);
          PipelineStatus status = engine.reconcile(pipeline, given.consent(), neighbours);
          metrics.observed(room.id(), pipeline, status);
          return consents.after(engine, pipeline, status, given);
        });
  }

  /** Has the engine remove the pipeline, some time soon. */
  void remove(Room room, Pipeline pipeline, Inputs inputs) {
    turn(room, pipeline, inputs, engine -> new Result.Removing(engine.remove(pipeline)));
  }

  private interface Call {
    Result apply(Engine engine);
  }

  private void turn(Room room, Pipeline pipeline, Inputs inputs, Call call) {
    ResourceID id = ResourceID.fromResource(pipeline);
    asked.put(id, inputs);
    room.turn(
        id,
        engine -> {
          Instant began = clock.instant();
          Result result;
          try {
            result = call.apply(engine);
          } catch (RuntimeException | Error e) {
            log.error("pipeline {}: the engine failed", id, withoutMessage(e));
            result = new Result.Failed("the engine failed: " + e.getClass().getSimpleName());
          }
          metrics.turn(room.id(), result, began, clock.instant());
          done(id, inputs, result);
        },
        failure ->
            done(
                id,
                inputs,
                failure.unresolved()
                    ? new Result.Unresolved("its Platform: " + failure.why())
                    : new Result.Failed("the platform can not be used: " + failure.why())));
  }

  /** Where it happened; what it says may hold what a backend was told, and that may be secret. */
  private static Throwable withoutMessage(Throwable e) {
    Throwable plain = new IllegalStateException(e.getClass().getName());
    plain.setStackTrace(e.getStackTrace());
    return plain;
  }

  private void done(ResourceID id, Inputs inputs, Result result) {
    Instant now = clock.instant();
    boolean settled = result instanceof Result.Seen seen && seen.status().ready();
    outcomes.compute(
        id,
        (key, before) ->
            new Outcome(
                inputs,
                result,
                now,
                settled
                    ? Optional.empty()
                    : Optional.of(
                        before == null || !before.inputs().equals(inputs)
                            ? now
                            : before.unsettled().orElse(now))));
    asked.remove(id, inputs);
    wake.accept(id);
  }

  /** Forgets a pipeline that is gone. */
  void forget(ResourceID pipeline) {
    outcomes.remove(pipeline);
    asked.remove(pipeline);
    consents.forget(pipeline);
    metrics.forget(pipeline);
  }
}
