package dev.millrace.local;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.engine.Preview;
import dev.millrace.engine.Previews;
import dev.millrace.engine.SqlAnalyser;
import dev.millrace.planner.Change;
import dev.millrace.planner.Consent;
import dev.millrace.planner.FieldChange;
import dev.millrace.planner.Hashes;
import dev.millrace.planner.Impact;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What would happen if a directory were applied now.
 *
 * @param hash of all of it
 */
record DirectoryPlan(List<Preview> previews, String hash) {
  private static final ObjectMapper JSON = new ObjectMapper();

  static DirectoryPlan of(Pipelines pipelines, Previews by, SqlAnalyser patient) {
    by.know(pipelines.pipelines());
    List<Preview> previews =
        pipelines.pipelines().stream().map(p -> by.preview(p, patient)).toList();
    return new DirectoryPlan(
        previews,
        Hashes.of(
            previews.stream()
                .map(p -> p.pipeline() + " " + p.changes().hash())
                .collect(Collectors.joining("\n"))));
  }

  /** What is wrong with the pipelines, a line each. */
  List<String> problems() {
    List<String> problems = new ArrayList<>();
    for (Preview preview : previews) {
      preview.problems().forEach(p -> problems.add("Pipeline " + preview.pipeline() + ": " + p));
    }
    return problems;
  }

  /** Why a backend did not answer: then there is no plan. */
  List<String> silent() {
    return previews.stream()
        .flatMap(p -> p.changes().silent().values().stream())
        .distinct()
        .toList();
  }

  List<Change> refused() {
    return previews.stream().flatMap(p -> p.changes().refused().stream()).toList();
  }

  List<Change> differing() {
    return previews.stream().flatMap(p -> p.changes().differing().stream()).toList();
  }

  Set<Impact> consents() {
    Set<Impact> needed = EnumSet.noneOf(Impact.class);
    previews.forEach(p -> needed.addAll(p.changes().consents()));
    return needed;
  }

  boolean conflicts() {
    return previews.stream().anyMatch(p -> !p.changes().conflicts().isEmpty());
  }

  /** What consent lacks, as flags of {@code apply} and {@code run}; empty if it is enough. */
  String lacking(Consent consent) {
    String impacts =
        consents().stream()
            .filter(i -> !consent.allows(i))
            .map(Impact::label)
            .collect(Collectors.joining(","));
    String flags = impacts.isEmpty() ? "" : "--allow " + impacts;
    return conflicts() && !consent.adopt() ? (flags + " --adopt").strip() : flags;
  }

  ObjectNode json() {
    ObjectNode document = JSON.createObjectNode();
    document.put("hash", hash);
    document.putArray("pipelines");
    for (Preview preview : previews) {
      ObjectNode out = document.withArray("pipelines").addObject();
      out.put("name", preview.pipeline());
      out.put("impact", preview.changes().impact().label());
      out.put("unchanged", preview.changes().unchanged());
      preview.problems().forEach(p -> out.withArray("problems").add(p.toString()));
      preview.waiting().forEach((c, why) -> out.withObject("/waiting").put(c, why));
      preview.changes().silent().forEach((t, why) -> out.withObject("/silent").put(t, why));
      out.putArray("changes");
      preview.changes().all().forEach(c -> change(out.withArray("changes").addObject(), c));
    }
    return document;
  }

  private static void change(ObjectNode out, Change change) {
    out.put("resource", change.resource());
    out.put("component", change.component());
    out.put("action", change.action().name().toLowerCase(java.util.Locale.ROOT));
    out.put("impact", change.impact().label());
    out.put("reason", change.reason());
    out.put("drift", change.drift());
    out.putArray("fields");
    for (FieldChange field : change.fields()) {
      ObjectNode f = out.withArray("fields").addObject();
      f.put("field", field.field());
      field.before().ifPresent(b -> f.put("before", b));
      field.after().ifPresent(a -> f.put("after", a));
      f.put("impact", field.impact().label());
      f.put("reason", field.reason());
    }
  }

  /** What differs between two plans, a line each. */
  static List<String> difference(JsonNode before, JsonNode after) {
    List<String> lines = new ArrayList<>();
    List<String> old = lines(before);
    List<String> now = lines(after);
    old.stream().filter(l -> !now.contains(l)).forEach(l -> lines.add("no longer: " + l));
    now.stream().filter(l -> !old.contains(l)).forEach(l -> lines.add("new: " + l));
    return lines;
  }

  private static List<String> lines(JsonNode plan) {
    List<String> lines = new ArrayList<>();
    for (JsonNode pipeline : plan.path("pipelines")) {
      for (JsonNode change : pipeline.path("changes")) {
        String at = change.path("action").asText() + " " + change.path("resource").asText();
        lines.add(at);
        for (JsonNode field : change.path("fields")) {
          lines.add(
              at
                  + " "
                  + field.path("field").asText()
                  + ": "
                  + field.path("before").asText("(none)")
                  + " -> "
                  + field.path("after").asText("(none)"));
        }
      }
    }
    return lines;
  }
}
