package dev.millrace.planner;

import dev.millrace.planner.Change.Action;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** What would happen to a connector, by the fields of its configuration. */
final class ConnectorDiff {
  private static final Set<String> TABLES = Set.of("table.include.list", "transforms.rows.topics");
  private static final Set<String> COLUMNS = Set.of("transforms.rows.tables");
  private static final Set<String> OTHER_EVENTS =
      Set.of("seed", "entities", "start", "clock", "partitions", "partition.by", "count");

  private final Observed observed;
  private final String owner;
  private final boolean run;

  /** Topics that transforms write. */
  private final Set<String> written = new TreeSet<>();

  ConnectorDiff(Plan plan, Observed observed, String owner, boolean run) {
    for (Resource resource : plan.resources()) {
      if (resource instanceof Resource.SparkJob job) {
        job.document().path("transforms").forEach(t -> written.add(t.at("/output/topic").asText()));
      }
    }
    this.observed = observed;
    this.owner = owner;
    this.run = run;
  }

  /** The hash that is noted with a configuration when it is put. */
  static String hash(Map<String, String> config) {
    return Hashes.of(new TreeMap<>(config).toString());
  }

  Optional<Change> of(Resource.Connector wanted) {
    Observed.Connector now = observed.connectors().get(wanted.name());
    if (now == null) {
      boolean deleted = observed.made().containsKey(wanted.id());
      return Optional.of(
          Change.create(
              wanted,
              deleted,
              deleted
                  ? "somebody has deleted it; it goes on from the offsets that Connect has"
                  : ""));
    }
    List<FieldChange> fields =
        new ArrayList<>(
            Flat.compare(now.config(), wanted.config(), (f, b, a) -> field(wanted, f, b, a)));
    fields.addAll(gone(wanted));
    boolean idle = Set.of("PAUSED", "STOPPED").contains(now.state());
    if (idle == run) {
      fields.add(
          FieldChange.of(
              "state",
              run ? now.state() : "RUNNING",
              run ? "RUNNING" : "PAUSED",
              Impact.IN_PLACE,
              ""));
    }
    if (!now.owner().equals(owner)) {
      return Optional.of(
          Change.of(
              wanted,
              Action.CONFLICT,
              fields,
              false,
              "connector "
                  + wanted.name()
                  + " is there already and was not made for pipeline "
                  + owner
                  + ": delete it, name the source or sink differently, or adopt it"));
    }
    if (fields.isEmpty()) {
      return Optional.empty();
    }
    Optional<String> format = otherFormat(now.config(), wanted);
    if (format.isPresent()) {
      return Optional.of(Change.of(wanted, Action.REFUSE, fields, false, format.get()));
    }
    boolean drift =
        (!now.hash().isEmpty() && !now.hash().equals(hash(now.config())))
            || !gone(wanted).isEmpty();
    return Optional.of(Change.update(wanted, fields, drift, ""));
  }

  /** Why a source can not write its stream in another format than before; empty if it does not. */
  private static Optional<String> otherFormat(Map<String, String> now, Resource.Connector wanted) {
    Optional<String> before = format(now);
    Optional<String> after = format(wanted.config());
    return before.isEmpty() || after.isEmpty() || before.equals(after)
        ? Optional.empty()
        : Optional.of(
            "records of format "
                + before.get()
                + " are in its topics already, and are read in one format: set 'format' to "
                + before.get()
                + ", or give the stream another name, which makes a new topic");
  }

  /** What a source of ours writes; empty for sinks, and where somebody has set a converter. */
  private static Optional<String> format(Map<String, String> config) {
    String converter = config.getOrDefault("value.converter", "");
    if (config.containsKey("topics")) {
      return Optional.empty();
    }
    if (converter.endsWith(".FormatConverter")) {
      return Optional.ofNullable(config.get("value.converter.format"));
    }
    return converter.endsWith(".ByteArrayConverter") ? Optional.of("avro") : Optional.empty();
  }

  /** What follows from a topic that somebody has deleted. */
  private List<FieldChange> gone(Resource.Connector wanted) {
    String topic = wanted.config().get("topics");
    if (topic == null) {
      List<String> tables = observed.gone(wanted.component());
      return tables.isEmpty()
          ? List.of()
          : List.of(
              FieldChange.of(
                  "topics",
                  String.join(", ", tables),
                  "read anew",
                  Impact.STATE_LOSS,
                  "somebody has deleted them: rows that were in them are read only in a first"
                      + " snapshot: how far the source has read is given up and all is"
                      + " read anew; rows replace themselves by key"));
    }
    // What a transform writes anew, it removes first, and its sinks' indices with it.
    if (!observed.gone(wanted.component()).contains(topic) || written.contains(topic)) {
      return List.of();
    }
    return List.of(
        FieldChange.of(
            "topics",
            topic,
            topic + ", made anew",
            Impact.DATA_LOSS,
            "somebody has deleted topic "
                + topic
                + ": documents are numbered by its offsets, so newer ones would be taken for older"
                + " ones and be passed over: the index is deleted and written anew from what there"
                + " is; until then it is stopped"));
  }

  private static FieldChange field(
      Resource.Connector wanted, String field, String before, String after) {
    Impact impact = Impact.RESTART;
    String reason = "";
    boolean sink = wanted.config().containsKey("topics");
    if (field.equals("connector.class") && !sink) {
      impact = Impact.STATE_LOSS;
      reason = "another connector does not understand the offsets of this one: it reads all anew";
    } else if (TABLES.contains(field) && !added(before, after).isEmpty()) {
      impact = Impact.STATE_LOSS;
      reason =
          "rows that are in "
              + String.join(", ", added(before, after))
              + " already are read only in a first snapshot: the position in the change log is given"
              + " up and every table is read anew; rows replace themselves by key";
    } else if (COLUMNS.contains(field)) {
      impact = Impact.STATE_LOSS;
      reason =
          "rows that were read already are as they were masked then: the position in the change log"
              + " is given up and every table is read anew; rows replace themselves by key";
    } else if (field.equals("millrace.reread")) {
      impact = Impact.STATE_LOSS;
      reason =
          "the position in the change log is given up and every table is read anew; rows replace"
              + " themselves by key";
    } else if (sink && field.equals("index")) {
      impact = Impact.STATE_LOSS;
      reason =
          "the new index is filled from the start of topic "
              + wanted.config().get("topics")
              + "; the old one stays as it is";
    } else if (sink && field.equals("key.fields")) {
      impact = Impact.DATA_LOSS;
      reason =
          "documents get other ids: the index is deleted and written anew from topic "
              + wanted.config().get("topics");
    } else if (sink && field.equals("topics")) {
      reason = "topic " + after + " is read from its start; what came from " + before + " stays";
    } else if (OTHER_EVENTS.contains(field) && generated(wanted)) {
      reason = "other events from now on; those that are there stay";
    }
    return FieldChange.of("config." + field, before, after, impact, reason);
  }

  private static boolean generated(Resource.Connector wanted) {
    return wanted.config().getOrDefault("connector.class", "").contains(".datagen.");
  }

  private static Set<String> added(String before, String after) {
    Set<String> added = new LinkedHashSet<>();
    if (before != null && after != null) {
      added.addAll(names(after));
      added.removeAll(names(before));
    }
    return added;
  }

  /** Tables, or the topics that they go to: of {@code from:to} only the latter. */
  private static List<String> names(String list) {
    return Arrays.stream(list.split(",")).map(n -> n.substring(n.indexOf(':') + 1)).toList();
  }
}
