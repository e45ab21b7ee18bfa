package dev.millrace.planner;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.avro.Schema;

/** Something that is to exist in a backend. */
public sealed interface Resource {
  /** Name in the backend. */
  String name();

  /** The source, transform or sink that it is for. */
  String component();

  /** Identity within a plan. */
  default String id() {
    return getClass().getSimpleName() + "/" + name();
  }

  /** A hash of all that it says: equal hashes, nothing to do. */
  default String hash() {
    return Hashes.of(toString());
  }

  /** A Kafka topic. */
  record Topic(
      String name, String component, int partitions, int replicas, Map<String, String> config)
      implements Resource {
    public Topic {
      config = new java.util.TreeMap<>(config);
    }
  }

  /**
   * A subject of the schema registry.
   *
   * @param schema to register; none where somebody else does, and only the level is ours
   */
  record Subject(String name, String component, String compatibility, Optional<Schema> schema)
      implements Resource {}

  /** A Kafka Connect connector. */
  record Connector(String name, String component, Map<String, String> config) implements Resource {
    public Connector {
      config = new java.util.TreeMap<>(config);
    }
  }

  /** An Elasticsearch index template, body as its API takes it. */
  record IndexTemplate(String name, String component, JsonNode body) implements Resource {}

  /**
   * Saved objects of Kibana, imported and removed together.
   *
   * @param name also the id of the tag that marks them as ours
   * @param component the entry of {@code spec.dashboards}
   * @param space that they are in
   * @param objects as Kibana's import takes them; ids begin with {@code name}, and each refers to
   *     the tag
   */
  record SavedObjects(String name, String component, String space, List<JsonNode> objects)
      implements Resource {
    public SavedObjects {
      objects = List.copyOf(objects);
    }

    /** The types of objects that a pipeline may ship. */
    public static java.util.Set<String> types() {
      return java.util.Collections.unmodifiableSet(SavedObjectTypes.TYPES);
    }
  }

  /**
   * A Spark job.
   *
   * @param component {@link #OURS}, or the transform whose application it is
   * @param document it is run with
   */
  record SparkJob(String name, String component, JsonNode document) implements Resource {
    /** Component of the job that runs all transforms of a pipeline but its applications. */
    public static final String OURS = "spark";

    /** Whether it runs an application of the pipeline's author. */
    public boolean app() {
      return !component.equals(OURS);
    }
  }
}
