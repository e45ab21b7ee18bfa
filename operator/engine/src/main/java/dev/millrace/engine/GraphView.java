package dev.millrace.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.engine.PipelineStatus.Component;
import dev.millrace.engine.PipelineStatus.StreamStatus;
import dev.millrace.model.Pipeline.Sink;
import dev.millrace.model.Pipeline.Source;
import dev.millrace.model.Pipeline.Transform;
import dev.millrace.planner.Plan;
import dev.millrace.planner.SchemaCatalog.Column;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A pipeline as a graph with the numbers that were last observed: sources, streams, transforms and
 * sinks as nodes, and what flows between them. From an {@link Observation} alone.
 */
public final class GraphView {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Observation seen;
  private final Map<String, Component> components = new LinkedHashMap<>();
  private final Map<String, StreamStatus> streams = new LinkedHashMap<>();
  private final ObjectNode out = JSON.createObjectNode();

  private GraphView(Observation seen) {
    this.seen = seen;
    seen.status().components().forEach(c -> components.put(c.name(), c));
    seen.status().streams().forEach(s -> streams.put(s.name(), s));
  }

  /** The graph of a pipeline. */
  public static ObjectNode of(Observation seen) {
    return new GraphView(seen).graph();
  }

  private ObjectNode graph() {
    out.put("name", seen.pipeline().name());
    out.put("wanted", seen.pipeline().getSpec().state());
    out.put("ready", seen.status().ready());
    out.put("drained", seen.status().drained());
    seen.status()
        .problems()
        .forEach(p -> out.withArray("problems").add(seen.redactor().redact(p.toString())));
    out.putArray("nodes");
    out.putArray("edges");
    for (Source source : seen.pipeline().getSpec().sources()) {
      component("source", source.name());
    }
    for (Plan.Stream stream : seen.plan().streams()) {
      stream(stream);
    }
    for (Transform transform : seen.pipeline().getSpec().transforms()) {
      transform(transform);
    }
    for (Sink sink : seen.pipeline().getSpec().sinks()) {
      ObjectNode node = component("sink", sink.name());
      node.put("index", sink.elasticsearch().index());
      Component status = components.get(sink.name());
      edge("stream:" + sink.from(), "sink:" + sink.name(), "drives", rate(sink.from()))
          .put("lag", status == null ? -1 : status.lag());
    }
    return out;
  }

  private ObjectNode component(String type, String name) {
    ObjectNode node = node(type, name);
    Component status = components.get(name);
    if (status == null) {
      boolean refused = !seen.status().problems().isEmpty();
      node.put("kind", "");
      node.put("state", refused ? "failed" : "waiting");
      node.put("message", refused ? "the Pipeline has problems: nothing of it is applied" : "");
      return node;
    }
    node.put("kind", status.kind());
    node.put("state", status.state());
    node.put("message", status.message());
    if (status.lag() >= 0) {
      node.put("lag", status.lag());
    }
    return node;
  }

  private ObjectNode node(String type, String name) {
    ObjectNode node = out.withArray("nodes").addObject();
    node.put("id", type + ":" + name);
    node.put("type", type);
    node.put("name", name);
    return node;
  }

  private ObjectNode edge(String from, String to, String role, double rate) {
    ObjectNode edge = out.withArray("edges").addObject();
    edge.put("from", from);
    edge.put("to", to);
    edge.put("role", role);
    edge.put("rate", Math.round(rate * 10) / 10.0);
    return edge;
  }

  private double rate(String stream) {
    return streams.containsKey(stream) ? streams.get(stream).rate() : 0;
  }

  private void stream(Plan.Stream stream) {
    ObjectNode node = node("stream", stream.name());
    StreamStatus status = streams.get(stream.name());
    node.put("kind", stream.kind());
    node.put("topic", stream.topic());
    node.put("rate", Math.round(rate(stream.name()) * 10) / 10.0);
    node.put("records", status == null ? 0 : status.records());
    String state = "empty";
    if (stream.schema().isEmpty()) {
      state = "waiting";
      node.put("message", "its schema is not known yet");
    } else if (rate(stream.name()) > 0) {
      state = "flowing";
    } else if (status != null && status.records() > 0) {
      state = "idle";
    }
    node.put("state", state);
    boolean transformed =
        seen.pipeline().getSpec().transforms().stream()
            .anyMatch(t -> t.name().equals(stream.component()));
    edge(
        (transformed ? "transform:" : "source:") + stream.component(),
        "stream:" + stream.name(),
        "writes",
        rate(stream.name()));
  }

