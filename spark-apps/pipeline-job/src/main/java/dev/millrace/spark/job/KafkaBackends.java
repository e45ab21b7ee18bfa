package dev.millrace.spark.job;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.streaming.DataStreamWriter;

/** The job's own connectors, by the options they take. */
final class KafkaBackends implements Backends {
  static final String STREAM = "dev.millrace.spark.stream.StreamProvider";
  static final String TABLE = "dev.millrace.spark.table.TableProvider";
  static final String SINK = "dev.millrace.spark.sink.SinkProvider";

  private final PlanDocument plan;

  KafkaBackends(PlanDocument plan) {
    this.plan = plan;
  }

  @Override
  public Dataset<Row> stream(
      SparkSession session,
      PlanDocument.Transform transform,
      PlanDocument.Stream stream,
      List<String> columns) {
    Map<String, String> options = reading(transform, stream, columns);
    options.put("maxOffsetsPerTrigger", Long.toString(plan.settings().maxOffsetsPerTrigger()));
    options.put("lateTopic", transform.lateTopic());
    options.put("deadTopic", transform.deadTopic());
    if (stream.eventTime() != null) {
      options.put("eventTime.field", stream.eventTime().field());
      options.put("eventTime.outOfOrderMs", Long.toString(stream.eventTime().outOfOrderMs()));
      put(options, "eventTime.idleMs", stream.eventTime().idleMs());
      // The event times of what a transform writes do not say how far it has come: a row may become
      // final long after later ones. What its runner publishes does.
      boolean ours =
          Boolean.TRUE.equals(stream.progressMarks())
              || plan.transforms().stream()
                  .anyMatch(t -> t.output().topic().equals(stream.topic()));
      options.put("eventTime.progress", ours ? "marks" : "observed");
    }
    options.put(
        "latenessMs", Long.toString(transform.latenessMs() == null ? 0 : transform.latenessMs()));
    return session.readStream().format(STREAM).options(options).load();
  }

  @Override
  public Dataset<Row> table(
      SparkSession session,
      PlanDocument.Transform transform,
      PlanDocument.Stream stream,
      List<String> columns) {
    // A shuffle would let rows wander between tasks, and a replayed batch not be recognised.
    return functions.broadcast(
        session.read().format(TABLE).options(reading(transform, stream, columns)).load());
  }

  private Map<String, String> reading(
      PlanDocument.Transform transform, PlanDocument.Stream stream, List<String> columns) {
    Map<String, String> options = common(transform);
    options.put("topic", stream.topic());
    options.put("stream", stream.name());
    put(options, "format", stream.format());
    json(options, "schema", stream.schema());
    json(options, "keySchema", stream.keySchema());
    if (columns != null) {
      options.put("columns", String.join(",", columns));
    }
    return options;
  }

  @Override
  public DataStreamWriter<Row> sink(
      DataStreamWriter<Row> writer, PlanDocument.Transform transform) {
    PlanDocument.Output output = transform.output();
    Map<String, String> options = common(transform);
    options.put("topic", output.topic());
    put(options, "format", output.format());
    json(options, "schema", output.schema());
    put(options, "schemaId", output.schemaId());
    json(options, "keySchema", output.keySchema());
    put(options, "keySchemaId", output.keySchemaId());
    if (output.partitionBy() != null && !output.partitionBy().isEmpty()) {
      options.put("partitionBy", String.join(",", output.partitionBy()));
    }
    put(options, "lateTopic", transform.lateTopic());
    put(options, "deadTopic", transform.deadTopic());
    options.put("epochs.group", prefix() + transform.name() + ".epochs");
    options.put("tasks", Integer.toString(plan.settings().shufflePartitions()));
    return writer.format(SINK).options(options);
  }

  /**
   * What the names of all topics and groups of the pipeline begin with; the topic of marks is named
   * by it.
   */
  private String prefix() {
    return plan.marksTopic().substring(0, plan.marksTopic().lastIndexOf('.') + 1);
  }

  private Map<String, String> common(PlanDocument.Transform transform) {
    Map<String, String> options = new HashMap<>();
    plan.kafka().forEach((k, v) -> options.put("kafka." + k, v));
    plan.registry().put(options);
    options.put("marks.topic", plan.marksTopic());
    // What is kept between batches is kept under this: several jobs may share a process.
    options.put(
        "transform", plan.kafka().get("bootstrap.servers") + "/" + prefix() + transform.name());
    return options;
  }

  private static void json(Map<String, String> options, String key, JsonNode value) {
    if (value != null && !value.isNull()) {
      options.put(key, value.toString());
    }
  }

  private static void put(Map<String, String> options, String key, Object value) {
    if (value != null) {
      options.put(key, value.toString());
    }
  }
}
