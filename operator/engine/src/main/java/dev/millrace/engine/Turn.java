package dev.millrace.engine;

import dev.millrace.engine.StepResult.Ready;
import dev.millrace.model.Pipeline;
import dev.millrace.model.Pipeline.Transform;
import dev.millrace.planner.Change;
import dev.millrace.planner.Changes;
import dev.millrace.planner.Consent;
import dev.millrace.planner.Holds.Hold;
import dev.millrace.planner.Observed;
import dev.millrace.planner.Plan;
import dev.millrace.planner.Resource;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** One reconcile: its plan, what was observed, what would change, and what came of it. */
final class Turn {
  final Pipeline pipeline;
  final Plan plan;
  final String owner;
  final Consent consent;
  final boolean run;
  final Map<String, StepResult> results = new LinkedHashMap<>();

  /** Ids of resources that are not as the plan says after this turn. */
  final Set<String> undone = new HashSet<>();

  /** Transforms whose job, when it is started in this turn, begins from the start with them. */
  final Set<String> rewriting = new TreeSet<>();

  /** Components that have begun from the start in this turn: they know topics as these are now. */
  final Set<String> anew = new HashSet<>();

  Observer.Seen seen;
  Changes changes;
  Map<String, Hold> holds = Map.of();
  MadeRecord made = MadeRecord.NONE;

  /** What is seen of its Spark jobs, by name. */
  final Map<String, JobView.Observed> jobs = new LinkedHashMap<>();

  Turn(Pipeline pipeline, Plan plan, String owner, Consent consent) {
    this.pipeline = pipeline;
    this.plan = plan;
    this.owner = owner;
    this.consent = consent;
    this.run = pipeline.getSpec().state().equals("running");
  }

  /** Notes a result; of several of one component, the first that is not Ready stands. */
  void note(String component, StepResult result) {
    StepResult before = results.get(component);
    if (before == null || before instanceof Ready) {
      results.put(component, result);
    }
  }

  /** Notes what came of a resource. */
  void note(Resource resource, StepResult result) {
    if (!(result instanceof Ready)) {
      undone.add(resource.id());
    }
    note(resource.component(), result);
  }

  boolean blocked(String component) {
    return results.containsKey(component) && !(results.get(component) instanceof Ready);
  }

  boolean held(String component) {
    return holds.containsKey(component);
  }

  /** What would happen to a resource, if something would. */
  Optional<Change> change(Resource resource) {
    return changes.of(resource).stream().findFirst();
  }

  /** Notes what is seen of a job, if anything is. */
  Optional<JobView.Observed> see(String job, Optional<JobView.Observed> seen) {
    seen.ifPresentOrElse(s -> jobs.put(job, s), () -> jobs.remove(job));
    return seen;
  }

  /** What is seen of the job that runs a transform. */
  Optional<JobView.Observed> job(Transform transform) {
    return all(Resource.SparkJob.class).stream()
        .filter(j -> j.app() ? j.component().equals(transform.name()) : transform.app() == null)
        .map(j -> jobs.get(j.name()))
        .filter(Objects::nonNull)
        .findFirst();
  }

  /** Whose a template was when it was looked at; ours, if there was none. */
  String ownerOf(Resource.IndexTemplate template) {
    Observed.Template there = seen.observed().templates().get(template.name());
    return there == null ? owner : there.owner();
  }

  /** Whether the backend of a type of resource has answered. */
  boolean answered(Resource resource) {
    return !seen.failures().containsKey(resource.getClass().getSimpleName());
  }

  <R extends Resource> List<R> all(Class<R> type) {
    return plan.resources().stream().filter(type::isInstance).map(type::cast).toList();
  }
}