  private void transform(Transform transform) {
    ObjectNode node = component("transform", transform.name());
    node.put("kind", transform.type());
    Optional<JsonNode> query = query(seen, transform.name());
    query.ifPresent(
        q -> {
          for (String number : List.of("processedRowsPerSecond", "batchMs", "late", "dead")) {
            node.set(number, q.path(number));
          }
        });
    for (Map.Entry<String, String> read : reads(seen, transform).entrySet()) {
      ObjectNode edge =
          edge(
              "stream:" + read.getKey(),
              "transform:" + transform.name(),
              read.getValue(),
              rate(read.getKey()));
      query
          .map(q -> q.path("lag").path(read.getKey()))
          .filter(JsonNode::isNumber)
          .ifPresent(lag -> edge.set("lag", lag));
    }
  }

  /** The job's own words on a transform. */
  static Optional<JsonNode> query(Observation seen, String transform) {
    for (JsonNode job : seen.jobs()) {
      for (JsonNode query : job.path("queries")) {
        if (query.path("transform").asText().equals(transform)) {
          return Optional.of(query);
        }
      }
    }
    return Optional.empty();
  }

  /** The streams that a transform reads, and in which role; as far as it is planned. */
  static Map<String, String> reads(Observation seen, Transform transform) {
    Map<String, String> reads = new LinkedHashMap<>();
    if (transform.intervals() != null) {
      reads.put(transform.intervals().from(), "drives");
    }
    DetailView.planned(seen, transform.name())
        .ifPresent(
            node ->
                node.path("reads")
                    .forEach(r -> reads.put(r.path("stream").asText(), r.path("role").asText())));
    return reads;
  }

  /**
   * Where columns come from: {@code streams} with their columns, {@code transforms} with the
   * columns that each column of their output is computed from ({@code from}) and those that only
   * decide about its rows ({@code rows}), {@code sinks}.
   */
  public static ObjectNode lineage(Observation seen) {
    ObjectNode out = JSON.createObjectNode();
    ObjectNode streams = out.putObject("streams");
    for (Plan.Stream stream : seen.plan().streams()) {
      ObjectNode node = streams.putObject(stream.name());
      node.put("component", stream.component());
      stream
          .schema()
          .ifPresent(s -> s.getFields().forEach(f -> node.withArray("columns").add(f.name())));
    }
    for (Source source : seen.pipeline().getSpec().sources()) {
      if (source.cdc() != null) {
        source
            .cdc()
            .tables()
            .forEach(t -> streams.withObject("/" + t.name()).put("table", t.table()));
      }
    }
    ObjectNode transforms = out.putObject("transforms");
    for (Transform transform : seen.pipeline().getSpec().transforms()) {
      Map<String, List<Column>> lineage =
          seen.plan().lineage().getOrDefault(transform.name(), Map.of());
      ObjectNode node = transforms.putObject(transform.name());
      ObjectNode from = node.putObject("from");
      lineage.forEach(
          (column, columns) -> {
            from.putArray(column);
            columns.forEach(c -> from.withArray(column).add(column(c)));
          });
      List<Column> values = lineage.values().stream().flatMap(List::stream).toList();
      node.putArray("rows");
      DetailView.planned(seen, transform.name())
          .ifPresent(
              planned ->
                  planned
                      .path("reads")
                      .forEach(
                          read ->
                              read.path("columns")
                                  .forEach(
                                      c -> {
                                        Column column =
                                            new Column(read.path("stream").asText(), c.asText());
                                        if (!values.contains(column)) {
                                          node.withArray("rows").add(column(column));
                                        }
                                      })));
    }
    ObjectNode sinks = out.putObject("sinks");
    for (Sink sink : seen.pipeline().getSpec().sinks()) {
      sinks
          .putObject(sink.name())
          .put("stream", sink.from())
          .put("index", sink.elasticsearch().index());
    }
    return out;
  }

  private static ObjectNode column(Column column) {
    return JSON.createObjectNode().put("stream", column.stream()).put("column", column.column());
  }
}
