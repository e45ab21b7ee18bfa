package dev.millrace.planner;

import dev.millrace.planner.Change.Action;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Which components' changes are held back, and why. Changes that hang together by streams are held
 * together: half of them would be neither the old pipeline nor the new one. What does not change
 * joins nothing, and nothing of it is held.
 */
public final class Holds {

  /**
   * Why a component's changes are not applied.
   *
   * @param needs impacts that have to be agreed to; empty where that does not help
   * @param because of this component, which may be the same
   */
  public record Hold(Set<Impact> needs, String because, String reason) {}

  private final Map<String, Hold> holds = new LinkedHashMap<>();
  private final Map<String, Set<String>> neighbours = new LinkedHashMap<>();
  private final Map<String, Set<String>> readers = new LinkedHashMap<>();

  private Holds() {}

  /** The holds by component. */
  public static Map<String, Hold> of(Topology topology, Changes changes, Consent consent) {
    Holds holds = new Holds();
    Set<String> changed =
        changes.differing().stream().map(Change::component).collect(Collectors.toSet());
    // All transforms of a job are started again together or not at all.
    changes.differing().stream()
        .filter(c -> c.type().equals("SparkJob"))
        .collect(
            Collectors.groupingBy(
                c -> c.resource().replaceFirst("#.*", ""),
                Collectors.mapping(Change::component, Collectors.toSet())))
        .values()
        .forEach(job -> job.forEach(one -> job.forEach(other -> holds.join(one, other))));
    topology
        .edges()
        .forEach(
            (from, to) ->
                to.forEach(
                    t -> {
                      if (changed.contains(from) && changed.contains(t)) {
                        holds.join(from, t);
                        holds.readers.computeIfAbsent(from, f -> new TreeSet<>()).add(t);
                      }
                    }));
    for (Change change : changes.differing()) {
      holds.hold(change, consent);
    }
    return holds.holds;
  }

  private void join(String one, String other) {
    neighbours.computeIfAbsent(one, o -> new TreeSet<>()).add(other);
    neighbours.computeIfAbsent(other, o -> new TreeSet<>()).add(one);
  }

  private void hold(Change change, Consent consent) {
    Optional<Hold> hold = own(change, consent);
    if (hold.isEmpty()) {
      return;
    }
    // What is in somebody else's way concerns those who would read it, not those who write.
    Map<String, Set<String>> edges = change.action() == Action.CONFLICT ? readers : neighbours;
    Set<String> seen = new HashSet<>(Set.of(change.component()));
    Deque<String> next = new ArrayDeque<>(seen);
    while (!next.isEmpty()) {
      String component = next.remove();
      Hold before = holds.get(component);
      boolean own = component.equals(change.component());
      if (before == null || (own && !before.because().equals(component))) {
        holds.put(component, hold.get());
      } else if (own && !before.needs().isEmpty()) {
        Set<Impact> both = new TreeSet<>(before.needs());
        both.addAll(hold.get().needs());
        holds.put(component, new Hold(both, component, before.reason()));
      }
      for (String neighbour : edges.getOrDefault(component, Set.of())) {
        if (seen.add(neighbour)) {
          next.add(neighbour);
        }
      }
    }
  }

  private static Optional<Hold> own(Change change, Consent consent) {
    if (change.action() == Action.REFUSE) {
      return Optional.of(new Hold(Set.of(), change.component(), change.reason()));
    }
    if (change.action() == Action.CONFLICT && !consent.adopt()) {
      return Optional.of(new Hold(Set.of(), change.component(), change.reason()));
    }
    Set<Impact> missing = consent.missing(change);
    if (missing.isEmpty()) {
      return Optional.empty();
    }
    String reason =
        change.fields().stream()
            .filter(f -> missing.contains(f.impact()))
            .map(f -> f.field() + ": " + f.reason())
            .findFirst()
            .orElse(change.name() + ": " + change.reason());
    return Optional.of(new Hold(missing, change.component(), reason));
  }
}
