package dev.millrace.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.engine.StepResult.Failure;
import dev.millrace.model.Pipeline.Transform;
import dev.millrace.planner.Change;
import dev.millrace.planner.Change.Action;
import dev.millrace.planner.FieldChange;
import dev.millrace.planner.Hashes;
import dev.millrace.planner.Holds.Hold;
import dev.millrace.planner.Impact;
import dev.millrace.planner.Observed;
import dev.millrace.planner.Plan;
import dev.millrace.planner.Resource;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The steps that bring backends to what a plan says; of what is held back, nothing is touched. */
final class Applying {
  private static final Logger log = LoggerFactory.getLogger(Applying.class);

  /** Where a connector that reads tables sets aside rows that their streams can not hold. */
  static final String DEAD_LETTERS = "transforms.rows.dead.letter.topic";

  private final Backends backends;
  private final Topics topics;
  private final Subjects subjects;
  private final IndexTemplates templates;
  private final Connectors connectors;
  private final SparkLauncher spark;
  private final Observer observer;
  private final Rewriting rewriting;
  private final Consumer<String> rewound;
  private final Clock clock;

  /**
   * The steps.
   *
   * @param rewound told of every connector that begins from the start
   */
  Applying(
      Backends backends,
      SparkLauncher spark,
      Observer observer,
      Rewriting rewriting,
      Consumer<String> rewound,
      Clock clock) {
    this.backends = backends;
    this.topics = backends.topics;
    this.subjects = backends.subjects;
    this.templates = backends.templates;
    this.connectors = backends.connectors;
    this.spark = spark;
    this.observer = observer;
    this.rewriting = rewriting;
    this.rewound = rewound;
    this.clock = clock;
  }

  /** Says of every component whose changes are held back what would have to happen. */
  void holds(Turn turn) {
    for (Map.Entry<String, Hold> entry : turn.holds.entrySet()) {
      Hold hold = entry.getValue();
      String component = entry.getKey();
      boolean own = hold.because().equals(component);
      if (!hold.needs().isEmpty()) {
        String needs = hold.needs().stream().map(Impact::label).collect(Collectors.joining(","));
        turn.note(
            component,
            new StepResult.Held(
                (own ? "" : "waits for consent to a change of " + hold.because() + ": ")
                    + "needs consent to "
                    + needs
                    + ": "
                    + hold.reason()
                    + ". 'millrace plan' shows all of it, 'millrace apply --allow "
                    + needs
                    + "' agrees; until then it goes on as it was"));
      } else if (own) {
        boolean conflict =
            turn.changes.conflicts().stream().anyMatch(c -> c.component().equals(component));
        turn.note(
            component,
            StepResult.failed(conflict ? Failure.CONFLICT : Failure.INVALID_SPEC, hold.reason()));
      } else {
        turn.note(component, StepResult.waiting("for " + hold.because() + ": " + hold.reason()));
      }
    }
    for (Resource resource : turn.plan.resources()) {
      StepResult failure = turn.seen.failures().get(resource.getClass().getSimpleName());
      if (failure != null) {
        turn.note(resource, failure);
      } else if (turn.held(resource.component())) {
        if (turn.change(resource).isPresent()) {
          turn.undone.add(resource.id());
        }
      }
    }
  }

  // ---- topics

