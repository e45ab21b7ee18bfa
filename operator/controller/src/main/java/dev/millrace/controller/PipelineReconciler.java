package dev.millrace.controller;

import dev.millrace.controller.PipelineTurns.Inputs;
import dev.millrace.controller.PipelineTurns.Outcome;
import dev.millrace.controller.PipelineTurns.Result;
import dev.millrace.controller.PlatformRooms.Room;
import dev.millrace.controller.ReferencedObjects.Key;
import dev.millrace.controller.ReferencedObjects.State;
import dev.millrace.controller.ReferencedObjects.User;
import dev.millrace.model.Pipeline;
import dev.millrace.model.Platform;
import io.javaoperatorsdk.operator.api.reconciler.Cleaner;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.DeleteControl;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.IndexerResourceCache;
import io.javaoperatorsdk.operator.processing.event.source.inbound.SimpleInboundEventSource;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/**
 * Keeps a Pipeline's status true. A reconcile only looks at what is known here: it writes down what
 * the last turn of the engine has come to, and asks for another one if something has changed or
 * enough time has passed. The turn is made on its platform's lane; when it is done, this is called
 * again.
 */
@ControllerConfiguration(
    name = "pipeline",
    finalizerName = PipelineReconciler.FINALIZER,
    generationAwareEventProcessing = false)
public final class PipelineReconciler implements Reconciler<Pipeline>, Cleaner<Pipeline> {
  static final String FINALIZER = "millrace.dev/pipeline";
  private static final String BY_PLATFORM = "platform";

  /** What is under way wakes us; this is for the case that it does not. */
  private static final Duration AT_LAST = Duration.ofMinutes(2);

  /** For so long does what was written before a start of ours stand, while we learn as much. */
  private static final Duration LEARNING = Duration.ofMinutes(1);

  private final PlatformRooms rooms;
  private final ReferencedObjects objects;
  private final PipelineTurns turns;
  private final Function<ResourceID, String> spark;
  private final PipelineStatuses statuses;
  private final Transitions transitions;
  private final EventRecorder events;
  private final Pace pace;
  private final Clock clock;
  private final SimpleInboundEventSource<Pipeline> woken = new SimpleInboundEventSource<>("woken");
  private volatile IndexerResourceCache<Pipeline> cache;

  /** Of which it has been known once, since our start, what they refer to. */
  private final Set<ResourceID> learnt = ConcurrentHashMap.newKeySet();

  /**
   * One that has seen nothing yet.
   *
   * @param spark how far a pipeline's Spark application is, as far as it is watched
   */
  PipelineReconciler(
      PlatformRooms rooms,
      ReferencedObjects objects,
      PipelineTurns turns,
      Function<ResourceID, String> spark,
      EventRecorder events,
      Pace pace,
      Clock clock) {
    this.rooms = rooms;
    this.objects = objects;
    this.turns = turns;
    this.spark = spark;
    this.statuses = new PipelineStatuses(clock);
    this.transitions = new Transitions(events);
    this.events = events;
    this.pace = pace;
    this.clock = clock;
  }

  @Override
  public List<EventSource<?, Pipeline>> prepareEventSources(EventSourceContext<Pipeline> context) {
    IndexerResourceCache<Pipeline> primary = context.getPrimaryCache();
    primary.addIndexer(BY_PLATFORM, p -> List.of(platform(p).toString()));
    cache = primary;
    return List.of(woken);
  }

  /** Has a Pipeline reconciled soon. Any thread may call it; it waits for nothing. */
  void wake(ResourceID pipeline) {
    if (cache != null && cache.get(pipeline).isPresent()) {
      woken.propagateEvent(pipeline);
    }
  }

  /** Has all Pipelines of a Platform reconciled soon. */
  void wakeAll(ResourceID platform) {
    pipelines(platform).forEach(p -> wake(ResourceID.fromResource(p)));
  }

  /** A Pipeline as it was seen last. */
  Optional<Pipeline> known(ResourceID pipeline) {
    return cache == null ? Optional.empty() : cache.get(pipeline);
  }

  /** The Pipelines of a Platform. */
  List<Pipeline> pipelines(ResourceID platform) {
    return cache == null ? List.of() : cache.byIndex(BY_PLATFORM, platform.toString());
  }

