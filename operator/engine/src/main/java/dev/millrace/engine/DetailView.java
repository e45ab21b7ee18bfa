package dev.millrace.engine;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.Pipeline;
import dev.millrace.model.Pipeline.Sink;
import dev.millrace.model.Pipeline.Source;
import dev.millrace.model.Pipeline.Transform;
import dev.millrace.planner.Resource;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What there is to know of one source, transform or sink: from an {@link Observation} alone.
 * Secrets are references in it; a value that looks like one and is none is hidden.
 */
public final class DetailView {
  private static final ObjectMapper JSON =
      new ObjectMapper().setSerializationInclusion(JsonInclude.Include.NON_EMPTY);

  private static final Pattern SECRET_NAME =
      Pattern.compile(
          "(?i)password|passwd|secret|token|credential|jaas|(api|private|access)[._-]?key");

  private DetailView() {}

  /** A source, transform or sink, if there is one of that name. */
  public static Optional<ObjectNode> component(Observation seen, String name) {
    ObjectNode out = JSON.createObjectNode();
    Pipeline.Spec spec = seen.pipeline().getSpec();
    for (Source source : spec.sources()) {
      if (source.name().equals(name)) {
        out.put("type", "source");
        out.set("spec", JSON.valueToTree(source));
      }
    }
    for (Sink sink : spec.sinks()) {
      if (sink.name().equals(name)) {
        out.put("type", "sink");
        out.put("index", sink.elasticsearch().index());
        out.set("spec", JSON.valueToTree(sink));
      }
    }
    for (Transform transform : spec.transforms()) {
      if (transform.name().equals(name)) {
        out.put("type", "transform");
        out.set("spec", JSON.valueToTree(transform));
        transform(seen, transform, out);
      }
    }
    if (out.isEmpty()) {
      return Optional.empty();
    }
    out.put("name", name);
    seen.status().components().stream()
        .filter(c -> c.name().equals(name))
        .forEach(
            c -> {
              out.put("kind", c.kind());
              out.put("state", c.state());
              out.put("message", c.message());
              if (c.lag() >= 0) {
                out.put("lag", c.lag());
              }
            });
    String waiting = seen.plan().waiting().get(name);
    if (waiting != null) {
      out.put("waiting", seen.redactor().redact(waiting));
    }
    out.putArray("streams");
    seen.plan().streams().stream()
        .filter(s -> s.component().equals(name))
        .forEach(s -> out.withArray("streams").add(s.name()));
    out.putArray("topics");
    for (Resource resource : seen.plan().resources()) {
      if (resource.component().equals(name)) {
        resource(seen, resource, out);
      }
    }
    hideSecrets(out, seen.redactor());
    return Optional.of(out);
  }

  private static void transform(Observation seen, Transform transform, ObjectNode out) {
    planned(seen, transform.name())
        .ifPresent(
            node -> {
              out.set("sql", node.get("sql"));
              out.set("reads", node.path("reads"));
              out.put("stateHash", node.path("stateHash").asText());
              out.put("late", node.path("lateTopic").asText());
              out.put("dead", node.path("deadTopic").asText());
            });
    if (!out.hasNonNull("sql") && transform.sql() != null) {
      out.put("sql", transform.sql());
    }
    GraphView.query(seen, transform.name())
        .ifPresent(q -> out.set("query", redacted(seen, (ObjectNode) q.deepCopy(), "cause")));
  }

  private static void resource(Observation seen, Resource resource, ObjectNode out) {
    if (resource instanceof Resource.Topic topic) {
      out.withArray("topics").add(topic.name());
    } else if (resource instanceof Resource.Connector connector) {
      ObjectNode node = connector(seen, connector);
      node.set("config", JSON.valueToTree(connector.config()));
      out.set("connector", node);
    } else if (resource instanceof Resource.IndexTemplate template) {
      out.set("template", template.body());
    }
  }

