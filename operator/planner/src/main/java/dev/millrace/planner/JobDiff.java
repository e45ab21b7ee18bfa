package dev.millrace.planner;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.planner.Change.Action;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.avro.Schema;

/**
 * What would happen to a Spark job, transform by transform: all of a job are started again
 * together, each goes on from its checkpoint as long as its {@code stateHash} stays.
 */
final class JobDiff {
  private static final Set<String> SCHEMAS = Set.of("schema", "keySchema");

  /** Filled in by the engine: what they stand for is compared instead. */
  private static final Set<String> FILLED_IN =
      Set.of("schemaId", "keySchemaId", "checkpoint", "reads", "stateHash");

  private final Plan plan;
  private final Observed observed;
  private final boolean run;

  /** Transforms, of any job, that have to begin from the start. */
  private final Set<String> again;

  JobDiff(Plan plan, Observed observed, boolean run) {
    this.plan = plan;
    this.observed = observed;
    this.run = run;
    Map<String, JsonNode> before = new LinkedHashMap<>();
    Map<String, JsonNode> after = new LinkedHashMap<>();
    for (Resource resource : plan.resources()) {
      if (resource instanceof Resource.SparkJob job) {
        after.putAll(named(job.document().path("transforms")));
        Observed.Job now = observed.jobs().get(job.name());
        if (now != null) {
          before.putAll(named(now.document().path("transforms")));
        }
      }
    }
    this.again = again(before, after);
  }

  List<Change> of(Resource.SparkJob wanted) {
    Observed.Job now = observed.jobs().get(wanted.name());
    Map<String, JsonNode> after = named(wanted.document().path("transforms"));
    if (now == null) {
      return after.keySet().stream()
          .map(t -> change(wanted, t, Action.CREATE, List.of(), ""))
          .toList();
    }
    List<Change> changes = new ArrayList<>();
    List<FieldChange> whole = whole(wanted, now);
    if (!whole.isEmpty()) {
      changes.add(
          Change.update(
              wanted,
              whole,
              false,
              Change.worst(whole) == Impact.RESTART && !wanted.app()
                  ? "all transforms are started again"
                  : ""));
    }
    Map<String, JsonNode> before = named(now.document().path("transforms"));
    after.forEach(
        (name, node) -> {
          if (!before.containsKey(name)) {
            changes.add(
                change(
                    wanted,
                    name,
                    Action.CREATE,
                    List.of(),
                    "reads "
                        + String.join(", ", drivers(node))
                        + " from the start; all transforms are started again"));
            return;
          }
          List<FieldChange> fields = transform(before.get(name), node);
          fields.addAll(
              streams(
                  reads(node), now.document().path("streams"), wanted.document().path("streams")));
          if (again.contains(name)) {
            fields.add(state(before.get(name), node));
          }
          if (!fields.isEmpty()) {
            boolean drift = again.contains(name) && hash(before.get(name)).equals(hash(node));
            changes.add(
                new Change(
                    wanted.id() + "#" + name,
                    name,
                    Action.UPDATE,
                    Change.worst(fields),
                    drift ? deleted(name) : "",
                    fields,
                    drift));
          }
        });
    before.forEach(
        (name, node) -> {
          if (!after.containsKey(name)) {
            changes.add(
                change(
                    wanted,
                    name,
                    Action.DELETE,
                    List.of(),
                    "it no longer runs; its checkpoint stays; all transforms are started again"));
          }
        });
    return changes;
  }

  /**
   * Transforms that have to begin from the start: another state, a topic that is not what it was,
   * and all that is downstream of one of them.
   */
  private Set<String> again(Map<String, JsonNode> before, Map<String, JsonNode> after) {
    Set<String> again = new TreeSet<>();
    int found;
    do {
      found = again.size();
      after.forEach(
          (name, node) -> {
            if (before.containsKey(name)
                && (!hash(before.get(name)).equals(hash(node))
                    || !observed.gone(name).isEmpty()
                    || drivers(node).stream().anyMatch(again::contains))) {
              again.add(name);
            }
          });
    } while (again.size() > found);
    return again;
  }