  private static ResourceID platform(Pipeline pipeline) {
    return PlatformRooms.id(pipeline.getMetadata().getNamespace(), pipeline.getSpec().platform());
  }

  private static User user(Pipeline pipeline) {
    return new User(
        "Pipeline", pipeline.getMetadata().getNamespace(), pipeline.getMetadata().getName());
  }

  @Override
  public UpdateControl<Pipeline> reconcile(Pipeline pipeline, Context<Pipeline> context) {
    Set<Key> refers = Referring.of(pipeline);
    objects.refer(user(pipeline), refers);
    Optional<Room> room = rooms.find(platform(pipeline));
    if (room.isEmpty()) {
      return withoutPlatform(pipeline, context);
    }
    ResourceID id = ResourceID.fromResource(pipeline);
    if (reading(refers) || reading(room.get().refers()) || room.get().begins()) {
      // After a start: a turn would only find that it is not known yet, and we are woken.
      return later(AT_LAST);
    }
    Inputs inputs = inputs(pipeline, refers, room.get());
    List<String> missing = missing(refers);
    Optional<Outcome> latest = turns.latest(id).filter(o -> o.inputs().uid().equals(inputs.uid()));
    latest
        // One that is about something else than what is there now is followed by another at once.
        .filter(o -> o.inputs().equals(inputs))
        .filter(o -> !missing.isEmpty() || !learning(pipeline, o))
        .ifPresent(
            o ->
                publish(pipeline, statuses.of(pipeline, o.inputs(), o.result(), missing), context));
    if (turns.underWay(id, inputs)) {
      return later(AT_LAST);
    }
    if (latest.isPresent() && latest.get().inputs().equals(inputs)) {
      Duration pause = pause(latest.get());
      if (clock.instant().isBefore(latest.get().at().plus(Pace.nearly(pause)))) {
        return later(Pace.jittered(pause));
      }
    }
    turns.reconcile(room.get(), pipeline, inputs, () -> pipelines(platform(pipeline)));
    return later(AT_LAST);
  }

  /** After a start, the analyser of SQL and the database's columns take some seconds. */
  private boolean learning(Pipeline pipeline, Outcome outcome) {
    ResourceID id = ResourceID.fromResource(pipeline);
    boolean less = statuses.saysLess(pipeline, outcome.result());
    if (!less) {
      learnt.add(id);
    }
    return less
        && !learnt.contains(id)
        && outcome.unsettled().stream()
            .anyMatch(since -> clock.instant().isBefore(since.plus(LEARNING)));
  }

  private Duration pause(Outcome outcome) {
    if (outcome.result() instanceof Result.Seen seen && !seen.status().problems().isEmpty()) {
      // Nothing changes before somebody edits something, which would wake us.
      return pace.settled();
    }
    return outcome
        .unsettled()
        .map(since -> pace.unsettled(Duration.between(since, outcome.at())))
        .orElse(pace.settled());
  }

  private static UpdateControl<Pipeline> later(Duration pause) {
    return UpdateControl.<Pipeline>noUpdate().rescheduleAfter(pause);
  }

  /** Not to be known here is not yet to be absent. */
  private UpdateControl<Pipeline> withoutPlatform(Pipeline pipeline, Context<Pipeline> context) {
    if (exists(pipeline, context)) {
      return later(Pace.jittered(pace.soon()));
    }
    publish(pipeline, statuses.platformMissing(pipeline), context);
    return later(Pace.jittered(pace.settled()));
  }

  private static boolean exists(Pipeline pipeline, Context<Pipeline> context) {
    return context
            .getClient()
            .resources(Platform.class)
            .inNamespace(pipeline.getMetadata().getNamespace())
            .withName(pipeline.getSpec().platform())
            .get()
        != null;
  }

  private boolean reading(Set<Key> refers) {
    return refers.stream()
        .anyMatch(k -> objects.state(k) instanceof State.Unknown u && u.why().isEmpty());
  }

