package dev.millrace.engine;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.planner.Observed;
import dev.millrace.planner.Plan;
import dev.millrace.planner.Resource;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * Looks at the backends, without writing anything. A backend that does not answer leaves the others
 * alone. What was as wanted is looked at again only after a pause: somebody's edit is seen a little
 * later, and an idle pipeline costs little. Thread safe, for different pipelines at once.
 */
final class Observer {
  private static final Duration FRESH = Duration.ofSeconds(5);

  private final Topics topics;
  private final Subjects subjects;
  private final IndexTemplates templates;
  private final Connectors connectors;
  private final JobView jobs;
  private final Clock clock;
  private final Map<String, Indexed> settled = new ConcurrentHashMap<>();

  private record Indexed(
      Resource.IndexTemplate wanted,
      Optional<Observed.Template> template,
      Optional<Observed.Index> index,
      Instant at) {}

  /** What was seen, with Connect's own words for those who need more, and failures by type. */
  record Seen(
      Observed observed,
      Map<String, Connectors.Observed> connectors,
      Map<String, StepResult> failures) {}

  Observer(Backends backends, JobView jobs, Clock clock) {
    this.topics = backends.topics;
    this.subjects = backends.subjects;
    this.templates = backends.templates;
    this.connectors = backends.connectors;
    this.jobs = jobs;
    this.clock = clock;
  }

  /** The pipeline's marks, once their topic is there. */
  interface Marks {
    SourceMarks of(String topic) throws BackendException;
  }

  /**
   * Looks at all that a plan speaks of.
   *
   * @param again look even at what was as wanted a moment ago
   * @param age how old what is seen of connectors may be, if not {@code again}
   */
  Seen look(Plan plan, String owner, Marks marks, boolean again, Duration age) {
    Map<String, StepResult> failures = new HashMap<>();
    Map<String, String> silent = new TreeMap<>();
    MadeRecord made = MadeRecord.NONE;
    Map<String, Observed.Topic> topicsSeen = new TreeMap<>();
    try {
      Set<String> names = new HashSet<>();
      names.add(plan.marksTopic());
      all(plan, Resource.Topic.class).forEach(t -> names.add(t.name()));
      topicsSeen.putAll(topics.observe(names));
      if (topicsSeen.containsKey(plan.marksTopic())) {
        made = marks.of(plan.marksTopic()).made();
        Set<String> left = made(made, "Topic/");
        left.removeAll(names);
        if (!left.isEmpty()) {
          topicsSeen.putAll(topics.observe(left));
        }
      }
    } catch (BackendException e) {
      fail("Topic", e, failures, silent);
      // Whose they are stands in Kafka.
      fail("Subject", e, failures, silent);
    }
    Map<String, Connectors.Observed> connectorsSeen = new TreeMap<>();
    try {
      connectorsSeen.putAll(
          connectors.observe(
              owner,
              all(plan, Resource.Connector.class).stream().map(Resource::name).toList(),
              made(made, "Connector/"),
              again ? Duration.ZERO : age));
    } catch (BackendException e) {
      fail("Connector", e, failures, silent);
    }
    Map<String, Observed.Template> templatesSeen = new TreeMap<>();
    Map<String, Observed.Index> indices = new TreeMap<>();
    try {
      for (Resource.IndexTemplate template : indexed(plan, made)) {
        Indexed indexed = index(template, again);
        indexed.template().ifPresent(t -> templatesSeen.put(template.name(), t));
        indexed.index().ifPresent(i -> indices.put(template.name(), i));
      }
    } catch (BackendException e) {
      fail("IndexTemplate", e, failures, silent);
    }
    Observed observed =
        new Observed(
            topicsSeen,
            withoutThoseOnTheirWay(made, topicsSeen),
            failures.containsKey("Subject")
                ? Map.of()
                : subjects(plan, made, again, failures, silent),
            plain(plan, owner, connectorsSeen),
            templatesSeen,
            indices,
            running(plan),
            failures.containsKey("Topic") ? Set.of() : gone(plan, made, topicsSeen),
            silent);
    return new Seen(observed, connectorsSeen, failures);
  }

  /** What was made, but for topics that were asked for and are not there yet. */
  private Map<String, Observed.Made> withoutThoseOnTheirWay(
      MadeRecord made, Map<String, Observed.Topic> there) {
    Map<String, Observed.Made> known = new TreeMap<>(made.made());
    for (String topic : made(made, "Topic/")) {
      if (!there.containsKey(topic) && topics.onItsWay(topic)) {
        known.remove("Topic/" + topic);
      }
    }
    return known;
  }

