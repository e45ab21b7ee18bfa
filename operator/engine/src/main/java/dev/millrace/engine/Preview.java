package dev.millrace.engine;

import dev.millrace.model.Problem;
import dev.millrace.planner.Changes;
import java.util.List;
import java.util.Map;

/**
 * What would happen if a Pipeline were applied.
 *
 * @param pipeline its name
 * @param problems what is wrong with it; with any, nothing would be applied
 * @param waiting by component, why it is not planned yet
 */
public record Preview(
    String pipeline, List<Problem> problems, Map<String, String> waiting, Changes changes) {}
