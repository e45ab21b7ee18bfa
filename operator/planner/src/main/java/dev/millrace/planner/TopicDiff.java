package dev.millrace.planner;

import dev.millrace.planner.Change.Action;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What would happen to a topic. */
final class TopicDiff {
  private static final String UNLIMITED = "-1";

  private final Plan plan;
  private final Observed observed;

  TopicDiff(Plan plan, Observed observed) {
    this.plan = plan;
    this.observed = observed;
  }

  Optional<Change> of(Resource.Topic wanted) {
    Observed.Topic now = observed.topics().get(wanted.name());
    Observed.Made made = observed.made().get(wanted.id());
    if (now == null) {
      return Optional.of(
          made == null
              ? Change.create(wanted, false, "")
              : Change.create(
                  wanted,
                  true,
                  "somebody has deleted it; it is created again without the records that it had"));
    }
    List<FieldChange> fields = new ArrayList<>();
    List<String> impossible = new ArrayList<>();
    partitions(wanted, now, fields, impossible);
    if (now.replicas() != wanted.replicas()) {
      impossible.add(
          "replicas are not moved by Millrace: use kafka-reassign-partitions.sh, or set "
              + "spec.kafka.replicas of the Platform to "
              + now.replicas());
      fields.add(
          FieldChange.of(
              "replicas",
              Integer.toString(now.replicas()),
              Integer.toString(wanted.replicas()),
              Impact.IN_PLACE,
              ""));
    }
    wanted
        .config()
        .forEach(
            (key, value) -> {
              String before = now.config().get(key);
              if (!value.equals(before)) {
                fields.add(config(key, before, value));
              }
            });
    // The topic of marks holds the record of what we have made: it can not stand in it.
    if (made == null && !wanted.name().equals(plan.marksTopic())) {
      return Optional.of(
          Change.of(
              wanted,
              Action.CONFLICT,
              fields,
              false,
              "topic "
                  + wanted.name()
                  + " is there already and was not made by this pipeline: delete it, name the"
                  + " stream differently, or adopt it"));
    }
    if (fields.isEmpty()) {
      return Optional.empty();
    }
    boolean drift = made != null && drifted(made, now);
    return Optional.of(
        impossible.isEmpty()
            ? Change.update(wanted, fields, drift, "")
            : Change.of(wanted, Action.REFUSE, fields, drift, String.join("; ", impossible)));
  }

  private void partitions(
      Resource.Topic wanted, Observed.Topic now, List<FieldChange> fields, List<String> not) {
    if (now.partitions() == wanted.partitions()) {
      return;
    }
    Optional<Plan.Stream> stream =
        plan.streams().stream().filter(s -> s.topic().equals(wanted.name())).findFirst();
    boolean keyed =
        stream.map(s -> s.kind().equals("table") || s.keySchema().isPresent()).orElse(false);
    boolean single = wanted.partitions() == 1 && stream.isEmpty();
    Impact impact = Impact.IN_PLACE;
    String reason = "";
    if (now.partitions() > wanted.partitions()) {
      impact = Impact.DATA_LOSS;
      reason = "Kafka can not take partitions away";
      not.add(
          reason
              + (single
                  ? ": delete topic " + wanted.name() + ", it is created again"
                  : ": set 'partitions' to "
                      + now.partitions()
                      + ", or give the stream another name, which makes a new topic"));
    } else if (keyed) {
      impact = Impact.DATA_LOSS;
      reason =
          "with another number, keys move to other partitions: newer rows would no longer replace"
              + " older ones, in tables and in sinks";
      not.add(
          reason
              + ". Set 'partitions' to "
              + now.partitions()
              + ", or give the stream another name, which makes a new topic");
    } else if (stream.isPresent()) {
      impact = Impact.RESTART;
      reason =
          "records go to more partitions from now on; those of one partitionBy value may lie in two:"
              + " event time decides their order, not the partition; what reads it is started again";
    }
    fields.add(
        FieldChange.of(
            "partitions",
            Integer.toString(now.partitions()),
            Integer.toString(wanted.partitions()),
            impact,
            reason));
  }

  private static FieldChange config(String key, String before, String after) {
    Impact impact = Impact.IN_PLACE;
    String reason = "";
    if ((key.equals("retention.ms") || key.equals("retention.bytes")) && shorter(before, after)) {
      impact = Impact.DATA_LOSS;
      reason = "records that are older than that are deleted";
    } else if (key.equals("cleanup.policy") && before != null && !less(before, after)) {
      impact = Impact.DATA_LOSS;
      reason =
          after.contains("compact")
              ? "of each key only the newest record stays"
              : "records are deleted when they are old, the newest of a key too";
    }
    return FieldChange.of("config." + key, before, after, impact, reason);
  }

  /** Of a topic that is compacted, nothing goes because it is not cleaned by age any more too. */
  private static boolean less(String before, String after) {
    return Set.of(before.split(",")).containsAll(Set.of(after.split(",")));
  }

  private static boolean shorter(String before, String after) {
    if (before == null || after.equals(UNLIMITED)) {
      return false;
    }
    try {
      return before.equals(UNLIMITED) || Long.parseLong(after) < Long.parseLong(before);
    } catch (NumberFormatException e) {
      return true;
    }
  }

  /** Whether the topic is no longer as it was applied last. */
  private static boolean drifted(Observed.Made made, Observed.Topic now) {
    return (made.partitions() > 0 && made.partitions() != now.partitions())
        || made.config().entrySet().stream()
            .anyMatch(
                (Map.Entry<String, String> e) ->
                    !e.getValue().equals(now.config().get(e.getKey())));
  }
}
