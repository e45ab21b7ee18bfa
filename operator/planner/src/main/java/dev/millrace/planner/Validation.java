package dev.millrace.planner;

import dev.millrace.model.Durations;
import dev.millrace.model.Pipeline;
import dev.millrace.model.Pipeline.Sink;
import dev.millrace.model.Pipeline.Source;
import dev.millrace.model.Pipeline.Table;
import dev.millrace.model.Pipeline.Transform;
import dev.millrace.model.Problem;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** What can be said of a Pipeline without knowing anything outside it. */
final class Validation {
  private static final Pattern STREAM = Pattern.compile("[a-z][a-z0-9_]{0,62}");
  private static final Pattern NAME = Pattern.compile("[a-z]([a-z0-9_-]{0,61}[a-z0-9])?");
  private static final Pattern RATE = Pattern.compile("max|\\d+(\\.\\d+)?(/s)?");

  private final Pipeline.Spec spec;
  private final List<Problem> problems = new ArrayList<>();

  /** Where each stream is declared. */
  private final Map<String, String> streams = new LinkedHashMap<>();

  private Validation(Pipeline.Spec spec) {
    this.spec = spec;
  }

  static List<Problem> of(Pipeline.Spec spec) {
    Validation validation = new Validation(spec);
    validation.run();
    return validation.problems;
  }

  private void run() {
    oneOf("spec.state", spec.state(), Set.of("running", "paused", "stopped"));
    oneOf("spec.deletionPolicy", spec.deletionPolicy(), Set.of("retain", "delete"));
    for (int i = 0; i < spec.sources().size(); i++) {
      source("spec.sources[" + i + "]", spec.sources().get(i));
    }
    for (int i = 0; i < spec.transforms().size(); i++) {
      transform("spec.transforms[" + i + "]", spec.transforms().get(i));
    }
    // What refers to a stream comes after all streams are declared.
    for (int i = 0; i < spec.transforms().size(); i++) {
      Transform transform = spec.transforms().get(i);
      if (transform.intervals() != null) {
        reference("spec.transforms[" + i + "].intervals.from", transform.intervals().from());
      }
    }
    Map<String, String> sinks = new LinkedHashMap<>();
    for (int i = 0; i < spec.sinks().size(); i++) {
      sink("spec.sinks[" + i + "]", spec.sinks().get(i), sinks);
    }
    for (int i = 0; i < spec.dashboards().size(); i++) {
      String path = "spec.dashboards[" + i + "]";
      required(path + ".name", spec.dashboards().get(i).name());
      required(
          path + ".configMap.name",
          spec.dashboards().get(i).configMap() == null
              ? null
              : spec.dashboards().get(i).configMap().name());
    }
    if (spec.sources().isEmpty()) {
      problems.add(Problem.of("spec.sources", "is empty: a pipeline reads something"));
    }
  }

  private void source(String path, Source source) {
    name(path + ".name", source.name());
    Map<String, Object> members = new LinkedHashMap<>();
    members.put("cdc", source.cdc());
    members.put("datagen", source.datagen());
    members.put("topic", source.topic());
    exactlyOne(path, members);
    if (source.cdc() != null) {
      cdc(path + ".cdc", source.cdc());
      if (!source.partitionBy().isEmpty()) {
        problems.add(
            Problem.of(path + ".partitionBy", "does not go with cdc: rows lie by primary key"));
      }
    } else {
      stream(path + ".name", source.name());
    }
    if (source.datagen() != null) {
      datagen(path + ".datagen", source.datagen());
    }
    if (source.topic() != null) {
      required(path + ".topic.name", source.topic().name());
      if (source.topic().kind() != null) {
        oneOf(path + ".topic.kind", source.topic().kind(), Set.of("append", "table"));
      }
    }
    eventTime(path + ".eventTime", source.eventTime());
    positive(path + ".partitions", source.partitions());
  }

