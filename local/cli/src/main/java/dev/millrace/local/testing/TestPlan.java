package dev.millrace.local.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.Durations;
import dev.millrace.model.Pipeline;
import dev.millrace.model.Platform;
import dev.millrace.model.Problem;
import dev.millrace.planner.Plan;
import dev.millrace.planner.Planner;
import dev.millrace.planner.Resource;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.avro.Schema;

/**
 * The plan of a pipeline as any run would have it, with the schemas that its tests declare in the
 * place of what a database would say.
 *
 * @param document of the Spark job, with the ids of {@code schemas} in it
 * @param schemas by id
 * @param streams all streams that are read or made, by name
 */
record TestPlan(
    String pipeline,
    ObjectNode document,
    Map<Integer, Schema> schemas,
    Map<String, TestStream> streams) {

  /**
   * A stream.
   *
   * @param made by a transform; otherwise it is a test's to give
   * @param reads the append streams that it is made from
   * @param time column of event time
   * @param outOfOrder how much earlier than the newest a row may be
   * @param schemaId of its values
   * @param keySchemaId of its keys, 0 without
   */
  record TestStream(
      String name,
      String topic,
      boolean table,
      boolean made,
      List<String> reads,
      Schema schema,
      Optional<Schema> key,
      Optional<String> time,
      Duration outOfOrder,
      int schemaId,
      int keySchemaId) {
    List<String> keyColumns() {
      return key.map(k -> k.getFields().stream().map(Schema.Field::name).toList())
          .orElse(List.of());
    }

    String lateTopic() {
      return topic + ".late";
    }

    String deadTopic() {
      return topic + ".dead";
    }
  }

  /**
   * Plans.
   *
   * @param problems takes everything for which there is no plan
   * @return empty if there is any
   */
  static Optional<TestPlan> of(
      Pipeline pipeline,
      Platform platform,
      List<StreamDeclaration> declared,
      TestCatalog catalog,
      List<String> problems) {
    Plan plan = Planner.plan(pipeline, platform, catalog);
    String who = "Pipeline " + pipeline.name() + ": ";
    plan.problems().forEach(p -> problems.add(who + p));
    if (!plan.problems().isEmpty()) {
      return Optional.empty();
    }
    for (StreamDeclaration declaration : declared) {
      check(declaration, plan, catalog, problems);
    }
    for (Pipeline.Transform transform : pipeline.getSpec().transforms()) {
      String why = plan.waiting().get(transform.name());
      if (why != null) {
        problems.add(
            who
                + transform.name()
                + ": "
                + why
                + ". Declare its columns under streams in a file of kind TestStreams in "
                + TestReader.FOLDER
                + "/");
      }
    }
    Optional<Resource.SparkJob> job =
        plan.resources().stream()
            .filter(Resource.SparkJob.class::isInstance)
            .map(Resource.SparkJob.class::cast)
            .filter(j -> !j.app())
            .findFirst();
    if (job.isEmpty() && problems.isEmpty()) {
      problems.add(who + "has no transforms: there is nothing to test");
    }
    return problems.isEmpty()
        ? Optional.of(complete(pipeline, plan, (ObjectNode) job.get().document().deepCopy()))
        : Optional.empty();
  }

  private static void check(
      StreamDeclaration declaration, Plan plan, TestCatalog catalog, List<String> problems) {
    List<String> open =
        plan.streams().stream().map(Plan.Stream::name).filter(catalog::declarable).toList();
    Optional<Plan.Stream> stream = plan.stream(declaration.name());
    if (stream.isEmpty()) {
      problems.add(
          Problem.unknown(
                  declaration.where(),
                  "no stream '" + declaration.name() + "'",
                  declaration.name(),
                  open)
              .toString());
    } else if (plan.stream(declaration.name()).get().connector().isEmpty()
        && !open.contains(declaration.name())) {
      problems.add(
          declaration.where() + ": a transform makes it; rows are given to what transforms read");
    } else if (declaration.schema().isEmpty() && open.contains(declaration.name())) {
      problems.add(
          declaration.where()
              + ".columns: is missing: only a running database or registry knows them");
    } else if (declaration.schema().isEmpty()) {
      // The pipeline knows its columns, and rows are checked against them.
      return;
    } else if (!open.contains(declaration.name())) {
      problems.add(
          declaration.where()
              + ": the columns of '"
              + declaration.name()
              + "' are known from the pipeline, so give its rows without them; only those of "
              + String.join(", ", open)
              + " are declared");
    } else if (declaration.key().isEmpty() && stream.get().kind().equals("table")) {
      problems.add(
          declaration.where() + ".key: is missing: a table's rows are told apart by its columns");
    }
  }

  private static TestPlan complete(Pipeline pipeline, Plan plan, ObjectNode document) {
    Map<Integer, Schema> schemas = new TreeMap<>();
    Map<String, TestStream> streams = new LinkedHashMap<>();
    for (Plan.Stream stream : plan.streams()) {
      if (stream.schema().isEmpty()) {
        continue;
      }
      Optional<Pipeline.EventTime> time =
          pipeline.getSpec().sources().stream()
              .filter(s -> s.name().equals(stream.name()) && s.eventTime() != null)
              .map(Pipeline.Source::eventTime)
              .findFirst();
      boolean made =
          pipeline.getSpec().transforms().stream().anyMatch(t -> t.name().equals(stream.name()));
      streams.put(
          stream.name(),
          new TestStream(
              stream.name(),
              stream.topic(),
              stream.kind().equals("table"),
              made,
              reads(document, stream.name(), plan),
              stream.schema().get(),
              stream.keySchema(),
              time.map(Pipeline.EventTime::field),
              time.map(Pipeline.EventTime::outOfOrder)
                  .flatMap(Durations::parse)
                  .orElse(Duration.ZERO),
              put(schemas, stream.schema().get()),
              stream.keySchema().map(k -> put(schemas, k)).orElse(0)));
    }
    // Records are values in a test, whatever they are in Kafka.
    document.path("streams").forEach(s -> ((ObjectNode) s).remove("format"));
    for (JsonNode transform : document.path("transforms")) {
      TestStream stream = streams.get(transform.path("name").asText());
      ObjectNode output = (ObjectNode) transform.path("output");
      output.remove("format");
      output.put("schemaId", stream.schemaId());
      output.put("keySchemaId", stream.keySchemaId());
    }
    return new TestPlan(pipeline.name(), document, schemas, streams);
  }

  private static int put(Map<Integer, Schema> schemas, Schema schema) {
    schemas.put(schemas.size() + 1, schema);
    return schemas.size();
  }

  private static List<String> reads(ObjectNode document, String name, Plan plan) {
    for (JsonNode transform : document.path("transforms")) {
      if (!transform.path("name").asText().equals(name)) {
        continue;
      }
      if (transform.has("intervals")) {
        return List.of(transform.path("intervals").path("from").asText());
      }
      List<String> reads = new java.util.ArrayList<>();
      for (JsonNode read : transform.path("reads")) {
        String stream = read.path("stream").asText();
        if (plan.stream(stream).filter(s -> s.kind().equals("append")).isPresent()) {
          reads.add(stream);
        }
      }
      return reads;
    }
    return List.of();
  }
}