  private String deleted(String transform) {
    List<String> gone = observed.gone(transform);
    return gone.isEmpty()
        ? "a topic upstream of it was deleted"
        : "somebody has deleted topic " + String.join(", ", gone);
  }

  private static Change change(
      Resource.SparkJob job,
      String transform,
      Action action,
      List<FieldChange> fields,
      String why) {
    Impact impact =
        action == Action.CREATE
            ? Impact.RESTART
            : action == Action.DELETE ? Impact.RESTART : Change.worst(fields);
    if (action == Action.CREATE && why.isEmpty()) {
      impact = Impact.IN_PLACE;
    }
    return new Change(job.id() + "#" + transform, transform, action, impact, why, fields, false);
  }

  private List<FieldChange> whole(Resource.SparkJob wanted, Observed.Job now) {
    List<FieldChange> fields = new ArrayList<>();
    if (now.running() != run) {
      fields.add(
          FieldChange.of(
              "state",
              now.running() ? "running" : "stopped",
              run ? "running" : "stopped",
              Impact.IN_PLACE,
              ""));
    }
    fields.addAll(
        Flat.compare(
            rest(now.document()), rest(wanted.document()), Flat.Rule.all(Impact.RESTART, "")));
    return fields;
  }

  private static TreeMap<String, String> rest(JsonNode document) {
    ObjectNode rest = document.deepCopy();
    rest.remove(List.of("streams", "transforms", "statusPort"));
    return Flat.of(rest);
  }

  private static Map<String, JsonNode> named(JsonNode list) {
    Map<String, JsonNode> named = new LinkedHashMap<>();
    list.forEach(n -> named.put(n.path("name").asText(), n));
    return named;
  }

  private static String hash(JsonNode transform) {
    // The engine appends when the state was begun anew: going back to an earlier definition must
    // not
    // find what it left behind.
    return transform.path("stateHash").asText().replaceFirst("-.*", "");
  }

  private static List<FieldChange> transform(JsonNode before, JsonNode after) {
    List<FieldChange> fields = new ArrayList<>();
    for (String schema : SCHEMAS) {
      columns(
          "output." + schema,
          before.path("output").path(schema),
          after.path("output").path(schema),
          fields);
    }
    if (!format(before).equals(format(after))) {
      fields.add(
          FieldChange.of("output.format", format(before), format(after), Impact.STATE_LOSS, ""));
    }
    fields.addAll(
        Flat.compare(
            plain(before),
            plain(after),
            Flat.Rule.all(Impact.RESTART, "rows that were written before stay as they are")));
    return fields;
  }

  private static String format(JsonNode transform) {
    return transform.path("output").path("format").asText("avro");
  }

  private static TreeMap<String, String> plain(JsonNode transform) {
    ObjectNode plain = transform.deepCopy();
    plain.remove(FILLED_IN);
    ObjectNode output = (ObjectNode) plain.path("output");
    output.remove(FILLED_IN);
    output.remove(SCHEMAS);
    output.remove("format");
    return Flat.of(plain);
  }

  private static void columns(
      String field, JsonNode before, JsonNode after, List<FieldChange> fields) {
    Optional<Schema> was = SubjectDiff.parse(before);
    Optional<Schema> is = SubjectDiff.parse(after);
    if (was.isEmpty() || is.isEmpty() || was.equals(is)) {
      return;
    }
    for (FieldChange column : SubjectDiff.columns(was.get(), is.get())) {
      fields.add(
          new FieldChange(
              column.field().replaceFirst("^schema", field),
              column.before(),
              column.after(),
              Impact.RESTART,
              ""));
    }
  }

  /** What changed of the streams that a transform reads. */
  private static List<FieldChange> streams(Set<String> reads, JsonNode before, JsonNode after) {
    Map<String, JsonNode> was = named(before);
    Map<String, JsonNode> is = named(after);
    List<FieldChange> fields = new ArrayList<>();
    for (String stream : reads) {
      if (was.containsKey(stream) && is.containsKey(stream)) {
        String at = "reads." + stream + ".";
        columns(
            at + "schema", was.get(stream).path("schema"), is.get(stream).path("schema"), fields);
        Flat.compare(
                Flat.of(((ObjectNode) was.get(stream).deepCopy()).remove(SCHEMAS)),
                Flat.of(((ObjectNode) is.get(stream).deepCopy()).remove(SCHEMAS)),
                (f, b, a) -> FieldChange.of(at + f, b, a, Impact.RESTART, ""))
            .forEach(fields::add);
      }
    }
    return fields;
  }

