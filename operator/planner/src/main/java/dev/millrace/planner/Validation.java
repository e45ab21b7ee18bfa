package dev.millrace.planner;

import dev.millrace.model.Constraints;
import dev.millrace.model.Pipeline;
import dev.millrace.model.Pipeline.Source;
import dev.millrace.model.Pipeline.Table;
import dev.millrace.model.Pipeline.Transform;
import dev.millrace.model.Problem;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What can be said of a Pipeline without knowing anything outside it: of each field by itself, by
 * the model's constraints, and of fields together.
 */
final class Validation {
  private static final String STREAM = "[a-z][a-z0-9_]{0,62}";

  private final Pipeline.Spec spec;
  private final List<Problem> problems;

  /** Where each stream is declared. */
  private final Map<String, String> streams = new LinkedHashMap<>();

  /** Where each source, transform, sink and dashboard is. */
  private final Map<String, String> components = new LinkedHashMap<>();

  private Validation(Pipeline.Spec spec) {
    this.spec = spec;
    this.problems = new ArrayList<>(Constraints.check(spec));
  }

  static List<Problem> of(Pipeline.Spec spec) {
    Validation validation = new Validation(spec);
    validation.run();
    return validation.problems;
  }

  private void run() {
    for (int i = 0; i < spec.sources().size(); i++) {
      String path = "spec.sources[" + i + "]";
      source(path, spec.sources().get(i));
      unique(path, spec.sources().get(i).name());
    }
    for (int i = 0; i < spec.transforms().size(); i++) {
      String path = "spec.transforms[" + i + "]";
      transform(path, spec.transforms().get(i));
      unique(path, spec.transforms().get(i).name());
    }
    // What refers to a stream comes after all streams are declared.
    for (int i = 0; i < spec.transforms().size(); i++) {
      Transform transform = spec.transforms().get(i);
      if (transform.intervals() != null) {
        reference("spec.transforms[" + i + "].intervals.from", transform.intervals().from());
      }
      if (transform.app() != null) {
        app("spec.transforms[" + i + "].app", transform.app());
      }
    }
    for (int i = 0; i < spec.sinks().size(); i++) {
      String path = "spec.sinks[" + i + "]";
      unique(path, spec.sinks().get(i).name());
      reference(path + ".from", spec.sinks().get(i).from());
    }
    for (int i = 0; i < spec.dashboards().size(); i++) {
      unique("spec.dashboards[" + i + "]", spec.dashboards().get(i).name());
    }
  }

  private void source(String path, Source source) {
    keyed(path, source);
    if (source.mqtt() != null) {
      mqtt(path + ".mqtt", source.mqtt());
    }
    if (source.cdc() == null) {
      if (source.name() != null && !source.name().matches(STREAM)) {
        problems.removeIf(p -> p.path().equals(path + ".name"));
        once(path + ".name", "'" + source.name() + "': expected the name of a stream, " + STREAM);
      }
      stream(path + ".name", source.name());
      if (source.files() != null) {
        files(path, source);
      }
      if (source.rest() != null) {
        new RestSource(source.rest(), new SecretFiles(""))
            .problems(path + ".rest", source.key())
            .forEach(p -> once(p.path(), p));
      }
      return;
    }
    if (!source.partitionBy().isEmpty()) {
      once(path + ".partitionBy", "does not go with cdc: rows lie by primary key");
    }
    for (int i = 0; i < source.cdc().tables().size(); i++) {
      Table table = source.cdc().tables().get(i);
      String at = path + ".cdc.tables[" + i + "]";
      stream(at + ".name", table.name());
      if ((table.validFrom() == null) != (table.validTo() == null)) {
        once(at, "validFrom and validTo go together");
      }
      columns(at, source.cdc(), table);
    }
  }

  private void columns(String at, Pipeline.Cdc cdc, Table table) {
    if (table.columns() != null && table.exclude() != null) {
      once(at + ".exclude", "does not go with columns, which says already what is left out");
    }
    Set<String> masked = new HashSet<>();
    for (int i = 0; i < table.mask().size(); i++) {
      Pipeline.Mask mask = table.mask().get(i);
      String path = at + ".mask[" + i + "]";
      String column = mask.column();
      boolean left =
          (table.exclude() != null && table.exclude().contains(column))
              || (table.columns() != null && !table.columns().contains(column));
      if (left) {
        once(path + ".column", "'" + column + "' is left out: there is nothing to mask");
      }
      if (column != null && !masked.add(column)) {
        once(path + ".column", "'" + column + "' is masked already");
      }
      if ("text".equals(mask.with()) != (mask.text() != null)) {
        once(path + ".text", "goes with 'with: text', and only with it");
      }
      if ("hash".equals(mask.with()) && cdc.salt() == null) {
        once(
            at.substring(0, at.indexOf(".tables")) + ".salt",
            "is missing: columns are masked with hash");
      }
    }
  }