  private void cdc(String path, Pipeline.Cdc cdc) {
    if (cdc.connection() == null || cdc.connection().secretRef() == null) {
      problems.add(Problem.of(path + ".connection.secretRef", "is missing"));
    } else {
      required(path + ".connection.secretRef.name", cdc.connection().secretRef().name());
    }
    if (cdc.tables().isEmpty()) {
      problems.add(Problem.of(path + ".tables", "is missing or empty"));
    }
    for (int i = 0; i < cdc.tables().size(); i++) {
      Table table = cdc.tables().get(i);
      String at = path + ".tables[" + i + "]";
      if (table.table() == null || !table.table().matches("[^.\\s]+\\.[^.\\s]+")) {
        problems.add(Problem.of(at + ".table", "'" + table.table() + "': expected database.table"));
      }
      stream(at + ".name", table.name());
      if ((table.validFrom() == null) != (table.validTo() == null)) {
        problems.add(Problem.of(at, "validFrom and validTo go together"));
      }
    }
  }

  private void datagen(String path, Pipeline.Datagen datagen) {
    Map<String, Object> members = new LinkedHashMap<>();
    members.put("schema", datagen.schema());
    members.put("schemaFrom", datagen.schemaFrom());
    exactlyOne(path, members);
    if (datagen.clock() != null) {
      oneOf(path + ".clock", datagen.clock(), Set.of("realtime", "simulated"));
    }
    if (datagen.rate() != null && !RATE.matcher(datagen.rate()).matches()) {
      problems.add(
          Problem.of(
              path + ".rate", "'" + datagen.rate() + "': expected a rate such as 1000/s, or max"));
    }
    if (datagen.count() != null && datagen.count() < 0) {
      problems.add(Problem.of(path + ".count", "'" + datagen.count() + "': expected 0 or more"));
    }
    positive(path + ".tasks", datagen.tasks());
    if (datagen.duplicates() != null && !(datagen.duplicates() >= 0 && datagen.duplicates() <= 1)) {
      problems.add(
          Problem.of(path + ".duplicates", "'" + datagen.duplicates() + "': expected 0 to 1"));
    }
    if (datagen.outOfOrder() != null) {
      share(path + ".outOfOrder.share", datagen.outOfOrder().share());
      duration(path + ".outOfOrder.max", datagen.outOfOrder().max(), true);
    }
    if (datagen.late() != null) {
      share(path + ".late.share", datagen.late().share());
      duration(path + ".late.by", datagen.late().by(), true);
    }
  }

  private void share(String path, Double share) {
    if (share == null || !(share >= 0 && share <= 1)) {
      problems.add(Problem.of(path, "'" + share + "': expected 0 to 1"));
    }
  }

  private void transform(String path, Transform transform) {
    stream(path + ".name", transform.name());
    Map<String, Object> members = new LinkedHashMap<>();
    members.put("intervals", transform.intervals());
    members.put("sql", transform.sql());
    members.put("sqlFrom", transform.sqlFrom());
    exactlyOne(path, members);
    if (transform.intervals() != null) {
      intervals(path + ".intervals", transform.intervals());
    }
    if (transform.key().isEmpty()) {
      problems.add(
          Problem.of(
              path + ".key",
              "is missing: the fields that identify a record of '" + transform.name() + "'"));
    }
    eventTime(path + ".eventTime", transform.eventTime());
    duration(path + ".lateness", transform.lateness(), false);
    positive(path + ".partitions", transform.partitions());
  }

  private void intervals(String path, Pipeline.Intervals intervals) {
    required(path + ".from", intervals.from());
    required(path + ".type", intervals.type());
    notEmpty(path + ".by", intervals.by());
    notEmpty(path + ".open", intervals.open());
    duration(path + ".timeout", intervals.timeout(), true);
    duration(path + ".slice", intervals.slice(), false);
    for (String value : intervals.open()) {
      if (intervals.close().contains(value)) {
        problems.add(
            Problem.of(
                path + ".close",
                "'"
                    + value
                    + "' is in open too: an event that opens an interval always ends the one before"));
      }
    }
  }

  private void notEmpty(String path, List<String> list) {
    if (list.isEmpty()) {
      problems.add(Problem.of(path, "is missing or empty"));
    }
  }