  void topics(Turn turn) {
    List<Resource.Topic> missing = new ArrayList<>();
    List<Resource.Topic> differing = new ArrayList<>();
    for (Resource.Topic topic : turn.all(Resource.Topic.class)) {
      Optional<Change> change = turn.answered(topic) ? turn.change(topic) : Optional.empty();
      if (change.isEmpty()) {
        continue;
      }
      boolean create = change.get().action() == Action.CREATE;
      if (!create && turn.made.rewriting().contains(topic.component())) {
        // It is being emptied, for which its policy differs; that is mended then.
        turn.undone.add(topic.id());
        continue;
      }
      // One that was deleted is made again whatever else waits: those who write it need it.
      if (turn.held(topic.component()) && !(create && change.get().drift())) {
        continue;
      }
      if (create) {
        missing.add(topic);
      } else {
        differing.add(topic);
      }
    }
    Optional<Resource.Topic> first =
        missing.stream().filter(t -> t.name().equals(turn.plan.marksTopic())).findFirst();
    first.ifPresent(m -> create(turn, List.of(m)));
    missing.removeIf(m -> first.isPresent() && m.equals(first.get()));
    List<Resource.Subject> subjects = newSubjects(turn);
    if (missing.isEmpty() && differing.isEmpty() && subjects.isEmpty()) {
      return;
    }
    // Written down first: after a crash between the two, what is there must be known as ours.
    for (Resource.Topic topic : missing) {
      turn.made = turn.made.with(topic);
      topics.expect(topic.name());
    }
    for (Resource.Subject subject : subjects) {
      turn.made = turn.made.with(subject);
    }
    StepResult remembered = StepResult.of(() -> remember(turn));
    if (!(remembered instanceof StepResult.Ready)) {
      missing.forEach(t -> turn.note(t, remembered));
      subjects.forEach(s -> turn.note(s, remembered));
      return;
    }
    create(turn, missing);
    for (Resource.Topic topic : differing) {
      turn.note(
          topic,
          StepResult.of(
              () -> {
                topics.alter(topic, turn.seen.observed().topics().get(topic.name()));
                return StepResult.READY;
              }));
    }
  }

  private static List<Resource.Subject> newSubjects(Turn turn) {
    return turn.all(Resource.Subject.class).stream()
        .filter(s -> turn.answered(s) && !turn.held(s.component()))
        .filter(s -> turn.change(s).map(c -> c.action() == Action.CREATE).orElse(false))
        .toList();
  }

  private void create(Turn turn, List<Resource.Topic> missing) {
    Map<String, StepResult> results = topics.create(missing);
    missing.forEach(t -> turn.note(t, results.get(t.name())));
  }

  /** Writes down what is there by now and as the plan says. */
  StepResult remember(Turn turn) throws BackendException {
    backends.marks(turn.plan.marksTopic()).made(turn.made);
    return StepResult.READY;
  }

  /**
   * Notes which topics components have to do with, once. One that is another is noted only when
   * they have begun from the start, or what is missing would not be missed.
   */
  private static Map<Observed.Reading, String> ids(Turn turn) {
    Map<Observed.Reading, String> ids = new TreeMap<>();
    for (Observed.Reading reading : Observed.Reading.of(turn.plan)) {
      Observed.Topic topic = turn.seen.observed().topics().get(reading.topic());
      String before = turn.made.ids().get(reading);
      boolean anew = before == null || turn.anew.contains(reading.component());
      if (anew && topic != null) {
        ids.put(reading, topic.id());
      } else if (before != null) {
        ids.put(reading, before);
      }
    }
    return ids;
  }

  /** Adds to the record whatever was made, or found to be as it should, in this turn. */
  void rememberAll(Turn turn) {
    if (turn.seen.failures().containsKey("Topic")) {
      // The record may not have been read: what is written now would stand in place of all of it.
      return;
    }
    for (Resource resource : turn.plan.resources()) {
      boolean recorded =
          !((resource instanceof Resource.SparkJob job && !job.app())
              || (resource instanceof Resource.SavedObjects && turn.blocked(resource.component())));
      if (recorded && !turn.undone.contains(resource.id()) && turn.answered(resource)) {
        turn.made = turn.made.with(resource);
      }
    }
    if (turn.plan.waiting().isEmpty() && !turn.seen.failures().containsKey("Topic")) {
      turn.made = turn.made.ids(ids(turn));
    }
    if (!turn.blocked(turn.pipeline.name())) {
      turn.note(turn.pipeline.name(), StepResult.of(() -> remember(turn)));
    }
  }

