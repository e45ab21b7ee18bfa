package dev.millrace.engine;

import dev.millrace.engine.StepResult.Ready;
import dev.millrace.planner.Observed;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Takes away what was made for a pipeline that is no longer wanted. It goes by what is there, and
 * by the record of what was made, not by a plan: a Pipeline that can not be planned any more (its
 * Secret is gone) can still be deleted. What is not known to be ours stays.
 */
final class Removal {
  private final Backends backends;
  private final Topics topics;
  private final IndexTemplates templates;
  private final Connectors connectors;
  private final Optional<Kibana> kibana;
  private final SparkLauncher spark;
  private final Observer observer;

  /**
   * What came of a turn.
   *
   * @param left what is still there, and why; empty once all is gone that has to go
   */
  record Result(List<String> left) {
    boolean done() {
      return left.isEmpty();
    }
  }

  Removal(Backends backends, Optional<Kibana> kibana, SparkLauncher spark, Observer observer) {
    this.backends = backends;
    this.topics = backends.topics;
    this.templates = backends.templates;
    this.connectors = backends.connectors;
    this.kibana = kibana;
    this.spark = spark;
    this.observer = observer;
  }

  private interface Step {
    void run() throws BackendException;
  }

  /**
   * One turn: what runs is stopped first; once nothing runs any more, and {@code everything} is to
   * go, so does what it has written, the record of it last.
   *
   * @param owner prefix and name of the pipeline
   */
  Result remove(String owner, String marksTopic, boolean everything) {
    List<String> left = new ArrayList<>();
    job(owner, left);
    step("applications", left, () -> applications(marksTopic, everything, left));
    step("connectors", left, () -> connectors(owner, everything, left));
    if (!left.isEmpty()) {
      return new Result(left);
    }
    if (!everything) {
      step("record of what was made", left, () -> withoutConnectors(marksTopic));
      return new Result(left);
    }
    step("record of what was made", left, () -> made(owner, marksTopic, left));
    kibana.ifPresent(
        k -> {
          StepResult result = k.remove(owner);
          if (!(result instanceof Ready)) {
            left.add("dashboards: " + StepResult.reason(result));
          }
        });
    if (left.isEmpty()) {
      spark.forget(owner);
      step("topic " + marksTopic, left, () -> last(marksTopic));
    }
    return new Result(left);
  }

  private static void step(String what, List<String> left, Step step) {
    try {
      step.run();
    } catch (BackendException e) {
      left.add(what + ": " + e.getMessage());
    }
  }

  private void job(String job, List<String> left) {
    if (spark.observe(job).isPresent()) {
      spark.stop(job);
      if (spark.observe(job).isPresent()) {
        left.add("Spark job " + job + ": is being stopped");
      }
    }
  }

  /** Those of transforms that are applications; which there are, the record says. */
  private void applications(String marksTopic, boolean forget, List<String> left)
      throws BackendException {
    if (topics.observe(Set.of(marksTopic)).isEmpty()) {
      return;
    }
    for (String id : backends.marks(marksTopic).made().made().keySet()) {
      if (id.startsWith("SparkJob/")) {
        String job = id.substring("SparkJob/".length());
        job(job, left);
        if (forget && spark.observe(job).isEmpty()) {
          spark.forget(job);
        }
      }
    }
  }

  /**
   * Offsets go with what was written: a pipeline of the same name that is made later would else go
   * on where this one was, in topics that are empty.
   */
  private void connectors(String owner, boolean offsets, List<String> left)
      throws BackendException {
    for (Map.Entry<String, Connectors.Observed> entry :
        connectors.observe(owner, List.of(), Set.of(), Duration.ZERO).entrySet()) {
      if (!owner.equals(entry.getValue().config().get(Connectors.OWNER))) {
        continue;
      }
      String name = entry.getKey();
      step(
          "connector " + name,
          left,
          () -> {
            // Without its slot a connector can not go on where it was.
            boolean slot = ReplicationSlots.has(entry.getValue().config());
            if ((offsets || slot) && !connectors.rewind(name, entry.getValue())) {
              left.add("connector " + name + ": is being stopped");
              return;
            }
            Optional<String> kept =
                slot ? backends.slots.drop(entry.getValue().config()) : Optional.empty();
            if (kept.isPresent()) {
              left.add("connector " + name + ": " + kept.get());
              return;
            }
            connectors.delete(name);
            left.add("connector " + name + ": is being deleted");
          });
    }
  }

  /** Else the same pipeline, made again, would think that somebody else has deleted them. */
  private void withoutConnectors(String marksTopic) throws BackendException {
    if (topics.observe(Set.of(marksTopic)).isEmpty()) {
      return;
    }
    SourceMarks record = backends.marks(marksTopic);
    MadeRecord rest = record.made();
    for (String id : record.made().made().keySet()) {
      if (id.startsWith("Connector/")) {
        rest = rest.without(id);
      }
    }
    if (!rest.equals(record.made())) {
      record.made(rest);
    }
  }

  private void made(String owner, String marksTopic, List<String> left) throws BackendException {
    if (topics.observe(Set.of(marksTopic)).isEmpty()) {
      return;
    }
    SourceMarks record = backends.marks(marksTopic);
    MadeRecord made = record.made();
    MadeRecord rest = made;
    for (String id : made.made().keySet()) {
      if (id.equals("Topic/" + marksTopic)) {
        continue;
      }
      try {
        delete(id, owner);
        rest = rest.without(id);
      } catch (BackendException e) {
        left.add(id + ": " + e.getMessage());
      }
    }
    topics.forgetEpochs(owner);
    record.made(rest);
  }

  private void delete(String id, String owner) throws BackendException {
    String name = id.substring(id.indexOf('/') + 1);
    switch (id.substring(0, id.indexOf('/'))) {
      case "Topic" -> topics.delete(name);
      case "Subject" -> backends.subjects.delete(name);
      case "IndexTemplate" -> index(name, owner);
      // Connectors and jobs are gone by now; saved objects know their owner.
      default -> {}
    }
  }

  /** Somebody may have replaced it by one of their own since. */
  private void index(String name, String owner) throws BackendException {
    observer.forget(name);
    Optional<Observed.Template> template = templates.template(name);
    Optional<Observed.Index> index = templates.index(name);
    if (template.isPresent() && template.get().owner().equals(owner)) {
      templates.delete(name);
    }
    if (index.isPresent() && index.get().owner().equals(owner)) {
      templates.deleteIndex(name);
    }
  }

  /** A topic of marks in which nothing of ours stands was made by somebody else. */
  private void last(String marksTopic) throws BackendException {
    if (!topics.observe(Set.of(marksTopic)).isEmpty()
        && backends.marks(marksTopic).made().made().containsKey("Topic/" + marksTopic)) {
      topics.delete(marksTopic);
    }
  }
}