  private void sink(String path, Sink sink, Map<String, String> sinks) {
    name(path + ".name", sink.name());
    if (sink.name() != null && sinks.putIfAbsent(sink.name(), path) != null) {
      problems.add(
          Problem.of(
              path + ".name",
              "'" + sink.name() + "' is the name of " + sinks.get(sink.name()) + " too"));
    }
    reference(path + ".from", sink.from());
    Map<String, Object> members = new LinkedHashMap<>();
    members.put("elasticsearch", sink.elasticsearch());
    exactlyOne(path, members);
    if (sink.elasticsearch() != null) {
      String index = sink.elasticsearch().index();
      // https://www.elastic.co/guide/en/elasticsearch/reference/8.19/indices-create-index.html
      if (index == null || !index.matches("[a-z0-9][a-z0-9._-]{0,200}")) {
        problems.add(
            Problem.of(
                path + ".elasticsearch.index",
                "'" + index + "': expected a name of lower case letters, digits, '.', '_', '-'"));
      }
      duration(path + ".elasticsearch.refresh", sink.elasticsearch().refresh(), false);
      positive(path + ".elasticsearch.tasks", sink.elasticsearch().tasks());
    }
  }

  private void stream(String path, String name) {
    if (name == null || !STREAM.matcher(name).matches()) {
      problems.add(
          Problem.of(path, "'" + name + "' is not the name of a stream: [a-z][a-z0-9_]{0,62}"));
      return;
    }
    String other = streams.putIfAbsent(name, path);
    if (other != null) {
      problems.add(Problem.of(path, "'" + name + "' is the stream of " + other + " too"));
    }
  }

  private void name(String path, String name) {
    if (name == null || !NAME.matcher(name).matches()) {
      problems.add(
          Problem.of(
              path,
              name == null
                  ? "is missing"
                  : "'" + name + "' is not a name: [a-z]([a-z0-9_-]*[a-z0-9])?"));
    }
  }

  private void reference(String path, String stream) {
    if (stream != null && !streams.containsKey(stream)) {
      problems.add(
          Problem.unknown(
              path,
              "no stream '" + stream + "'; there are " + String.join(", ", streams.keySet()),
              stream,
              streams.keySet()));
    } else if (stream == null && !path.contains("intervals")) {
      problems.add(Problem.of(path, "is missing"));
    }
  }

  private void eventTime(String path, Pipeline.EventTime eventTime) {
    if (eventTime != null) {
      required(path + ".field", eventTime.field());
      duration(path + ".outOfOrder", eventTime.outOfOrder(), false);
      duration(path + ".idle", eventTime.idle(), false);
    }
  }

  private void required(String path, String value) {
    if (value == null || value.isBlank()) {
      problems.add(Problem.of(path, "is missing"));
    }
  }

  private void positive(String path, Integer value) {
    if (value != null && value < 1) {
      problems.add(Problem.of(path, "'" + value + "': expected 1 or more"));
    }
  }

  private void duration(String path, String text, boolean needed) {
    if (text == null) {
      if (needed) {
        problems.add(Problem.of(path, "is missing"));
      }
      return;
    }
    Optional<Duration> duration = Durations.parse(text);
    if (duration.isEmpty()) {
      problems.add(
          Problem.of(path, "'" + text + "': expected a duration such as 500ms, 10s, 5m, 4h, 7d"));
    } else if (duration.get().isZero() && (path.endsWith("slice") || path.endsWith("timeout"))) {
      problems.add(Problem.of(path, "'" + text + "': expected more than nothing"));
    }
  }

  private void oneOf(String path, String value, Set<String> known) {
    if (!known.contains(value)) {
      List<String> sorted = known.stream().sorted().toList();
      problems.add(
          Problem.unknown(
              path,
              "'" + value + "': expected one of " + String.join(", ", sorted),
              value,
              sorted));
    }
  }

  private void exactlyOne(String path, Map<String, Object> members) {
    List<String> set =
        members.entrySet().stream()
            .filter(e -> e.getValue() != null)
            .map(Map.Entry::getKey)
            .toList();
    if (set.size() != 1) {
      problems.add(
          Problem.of(
              path,
              "exactly one of "
                  + String.join(", ", members.keySet())
                  + " must be set; "
                  + (set.isEmpty() ? "none is" : String.join(" and ", set) + " are")));
    }
  }
}
