package dev.millrace.planner;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.model.Pipeline;
import dev.millrace.model.Pipeline.Sink;
import dev.millrace.model.Pipeline.Source;
import dev.millrace.model.Problem;
import dev.millrace.planner.Change.Action;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.avro.Schema;

/**
 * Keeps columns that somebody uses from being dropped or retyped. What the registry allows is not
 * enough: a record without a column can be read, the SQL that names the column can not be run.
 */
public final class Gate {
  private static final String VALUE = "-value";

  /** A column of a topic that a component of a pipeline uses, and what as. */
  private record Use(String pipeline, String component, String topic, String column, String as) {
    @Override
    public String toString() {
      return as + " of " + component + " in pipeline " + pipeline;
    }
  }

  private Gate() {}

  /**
   * The changes, with those of schemas refused that would take a column from another pipeline. Its
   * own transforms were planned with the new columns already.
   *
   * @param others pipelines that may read these streams, as they are planned now
   */
  public static Changes check(Changes changes, Map<Pipeline, Plan> others) {
    List<Use> uses = new ArrayList<>();
    others.forEach((pipeline, plan) -> uses.addAll(uses(pipeline, plan)));
    List<Change> checked = new ArrayList<>();
    boolean any = false;
    for (Change change : changes.all()) {
      Optional<String> reason = against(change, uses);
      any |= reason.isPresent();
      checked.add(
          reason
              .map(
                  r ->
                      new Change(
                          change.resource(),
                          change.component(),
                          Action.REFUSE,
                          change.impact(),
                          r,
                          change.fields(),
                          change.drift()))
              .orElse(change));
    }
    return any ? changes.replaced(checked) : changes;
  }

  private static Optional<String> against(Change change, List<Use> uses) {
    if (!change.type().equals("Subject")
        || change.action() != Action.UPDATE
        || !change.name().endsWith(VALUE)) {
      return Optional.empty();
    }
    String topic = change.name().substring(0, change.name().length() - VALUE.length());
    List<String> reasons = new ArrayList<>();
    for (FieldChange field : change.fields()) {
      if (!field.field().startsWith("schema.") || field.before().isEmpty()) {
        continue;
      }
      String column = field.field().substring("schema.".length());
      List<String> users =
          uses.stream()
              .filter(u -> u.topic().equals(topic) && u.column().equals(column))
              .map(Use::toString)
              .distinct()
              .toList();
      if (!users.isEmpty()) {
        reasons.add(
            "stream "
                + change.component()
                + ": column "
                + column
                + (field.after().isEmpty()
                    ? " can not be dropped"
                    : " can not become "
                        + field.after().get()
                        + " (it is "
                        + field.before().get()
                        + ")")
                + ", it is used by "
                + String.join(" and ", users));
      }
    }
    return reasons.isEmpty()
        ? Optional.empty()
        : Optional.of(
            String.join("; ", reasons) + ". Change what uses it first, or add a new column");
  }

  /** What a pipeline uses of topics that others write. */
  private static List<Use> uses(Pipeline pipeline, Plan plan) {
    List<Use> uses = new ArrayList<>();
    Map<String, String> topics = new LinkedHashMap<>();
    for (Source source : pipeline.getSpec().sources()) {
      if (source.topic() != null) {
        topics.put(source.name(), source.topic().name());
        if (source.eventTime() != null) {
          uses.add(
              new Use(
                  pipeline.name(),
                  source.name(),
                  source.topic().name(),
                  source.eventTime().field(),
                  "the event time"));
        }
      }
    }
    for (Resource resource : plan.resources()) {
      if (resource instanceof Resource.SparkJob job) {
        for (JsonNode transform : job.document().path("transforms")) {
          reads(transform)
              .forEach(
                  (stream, columns) ->
                      columns.forEach(
                          c -> {
                            if (topics.containsKey(stream)) {
                              uses.add(
                                  new Use(
                                      pipeline.name(),
                                      transform.path("name").asText(),
                                      topics.get(stream),
                                      c,
                                      transform.has("sql")
                                          ? "the SQL"
                                          : transform.has("app")
                                              ? "the application"
                                              : "the intervals"));
                            }
                          }));
        }
      }
    }
    for (Sink sink : pipeline.getSpec().sinks()) {
      plan.stream(sink.from())
          .filter(s -> topics.containsKey(s.name()))
          .flatMap(Plan.Stream::schema)
          .ifPresent(
              schema ->
                  Schemas.fields(schema)
                      .forEach(
                          c ->
                              uses.add(
                                  new Use(
                                      pipeline.name(),
                                      sink.name(),
                                      topics.get(sink.from()),
                                      c,
                                      "the mapping"))));
    }
    return uses;
  }

  /** The columns that a transform reads, by stream. */
  private static Map<String, Set<String>> reads(JsonNode transform) {
    Map<String, Set<String>> reads = new LinkedHashMap<>();
    for (JsonNode read : transform.path("reads")) {
      Set<String> columns =
          reads.computeIfAbsent(read.path("stream").asText(), s -> new LinkedHashSet<>());
      read.path("columns").forEach(c -> columns.add(c.asText()));
    }
    if (transform.has("intervals")) {
      JsonNode intervals = transform.get("intervals");
      Set<String> columns = new LinkedHashSet<>();
      intervals.path("by").forEach(c -> columns.add(c.asText()));
      intervals.path("carry").forEach(c -> columns.add(c.asText()));
      columns.add(intervals.path("type").asText());
      reads.put(intervals.path("from").asText(), columns);
    }
    return reads;
  }

  /**
   * Why a pipeline that ran has become wrong, where a column is the reason: which stream lost it or
   * gave it another type, and which transform reads it.
   *
   * @param running the document that its job was started with last
   */
  public static List<Problem> explain(Pipeline pipeline, Plan plan, JsonNode running) {
    List<Problem> problems = new ArrayList<>();
    Set<String> wrong = new LinkedHashSet<>();
    for (int i = 0; i < pipeline.getSpec().transforms().size(); i++) {
      String path = "spec.transforms[" + i + "]";
      if (plan.problems().stream().anyMatch(p -> p.path().startsWith(path))) {
        wrong.add(pipeline.getSpec().transforms().get(i).name());
      }
    }
    Map<String, Schema> before = new LinkedHashMap<>();
    running
        .path("streams")
        .forEach(
            s ->
                SubjectDiff.parse(s.path("schema"))
                    .ifPresent(schema -> before.put(s.path("name").asText(), schema)));
    for (JsonNode transform : running.path("transforms")) {
      String name = transform.path("name").asText();
      if (wrong.contains(name)) {
        reads(transform)
            .forEach(
                (stream, columns) ->
                    plan.stream(stream)
                        .flatMap(Plan.Stream::schema)
                        .filter(s -> before.containsKey(stream))
                        .ifPresent(
                            now ->
                                columns.forEach(
                                    c ->
                                        lost(stream, c, before.get(stream), now, name)
                                            .ifPresent(problems::add))));
      }
    }
    return problems;
  }

  private static Optional<Problem> lost(
      String stream, String column, Schema before, Schema now, String transform) {
    Schema.Field was = before.getField(column);
    Schema.Field is = now.getField(column);
    if (was == null || (is != null && was.schema().equals(is.schema()))) {
      return Optional.empty();
    }
    return Optional.of(
        Problem.of(
            "stream " + stream,
            "column "
                + column
                + (is == null
                    ? " is dropped"
                    : " becomes "
                        + Schemas.typeName(is.schema())
                        + " (it was "
                        + Schemas.typeName(was.schema())
                        + ")")
                + ", but transform "
                + transform
                + " reads it: change that first"));
  }
}