  private void files(String path, Source source) {
    Pipeline.FileSource files = source.files();
    String at = path + ".files";
    if ((files.path() == null) == (files.s3() == null)) {
      once(
          at + ".path",
          "exactly one of path, s3 must be set; "
              + (files.path() == null ? "none is" : "path and s3 are"));
    }
    if (files.s3() != null && files.s3().bucket() == null && files.s3().secretRef() == null) {
      once(at + ".s3.bucket", "is missing: without secretRef no Secret names it");
    }
    boolean text = "csv".equals(files.format()) || "jsonl".equals(files.format());
    if (files.csv() != null && !"csv".equals(files.format())) {
      once(at + ".csv", "goes with format csv only, and format is " + files.format());
    }
    if (files.csv() != null
        && Boolean.FALSE.equals(files.csv().header())
        && files.csv().columns().isEmpty()) {
      once(
          at + ".csv.columns",
          "is missing: without a header nothing says which column is which field");
    }
    if (!text && ("gzip".equals(files.compression()) || "zip".equals(files.compression()))) {
      once(
          at + ".compression",
          "'"
              + files.compression()
              + "' is for csv and jsonl: "
              + files.format()
              + " is compressed inside");
    }
    if (files.speed() != null && files.speed() > 0) {
      if (source.eventTime() == null) {
        once(path + ".eventTime", "is missing: files.speed replays rows at their event times");
      }
      if (files.tasks() != null && files.tasks() > 1) {
        once(at + ".speed", "wants one task: several have no common pace");
      }
    }
  }

  private void mqtt(String path, Pipeline.Mqtt mqtt) {
    if (mqtt.tasks() != null
        && mqtt.tasks() > 1
        && !mqtt.topics().stream().allMatch(t -> t.startsWith("$share/"))) {
      once(
          path + ".tasks",
          mqtt.tasks()
              + " tasks share the load only of shared subscriptions: expected $share/GROUP/FILTER in"
              + " topics, or 1");
    }
    boolean payload = mqtt.fields() != null && mqtt.fields().payload() != null;
    if (mqtt.format().equals("raw") != payload) {
      once(path + ".fields.payload", "goes with format raw, and only with it");
    }
  }

  private void keyed(String path, Source source) {
    boolean ownKey = source.cdc() != null || source.datagen() != null || source.topic() != null;
    boolean declared = source.topic() != null && source.topic().declared();
    if (ownKey && !declared && !source.key().isEmpty()) {
      once(
          path + ".key",
          "does not go with cdc, datagen and topic, but for a topic whose schema is declared");
    }
    if (declared) {
      declaredTopic(path, source);
    }
    if (ownKey && source.kind().equals("table")) {
      once(path + ".kind", "does not go with cdc, datagen and topic (it has topic.kind)");
    } else if (source.kind().equals("table") && source.key().isEmpty()) {
      once(path + ".kind", "'table' wants a key: the fields that tell its rows apart");
    }
    if (!source.key().isEmpty() && !new HashSet<>(source.key()).containsAll(source.partitionBy())) {
      notOfKey(path, source.partitionBy(), source.key());
    }
  }

  private void declaredTopic(String path, Source source) {
    if (source.topic().schema() != null && source.topic().schemaFrom() != null) {
      once(path + ".topic.schemaFrom", "does not go with schema, which says it already");
    }
    if (source.format().equals("avro")) {
      once(
          path + ".topic.schema",
          "goes with format json or avro-embedded: format avro has its schemas in the registry");
    }
    if ("table".equals(source.topic().kind()) && source.key().isEmpty()) {
      once(
          path + ".key",
          "is missing: a table whose schema is declared wants the fields that tell its rows apart");
    }
  }

  private void notOfKey(String path, List<String> partitionBy, List<String> key) {
    once(
        path + ".partitionBy",
        partitionBy
            + " is not part of the key "
            + key
            + ": records of one key would lie in several partitions");
  }

  private void transform(String path, Transform transform) {
    stream(path + ".name", transform.name());
    if (!new HashSet<>(transform.key()).containsAll(transform.partitionBy())) {
      notOfKey(path, transform.partitionBy(), transform.key());
    }
    if (transform.intervals() != null) {
      for (String value : transform.intervals().open()) {
        if (transform.intervals().close().contains(value)) {
          once(
              path + ".intervals.close",
              "'"
                  + value
                  + "' is in open too: an event that opens an interval always ends the one before");
        }
      }
    }
  }

  private void app(String path, Pipeline.App app) {
    for (int i = 0; i < app.from().size(); i++) {
      String stream = app.from().get(i);
      reference(path + ".from[" + i + "]", stream);
      if (app.from().indexOf(stream) < i) {
        once(path + ".from[" + i + "]", "'" + stream + "' is there twice");
      }
    }
    if (!app.python() && app.mainClass() == null) {
      once(path + ".mainClass", "is missing: the class of the jar whose main is run");
    } else if (app.python() && app.mainClass() != null) {
      once(path + ".mainClass", "'" + app.mainClass() + "': a program in Python has none");
    }
  }

  /** Connectors, dead letters and statuses go by the name of the component. */
  private void unique(String path, String name) {
    String other = name == null ? null : components.putIfAbsent(name, path);
    if (other != null) {
      once(path + ".name", "'" + name + "' is the name of " + other + " too");
    }
  }

  private void stream(String path, String name) {
    String other = name == null ? null : streams.putIfAbsent(name, path);
    if (other != null) {
      once(path, "'" + name + "' is the stream of " + other + " too");
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
    }
  }

  /** Adds a problem, unless the field is known to be wrong. */
  private void once(String path, String message) {
    once(path, Problem.of(path, message));
  }

  private void once(String path, Problem problem) {
    if (problems.stream().noneMatch(p -> p.path().equals(path))) {
      problems.add(problem);
    }
  }
}
