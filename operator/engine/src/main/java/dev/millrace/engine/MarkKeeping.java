package dev.millrace.engine;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.planner.Plan;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/** Writes the marks of sources' streams, from what the offsets of their connectors say. */
final class MarkKeeping {
  private static final Duration BETWEEN_OFFSETS = Duration.ofSeconds(2);

  private final Backends backends;
  private final Clock clock;
  private final Map<String, Instant> offsetsAsked = new ConcurrentHashMap<>();

  /** Configurations of connectors of whose streams everything is marked. */
  private final Map<String, Map<String, String>> settled = new ConcurrentHashMap<>();

  MarkKeeping(Backends backends, Clock clock) {
    this.backends = backends;
    this.clock = clock;
  }

  /** Of a connector that begins from the start, nothing is settled. */
  void rewound(String connector) {
    settled.remove(connector);
  }

  /** Forgets the connectors of a pipeline that is gone. */
  void forget(String owner) {
    settled.keySet().removeIf(c -> c.startsWith(owner + "."));
    offsetsAsked.keySet().removeIf(c -> c.startsWith(owner + "."));
  }

  /** Keeps the marks of sources: first snapshots that are complete, streams that have ended. */
  SourceMarks keep(Turn turn) {
    if (turn.blocked(turn.pipeline.name())) {
      return null;
    }
    SourceMarks known = null;
    try {
      known = backends.marks(turn.plan.marksTopic());
      Map<String, List<Plan.Stream>> byConnector =
          turn.plan.streams().stream()
              .filter(s -> s.connector().isPresent())
              .collect(
                  Collectors.groupingBy(
                      s -> s.connector().get(), LinkedHashMap::new, Collectors.toList()));
      for (Map.Entry<String, List<Plan.Stream>> entry : byConnector.entrySet()) {
        Connectors.Observed connector = turn.seen.connectors().get(entry.getKey());
        if (connector != null && offsetsAreOfInterest(entry.getKey(), connector)) {
          sourceMarks(known, entry.getKey(), connector, entry.getValue());
        }
      }
    } catch (BackendException e) {
      turn.note(turn.pipeline.name(), e.result());
    }
    return known;
  }

  /**
   * Connect reads a whole topic to answer: not more often than needed, and not once all is said.
   */
  private boolean offsetsAreOfInterest(String name, Connectors.Observed connector) {
    Instant last = offsetsAsked.get(name);
    return !connector.config().equals(settled.get(name))
        && (last == null || clock.instant().isAfter(last.plus(BETWEEN_OFFSETS)));
  }

  private void sourceMarks(
      SourceMarks known, String name, Connectors.Observed connector, List<Plan.Stream> streams)
      throws BackendException {
    List<Plan.Stream> tables =
        streams.stream()
            .filter(s -> s.snapshot() && !known.of(s.name()).snapshotComplete())
            .toList();
    List<Plan.Stream> bounded = streams.stream().filter(Plan.Stream::bounded).toList();
    if (tables.isEmpty() && bounded.isEmpty()) {
      settled.put(name, connector.config());
      return;
    }
    JsonNode offsets = backends.connectors.offsets(name);
    offsetsAsked.put(name, clock.instant());
    boolean says = "true".equals(connector.config().get("snapshot.mark"));
    if (says ? SourceMarks.snapshotSaid(offsets) : SourceMarks.snapshotComplete(offsets)) {
      known.snapshots(tables);
    }
    for (Plan.Stream stream : bounded) {
      if (SourceMarks.done(offsets)) {
        known.end(stream, offsets, backends.topics);
      } else if (!offsets.isEmpty()) {
        known.goesOn(stream.name());
      }
    }
    if (tables.stream().allMatch(t -> known.of(t.name()).snapshotComplete())
        && bounded.stream().allMatch(b -> known.of(b.name()).end().isPresent())) {
      settled.put(name, connector.config());
    }
  }
}
