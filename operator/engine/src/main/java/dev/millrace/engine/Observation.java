package dev.millrace.engine;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.model.Pipeline;
import dev.millrace.planner.Plan;
import java.util.List;
import java.util.Map;

/**
 * All that one reconcile saw of a pipeline, for those who only look.
 *
 * @param connectors Connect's answers on the state of connectors, by their names
 * @param job the answer of the pipeline's Spark job
 * @param redactor takes the pipeline's secrets out of any text
 */
public record Observation(
    Pipeline pipeline,
    Plan plan,
    PipelineStatus status,
    Map<String, JsonNode> connectors,
    List<JsonNode> jobs,
    Redactor redactor) {
  public Observation {
    connectors = Map.copyOf(connectors);
    jobs = List.copyOf(jobs);
  }

  /** What is known of a pipeline before it was looked at. */
  public static Observation nothing(Pipeline pipeline) {
    return new Observation(
        pipeline,
        new Plan(List.of(), List.of(), Map.of(), List.of(), "", Map.of(), List.of()),
        new PipelineStatus(pipeline.name(), false, List.of(), List.of(), List.of(), List.of()),
        Map.of(),
        List.of(),
        new Redactor(List.of()));
  }
}
