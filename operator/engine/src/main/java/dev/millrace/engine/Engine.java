package dev.millrace.engine;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.engine.PipelineStatus.Component;
import dev.millrace.engine.PipelineStatus.StreamStatus;
import dev.millrace.engine.StepResult.Failed;
import dev.millrace.engine.StepResult.Failure;
import dev.millrace.engine.StepResult.Ready;
import dev.millrace.engine.StepResult.Waiting;
import dev.millrace.model.Pipeline;
import dev.millrace.model.Pipeline.Sink;
import dev.millrace.model.Pipeline.Source;
import dev.millrace.model.Pipeline.Transform;
import dev.millrace.model.Platform;
import dev.millrace.planner.Changes;
import dev.millrace.planner.Consent;
import dev.millrace.planner.Plan;
import dev.millrace.planner.Resource;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings pipelines to what their plans say, on one platform: a call of {@link #reconcile} observes,
 * applies what differs, and reports what was observed. Nothing in it waits for something to happen;
 * every call to a backend has a deadline; a component that fails leaves the others alone. Thread
 * safe for different pipelines at once; calls about one pipeline have to follow one another.
 */
public final class Engine implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Engine.class);

  private final SqlAnalyser analyser;
  private final Backends backends;
  private final Optional<Kibana> kibana;
  private final SinkLag sinkLag;
  private final StreamRates rates;
  private final Statuses statuses;
  private final Previews previews;
  private final MarkKeeping keeping;
  private final Rewriting rewriting;
  private final Applying applying;
  private final Removal removal;
  private final Platform platform;
  private final Duration interval;
  private final Map<String, Observation> observations = new ConcurrentHashMap<>();
  private final Map<String, Changes> found = new ConcurrentHashMap<>();
  private final Set<String> waiting = ConcurrentHashMap.newKeySet();
  private final Map<String, Set<String>> drifted = new ConcurrentHashMap<>();

  /**
   * An engine for a platform, all of whose backends may still be starting.
   *
   * @throws UnresolvedException if a Secret that the platform names is not there
   */
  public Engine(
      Platform platform,
      References references,
      SqlAnalyser analyser,
      SparkLauncher spark,
      Clock clock) {
    this(platform, references, analyser, spark, Connectors.SHARED, clock);
  }

  /**
   * An engine that asks backends less often.
   *
   * @param interval Connect is asked once in so long for pipelines that are ready and unchanged,
   *     however many there are
   */
  public Engine(
      Platform platform,
      References references,
      SqlAnalyser analyser,
      SparkLauncher spark,
      Duration interval,
      Clock clock) {
    this(platform, references, analyser, spark, Optional.empty(), interval, clock);
  }

  /**
   * The same where connectors may be no REST API's.
   *
   * @param connect how Connect is asked; empty for its REST API, at the platform's URL
   */
  public Engine(
      Platform platform,
      References references,
      SqlAnalyser analyser,
      SparkLauncher spark,
      Optional<ConnectApi> connect,
      Duration interval,
      Clock clock) {
    this.interval = interval;
    this.platform = platform;
    this.analyser = analyser;
    this.backends = new Backends(platform, references, connect, clock);
    this.kibana =
        Optional.ofNullable(platform.getSpec().kibana())
            .map(k -> new Kibana(kibanaClient(k), k.space(), clock));
    this.sinkLag = new SinkLag(backends.credentials.kafka());
    this.rates = new StreamRates(clock);
    this.statuses = new Statuses(clock);
    this.previews = new Previews(platform, references, spark, backends, clock);
    this.keeping = new MarkKeeping(backends, clock);
    this.rewriting = new Rewriting(backends, spark, previews.observer(), keeping::rewound);
    this.applying =
        new Applying(backends, spark, previews.observer(), rewriting, keeping::rewound, clock);
    this.removal = new Removal(backends, kibana, spark, previews.observer());
  }

  private KibanaClient kibanaClient(Platform.Kibana kibana) {
    return new KibanaClient(kibana.url(), backends.credentials.kibana().orElseThrow());
  }

  /** Observes the pipeline, applies what loses nothing, and says what was observed. */
  public PipelineStatus reconcile(Pipeline pipeline) {
    return reconcile(pipeline, Consent.NONE);
  }

  /**
   * Observes the pipeline, applies what differs from its plan, and says what was observed. Changes
   * that lose state or data are applied only with consent; what they hang together with waits with
   * them, and everything goes on as it was.
   */
  public PipelineStatus reconcile(Pipeline pipeline, Consent consent) {
    return reconcile(pipeline, consent, previews.known());
  }

  /**
   * The same.
   *
   * @param others the pipelines that there are, this one among them or not; asked only if it
   *     matters
   */
  public PipelineStatus reconcile(
      Pipeline pipeline, Consent consent, Supplier<? extends Collection<Pipeline>> others) {
    Plan plan = previews.plan(pipeline, analyser);
    Redactor redactor = previews.redactor(pipeline);
    if (!plan.problems().isEmpty()) {
      PipelineStatus refused =
          statuses.refused(
              pipeline,
              previews.problems(new Turn(pipeline, plan, previews.owner(pipeline), consent)));
      observed(pipeline, plan, refused, Map.of(), List.of(), redactor);
      return refused;
    }
    Turn turn = new Turn(pipeline, plan, previews.owner(pipeline), consent);
    plan.waiting().forEach((component, why) -> turn.note(component, StepResult.waiting(why)));
    previews.look(turn, false, age(pipeline, plan));
    previews.gate(turn, analyser, others);
    found.put(pipeline.name(), turn.changes);
    if (turn.holds.values().stream().anyMatch(h -> !h.needs().isEmpty())) {
      waiting.add(pipeline.name());
    } else {
      waiting.remove(pipeline.name());
    }
    drift(turn, redactor);
    applying.holds(turn);
    applying.topics(turn);
    applying.subjects(turn);
    applying.templates(turn);
    rewriting.prepare(turn);
    applying.connectors(turn);
    SourceMarks marked = keeping.keep(turn);
    for (Resource.SparkJob job : turn.all(Resource.SparkJob.class)) {
      applying.job(turn, job);
    }
    applying.orphans(turn);
    applyDashboards(turn);
    applying.rememberAll(turn);
    PipelineStatus status = status(turn, marked, redactor);
    observed(
        pipeline,
        plan,
        status,
        turn.seen.connectors(),
        turn.jobs.values().stream().flatMap(j -> j.status().stream()).toList(),
        redactor);
    return status;
  }

  /** How old what is seen of connectors may be: of a pipeline that was fine, older. */
  private Duration age(Pipeline pipeline, Plan plan) {
    Observation last = observations.get(pipeline.name());
    boolean settled =
        last != null
            && last.status().ready()
            && last.plan().equals(plan)
            && !waiting.contains(pipeline.name());
    return settled ? interval : Connectors.SHARED;
  }

  /** Says what somebody has done, once: what waits for consent is seen again in every turn. */
  private void drift(Turn turn, Redactor redactor) {
    Set<String> now =
        turn.changes.drift().stream()
            .map(c -> redactor.redact(c.summary()))
            .collect(Collectors.toSet());
    Set<String> before = drifted.put(turn.owner, now);
    now.stream()
        .filter(d -> before == null || !before.contains(d))
        .forEach(d -> log.warn("{}: drift: {}", turn.owner, d));
  }

  private void observed(
      Pipeline pipeline,
      Plan plan,
      PipelineStatus status,
      Map<String, Connectors.Observed> connectors,
      List<JsonNode> jobs,
      Redactor redactor) {
    Map<String, JsonNode> states = new HashMap<>();
    connectors.forEach((name, connector) -> states.put(name, connector.status()));
    observations.put(
        pipeline.name(), new Observation(pipeline, plan, status, states, jobs, redactor));
  }

  /** What the last reconcile of a pipeline saw. May be called by any thread; asks no backend. */
  public Optional<Observation> observation(String pipeline) {
    return Optional.ofNullable(observations.get(pipeline));
  }

  /** For looking into topics. It lives as long as this engine, and any thread may use it. */
  public Inspector inspector() {
    return new Inspector(backends.topics.admin(), backends.registry, backends.credentials.kafka());
  }

  /**
   * Takes away what runs for a pipeline, and, with {@code deletionPolicy: delete}, all that it has
   * made. Waits for nothing: to be called until nothing is left.
   *
   * @return what is still there and why; empty once all that has to go is gone
   */
  public List<String> remove(Pipeline pipeline) {
    String owner = previews.owner(pipeline);
    String marksTopic = owner + ".millrace-marks";
    boolean everything = pipeline.getSpec().deletionPolicy().equals("delete");
    Removal.Result result = removal.remove(owner, marksTopic, everything);
    if (result.done()) {
      backends.forget(marksTopic);
      keeping.forget(owner);
      observations.remove(pipeline.name());
      found.remove(pipeline.name());
      waiting.remove(pipeline.name());
      drifted.remove(owner);
    }
    Redactor redactor = previews.redactor(pipeline);
    return result.left().stream().map(redactor::redact).toList();
  }

  /**
   * For asking the backends how they are. It lives as long as this engine; any thread may use it.
   */
  public PlatformProbe probe() {
    return new PlatformProbe(
        platform.getSpec(), backends.topics.admin(), backends.connect, backends.credentials);
  }

  private void applyDashboards(Turn turn) {
    Set<String> entries =
        turn.pipeline.getSpec().dashboards().stream()
            .map(Pipeline.Dashboard::name)
            .collect(Collectors.toSet());
    kibana.ifPresent(
        k ->
            k.apply(turn.owner, turn.all(Resource.SavedObjects.class), entries)
                .forEach(turn::note));
  }

  /** What would happen; it asks the backends with the clients of this engine. */
  public Previews previews() {
    return previews;
  }

  /** {@link Previews#preview} of {@link #previews}. */
  public Preview preview(Pipeline pipeline, SqlAnalyser patient) {
    return previews.preview(pipeline, patient);
  }

  /** {@link Previews#know} of {@link #previews}. */
  public void know(Collection<Pipeline> pipelines) {
    previews.know(pipelines);
  }

  /** What the last reconcile of a pipeline found to do; empty before the first. */
  public Changes changes(String pipeline) {
    return found.getOrDefault(pipeline, Changes.NONE);
  }

  /** Whether the last reconcile of a pipeline has held something back until somebody agrees. */
  public boolean waitsForConsent(String pipeline) {
    return waiting.contains(pipeline);
  }

  // ---- what was observed

  private PipelineStatus status(Turn turn, SourceMarks known, Redactor redactor) {
    Topics.Offsets offsets = Topics.Offsets.NONE;
    try {
      Set<String> names = new HashSet<>();
      turn.plan.streams().forEach(s -> names.add(s.topic()));
      names.addAll(deadLetters(turn).values());
      offsets = backends.topics.offsets(names, turn.seen.observed().topics());
    } catch (BackendException e) {
      log.debug("{}", e.getMessage());
    }
    Map<String, TreeMap<Integer, Long>> ends = offsets.ends();
    Map<String, TreeMap<Integer, Long>> starts = offsets.starts();
    List<StreamStatus> streams = new ArrayList<>();
    for (Plan.Stream stream : turn.plan.streams()) {
      long end = sum(ends.get(stream.topic()));
      streams.add(
          new StreamStatus(
              stream.name(),
              stream.kind(),
              stream.topic(),
              stream.format(),
              stream.schema(),
              end - sum(starts.get(stream.topic())),
              rates.note(stream.topic(), end)));
    }
    List<Component> components = new ArrayList<>();
    Pipeline.Spec spec = turn.pipeline.getSpec();
    boolean drained = known != null && !ends.isEmpty();
    boolean anyBounded = false;
    for (Source source : spec.sources()) {
      boolean bounded = false;
      boolean ended = true;
      for (Plan.Stream stream : turn.plan.streams()) {
        if (stream.component().equals(source.name()) && stream.kind().equals("append")) {
          bounded |= stream.bounded();
          ended &= known != null && known.of(stream.name()).end().isPresent();
        }
      }
      anyBounded |= bounded;
      drained &= ended || !bounded;
      components.add(source(turn, source, bounded && ended, starts, ends, redactor));
    }
    for (Transform transform : spec.transforms()) {
      Component component = transform(turn, transform, redactor);
      components.add(component);
      drained &= component.state().equals("ended") || goesOn(turn, transform.name());
    }
    for (Sink sink : spec.sinks()) {
      Component component = sink(turn, sink, starts, ends, redactor);
      components.add(component);
      drained &= component.lag() == 0 || goesOn(turn, sink.from());
    }
    for (int i = 0; i < spec.dashboards().size(); i++) {
      components.add(dashboard(turn, i, redactor));
    }
    return statuses.observed(
        turn.pipeline,
        components,
        streams,
        drained && anyBounded,
        turn.plan.waiting(),
        turn.changes.drift().stream().map(c -> redactor.redact(c.summary())).toList());
  }

  /** Whether a stream never ends; of a source's table counts what there is. */
  private static boolean goesOn(Turn turn, String name) {
    return turn.plan.stream(name)
        .filter(s -> !s.bounded() && (s.kind().equals("append") || s.connector().isEmpty()))
        .isPresent();
  }

  private static long sum(Map<Integer, Long> offsets) {
    return offsets == null ? 0 : offsets.values().stream().mapToLong(Long::longValue).sum();
  }

  private Component source(
      Turn turn,
      Source source,
      boolean ended,
      Map<String, TreeMap<Integer, Long>> starts,
      Map<String, TreeMap<Integer, Long>> ends,
      Redactor redactor) {
    StepResult result = turn.results.getOrDefault(source.name(), StepResult.READY);
    String deadLetters = deadLetters(turn).get(source.name());
    if (deadLetters != null && result instanceof Ready) {
      result = setAside(turn, deadLetters, starts, ends);
    }
    return component(turn, source.name(), source.type(), result, -1, ended, redactor);
  }

  /** By source, where rows are set aside that their streams can not hold. */
  private static Map<String, String> deadLetters(Turn turn) {
    Map<String, String> topics = new HashMap<>();
    for (Resource.Connector connector : turn.all(Resource.Connector.class)) {
      String topic = connector.config().get(Applying.DEAD_LETTERS);
      if (topic != null) {
        topics.put(connector.component(), topic);
      }
    }
    return topics;
  }

  /** A source that runs is not as it should be while rows of it are in no stream. */
  private StepResult setAside(
      Turn turn,
      String deadLetters,
      Map<String, TreeMap<Integer, Long>> starts,
      Map<String, TreeMap<Integer, Long>> ends) {
    try {
      Map<String, String> reasons =
          backends.setAside.reasons(
              deadLetters, sum(starts.get(deadLetters)), sum(ends.get(deadLetters)));
      if (reasons.isEmpty()) {
        return StepResult.READY;
      }
      String all =
          turn.plan.streams().stream()
              .filter(s -> reasons.containsKey(s.topic()))
              .map(s -> "stream " + s.name() + ": " + reasons.get(s.topic()))
              .collect(Collectors.joining("; "));
      return all.isEmpty()
          ? StepResult.READY
          : StepResult.failed(
              Failure.EXTERNAL, all + " (rows that it can not hold are in " + deadLetters + ")");
    } catch (BackendException e) {
      log.debug("{}", e.getMessage());
      return StepResult.READY;
    }
  }

  private static Component component(
      Turn turn,
      String name,
      String kind,
      StepResult result,
      long lag,
      boolean ended,
      Redactor redactor) {
    String state;
    if (result instanceof Failed failed) {
      // What passes by itself is waited for.
      state = failed.kind() == Failure.TRANSIENT ? "waiting" : "failed";
    } else if (result instanceof StepResult.Held) {
      state = "consent";
    } else if (!turn.run) {
      state = "paused";
    } else if (result instanceof Waiting) {
      state = "waiting";
    } else {
      state = ended ? "ended" : "ready";
    }
    return new Component(name, kind, state, lag, redactor.redact(StepResult.reason(result)));
  }

  private static Component transform(Turn turn, Transform transform, Redactor redactor) {
    String kind = transform.type();
    StepResult result = turn.results.getOrDefault(transform.name(), StepResult.READY);
    if (!(result instanceof Ready) || !turn.run) {
      return component(turn, transform.name(), kind, result, -1, false, redactor);
    }
    Optional<JsonNode> query =
        turn.job(transform).flatMap(JobView.Observed::status).stream()
            .flatMap(s -> stream(s.path("queries")))
            .filter(q -> q.path("transform").asText().equals(transform.name()))
            .findFirst();
    if (query.isEmpty()) {
      String why = turn.job(transform).map(JobView.Observed::message).orElse("");
      return new Component(
          transform.name(),
          kind,
          "waiting",
          -1,
          why.isEmpty() ? "the Spark job is starting" : redactor.redact(why));
    }
    long lag = 0;
    for (JsonNode l : query.get().path("lag")) {
      lag += l.asLong();
    }
    String state = query.get().path("state").asText();
    return new Component(
        transform.name(),
        kind,
        state.equals("running") ? "ready" : state,
        lag,
        query.get().hasNonNull("cause") ? redactor.redact(query.get().get("cause").asText()) : "");
  }

  private static java.util.stream.Stream<JsonNode> stream(JsonNode array) {
    List<JsonNode> all = new ArrayList<>();
    array.forEach(all::add);
    return all.stream();
  }

  private Component sink(
      Turn turn,
      Sink sink,
      Map<String, TreeMap<Integer, Long>> starts,
      Map<String, TreeMap<Integer, Long>> ends,
      Redactor redactor) {
    StepResult result = turn.results.getOrDefault(sink.name(), StepResult.READY);
    long lag = -1;
    Optional<Plan.Stream> from = turn.plan.stream(sink.from());
    Optional<String> connector =
        turn.all(Resource.Connector.class).stream()
            .filter(c -> c.component().equals(sink.name()))
            .map(Resource::name)
            .findFirst();
    if (from.isPresent() && connector.isPresent() && ends.containsKey(from.get().topic())) {
      String topic = from.get().topic();
      try {
        lag =
            sinkLag.of(
                topic,
                starts.getOrDefault(topic, new TreeMap<>()),
                ends.get(topic),
                backends.topics.committed(backends.connectors.group(connector.get())));
      } catch (BackendException e) {
        if (result instanceof Ready) {
          result = e.result();
        }
      }
    }
    return component(turn, sink.name(), "elasticsearch", result, lag, false, redactor);
  }

  /** The state of what is drawn does not depend on whether data come. */
  private Component dashboard(Turn turn, int index, Redactor redactor) {
    String name = turn.pipeline.getSpec().dashboards().get(index).name();
    StepResult result = turn.results.getOrDefault(name, StepResult.READY);
    if (!(result instanceof Ready)) {
      return component(turn, name, "dashboard", result, -1, false, redactor);
    }
    String where =
        kibana.map(Kibana::address).orElse("the console draws it; the platform has no Kibana");
    String warnings =
        turn.plan.warnings().stream()
            .filter(w -> w.path().startsWith("spec.dashboards[" + index + "]"))
            .map(w -> "; " + w.message())
            .collect(Collectors.joining());
    return new Component(name, "dashboard", "ready", -1, redactor.redact(where + warnings));
  }

  @Override
  public void close() {
    sinkLag.close();
    backends.close();
  }
}
