package dev.millrace.engine;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.planner.Change;
import dev.millrace.planner.Impact;
import dev.millrace.planner.Plan;
import dev.millrace.planner.Resource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes room for transforms that are reprocessed from the start: what they have written is removed
 * from their topics and from the indices of their sinks, so that what is not made again is nowhere.
 * The sinks are stopped first, then the job, then all is emptied; started are they by whoever
 * starts them anyway.
 *
 * <p>It may take several turns, and this process may die in each: which transforms are meant stands
 * in the record of what was made before anything is touched, until their job was started anew. Each
 * step may be done twice.
 */
final class Rewriting {
  private static final Logger log = LoggerFactory.getLogger(Rewriting.class);

  private final Backends backends;
  private final SparkLauncher spark;
  private final Observer observer;
  private final Consumer<String> rewound;

  /**
   * Room for what is written anew.
   *
   * @param rewound told of every connector of whose streams nothing is known any more
   */
  Rewriting(Backends backends, SparkLauncher spark, Observer observer, Consumer<String> rewound) {
    this.backends = backends;
    this.spark = spark;
    this.observer = observer;
    this.rewound = rewound;
  }

  /** Begins what was agreed to, and goes on with what was begun; nothing of it is started yet. */
  void prepare(Turn turn) {
    if (turn.seen.failures().containsKey("Topic")) {
      return; // What is being rewritten stands in a record that may not have been read.
    }
    for (Resource.SparkJob job : turn.all(Resource.SparkJob.class)) {
      Set<String> transforms = transforms(turn, job);
      if (transforms.isEmpty() || !turn.run || blocked(turn, job)) {
        continue;
      }
      turn.rewriting.addAll(transforms);
      List<Resource.Connector> sinks = sinks(turn, outputs(job, transforms));
      StepResult result = StepResult.of(() -> empty(turn, job, transforms, sinks));
      if (!(result instanceof StepResult.Ready)) {
        transforms.forEach(t -> turn.note(t, result));
        sinks.forEach(
            s ->
                turn.note(
                    s.component(),
                    StepResult.waiting("it is written anew: first its index is emptied")));
      }
    }
  }

  /** The transforms of a job that are to begin from the start, if nothing holds them back. */
  private static Set<String> transforms(Turn turn, Resource.SparkJob job) {
    Set<String> transforms = new TreeSet<>(turn.made.rewriting());
    for (Change change : turn.changes.of(job)) {
      if (turn.held(change.component())) {
        return Set.of();
      }
      if (change.fields().stream().anyMatch(f -> f.impact() == Impact.STATE_LOSS)) {
        transforms.add(change.component());
      }
    }
    Set<String> there = new HashSet<>();
    job.document().path("transforms").forEach(t -> there.add(t.path("name").asText()));
    // One that was taken out of the Pipeline meanwhile has nothing to be written anew.
    transforms.retainAll(there);
    return transforms;
  }

  /** Whether the job could not be started anyway: then what it has written stays. */
  private static boolean blocked(Turn turn, Resource.SparkJob job) {
    boolean blocked = turn.blocked(turn.pipeline.name());
    for (JsonNode transform : job.document().path("transforms")) {
      blocked |= turn.blocked(transform.path("name").asText());
    }
    return blocked;
  }

  private static List<String> outputs(Resource.SparkJob job, Set<String> transforms) {
    List<String> outputs = new ArrayList<>();
    for (JsonNode transform : job.document().path("transforms")) {
      if (transforms.contains(transform.path("name").asText())) {
        outputs.add(transform.at("/output/topic").asText());
      }
    }
    return outputs;
  }

  /** The policy by which Kafka shall clean each of the topics when they are empty. */
  private static Map<String, String> policies(Turn turn, List<String> topics) {
    Map<String, String> policies = new TreeMap<>();
    for (Resource.Topic topic : turn.all(Resource.Topic.class)) {
      if (topics.contains(topic.name())) {
        policies.put(topic.name(), topic.config().getOrDefault("cleanup.policy", "delete"));
      }
    }
    return policies;
  }

  /** The connectors that write what is in these topics to somewhere of ours. */
  private static List<Resource.Connector> sinks(Turn turn, List<String> topics) {
    return turn.all(Resource.Connector.class).stream()
        .filter(c -> topics.contains(c.config().get("topics")))
        .filter(c -> !turn.held(c.component()))
        .toList();
  }

