package dev.millrace.controller;

import dev.millrace.controller.PlatformRooms.Room;
import dev.millrace.controller.PlatformRooms.Version;
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
import io.javaoperatorsdk.operator.processing.event.source.inbound.SimpleInboundEventSource;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/**
 * Keeps an engine for each Platform, and says in its status which backends answer. A Platform that
 * is deleted goes once no Pipeline is on it any more: without it, nobody could remove what they
 * have made.
 */
@ControllerConfiguration(
    name = "platform",
    finalizerName = PlatformReconciler.FINALIZER,
    generationAwareEventProcessing = false)
public final class PlatformReconciler implements Reconciler<Platform>, Cleaner<Platform> {
  static final String FINALIZER = "millrace.dev/platform";
  private static final Duration AT_LAST = Duration.ofMinutes(2);

  private final PlatformRooms rooms;
  private final ReferencedObjects objects;
  private final PipelineReconciler pipelines;
  private final PlatformStatuses statuses;
  private final EventRecorder events;
  private final OperatorMetrics metrics;
  private final Pace pace;
  private final Clock clock;
  private final SimpleInboundEventSource<Platform> woken = new SimpleInboundEventSource<>("woken");
  private final Map<ResourceID, Look> looks = new ConcurrentHashMap<>();
  private final Map<ResourceID, Version> asked = new ConcurrentHashMap<>();

  /** What the backends have answered, and when. */
  private record Look(
      Version version, Function<Platform, Platform.Status> status, boolean ready, Instant at) {}

  PlatformReconciler(
      PlatformRooms rooms,
      ReferencedObjects objects,
      PipelineReconciler pipelines,
      EventRecorder events,
      OperatorMetrics metrics,
      Pace pace,
      Clock clock) {
    this.rooms = rooms;
    this.objects = objects;
    this.pipelines = pipelines;
    this.statuses = new PlatformStatuses(clock);
    this.events = events;
    this.metrics = metrics;
    this.pace = pace;
    this.clock = clock;
  }

  @Override
  public List<EventSource<?, Platform>> prepareEventSources(EventSourceContext<Platform> context) {
    return List.of(woken);
  }

  private static User user(Platform platform) {
    return new User(
        "Platform", platform.getMetadata().getNamespace(), platform.getMetadata().getName());
  }

  @Override
  public UpdateControl<Platform> reconcile(Platform platform, Context<Platform> context) {
    ResourceID id = ResourceID.fromResource(platform);
    objects.refer(user(platform), Referring.of(platform));
    boolean known = rooms.find(id).isPresent();
    Version before = rooms.find(id).map(Room::version).orElse(null);
    Room room = rooms.enter(platform);
    Version version = room.version();
    if (!known || !version.equals(before)) {
      pipelines.wakeAll(id);
    }
    Look look = looks.get(id);
    if (look != null && look.version().equals(version)) {
      publish(platform, look.status().apply(platform), context);
      Duration pause = look.ready() ? pace.settled() : pace.soon().multipliedBy(5);
      if (clock.instant().isBefore(look.at().plus(Pace.nearly(pause)))) {
        return later(Pace.jittered(pause));
      }
    }
    if (room.begins()) {
      return later(AT_LAST);
    }
    if (!version.equals(asked.put(id, version))) {
      room.probe(
          backends -> {
            metrics.answered(id, backends);
            boolean ready = backends.stream().allMatch(b -> "ready".equals(b.state()));
            looked(id, version, p -> statuses.answered(p, backends), ready);
          },
          failure -> looked(id, version, p -> statuses.without(p, failure), false));
    }
    return later(AT_LAST);
  }

  /** Has a Platform reconciled soon: a Secret that it names has changed. */
  void wake(ResourceID platform) {
    woken.propagateEvent(platform);
  }

  private void looked(
      ResourceID id, Version version, Function<Platform, Platform.Status> status, boolean ready) {
    looks.put(id, new Look(version, status, ready, clock.instant()));
    asked.remove(id);
    woken.propagateEvent(id);
  }

  private static UpdateControl<Platform> later(Duration pause) {
    return UpdateControl.<Platform>noUpdate().rescheduleAfter(pause);
  }

  private void publish(Platform platform, Platform.Status wanted, Context<Platform> context) {
    if (!StatusWriter.differs(platform.getStatus(), wanted)) {
      return;
    }
    boolean was =
        platform.getStatus() != null
            && Conditions.holds(platform.getStatus().conditions(), "Ready");
    boolean is = Conditions.holds(wanted.conditions(), "Ready");
    Platform fresh = new Platform();
    fresh.getMetadata().setName(platform.getMetadata().getName());
    fresh.getMetadata().setNamespace(platform.getMetadata().getNamespace());
    fresh.setStatus(wanted);
    context.resourceOperations().serverSideApplyPrimaryStatus(fresh);
    String message =
        Conditions.find(wanted.conditions(), "Ready").map(c -> c.getMessage()).orElse("");
    if (is && !was) {
      events.normal(platform, "Ready", "all backends answer");
    } else if (was && !is && !platform.isMarkedForDeletion()) {
      events.warning(platform, "NotReady", message);
    }
  }

  @Override
  public DeleteControl cleanup(Platform platform, Context<Platform> context) {
    ResourceID id = ResourceID.fromResource(platform);
    List<String> left = pipelines.pipelines(id).stream().map(Pipeline::name).sorted().toList();
    if (!left.isEmpty()) {
      // After a restart there is no room yet, and those that are deleted need one.
      objects.refer(user(platform), Referring.of(platform));
      if (rooms.find(id).isEmpty()) {
        rooms.enter(platform);
        pipelines.wakeAll(id);
      }
      publish(platform, statuses.inUse(platform, left), context);
      return DeleteControl.noFinalizerRemoval()
          .rescheduleAfter(Pace.jittered(pace.soon().multipliedBy(2)).toMillis());
    }
    rooms.leave(id);
    objects.refer(user(platform), Set.of());
    looks.remove(id);
    asked.remove(id);
    metrics.forgetPlatform(id);
    return DeleteControl.defaultDelete();
  }
}
