package dev.millrace.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.Pipeline;
import dev.millrace.model.Problem;
import dev.millrace.planner.Change;
import dev.millrace.planner.Changes;
import dev.millrace.planner.Consent;
import dev.millrace.planner.FieldChange;
import dev.millrace.planner.Hashes;
import dev.millrace.planner.Impact;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What would happen if the pipelines of a directory were applied now: also as JSON, which a process
 * that can not reach the backends shows to people.
 *
 * @param hash of all of it
 */
public record DirectoryPlan(List<Preview> previews, String hash) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Plans the pipelines of a directory; writes nothing anywhere. */
  public static DirectoryPlan of(Collection<Pipeline> pipelines, Previews by, SqlAnalyser patient) {
    by.know(pipelines);
    return of(pipelines.stream().map(p -> by.preview(p, patient)).toList());
  }

  /** Several plans as one. */
  public static DirectoryPlan of(List<Preview> previews) {
    return new DirectoryPlan(
        previews,
        Hashes.of(
            previews.stream()
                .map(p -> p.pipeline() + " " + p.changes().hash())
                .collect(Collectors.joining("\n"))));
  }

  /** What is wrong with the pipelines, a line each. */
  public List<String> problems() {
    List<String> problems = new ArrayList<>();
    for (Preview preview : previews) {
      preview.problems().forEach(p -> problems.add("Pipeline " + preview.pipeline() + ": " + p));
    }
    return problems;
  }

  /** Why a backend did not answer: then there is no plan. */
  public List<String> silent() {
    return previews.stream()
        .flatMap(p -> p.changes().silent().values().stream())
        .distinct()
        .toList();
  }

  /** What can not be done at all. */
  public List<Change> refused() {
    return previews.stream().flatMap(p -> p.changes().refused().stream()).toList();
  }

  /** What would be done, or would have to be. */
  public List<Change> differing() {
    return previews.stream().flatMap(p -> p.changes().differing().stream()).toList();
  }

  /** What somebody has to agree to. */
  public Set<Impact> consents() {
    Set<Impact> needed = EnumSet.noneOf(Impact.class);
    previews.forEach(p -> needed.addAll(p.changes().consents()));
    return needed;
  }

  /** Whether something is there that somebody else made. */
  public boolean conflicts() {
    return previews.stream().anyMatch(p -> !p.changes().conflicts().isEmpty());
  }

  /** What consent lacks, as flags of {@code apply} and {@code run}; empty if it is enough. */
  public String lacking(Consent consent) {
    String impacts =
        consents().stream()
            .filter(i -> !consent.allows(i))
            .map(Impact::label)
            .collect(Collectors.joining(","));
    String flags = impacts.isEmpty() ? "" : "--allow " + impacts;
    return conflicts() && !consent.adopt() ? (flags + " --adopt").strip() : flags;
  }

  /** All of it; {@link #parse} reads it. */
  public ObjectNode json() {
    ObjectNode document = JSON.createObjectNode();
    document.put("hash", hash);
    document.putArray("pipelines");
    for (Preview preview : previews) {
      ObjectNode out = document.withArray("pipelines").addObject();
      out.put("name", preview.pipeline());
      out.put("hash", preview.changes().hash());
      out.put("impact", preview.changes().impact().label());
      out.put("unchanged", preview.changes().unchanged());
      for (Problem problem : preview.problems()) {
        ObjectNode p = out.withArray("problems").addObject();
        p.put("path", problem.path());
        p.put("message", problem.message());
        problem.suggestion().ifPresent(s -> p.put("suggestion", s));
      }
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
    out.put("action", change.action().name().toLowerCase(Locale.ROOT));
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

  /**
   * Reads what {@link #json} wrote.
   *
   * @throws IllegalArgumentException if it is something else
   */
  public static DirectoryPlan parse(JsonNode document) {
    List<Preview> previews = new ArrayList<>();
    for (JsonNode one : document.path("pipelines")) {
      List<Problem> problems = new ArrayList<>();
      one.path("problems")
          .forEach(
              p ->
                  problems.add(
                      new Problem(text(p, "path"), text(p, "message"), maybe(p, "suggestion"))));
      List<Change> changes = new ArrayList<>();
      one.path("changes").forEach(c -> changes.add(change(c)));
      previews.add(
          new Preview(
              text(one, "name"),
              problems,
              texts(one.path("waiting")),
              new Changes(
                  changes,
                  one.path("unchanged").asInt(),
                  texts(one.path("silent")),
                  text(one, "hash"))));
    }
    return new DirectoryPlan(previews, text(document, "hash"));
  }

  private static Change change(JsonNode change) {
    List<FieldChange> fields = new ArrayList<>();
    for (JsonNode field : change.path("fields")) {
      fields.add(
          new FieldChange(
              text(field, "field"),
              maybe(field, "before"),
              maybe(field, "after"),
              impact(field),
              text(field, "reason")));
    }
    return new Change(
        text(change, "resource"),
        text(change, "component"),
        Change.Action.valueOf(text(change, "action").toUpperCase(Locale.ROOT)),
        impact(change),
        text(change, "reason"),
        fields,
        change.path("drift").asBoolean());
  }

  private static Impact impact(JsonNode of) {
    String label = text(of, "impact");
    return Impact.of(label)
        .orElseThrow(() -> new IllegalArgumentException("not a plan: impact '" + label + "'"));
  }

  private static String text(JsonNode of, String field) {
    return maybe(of, field)
        .orElseThrow(() -> new IllegalArgumentException("not a plan: '" + field + "' is missing"));
  }

  private static Optional<String> maybe(JsonNode of, String field) {
    return Optional.ofNullable(of.get(field)).map(JsonNode::asText);
  }

  private static Map<String, String> texts(JsonNode of) {
    Map<String, String> texts = new LinkedHashMap<>();
    of.properties().forEach(e -> texts.put(e.getKey(), e.getValue().asText()));
    return texts;
  }

  /** What differs between two plans, a line each. */
  public static List<String> difference(JsonNode before, JsonNode after) {
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
