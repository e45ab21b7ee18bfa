package dev.millrace.local;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.registry.RegistryException;
import dev.millrace.registry.SchemaRegistryClient;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.avro.Schema;

/** A run that is asked: its streams, and where they are. */
final class QueriedRun {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final JsonNode status;
  private final String kafka;
  private final String registry;

  private QueriedRun(JsonNode status) throws Refusal {
    this.status = status;
    this.kafka = Running.endpoint(status, "kafka");
    this.registry = Running.endpoint(status, "registry");
  }

  /**
   * The run of a directory.
   *
   * @throws Refusal with exit code 3 if there is none
   */
  static QueriedRun connect(Path directory) throws Refusal {
    StateDirectory state = new StateDirectory(directory);
    if (state.running().isEmpty()) {
      throw new Refusal(
          Main.NOT_RUNNING,
          List.of(
              "millrace: " + directory + " is not running, so there is nothing to ask.",
              "'millrace run " + directory + " --detach' starts it."));
    }
    return new QueriedRun(
        state
            .status()
            .orElseThrow(() -> new Refusal("the run is starting: try again in a moment")));
  }

  /** What the process that answers has to know of it. */
  ObjectNode question() {
    ObjectNode question = JSON.createObjectNode();
    question.putObject("kafka").put("bootstrap.servers", kafka);
    question.putObject("registry").put("url", registry);
    question.putArray("streams");
    for (JsonNode pipeline : status.path("pipelines")) {
      for (JsonNode stream : pipeline.path("streams")) {
        ObjectNode asked =
            question
                .withArray("streams")
                .addObject()
                .put("pipeline", pipeline.path("name").asText());
        for (String field : List.of("name", "kind", "topic", "format", "schema")) {
          if (stream.has(field)) {
            asked.set(field, stream.get(field));
          }
        }
      }
    }
    return question;
  }

  /** Prints the streams with their columns. */
  void list(PrintWriter out) {
    SchemaRegistryClient schemas = new SchemaRegistryClient(registry);
    Map<String, Integer> names = new HashMap<>();
    JsonNode streams = question().path("streams");
    streams.forEach(s -> names.merge(s.path("name").asText(), 1, Integer::sum));
    out.printf("%-24s %-7s %s%n", "STREAM", "KIND", "COLUMNS");
    for (JsonNode stream : streams) {
      String name = stream.path("name").asText();
      out.printf(
          Locale.ROOT,
          "%-24s %-7s %s%n",
          names.get(name) == 1 ? name : stream.path("pipeline").asText() + "." + name,
          stream.path("kind").asText(),
          columns(schemas, stream));
    }
    out.flush();
  }

  private static String columns(SchemaRegistryClient schemas, JsonNode stream) {
    try {
      Optional<Schema> schema =
          stream.has("schema")
              ? Optional.of(new Schema.Parser().parse(stream.path("schema").asText()))
              : schemas
                  .latest(stream.path("topic").asText() + "-value")
                  .map(SchemaRegistryClient.Registered::schema);
      return schema
          .map(
              found ->
                  String.join(", ", found.getFields().stream().map(Schema.Field::name).toList()))
          .orElse("(no schema yet)");
    } catch (RegistryException e) {
      return "(" + e.getMessage() + ")";
    }
  }
}
