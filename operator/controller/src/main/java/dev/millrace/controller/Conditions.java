package dev.millrace.controller;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Conditions that follow those before them: the time of the last transition stays for as long as
 * the status does. Texts are cut where the API's conventions say so.
 */
final class Conditions {
  private static final int LONGEST = 1024;

  private final List<Condition> before;
  private final long generation;
  private final Clock clock;
  private final List<Condition> now = new ArrayList<>();

  Conditions(List<Condition> before, long generation, Clock clock) {
    this.before = before == null ? List.of() : before;
    this.generation = generation;
    this.clock = clock;
  }

  Conditions add(String type, String status, String reason, String message) {
    Optional<Condition> last = find(before, type);
    String since =
        last.filter(l -> status.equals(l.getStatus()))
            .map(Condition::getLastTransitionTime)
            .orElseGet(() -> clock.instant().truncatedTo(ChronoUnit.SECONDS).toString());
    now.add(
        new ConditionBuilder()
            .withType(type)
            .withStatus(status)
            .withReason(reason)
            .withMessage(message.length() > LONGEST ? message.substring(0, LONGEST) : message)
            .withObservedGeneration(generation)
            .withLastTransitionTime(since)
            .build());
    return this;
  }

  /** One that stays as it was, if it was there. */
  Conditions keep(String type) {
    find(before, type).ifPresent(now::add);
    return this;
  }

  List<Condition> all() {
    return List.copyOf(now);
  }

  static Optional<Condition> find(List<Condition> conditions, String type) {
    return conditions == null
        ? Optional.empty()
        : conditions.stream().filter(c -> type.equals(c.getType())).findFirst();
  }

  /** Whether the condition of a type is True. */
  static boolean holds(List<Condition> conditions, String type) {
    return find(conditions, type).map(c -> "True".equals(c.getStatus())).orElse(false);
  }
}
