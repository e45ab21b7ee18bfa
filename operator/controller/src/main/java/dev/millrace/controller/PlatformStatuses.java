package dev.millrace.controller;

import dev.millrace.controller.PlatformRooms.NoEngine;
import dev.millrace.model.Platform;
import java.time.Clock;
import java.util.List;
import java.util.stream.Collectors;

/** From what backends have answered to the status of a Platform. */
final class PlatformStatuses {
  /** Reason of the conditions of who waits for a Secret. */
  static final String UNRESOLVED = "MissingReference";

  private final Clock clock;

  PlatformStatuses(Clock clock) {
    this.clock = clock;
  }

  Platform.Status answered(Platform platform, List<Platform.Backend> backends) {
    String silent =
        backends.stream()
            .filter(b -> !"ready".equals(b.state()))
            .map(b -> b.name() + ": " + b.message())
            .collect(Collectors.joining("; "));
    return status(
        platform,
        silent.isEmpty() ? "True" : "False",
        silent.isEmpty() ? "BackendsAnswer" : "BackendsNotReady",
        silent,
        backends);
  }

  /** There is no engine: nothing is looked at, and nothing of any Pipeline is touched. */
  Platform.Status without(Platform platform, NoEngine engine) {
    return engine.unresolved()
        ? status(
            platform,
            "False",
            UNRESOLVED,
            "nothing of its pipelines is touched: " + engine.why(),
            before(platform))
        : status(platform, "False", "Unusable", engine.why(), before(platform));
  }

  Platform.Status inUse(Platform platform, List<String> pipelines) {
    return status(
        platform,
        "False",
        "InUse",
        "it is being deleted, and goes once no Pipeline is on it: " + String.join(", ", pipelines),
        before(platform));
  }

  private static List<Platform.Backend> before(Platform platform) {
    return platform.getStatus() == null || platform.getStatus().backends() == null
        ? List.of()
        : platform.getStatus().backends();
  }

  private Platform.Status status(
      Platform platform,
      String status,
      String reason,
      String message,
      List<Platform.Backend> backends) {
    Long generation = platform.getMetadata().getGeneration();
    return new Platform.Status(
        generation,
        new Conditions(
                platform.getStatus() == null ? null : platform.getStatus().conditions(),
                generation == null ? 0 : generation,
                clock)
            .add("Ready", status, reason, message)
            .add(
                "ResolvedRefs",
                reason.equals(UNRESOLVED) ? "False" : "True",
                reason.equals(UNRESOLVED) ? UNRESOLVED : "Resolved",
                reason.equals(UNRESOLVED) ? message : "")
            .all(),
        backends);
  }
}