  // ---- subjects, templates

  void subjects(Turn turn) {
    for (Resource.Subject subject : turn.all(Resource.Subject.class)) {
      if (turn.answered(subject)
          && turn.change(subject).isPresent()
          && !turn.undone.contains(subject.id())
          && !turn.held(subject.component())) {
        turn.note(subject, StepResult.of(() -> subjects.apply(subject)));
      }
    }
  }

  void templates(Turn turn) {
    for (Resource.IndexTemplate template : turn.all(Resource.IndexTemplate.class)) {
      Optional<Change> change = turn.answered(template) ? turn.change(template) : Optional.empty();
      if (change.isEmpty() || turn.held(template.component())) {
        continue;
      }
      boolean written =
          turn.seen.failures().containsKey("Connector") || connector(turn, template).isPresent();
      if (loses(change, Impact.DATA_LOSS) && written) {
        // Its connector has to be stopped first: see connectors.
        turn.undone.add(template.id());
        continue;
      }
      turn.note(
          template, StepResult.of(() -> put(turn, template, loses(change, Impact.DATA_LOSS))));
    }
  }

  private StepResult put(Turn turn, Resource.IndexTemplate template, boolean anew)
      throws BackendException {
    if (anew) {
      rewriting.index(turn, template);
    } else {
      observer.forget(template.name());
      templates.put(
          template,
          turn.owner,
          turn.seen.observed().indices().containsKey(template.name()),
          turn.ownerOf(template));
    }
    return StepResult.READY;
  }

  /** The connector that writes an index and is there already. */
  private static Optional<Resource.Connector> connector(
      Turn turn, Resource.IndexTemplate template) {
    return turn.all(Resource.Connector.class).stream()
        .filter(c -> c.component().equals(template.component()))
        .filter(c -> turn.seen.connectors().containsKey(c.name()))
        .findFirst();
  }

  private static boolean loses(Optional<Change> change, Impact impact) {
    return change.stream()
        .flatMap(c -> c.fields().stream())
        .map(FieldChange::impact)
        .anyMatch(impact::equals);
  }

  // ---- connectors

  void connectors(Turn turn) {
    for (Resource.Connector connector : turn.all(Resource.Connector.class)) {
      if (!turn.answered(connector)) {
        continue;
      }
      Connectors.Observed now = turn.seen.connectors().get(connector.name());
      backends.slots.remember(connector.config());
      if (now != null && wouldPassOver(turn, connector)) {
        turn.note(connector, StepResult.of(() -> halted(connector, now)));
      } else if (turn.held(connector.component())) {
        boolean ours = now != null && turn.owner.equals(now.config().get(Connectors.OWNER));
        if (ours && turn.run) {
          // It goes on as it was.
          turn.note(connector, StepResult.of(() -> connectors.started(connector.name(), now)));
        }
      } else if (turn.blocked(connector.component())) {
        // Not made in this turn: once recorded, its absence would be taken for somebody's deed.
        turn.undone.add(connector.id());
      } else {
        turn.note(connector, StepResult.of(() -> connector(turn, connector, now)));
      }
    }
  }

  /**
   * Whether a sink's documents are numbered by the offsets of a topic that is no more, and nobody
   * has agreed yet to begin anew: what it reads now would be taken for older than what is there.
   */
  private static boolean wouldPassOver(Turn turn, Resource.Connector sink) {
    String topic = sink.config().get("topics");
    return topic != null
        && turn.seen.observed().gone().contains(new Observed.Reading(sink.component(), topic))
        && !turn.anew.contains(sink.component())
        && (turn.held(sink.component())
            || turn.plan.streams().stream()
                .anyMatch(s -> s.topic().equals(topic) && turn.held(s.component())));
  }

