package dev.millrace.planner;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.model.Pipeline;
import dev.millrace.model.Pipeline.Sink;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Who reads whom.
 *
 * @param edges from a component to those that read one of its streams
 */
public record Topology(Map<String, Set<String>> edges) {

  /** Of a pipeline as it is planned. */
  public static Topology of(Pipeline pipeline, Plan plan) {
    Map<String, Set<String>> edges = new TreeMap<>();
    for (Resource resource : plan.resources()) {
      if (resource instanceof Resource.SparkJob job) {
        for (JsonNode transform : job.document().path("transforms")) {
          String name = transform.path("name").asText();
          if (transform.has("intervals")) {
            add(edges, plan, transform.at("/intervals/from").asText(), name);
          }
          transform.path("reads").forEach(r -> add(edges, plan, r.path("stream").asText(), name));
        }
      }
    }
    for (Sink sink : pipeline.getSpec().sinks()) {
      add(edges, plan, sink.from(), sink.name());
    }
    return new Topology(edges);
  }

  private static void add(Map<String, Set<String>> edges, Plan plan, String stream, String reader) {
    plan.stream(stream)
        .ifPresent(s -> edges.computeIfAbsent(s.component(), c -> new TreeSet<>()).add(reader));
  }
}
