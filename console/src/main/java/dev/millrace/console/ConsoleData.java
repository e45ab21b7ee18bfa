package dev.millrace.console;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URI;
import java.util.Optional;
import java.util.Set;

/**
 * What the page shows, from whoever runs pipelines. Methods may be called by several threads. Those
 * that are said to ask backends are called only while somebody looks, one at a time for each
 * question, and their answers are shown for some seconds; they must end within ten.
 */
public interface ConsoleData {
  /** A backend did not answer, or what was asked for is not there any more. */
  final class Unavailable extends Exception {
    private static final long serialVersionUID = 1L;

    public Unavailable(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** Services and pipelines, as they were last observed. */
  JsonNode status() throws Unavailable;

  /** {@code {"pipelines":[{name, nodes, edges, ...}]}}, as it was last observed. */
  JsonNode graph() throws Unavailable;

  /** The dashboards of all pipelines. */
  SavedObjects.Dashboards dashboards() throws Unavailable;

  /** Names of the indices that the pipelines write: no others are searched. */
  Set<String> indices() throws Unavailable;

  /** Where searches go, if that is known yet. */
  Optional<URI> elasticsearch() throws Unavailable;

  /** Configuration and state of a source, transform, sink or stream. */
  Optional<JsonNode> component(String pipeline, String name) throws Unavailable;

  /** Fields, key and readers of a stream. */
  Optional<JsonNode> stream(String pipeline, String name) throws Unavailable;

  /** Which columns are made from which. */
  Optional<JsonNode> lineage(String pipeline) throws Unavailable;

  /** An array of connectors with their tasks, as they were last observed. */
  JsonNode connectors() throws Unavailable;

  /** An array of Spark jobs with their queries, as they were last observed. */
  JsonNode jobs() throws Unavailable;

  /** An array of topics with partitions and sizes. Asks backends. */
  JsonNode topics() throws Unavailable;

  /**
   * The newest records of a topic of the pipelines, or nothing if it is no such topic. Asks
   * backends.
   */
  Optional<JsonNode> records(String topic, int limit) throws Unavailable;

  /**
   * The end of what a component has logged, without secrets.
   *
   * @param whole lines of others in the same log, too
   */
  Optional<JsonNode> log(String pipeline, String component, boolean whole) throws Unavailable;
}
