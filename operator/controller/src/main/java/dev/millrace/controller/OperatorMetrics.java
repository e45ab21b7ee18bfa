package dev.millrace.controller;

import dev.millrace.controller.PipelineTurns.Result;
import dev.millrace.engine.PipelineStatus;
import dev.millrace.engine.PipelineStatus.Component;
import dev.millrace.engine.PipelineStatus.StreamStatus;
import dev.millrace.model.Pipeline;
import dev.millrace.model.Platform;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;

/**
 * What changes all the time, and so is not in a status: lag, rates, how long turns take and how
 * long ago the last one was, what backends answer. Thread safe.
 */
final class OperatorMetrics {
  private final MeterRegistry registry;
  private final Clock clock;
  private final Map<ResourceID, Shown> pipelines = new ConcurrentHashMap<>();
  private final Map<ResourceID, Map<String, AtomicReference<Double>>> backends =
      new ConcurrentHashMap<>();
  private final Map<ResourceID, Set<Meter>> platformMeters = new ConcurrentHashMap<>();

  /** The gauges of a pipeline, and what they show. */
  private static final class Shown {
    final Map<String, AtomicReference<Double>> values = new HashMap<>();
    final Set<Meter> meters = new HashSet<>();
    volatile Instant at;
  }

  OperatorMetrics(MeterRegistry registry, Clock clock) {
    this.registry = registry;
    this.clock = clock;
  }

  /** Shows how many turns wait on all lanes. */
  void lanes(PlatformRooms rooms) {
    Gauge.builder(
            "millrace.turns.waiting",
            rooms,
            r -> r.all().stream().mapToInt(PlatformRooms.Room::waiting).sum())
        .description("Turns of pipelines that wait for their platform's engine.")
        .register(registry);
  }

  /** Shows how many Secrets and ConfigMaps are watched. */
  void watched(ReferencedObjects objects) {
    Gauge.builder("millrace.references.watched", objects, ReferencedObjects::size)
        .description("Secrets and ConfigMaps that are watched.")
        .register(registry);
  }

  void turn(ResourceID platform, Result result, Instant began, Instant ended) {
    String outcome =
        result instanceof Result.Failed || result instanceof Result.Unresolved
            ? "failed"
            : result instanceof Result.Removing
                ? "removing"
                : ((Result.Seen) result).status().ready() ? "ready" : "not_ready";
    registry
        .timer("millrace.turn", tags(platform).and("outcome", outcome))
        .record(Duration.between(began, ended));
  }

  void answered(ResourceID platform, List<Platform.Backend> answers) {
    Map<String, AtomicReference<Double>> up =
        backends.computeIfAbsent(platform, p -> new ConcurrentHashMap<>());
    for (Platform.Backend backend : answers) {
      boolean ready = "ready".equals(backend.state());
      registry
          .counter(
              "millrace.backend.calls",
              tags(platform)
                  .and("backend", backend.name(), "outcome", ready ? "success" : "failure"))
          .increment();
      up.computeIfAbsent(
              backend.name(),
              name -> {
                AtomicReference<Double> value = new AtomicReference<>(0.0);
                platformMeters
                    .computeIfAbsent(platform, p -> ConcurrentHashMap.newKeySet())
                    .add(
                        Gauge.builder("millrace.backend.up", value, AtomicReference::get)
                            .description("Whether the backend answered when it was last asked.")
                            .tags(tags(platform).and("backend", name))
                            .register(registry));
                return value;
              })
          .set(ready ? 1.0 : 0.0);
    }
  }

  void observed(ResourceID platform, Pipeline pipeline, PipelineStatus status) {
    ResourceID id = ResourceID.fromResource(pipeline);
    Shown shown = pipelines.computeIfAbsent(id, i -> shown(i, clock));
    shown.at = clock.instant();
    Tags tags =
        Tags.of("namespace", id.getNamespace().orElse(""), "pipeline", id.getName())
            .and("platform", platform.getName());
    set(shown, "millrace.pipeline.ready", tags, status.ready() ? 1 : 0);
    for (Component component : status.components()) {
      if (component.lag() >= 0) {
        set(
            shown,
            "millrace.pipeline.lag.records",
            tags.and("component", component.name()),
            component.lag());
      }
    }
    for (StreamStatus stream : status.streams()) {
      Tags of = tags.and("stream", stream.name());
      set(shown, "millrace.stream.rate", of, stream.rate());
      set(shown, "millrace.stream.records", of, stream.records());
    }
  }

  private Shown shown(ResourceID id, Clock by) {
    Shown shown = new Shown();
    shown.at = by.instant();
    shown.meters.add(
        Gauge.builder(
                "millrace.pipeline.staleness.seconds",
                shown,
                s -> Duration.between(s.at, by.instant()).toMillis() / 1000.0)
            .description("Since when nobody has looked at the pipeline's backends.")
            .tags("namespace", id.getNamespace().orElse(""), "pipeline", id.getName())
            .register(registry));
    return shown;
  }

  private void set(Shown shown, String name, Tags tags, double value) {
    shown
        .values
        .computeIfAbsent(
            name + tags,
            key -> {
              AtomicReference<Double> holder = new AtomicReference<>(value);
              shown.meters.add(
                  Gauge.builder(name, holder, AtomicReference::get).tags(tags).register(registry));
              return holder;
            })
        .set(value);
  }

  void forget(ResourceID pipeline) {
    Shown shown = pipelines.remove(pipeline);
    if (shown != null) {
      shown.meters.forEach(registry::remove);
    }
  }

  void forgetPlatform(ResourceID platform) {
    backends.remove(platform);
    Set<Meter> meters = platformMeters.remove(platform);
    if (meters != null) {
      meters.forEach(registry::remove);
    }
  }

  private static Tags tags(ResourceID platform) {
    return Tags.of("namespace", platform.getNamespace().orElse(""), "platform", platform.getName());
  }
}
