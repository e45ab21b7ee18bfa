package dev.millrace.engine;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.engine.KibanaClient.Id;
import dev.millrace.engine.StepResult.Failure;
import dev.millrace.planner.Resource.SavedObjects;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Imports saved objects into a space, and reads what came of it. */
final class KibanaImport {
  private final KibanaClient client;
  private final String space;

  KibanaImport(KibanaClient client, String space) {
    this.client = client;
    this.space = space;
  }

  /** Imports, and says why not if Kibana did not take all of it: its status is 200 even then. */
  Optional<StepResult> offer(SavedObjects wanted, List<JsonNode> objects) throws BackendException {
    JsonNode answer = client.importObjects(space, objects);
    for (JsonNode taken : answer.path("successResults")) {
      String elsewhere = taken.path("destinationId").asText(taken.path("id").asText());
      if (!elsewhere.equals(taken.path("id").asText())) {
        // The id is taken in another space. Kibana has made a copy with one of its own.
        for (JsonNode copy : answer.path("successResults")) {
          if (copy.hasNonNull("destinationId")) {
            client.delete(
                space, new Id(copy.path("type").asText(), copy.path("destinationId").asText()));
          }
        }
        return Optional.of(
            StepResult.failed(
                Failure.CONFLICT,
                "Kibana has a "
                    + taken.path("type").asText()
                    + " '"
                    + taken.path("id").asText()
                    + "' in another space than "
                    + space));
      }
    }
    if (answer.path("success").asBoolean()) {
      return Optional.empty();
    }
    List<String> why = new ArrayList<>();
    answer.path("errors").forEach(e -> why.add(why(wanted, e)));
    return Optional.of(
        StepResult.failed(
            Failure.EXTERNAL,
            "Kibana took "
                + answer.path("successCount").asInt()
                + " of "
                + objects.size()
                + " objects: "
                + why.stream().limit(3).collect(Collectors.joining("; "))
                + (why.size() > 3 ? "; and " + (why.size() - 3) + " more" : "")));
  }

  private static String why(SavedObjects wanted, JsonNode failure) {
    JsonNode error = failure.path("error");
    String detail =
        switch (error.path("type").asText()) {
          case "missing_references" ->
              "refers to "
                  + error.path("references").findValuesAsText("id").stream()
                      .map(i -> "'" + shortened(wanted, i) + "'")
                      .collect(Collectors.joining(", "))
                  + ", which is not there";
          case "unsupported_type" -> "this Kibana does not know its type";
          case "conflict", "ambiguous_conflict" -> "is there already and can not be overwritten";
          default -> error.path("message").asText(error.path("type").asText());
        };
    return failure.path("type").asText()
        + " '"
        + shortened(wanted, failure.path("id").asText())
        + "' "
        + detail;
  }

  /** An id as it stands in the pipeline's files. */
  private static String shortened(SavedObjects wanted, String id) {
    return id.startsWith(wanted.name() + ".") ? id.substring(wanted.name().length() + 1) : id;
  }
}