  /** Names of what was made of a type. */
  private static Set<String> made(MadeRecord made, String type) {
    return made.made().keySet().stream()
        .filter(id -> id.startsWith(type))
        .map(id -> id.substring(type.length()))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** Forgets what it has seen of an index: somebody is about to change it. */
  void forget(String index) {
    settled.remove(index);
  }

  private static void fail(
      String type,
      BackendException e,
      Map<String, StepResult> failures,
      Map<String, String> silent) {
    failures.put(type, e.result());
    silent.put(type, e.getMessage());
  }

  private static <R extends Resource> List<R> all(Plan plan, Class<R> type) {
    return plan.resources().stream().filter(type::isInstance).map(type::cast).toList();
  }

  private Map<String, Observed.Subject> subjects(
      Plan plan,
      MadeRecord made,
      boolean again,
      Map<String, StepResult> failures,
      Map<String, String> silent) {
    Map<String, Observed.Subject> seen = new TreeMap<>();
    List<Resource.Subject> wanted = new ArrayList<>(all(plan, Resource.Subject.class));
    Set<String> names = new HashSet<>();
    wanted.forEach(s -> names.add(s.name()));
    made.made().keySet().stream()
        .filter(id -> id.startsWith("Subject/"))
        .map(id -> id.substring("Subject/".length()))
        .filter(name -> !names.contains(name))
        .forEach(name -> wanted.add(new Resource.Subject(name, "", "BACKWARD", Optional.empty())));
    try {
      for (Resource.Subject subject : wanted) {
        subjects.observe(subject, again).ifPresent(s -> seen.put(subject.name(), s));
      }
    } catch (BackendException e) {
      fail("Subject", e, failures, silent);
    }
    return seen;
  }

  /** Templates that are wanted, and those that once were. */
  private static List<Resource.IndexTemplate> indexed(Plan plan, MadeRecord made) {
    List<Resource.IndexTemplate> templates =
        new ArrayList<>(all(plan, Resource.IndexTemplate.class));
    Set<String> names = new HashSet<>();
    templates.forEach(t -> names.add(t.name()));
    made.made().keySet().stream()
        .filter(id -> id.startsWith("IndexTemplate/"))
        .map(id -> id.substring("IndexTemplate/".length()))
        .filter(name -> !names.contains(name))
        .forEach(name -> templates.add(new Resource.IndexTemplate(name, "", null)));
    return templates;
  }

  private Indexed index(Resource.IndexTemplate wanted, boolean again) throws BackendException {
    Indexed before = settled.get(wanted.name());
    if (!again
        && before != null
        && before.wanted().equals(wanted)
        && clock.instant().isBefore(before.at().plus(FRESH))) {
      return before;
    }
    Indexed now =
        new Indexed(
            wanted,
            templates.template(wanted.name()),
            templates.index(wanted.name()),
            clock.instant());
    settled.put(wanted.name(), now);
    return now;
  }

  private static Map<String, Observed.Connector> plain(
      Plan plan, String owner, Map<String, Connectors.Observed> seen) {
    Set<String> wanted = new HashSet<>();
    all(plan, Resource.Connector.class).forEach(c -> wanted.add(c.name()));
    Map<String, Observed.Connector> plain = new TreeMap<>();
    seen.forEach(
        (name, connector) -> {
          if (wanted.contains(name) || owner.equals(connector.config().get(Connectors.OWNER))) {
            plain.put(name, connector.plain());
          }
        });
    return plain;
  }

  /** What was read or filled before and is missing now, or was made again. */
  private static Set<Observed.Reading> gone(
      Plan plan, MadeRecord made, Map<String, Observed.Topic> topics) {
    Set<Observed.Reading> gone = new HashSet<>();
    for (Observed.Reading reading : Observed.Reading.of(plan)) {
      String before = made.ids().get(reading);
      Observed.Topic now = topics.get(reading.topic());
      if (before != null && (now == null || !before.equals(now.id()))) {
        gone.add(reading);
      }
    }
    return gone;
  }

  private Map<String, Observed.Job> running(Plan plan) {
    Map<String, Observed.Job> seen = new TreeMap<>();
    for (Resource.SparkJob job : all(plan, Resource.SparkJob.class)) {
      Optional<JsonNode> document = jobs.document(job.name());
      boolean running = jobs.observe(job.name()).isPresent();
      document.ifPresent(d -> seen.put(job.name(), new Observed.Job(d, running)));
    }
    return seen;
  }
}