  private StepResult halted(Resource.Connector sink, Connectors.Observed now)
      throws BackendException {
    connectors.halt(sink.name(), now);
    return new StepResult.Held(
        "topic "
            + sink.config().get("topics")
            + " was deleted and made again: it is stopped, since newer documents would be taken for"
            + " older ones, until it is agreed to that the topic is written anew");
  }

  private StepResult connector(Turn turn, Resource.Connector wanted, Connectors.Observed now)
      throws BackendException {
    Optional<Change> change = turn.change(wanted);
    Optional<Resource.IndexTemplate> index =
        turn.all(Resource.IndexTemplate.class).stream()
            .filter(t -> t.component().equals(wanted.component()))
            .findFirst();
    boolean anew =
        loses(change, Impact.DATA_LOSS)
            || (index.isPresent() && loses(turn.change(index.get()), Impact.DATA_LOSS));
    if (now != null && (anew || loses(change, Impact.STATE_LOSS))) {
      if (!connectors.rewind(wanted.name(), now)) {
        return StepResult.waiting("it is being stopped, to begin from the start");
      }
      List<String> streams =
          turn.plan.streams().stream()
              .filter(s -> s.connector().equals(Optional.of(wanted.name())))
              .map(Plan.Stream::name)
              .toList();
      String deadLetters = wanted.config().get(DEAD_LETTERS);
      if (deadLetters != null && !topics.empty(Map.of(deadLetters, "delete"))) {
        return StepResult.waiting("what was set aside before is being deleted");
      }
      backends.marks(turn.plan.marksTopic()).forget(streams);
      rewound.accept(wanted.name());
      if (anew && index.isPresent()) {
        rewriting.index(turn, index.get());
      }
      turn.anew.add(wanted.component());
      log.info("{}: begins from the start", wanted.name());
    }
    return connectors.apply(wanted, turn.owner, turn.run, turn.seen.connectors());
  }

  // ---- the job

  void job(Turn turn, Resource.SparkJob wanted) {
    Optional<JobView.Observed> now = turn.see(wanted.name(), spark.observe(wanted.name()));
    if (!turn.run) {
      if (now.isPresent()) {
        spark.stop(wanted.name());
      }
      return;
    }
    Optional<JsonNode> before = spark.document(wanted.name());
    List<Change> changes = turn.changes.of(wanted);
    if (changes.stream().anyMatch(c -> turn.held(c.component()))) {
      if (turn.made.rewriting().isEmpty()) {
        before.ifPresent(b -> spark.ensureRunning(wanted.name(), b, hash(turn, b)));
      }
      // Else what it goes on from may be half removed: it is begun anew once nothing holds it.
      turn.see(wanted.name(), spark.observe(wanted.name()));
      return;
    }
    Set<String> transforms =
        turn.pipeline.getSpec().transforms().stream()
            .filter(t -> wanted.app() ? t.name().equals(wanted.component()) : t.app() == null)
            .map(Transform::name)
            .collect(Collectors.toSet());
    // What another job is about to write anew would be read twice.
    Optional<String> blocking =
        Stream.concat(transforms.stream(), turn.rewriting.stream())
            .filter(turn::blocked)
            .findFirst();
    if (blocking.isPresent() || turn.blocked(turn.pipeline.name())) {
      // Started with a part of them, it would have to be started again for the rest. One that runs
      // goes on.
      String why =
          blocking
              .map(b -> b + ": " + StepResult.reason(turn.results.get(b)))
              .orElseGet(() -> StepResult.reason(turn.results.get(turn.pipeline.name())));
      transforms.forEach(t -> turn.note(t, StepResult.waiting("the job waits for " + why)));
      return;
    }
    StepResult result = StepResult.of(() -> start(turn, wanted, before));
    transforms.forEach(t -> turn.note(t, result));
    turn.see(wanted.name(), spark.observe(wanted.name()));
  }