  private Inputs inputs(Pipeline pipeline, Set<Key> refers, Room room) {
    Map<String, String> references = new TreeMap<>();
    Set<Key> all = new HashSet<>(refers);
    all.addAll(room.refers());
    for (Key key : all) {
      references.put(
          key.kind() + "/" + key.name(),
          objects.state(key) instanceof State.Present present ? present.resourceVersion() : "");
    }
    return new Inputs(
        pipeline.getMetadata().getUid(),
        Optional.ofNullable(pipeline.getMetadata().getGeneration()).orElse(0L),
        pipeline.isMarkedForDeletion(),
        Consents.annotation(pipeline),
        room.version(),
        references,
        spark.apply(ResourceID.fromResource(pipeline)));
  }

  private List<String> missing(Set<Key> refers) {
    return refers.stream()
        .filter(k -> objects.state(k) instanceof State.Absent)
        .map(ClusterReferences::missing)
        .toList();
  }

  /** Writes the status if it says something new; a fresh object, so that we own what we write. */
  private void publish(Pipeline pipeline, Pipeline.Status wanted, Context<Pipeline> context) {
    if (!StatusWriter.differs(pipeline.getStatus(), wanted)) {
      return;
    }
    Pipeline fresh = new Pipeline();
    fresh.getMetadata().setName(pipeline.getMetadata().getName());
    fresh.getMetadata().setNamespace(pipeline.getMetadata().getNamespace());
    fresh.setStatus(wanted);
    context.resourceOperations().serverSideApplyPrimaryStatus(fresh);
    transitions.tell(pipeline, pipeline.getStatus(), wanted);
  }

  // ---- deletion

  @Override
  public DeleteControl cleanup(Pipeline pipeline, Context<Pipeline> context) {
    ResourceID id = ResourceID.fromResource(pipeline);
    Optional<Room> room = rooms.find(platform(pipeline));
    if (room.isEmpty()) {
      if (exists(pipeline, context)) {
        return stay(pace.soon());
      }
      return gone(pipeline);
    }
    Set<Key> refers = Referring.of(pipeline);
    objects.refer(user(pipeline), refers);
    Inputs inputs = inputs(pipeline, refers, room.get());
    Optional<Outcome> latest =
        turns.latest(id).filter(o -> o.inputs().uid().equals(inputs.uid()) && o.inputs().deleted());
    if (latest.isPresent() && latest.get().result() instanceof Result.Removing removing) {
      if (removing.left().isEmpty()) {
        return gone(pipeline);
      }
      publish(pipeline, statuses.of(pipeline, inputs, removing, List.of()), context);
    }
    Instant deadline =
        Instant.parse(pipeline.getMetadata().getDeletionTimestamp()).plus(pace.deletion());
    if (!clock.instant().isBefore(deadline)) {
      String left =
          latest
              .map(Outcome::result)
              .map(
                  r ->
                      r instanceof Result.Removing removing
                          ? String.join("; ", removing.left())
                          : r instanceof Result.Failed failed
                              ? failed.why()
                              : r instanceof Result.Unresolved unresolved ? unresolved.why() : "")
              .orElse("the platform's backends have not answered");
      events.warning(
          pipeline,
          "DeletionIncomplete",
          "gave up after " + pace.deletion().toSeconds() + " s; not removed: " + left);
      return gone(pipeline);
    }
    Duration left = Duration.between(clock.instant(), deadline);
    if (turns.underWay(id, inputs)) {
      return stay(left.compareTo(AT_LAST) < 0 ? left : AT_LAST);
    }
    if (latest.isPresent() && clock.instant().isBefore(latest.get().at().plus(pace.soon()))) {
      return stay(pace.soon());
    }
    turns.remove(room.get(), pipeline, inputs);
    return stay(left.compareTo(AT_LAST) < 0 ? left : AT_LAST);
  }

  private DeleteControl gone(Pipeline pipeline) {
    objects.refer(user(pipeline), Set.of());
    turns.forget(ResourceID.fromResource(pipeline));
    learnt.remove(ResourceID.fromResource(pipeline));
    return DeleteControl.defaultDelete();
  }

  private static DeleteControl stay(Duration pause) {
    return DeleteControl.noFinalizerRemoval().rescheduleAfter(Math.max(1, pause.toMillis()));
  }
}
