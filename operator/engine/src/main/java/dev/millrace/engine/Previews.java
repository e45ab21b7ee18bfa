package dev.millrace.engine;

import dev.millrace.model.Pipeline;
import dev.millrace.model.Platform;
import dev.millrace.model.Problem;
import dev.millrace.planner.Change;
import dev.millrace.planner.Changes;
import dev.millrace.planner.Consent;
import dev.millrace.planner.Diff;
import dev.millrace.planner.Gate;
import dev.millrace.planner.Holds;
import dev.millrace.planner.Impact;
import dev.millrace.planner.Known;
import dev.millrace.planner.Plan;
import dev.millrace.planner.Planner;
import dev.millrace.planner.Topology;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Says what would happen to pipelines on one platform, and writes nothing anywhere: for whoever
 * plans, in a process that runs nothing itself too. Thread safe, for different pipelines at once.
 */
public final class Previews implements AutoCloseable {
  private static final Set<String> NOT_SECRET =
      Set.of("url", "username", "user", "host", "port", "database");

  private final Platform platform;
  private final References references;
  private final Backends backends;
  private final Observer observer;
  private final JobView jobs;
  private volatile List<Pipeline> known = List.of();

  /**
   * Previews of what a platform has, all of whose backends may still be starting.
   *
   * @throws UnresolvedException if a Secret that the platform names is not there
   */
  public Previews(Platform platform, References references, JobView jobs, Clock clock) {
    this(
        platform,
        references,
        jobs,
        new Backends(platform, references, Optional.empty(), clock),
        clock);
  }

  /** Previews with the clients of somebody else, who may close them. */
  Previews(Platform platform, References references, JobView jobs, Backends backends, Clock clock) {
    this.platform = platform;
    this.references = references;
    this.jobs = jobs;
    this.backends = backends;
    this.observer = new Observer(backends, jobs, clock);
  }

  /**
   * What would happen if the pipeline were applied. Writes nothing anywhere.
   *
   * @param patient waits for its answers: what is still being analysed would be missing in the plan
   */
  public Preview preview(Pipeline pipeline, SqlAnalyser patient) {
    return preview(pipeline, patient, references, known());
  }

  /**
   * The same with what the pipeline refers to as it is about to be.
   *
   * @param edited in place of what there is
   * @param others the pipelines that there are; asked only if it matters
   */
  public Preview preview(
      Pipeline pipeline,
      SqlAnalyser patient,
      References edited,
      Supplier<? extends Collection<Pipeline>> others) {
    Plan plan = plan(pipeline, patient, edited);
    Redactor redactor = redactor(pipeline);
    Turn turn = new Turn(pipeline, plan, owner(pipeline), Consent.NONE);
    if (plan.problems().isEmpty()) {
      look(turn, true, Duration.ZERO);
      gate(turn, patient, others);
    } else {
      turn.changes = Changes.NONE;
    }
    return new Preview(
        pipeline.name(), problems(turn), plan.waiting(), turn.changes.texts(redactor::redact));
  }

  /**
   * Says which pipelines there are: a column that one of them uses of another's stream can not be
   * dropped or retyped there.
   */
  public void know(Collection<Pipeline> pipelines) {
    known = List.copyOf(pipelines);
  }

  /** Those that it was told of. */
  Supplier<List<Pipeline>> known() {
    return () -> known;
  }

  Plan plan(Pipeline pipeline, SqlAnalyser by) {
    return plan(pipeline, by, references);
  }

  private Plan plan(Pipeline pipeline, SqlAnalyser by, References with) {
    return Planner.plan(pipeline, platform, new Catalog(Optional.of(backends.registry), with, by));
  }

  String owner(Pipeline pipeline) {
    return platform.getSpec().prefix() + pipeline.name();
  }

  void look(Turn turn, boolean again, Duration age) {
    turn.seen = observer.look(turn.plan, turn.owner, backends::marks, again, age);
    turn.made = backends.made(turn.plan.marksTopic());
    turn.changes = Diff.of(turn.plan, turn.pipeline, turn.owner, turn.seen.observed());
  }

  /** What is wrong with a plan, and, where that is a column's loss, whose. */
  List<Problem> problems(Turn turn) {
    List<Problem> problems = new ArrayList<>();
    if (!turn.plan.problems().isEmpty()) {
      jobs.document(turn.owner)
          .ifPresent(d -> problems.addAll(Gate.explain(turn.pipeline, turn.plan, d)));
    }
    problems.addAll(turn.plan.problems());
    return problems;
  }

  /** Refuses what would take a column from another pipeline; then says what is held back. */
  void gate(Turn turn, SqlAnalyser by, Supplier<? extends Collection<Pipeline>> known) {
    boolean schemas =
        turn.changes.all().stream()
            .anyMatch(c -> c.type().equals("Subject") && c.action() == Change.Action.UPDATE);
    if (schemas) {
      Map<Pipeline, Plan> others = new LinkedHashMap<>();
      for (Pipeline other : known.get()) {
        if (!other.name().equals(turn.pipeline.name()) && reads(other, turn.plan)) {
          others.put(other, plan(other, by));
        }
      }
      turn.changes = Gate.check(turn.changes, others);
    }
    turn.holds =
        Holds.of(
            Topology.of(turn.pipeline, turn.plan),
            turn.changes,
            // Who agreed to a rewriting that was interrupted has agreed.
            turn.made.rewriting().isEmpty() ? turn.consent : turn.consent.and(Impact.STATE_LOSS));
  }

  private static boolean reads(Pipeline pipeline, Plan of) {
    return pipeline.getSpec().sources().stream()
        .filter(s -> s.topic() != null)
        .anyMatch(s -> of.streams().stream().anyMatch(o -> o.topic().equals(s.topic().name())));
  }

  Redactor redactor(Pipeline pipeline) {
    Set<String> names =
        pipeline.getSpec().sources().stream()
            .flatMap(
                s ->
                    Stream.concat(
                        s.secret().map(Pipeline.SecretRef::name).stream(),
                        Stream.ofNullable(s.cdc() == null ? null : s.cdc().salt())
                            .map(salt -> salt.secretRef().name())))
            .collect(Collectors.toSet());
    pipeline.getSpec().sources().stream()
        .filter(s -> s.rest() != null)
        .forEach(s -> names.addAll(s.rest().secretNames()));
    Collection<String> values = new ArrayList<>(backends.credentials.secrets());
    for (String name : names) {
      if (references.secret(name) instanceof Known.Yes<Map<String, String>> yes) {
        yes.value()
            .forEach(
                (key, value) -> {
                  if (!NOT_SECRET.contains(key)) {
                    values.add(value);
                  }
                });
      }
    }
    return new Redactor(values);
  }

  Observer observer() {
    return observer;
  }

  @Override
  public void close() {
    backends.close();
  }
}
