package dev.millrace.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.millrace.engine.StepResult.Failure;
import dev.millrace.planner.Diff;
import dev.millrace.planner.Resource.Connector;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Kafka Connect's connectors. All are observed with one request; a configuration is put only if it
 * differs; failed tasks are started again with growing pauses. Thread safe, for different
 * connectors at once.
 */
final class Connectors {
  /** In a connector's configuration: the pipeline that it belongs to. Connect passes it over. */
  static final String OWNER = "millrace.pipeline";

  /** In a connector's configuration: the hash of the rest of it, as it was put. */
  static final String HASH = "millrace.hash";

  /** A look at all connectors serves the turns of all pipelines within this time. */
  static final Duration SHARED = Duration.ofMillis(400);

  private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(60);

  private final ConnectApi api;
  private final Clock clock;
  private final Map<String, Restart> restarts = new ConcurrentHashMap<>();

  /** Configurations that Connect has refused: the same one is not offered again at once. */
  private final Map<String, Refused> refused = new ConcurrentHashMap<>();

  /** When connectors were changed by us: a look that began earlier says nothing of them. */
  private final Map<String, Instant> changed = new ConcurrentHashMap<>();

  private final SharedLook<All> look;

  /** All connectors, and the names of those of each pipeline. */
  private record All(Map<String, Observed> byName, Map<String, Set<String>> byOwner) {}

  private record Restart(int attempts, Instant notBefore) {}

  private record Refused(Map<String, String> config, StepResult result, Instant notBefore) {}

  /**
   * What is seen of a connector.
   *
   * @param state of the connector: RUNNING, FAILED, PAUSED, STOPPED, UNASSIGNED, RESTARTING
   * @param tasks their states
   * @param trace why it or its first failed task failed
   * @param status Connect's own answer, with workers and whole traces
   */
  record Observed(
      Map<String, String> config,
      String state,
      List<String> tasks,
      Optional<String> trace,
      JsonNode status) {
    boolean running() {
      return state.equals("RUNNING")
          && !tasks.isEmpty()
          && tasks.stream().allMatch("RUNNING"::equals);
    }

    boolean failed() {
      return state.equals("FAILED") || tasks.contains("FAILED");
    }

    /** As the planner looks at it: without our notes. */
    dev.millrace.planner.Observed.Connector plain() {
      Map<String, String> plain = new TreeMap<>(config);
      plain.keySet().removeAll(List.of("name", OWNER, HASH));
      return new dev.millrace.planner.Observed.Connector(
          plain, config.getOrDefault(OWNER, ""), config.getOrDefault(HASH, ""), state);
    }
  }

  Connectors(ConnectApi api, Clock clock) {
    this.api = api;
    this.clock = clock;
    this.look = new SharedLook<>("Kafka Connect: connectors", this::look, clock);
  }

  /**
   * Connectors of a pipeline, and others by name; of several who ask one after the other, one asks
   * Connect.
   *
   * @param names that are wanted whoever they belong to
   * @param made names of those that were made: they are not taken for gone because a list leaves
   *     them out, as that of a worker does that has just started
   * @param age how old what was seen may be; what we have changed since is looked at again
   */
  Map<String, Observed> observe(
      String owner, Collection<String> names, Set<String> made, Duration age)
      throws BackendException {
    Set<String> asked = new TreeSet<>(names);
    asked.addAll(made);
    All all = look.look(changed(asked), age);
    // Of others of the pipeline's, such as one that is not wanted any more, this says which.
    if (asked.addAll(all.byOwner().getOrDefault(owner, Set.of()))) {
      all = look.look(changed(asked), age);
    }
    Map<String, Observed> observed = new TreeMap<>();
    for (String name : asked) {
      Observed there = all.byName().get(name);
      if (there == null && (made.contains(name) || changed.containsKey(name))) {
        there = unlisted(name);
      }
      if (there != null) {
        observed.put(name, there);
      }
    }
    return observed;
  }

  /** When one of them was changed by us last. */
  private Instant changed(Collection<String> names) {
    Instant last = Instant.EPOCH;
    Instant old = clock.instant().minus(LONGEST_PAUSE);
    for (String name : names) {
      Instant at = changed.get(name);
      if (at != null && at.isBefore(old)) {
        changed.remove(name, at);
      } else if (at != null && at.isAfter(last)) {
        last = at;
      }
    }
    return last;
  }

  private CompletableFuture<All> look() {
    return api.connectors().thenApply(Connectors::all);
  }

  private static All all(Map<String, ConnectApi.Seen> seen) {
    Map<String, Observed> byName = new TreeMap<>();
    Map<String, Set<String>> byOwner = new TreeMap<>();
    for (Map.Entry<String, ConnectApi.Seen> entry : seen.entrySet()) {
      Map<String, String> config = entry.getValue().config();
      JsonNode status = entry.getValue().status();
      List<String> tasks = new ArrayList<>();
      Optional<String> trace = trace(status.path("connector"));
      for (JsonNode task : status.path("tasks")) {
        tasks.add(task.path("state").asText());
        if (trace.isEmpty()) {
          trace = trace(task);
        }
      }
      byName.put(
          entry.getKey(),
          new Observed(
              config, status.at("/connector/state").asText("UNASSIGNED"), tasks, trace, status));
      byOwner
          .computeIfAbsent(config.getOrDefault(OWNER, ""), o -> new TreeSet<>())
          .add(entry.getKey());
    }
    return new All(Collections.unmodifiableMap(byName), Collections.unmodifiableMap(byOwner));
  }