  static Set<String> reads(JsonNode transform) {
    Set<String> reads = new TreeSet<>();
    if (transform.has("intervals")) {
      reads.add(transform.at("/intervals/from").asText());
    }
    transform.path("reads").forEach(r -> reads.add(r.path("stream").asText()));
    return reads;
  }

  /** The streams whose records drive a transform, as opposed to those that it looks up. */
  static List<String> drivers(JsonNode transform) {
    List<String> drivers = new ArrayList<>();
    if (transform.has("intervals")) {
      drivers.add(transform.at("/intervals/from").asText());
    }
    transform
        .path("reads")
        .forEach(
            r -> {
              if (r.path("role").asText().equals("drives")) {
                drivers.add(r.path("stream").asText());
              }
            });
    return drivers;
  }

  private FieldChange state(JsonNode before, JsonNode after) {
    List<String> drivers = drivers(after);
    List<String> gone = observed.gone(after.path("name").asText());
    boolean same = hash(before).equals(hash(after));
    String cause =
        format(before).equals(format(after))
            ? cause(after, gone, drivers, again)
            : "the records of a topic have one format, and it is to be another";
    String from =
        drivers.stream()
            .map(
                d -> {
                  String topic = plan.stream(d).map(Plan.Stream::topic).orElse(d);
                  return topic
                      + Retention.of(plan, topic)
                          .map(r -> " (which goes back " + r + ")")
                          .orElse("");
                })
            .collect(Collectors.joining(", "));
    String topic = after.at("/output/topic").asText();
    String written =
        (after.at("/output/kind").asText().equals("table") ? "rows" : "records")
            + " that are in "
            + topic
            + " now are removed and written anew, so that none counts twice"
            + indices(topic)
            + (drivers.stream()
                    .map(d -> plan.stream(d).map(Plan.Stream::topic).orElse(d))
                    .anyMatch(d -> Retention.of(plan, d).isPresent())
                ? "; what came of input that is no longer there is not made again"
                : "");
    return FieldChange.of(
        "state",
        hash(before),
        hash(after) + (same ? ", begun anew" : ""),
        Impact.STATE_LOSS,
        cause + ": reprocessed from earliest of " + from + "; " + written);
  }

  private static String cause(
      JsonNode transform, List<String> gone, List<String> drivers, Set<String> again) {
    if (gone.contains(transform.at("/output/topic").asText())) {
      return "somebody has deleted topic "
          + transform.at("/output/topic").asText()
          + ", and all that it had written with it";
    }
    if (!gone.isEmpty()) {
      return "somebody has deleted topic "
          + String.join(", ", gone)
          + ": it would go on at offsets that are not reached yet, and what comes before would be"
          + " skipped in silence";
    }
    return drivers.stream()
        .filter(again::contains)
        .findFirst()
        .map(d -> "its input " + d + " is written anew")
        .orElse("what it remembers does not fit what it is to do now");
  }

  /** What becomes of the indices that hold what is in a topic. */
  private String indices(String topic) {
    Set<String> sinks = new TreeSet<>();
    Set<String> indices = new TreeSet<>();
    for (Resource resource : plan.resources()) {
      if (resource instanceof Resource.Connector connector
          && topic.equals(connector.config().get("topics"))) {
        sinks.add(connector.component());
      }
    }
    for (Resource resource : plan.resources()) {
      if (resource instanceof Resource.IndexTemplate
          && sinks.contains(resource.component())
          && observed.indices().containsKey(resource.name())) {
        indices.add(resource.name());
      }
    }
    if (indices.isEmpty()) {
      return "";
    }
    boolean one = indices.size() == 1;
    return (one ? "; its index " : "; its indices ")
        + String.join(", ", indices)
        + (one ? " is" : " are")
        + " emptied and written again: searches see "
        + (one ? "it" : "them")
        + " fill";
  }
}
