package dev.millrace.planner;

import dev.millrace.model.Problem;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.avro.Schema;

/**
 * What is to exist.
 *
 * @param resources in the order in which they depend on one another
 * @param streams all streams of the pipeline
 * @param waiting by component, why it is not planned yet
 * @param problems what is wrong; with any, nothing may be applied
 * @param marksTopic topic of the pipeline's stream marks
 * @param lineage by transform and column of its output, the columns of streams that the column is
 *     computed from
 * @param warnings what is probably not meant, and is applied all the same
 */
public record Plan(
    List<Resource> resources,
    List<Stream> streams,
    Map<String, String> waiting,
    List<Problem> problems,
    String marksTopic,
    Map<String, Map<String, List<SchemaCatalog.Column>>> lineage,
    List<Problem> warnings) {

  /**
   * A stream.
   *
   * @param component the source or transform that yields it
   * @param kind {@code append} or {@code table}
   * @param format of its keys and values: {@code avro}, {@code json} or {@code avro-embedded}
   * @param schema of its values, if it is known yet
   * @param bounded it ends by itself
   * @param snapshot it is a table whose first snapshot must be complete before it is read
   * @param connector name of the connector that writes it, if one does
   */
  public record Stream(
      String name,
      String component,
      String topic,
      String kind,
      String format,
      Optional<Schema> schema,
      Optional<Schema> keySchema,
      boolean bounded,
      boolean snapshot,
      Optional<String> connector) {
    /** Whether its format is the default. */
    boolean plainAvro() {
      return format.equals("avro");
    }
  }

  /** The stream of a name. */
  public Optional<Stream> stream(String name) {
    return streams.stream().filter(s -> s.name().equals(name)).findFirst();
  }
}