  /** Asks for one that is not listed: not in the list is not gone. */
  private Observed unlisted(String name) throws BackendException {
    return api.config(name)
        .map(
            config ->
                new Observed(
                    config, "UNASSIGNED", List.of(), Optional.empty(), MissingNode.getInstance()))
        .orElse(null);
  }

  /** The innermost cause of a stack trace, which is what its reader looks for. */
  private static Optional<String> trace(JsonNode status) {
    String trace = status.path("trace").asText("");
    if (trace.isEmpty()) {
      return Optional.empty();
    }
    String best = trace.lines().findFirst().orElse("");
    for (String line : trace.lines().toList()) {
      if (line.startsWith("Caused by: ")) {
        best = line.substring("Caused by: ".length());
      }
    }
    return Optional.of(best.replaceFirst("^[\\w.$]+\\.(\\w+(?:Exception|Error)): ", "$1: "));
  }

  /** Has the connector be as wanted, given what is there. */
  StepResult apply(Connector wanted, String owner, boolean run, Map<String, Observed> all)
      throws BackendException {
    Map<String, String> config = new TreeMap<>(wanted.config());
    config.put("name", wanted.name());
    config.put(OWNER, owner);
    config.put(HASH, Diff.configHash(wanted.config()));
    Observed now = all.get(wanted.name());
    if (now == null || !now.config().equals(config)) {
      Refused before = refused.get(wanted.name());
      if (before != null
          && before.config().equals(config)
          && clock.instant().isBefore(before.notBefore())) {
        return before.result();
      }
      try {
        change(wanted.name(), () -> api.configure(wanted.name(), config));
      } catch (BackendException e) {
        if (e.result() instanceof StepResult.Failed failed && failed.kind() == Failure.EXTERNAL) {
          refused.put(
              wanted.name(), new Refused(config, e.result(), clock.instant().plus(LONGEST_PAUSE)));
        }
        throw e;
      }
      refused.remove(wanted.name());
      restarts.remove(wanted.name());
      return StepResult.waiting("it was configured just now");
    }
    if (!run) {
      if (!now.state().equals("PAUSED") && !now.state().equals("STOPPED")) {
        change(wanted.name(), () -> api.state(wanted.name(), ConnectApi.State.PAUSED));
      }
      return StepResult.waiting("it is paused");
    }
    return started(wanted.name(), now);
  }

  /** Has a connector run whose configuration is left as it is. */
  StepResult started(String name, Observed now) throws BackendException {
    if (now.state().equals("PAUSED") || now.state().equals("STOPPED")) {
      change(name, () -> api.state(name, ConnectApi.State.RUNNING));
      return StepResult.waiting("it is resumed");
    }
    if (now.failed()) {
      return restart(name, now);
    }
    if (!now.running()) {
      return StepResult.waiting(
          now.tasks().isEmpty() ? "its tasks are being started" : "tasks are " + now.tasks());
    }
    forgetRestarts(name);
    return StepResult.READY;
  }

  private StepResult restart(String name, Observed now) throws BackendException {
    Instant at = clock.instant();
    Restart before = restarts.get(name);
    if (before == null || at.isAfter(before.notBefore())) {
      int attempts = before == null ? 1 : before.attempts() + 1;
      change(name, () -> api.restart(name));
      long pause =
          Math.min(LONGEST_PAUSE.toMillis(), FIRST_PAUSE.toMillis() << Math.min(attempts - 1, 10));
      restarts.put(
          name,
          new Restart(
              attempts, at.plusMillis(pause / 2 + ThreadLocalRandom.current().nextLong(pause))));
    }
    return StepResult.failed(
        Failure.EXTERNAL,
        now.trace().orElse("failed without saying why")
            + " (restarts: "
            + restarts.get(name).attempts()
            + ")");
  }

  /** A connector that has run for a while begins with short pauses again. */
  private void forgetRestarts(String name) {
    Restart before = restarts.get(name);
    if (before != null && clock.instant().isAfter(before.notBefore().plus(LONGEST_PAUSE))) {
      restarts.remove(name);
    }
  }

  void delete(String name) throws BackendException {
    change(name, () -> api.delete(name));
  }

  /**
   * Has a connector begin from the start when it runs next: Connect forgets offsets only of one
   * that is stopped.
   *
   * @return whether it has forgotten them; else it is stopping, and the next call may
   */
  boolean rewind(String name, Observed now) throws BackendException {
    if (!halt(name, now)) {
      return false;
    }
    try {
      return api.forgetOffsets(name);
    } finally {
      changed.put(name, clock.instant());
    }
  }

  /** Has a connector stop, and says whether it has. */
  boolean halt(String name, Observed now) throws BackendException {
    if (!now.state().equals("STOPPED") || !now.tasks().isEmpty()) {
      change(name, () -> api.state(name, ConnectApi.State.STOPPED));
      return false;
    }
    return true;
  }

  /** The offsets of a source connector: partition and offset of each of its sources. */
  JsonNode offsets(String name) throws BackendException {
    return api.offsets(name);
  }

  /** The consumer group in which a sink's tasks commit. */
  String group(String name) {
    return api.group(name);
  }

  private interface Change {
    void make() throws BackendException;
  }

  private void change(String name, Change change) throws BackendException {
    try {
      change.make();
    } finally {
      // Whatever came of it: a look that has begun before says nothing of it.
      changed.put(name, clock.instant());
    }
  }
}