  /** A pipeline's connectors: state, tasks, and why one failed. */
  public static ArrayNode connectors(Observation seen) {
    ArrayNode out = JSON.createArrayNode();
    for (Resource resource : seen.plan().resources()) {
      if (resource instanceof Resource.Connector connector) {
        out.add(connector(seen, connector).put("pipeline", seen.pipeline().name()));
      }
    }
    return out;
  }

  private static ObjectNode connector(Observation seen, Resource.Connector connector) {
    ObjectNode out = JSON.createObjectNode();
    out.put("name", connector.name());
    out.put("component", connector.component());
    out.put("class", connector.config().get("connector.class"));
    JsonNode status = seen.connectors().get(connector.name());
    if (status == null) {
      out.put("state", "absent");
      out.putArray("tasks");
      return out;
    }
    out.put("type", status.path("type").asText());
    out.put(
        "state",
        status.at("/connector/state").asText("UNASSIGNED").toLowerCase(java.util.Locale.ROOT));
    out.put("worker", status.at("/connector/worker_id").asText());
    if (status.path("connector").hasNonNull("trace")) {
      out.put("trace", trace(seen, status.path("connector")));
    }
    out.putArray("tasks");
    for (JsonNode task : status.path("tasks")) {
      ObjectNode t = out.withArray("tasks").addObject();
      t.put("id", task.path("id").asInt());
      t.put("state", task.path("state").asText().toLowerCase(java.util.Locale.ROOT));
      t.put("worker", task.path("worker_id").asText());
      if (task.hasNonNull("trace")) {
        t.put("trace", trace(seen, task));
      }
    }
    return out;
  }

  private static String trace(Observation seen, JsonNode status) {
    String trace = status.path("trace").asText();
    return seen.redactor()
        .redact(trace.length() > 8000 ? trace.substring(0, 8000) + " ..." : trace);
  }

  /** The queries of a pipeline's Spark jobs. */
  public static ObjectNode job(Observation seen) {
    ObjectNode out = JSON.createObjectNode();
    out.put("pipeline", seen.pipeline().name());
    out.put("state", state(seen.jobs().stream().map(j -> j.path("state").asText()).toList()));
    out.putArray("queries");
    seen.jobs()
        .forEach(
            job ->
                job.path("queries")
                    .forEach(
                        q ->
                            out.withArray("queries")
                                .add(redacted(seen, (ObjectNode) q.deepCopy(), "cause"))));
    return out;
  }

  private static ObjectNode redacted(Observation seen, ObjectNode node, String field) {
    if (node.hasNonNull(field)) {
      node.put(field, seen.redactor().redact(node.path(field).asText()));
    }
    return node;
  }

  private static String state(List<String> jobs) {
    if (jobs.isEmpty()) {
      return "not running";
    }
    return jobs.contains("failed")
        ? "failed"
        : jobs.stream().allMatch("ended"::equals) ? "ended" : "running";
  }

  /** A transform in the document of the Spark job that runs it. */
  static Optional<JsonNode> planned(Observation seen, String transform) {
    for (Resource resource : seen.plan().resources()) {
      if (resource instanceof Resource.SparkJob job) {
        for (JsonNode node : job.document().path("transforms")) {
          if (node.path("name").asText().equals(transform)) {
            return Optional.of(node);
          }
        }
      }
    }
    return Optional.empty();
  }

  /** Names that look secret show what they refer to, never a value. */
  private static void hideSecrets(JsonNode node, Redactor redactor) {
    if (node instanceof ObjectNode object) {
      for (var entry : List.copyOf(object.properties())) {
        if (entry.getValue().isTextual()) {
          String value = entry.getValue().asText();
          boolean hide =
              SECRET_NAME.matcher(entry.getKey()).find() && !value.matches("\\$\\{[^}]*}");
          object.put(
              entry.getKey(), hide ? "*** (hidden: not a reference)" : redactor.redact(value));
        }
      }
    }
    node.forEach(child -> hideSecrets(child, redactor));
  }
}