  private StepResult start(Turn turn, Resource.SparkJob wanted, Optional<JsonNode> before)
      throws BackendException {
    ObjectNode document = document(wanted, before, turn.rewriting);
    spark.ensureRunning(wanted.name(), document, hash(turn, document));
    rewriting.done(turn, wanted);
    return StepResult.READY;
  }

  /** The document with what only the engine knows: schema ids, and which state is meant. */
  private ObjectNode document(
      Resource.SparkJob wanted, Optional<JsonNode> before, Set<String> rewriting) {
    Map<String, String> states = new HashMap<>();
    before
        .map(b -> b.path("transforms"))
        .ifPresent(
            all ->
                all.forEach(
                    t -> states.put(t.path("name").asText(), t.path("stateHash").asText())));
    ObjectNode document = wanted.document().deepCopy();
    for (JsonNode transform : document.path("transforms")) {
      ObjectNode output = (ObjectNode) transform.path("output");
      String topic = output.path("topic").asText();
      subjects.id(topic + "-value").ifPresent(id -> output.put("schemaId", id));
      subjects.id(topic + "-key").ifPresent(id -> output.put("keySchemaId", id));
      String name = transform.path("name").asText();
      String hash = transform.path("stateHash").asText();
      String state = states.getOrDefault(name, hash);
      if (rewriting.contains(name)) {
        // Never one that was used before, even if the definition was.
        state = hash + "-" + Long.toString(clock.millis(), 36);
      } else if (!state.equals(hash) && !state.startsWith(hash + "-")) {
        state = hash;
      }
      ((ObjectNode) transform).put("stateHash", state);
    }
    return document;
  }

  /** Another number of partitions has to be noticed too, which only happens at a start. */
  private static String hash(Turn turn, JsonNode document) {
    Map<String, Integer> partitions = new TreeMap<>();
    for (JsonNode stream : document.path("streams")) {
      Observed.Topic topic = turn.seen.observed().topics().get(stream.path("topic").asText());
      turn.all(Resource.Topic.class).stream()
          .filter(t -> t.name().equals(stream.path("topic").asText()))
          .findFirst()
          .ifPresent(
              t ->
                  partitions.put(
                      t.name(),
                      topic == null
                          ? t.partitions()
                          : Math.max(t.partitions(), topic.partitions())));
    }
    return Hashes.of(document.toString() + partitions);
  }

  // ---- what is not wanted any more

  void orphans(Turn turn) {
    for (Change change : turn.changes.all()) {
      if (change.action() != Action.DELETE
          || change.resource().contains("#")
          || turn.held(change.component())) {
        continue;
      }
      StepResult result = StepResult.of(() -> delete(turn, change));
      if (result instanceof StepResult.Ready) {
        turn.made = turn.made.without(change.resource());
      } else {
        log.warn("{}: {}", change.resource(), StepResult.reason(result));
      }
    }
  }

  private StepResult delete(Turn turn, Change change) throws BackendException {
    switch (change.type()) {
      case "Connector" -> {
        return deleteConnector(change.name(), turn.seen.connectors().get(change.name()));
      }
      case "SparkJob" -> spark.forget(change.name());
      case "Topic" -> topics.delete(change.name());
      case "Subject" -> subjects.delete(change.name());
      case "IndexTemplate" -> {
        observer.forget(change.name());
        templates.delete(change.name());
        templates.deleteIndex(change.name());
      }
      default -> {
        return StepResult.READY;
      }
    }
    return StepResult.READY;
  }

  /** One that has a replication slot is stopped first: it goes with its slot. */
  private StepResult deleteConnector(String name, Connectors.Observed now) throws BackendException {
    if (now != null && ReplicationSlots.has(now.config())) {
      if (!connectors.rewind(name, now)) {
        return StepResult.waiting("it is being stopped");
      }
      Optional<String> kept = backends.slots.dropOrphan(now.config());
      if (kept.isPresent()) {
        return StepResult.waiting(kept.get());
      }
    }
    connectors.delete(name);
    return StepResult.READY;
  }
}