  private StepResult empty(
      Turn turn, Resource.SparkJob job, Set<String> transforms, List<Resource.Connector> sinks)
      throws BackendException {
    // Who agreed to it has agreed, whatever happens to this process: the record says so.
    Set<String> all = new TreeSet<>(transforms);
    all.addAll(ofOtherJobs(turn, job));
    turn.made = turn.made.rewriting(all);
    backends.marks(turn.plan.marksTopic()).made(turn.made);
    List<String> stopping = new ArrayList<>();
    for (Resource.Connector sink : sinks) {
      for (String type : List.of("Connector", "IndexTemplate")) {
        if (turn.seen.failures().containsKey(type)) {
          return turn.seen.failures().get(type);
        }
      }
      Connectors.Observed now = turn.seen.connectors().get(sink.name());
      if (now != null && !backends.connectors.rewind(sink.name(), now)) {
        stopping.add(sink.component());
      }
    }
    if (!stopping.isEmpty()) {
      return StepResult.waiting(
          "it is reprocessed from the start when what it has written is removed: "
              + String.join(", ", stopping)
              + " is being stopped");
    }
    spark.stop(job.name());
    if (spark.observe(job.name()).isPresent()) {
      // As long as it is there it may write.
      return StepResult.waiting(
          "it is reprocessed from the start when what it has written is removed: the Spark job is"
              + " being stopped");
    }
    if (!backends.topics.empty(policies(turn, outputs(job, transforms)))) {
      return StepResult.waiting(
          "it is reprocessed from the start when what it has written is removed: Kafka is about to"
              + " allow that");
    }
    for (Resource.Connector sink : sinks) {
      for (Resource.IndexTemplate index : turn.all(Resource.IndexTemplate.class)) {
        // Whether it is there or not: what was seen of it may be some seconds old.
        if (index.component().equals(sink.component())) {
          index(turn, index);
        }
      }
    }
    backends
        .marks(turn.plan.marksTopic())
        .forget(
            turn.plan.streams().stream()
                .filter(s -> transforms.contains(s.component()) || again(turn, s))
                .map(Plan.Stream::name)
                .toList());
    turn.plan.streams().stream()
        .filter(s -> again(turn, s))
        .flatMap(s -> s.connector().stream())
        .forEach(rewound);
    sinks.forEach(s -> turn.anew.add(s.component()));
    log.info("{}: what {} have written is removed", job.name(), transforms);
    return StepResult.READY;
  }

  /** Whether a source's stream has another topic than before: where it ends is not true of it. */
  private static boolean again(Turn turn, Plan.Stream stream) {
    return stream.bounded()
        && turn.seen.observed().gone().stream().anyMatch(r -> r.topic().equals(stream.topic()));
  }

  /** Has an index be empty, and as its template says. Nobody may be writing it. */
  void index(Turn turn, Resource.IndexTemplate index) throws BackendException {
    observer.forget(index.name());
    backends.templates.deleteIndex(index.name());
    backends.templates.put(index, turn.owner, false, turn.ownerOf(index));
    // Who searches it meanwhile finds it empty, not missing.
    backends.templates.createIndex(index.name());
    turn.undone.remove(index.id());
  }

  /** Says that a job runs: what was prepared of it has not to be begun again. */
  void done(Turn turn, Resource.SparkJob job) throws BackendException {
    Set<String> done = new TreeSet<>();
    job.document().path("transforms").forEach(t -> done.add(t.path("name").asText()));
    done.retainAll(turn.rewriting);
    if (done.isEmpty()) {
      return;
    }
    turn.anew.addAll(done);
    turn.made = turn.made.rewriting(ofOtherJobs(turn, job));
    backends.marks(turn.plan.marksTopic()).made(turn.made);
    log.info("{}: {} reprocess from the start", job.name(), done);
  }

  /** What was begun of the pipeline's other jobs: each is done when its own is started. */
  private static Set<String> ofOtherJobs(Turn turn, Resource.SparkJob job) {
    Set<String> others = new TreeSet<>();
    for (Resource.SparkJob other : turn.all(Resource.SparkJob.class)) {
      if (!other.name().equals(job.name())) {
        other.document().path("transforms").forEach(t -> others.add(t.path("name").asText()));
      }
    }
    others.retainAll(turn.made.rewriting());
    return others;
  }
}
