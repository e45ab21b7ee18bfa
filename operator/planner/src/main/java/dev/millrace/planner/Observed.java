package dev.millrace.planner;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * What is in the backends, as far as it concerns one pipeline. Taken from the backends themselves;
 * what these can not carry stands in the record of what the engine has made, in the pipeline's
 * topic of marks, and the document of a Spark job with whoever launches it.
 *
 * @param topics that exist, by name
 * @param made what the engine has made, by resource id
 * @param subjects by name; those without a level and without a schema are left out
 * @param connectors by name: those that are wanted, and all others of the pipeline
 * @param templates of indices, by name
 * @param indices by name
 * @param jobs by name
 * @param gone what was read or written and is no longer there, since its topic was deleted: topics
 *     of the plan that are missing or were made again, each with whom it concerns
 * @param silent why a backend did not answer, by type of resource: nothing is known of these
 */
public record Observed(
    Map<String, Topic> topics,
    Map<String, Made> made,
    Map<String, Subject> subjects,
    Map<String, Connector> connectors,
    Map<String, Template> templates,
    Map<String, Index> indices,
    Map<String, Job> jobs,
    Set<Reading> gone,
    Map<String, String> silent) {

  public Observed {
    gone = gone == null ? Set.of() : new TreeSet<>(gone);
  }

  /**
   * A topic that a component has offsets of, or has filled from the start.
   *
   * @param component a transform, a sink or a source
   */
  public record Reading(String component, String topic) implements Comparable<Reading> {
    @Override
    public int compareTo(Reading other) {
      return Comparator.comparing(Reading::component)
          .thenComparing(Reading::topic)
          .compare(this, other);
    }

    /**
     * Who would be wrong, without noticing, if a topic were empty again: a transform, of what
     * drives it and of what it writes; a sink, whose documents carry offsets; a source, of tables
     * whose rows it reads once.
     */
    public static Set<Reading> of(Plan plan) {
      Set<Reading> readings = new TreeSet<>();
      for (Resource resource : plan.resources()) {
        if (resource instanceof Resource.SparkJob job) {
          for (JsonNode transform : job.document().path("transforms")) {
            String name = transform.path("name").asText();
            readings.add(new Reading(name, transform.at("/output/topic").asText()));
            for (String driver : JobDiff.drivers(transform)) {
              plan.stream(driver).ifPresent(s -> readings.add(new Reading(name, s.topic())));
            }
          }
        } else if (resource instanceof Resource.Connector connector
            && connector.config().containsKey("topics")) {
          readings.add(new Reading(connector.component(), connector.config().get("topics")));
        }
      }
      for (Plan.Stream stream : plan.streams()) {
        if (stream.connector().isPresent() && stream.snapshot()) {
          readings.add(new Reading(stream.component(), stream.topic()));
        }
      }
      return readings;
    }
  }

  /** Topics of a component that are not what they were. */
  List<String> gone(String component) {
    return gone.stream().filter(r -> r.component().equals(component)).map(Reading::topic).toList();
  }

  /**
   * A topic with its own configuration and the broker's defaults.
   *
   * @param id what tells it from another of its name that was made later
   */
  public record Topic(int partitions, int replicas, Map<String, String> config, String id) {
    /** One of which it does not matter whether it was made again. */
    public Topic(int partitions, int replicas, Map<String, String> config) {
      this(partitions, replicas, config, "");
    }
  }

  /**
   * What was applied last.
   *
   * @param partitions of a topic; 0 of anything else
   * @param config of a topic; {@code hash} of what the backend does not tell; else empty
   */
  public record Made(int partitions, Map<String, String> config) {
    /** Of anything but a topic: that we have made it is all there is to say. */
    public static final Made IT = new Made(0, Map.of());

    /** Something whose content is known by its hash only. */
    public static Made hash(String hash) {
      return new Made(0, Map.of("hash", hash));
    }
  }

  /**
   * A subject.
   *
   * @param level its own compatibility level; empty if it has none
   * @param schema the newest; a missing node if there is none
   * @param refused what the registry says against the schema that is wanted; empty if it was not
   *     asked or agrees
   */
  public record Subject(String level, JsonNode schema, List<String> refused) {}

  /**
   * A connector.
   *
   * @param config without its name and without our own notes
   * @param owner the pipeline that it was made for; empty if somebody else made it
   * @param hash of the configuration that was put last by us
   * @param state such as {@code RUNNING}, {@code PAUSED}
   */
  public record Connector(Map<String, String> config, String owner, String hash, String state) {}

  /** An index template: its body without our notes, whose it is, and its hash when it was put. */
  public record Template(JsonNode body, String owner, String hash) {}

  /** An index: its fields, its settings (flat, without {@code index.}), and whose it is. */
  public record Index(JsonNode properties, Map<String, String> settings, String owner) {}

  /** A job: the document it was started with last, and whether it is meant to run now. */
  public record Job(JsonNode document, boolean running) {}
}
