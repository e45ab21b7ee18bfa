package dev.millrace.planner;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;

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
    Map<String, String> silent) {

  /** A topic with its own configuration and the broker's defaults. */
  public record Topic(int partitions, int replicas, Map<String, String> config) {}

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
