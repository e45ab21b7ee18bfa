package dev.millrace.planner;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.planner.Change.Action;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;

/** What would happen to an index template, and to the index that was made from it. */
final class TemplateDiff {
  private static final String FIELDS = "template.mappings.properties.";
  private static final String SETTINGS = "template.settings.index.";

  private final Plan plan;
  private final Observed observed;
  private final String owner;

  TemplateDiff(Plan plan, Observed observed, String owner) {
    this.plan = plan;
    this.observed = observed;
    this.owner = owner;
  }

  /** The hash that is noted with a template when it is put: of what is compared later. */
  static String hash(JsonNode body) {
    return Hashes.of(leaves(body, f -> true).toString());
  }

  /** What counts of a template: not what Elasticsearch adds of its own. */
  private static TreeMap<String, String> leaves(JsonNode body, Predicate<String> more) {
    TreeMap<String, String> leaves = Flat.of(body);
    leaves
        .keySet()
        .removeIf(
            f ->
                f.startsWith("_meta")
                    || f.startsWith("template.mappings._meta")
                    || !(f.startsWith("template.")
                        || f.equals("index_patterns")
                        || f.equals("priority"))
                    || !more.test(f));
    return leaves;
  }

  Optional<Change> of(Resource.IndexTemplate wanted) {
    Observed.Template now = observed.templates().get(wanted.name());
    Observed.Index index = observed.indices().get(wanted.name());
    Map<String, FieldChange> fields = new LinkedHashMap<>();
    if (now != null) {
      Flat.compare(
              leaves(now.body(), f -> true),
              leaves(wanted.body(), f -> true),
              (f, b, a) -> FieldChange.of(shown(f), b, a, Impact.IN_PLACE, gone(f, a)))
          .forEach(f -> fields.put(f.field(), f));
    }
    if (index != null) {
      index(wanted, index).forEach(f -> fields.put(f.field(), f));
    }
    boolean ours = now != null && now.owner().equals(owner);
    if ((now != null && !ours) || (index != null && !index.owner().equals(owner) && !ours)) {
      return Optional.of(
          Change.of(
              wanted,
              Action.CONFLICT,
              new ArrayList<>(fields.values()),
              false,
              (now != null ? "index template " : "index ")
                  + wanted.name()
                  + " is there already and was not made for pipeline "
                  + owner
                  + ": delete it, name another index, or adopt it"));
    }
    if (now == null) {
      boolean deleted = observed.made().containsKey(wanted.id());
      String reason = deleted ? "somebody has deleted it" : "";
      return Optional.of(
          fields.isEmpty()
              ? Change.create(wanted, deleted, reason)
              : Change.update(wanted, new ArrayList<>(fields.values()), deleted, reason));
    }
    if (fields.isEmpty()) {
      return Optional.empty();
    }
    boolean drift = !now.hash().isEmpty() && !now.hash().equals(hash(now.body()));
    return Optional.of(Change.update(wanted, new ArrayList<>(fields.values()), drift, ""));
  }

  private static String shown(String leaf) {
    if (leaf.startsWith(FIELDS)) {
      return "mapping." + leaf.substring(FIELDS.length());
    }
    return leaf.startsWith(SETTINGS) ? "settings." + leaf.substring(SETTINGS.length()) : leaf;
  }

  private static String gone(String leaf, String after) {
    return leaf.startsWith(FIELDS) && after == null
        ? "documents that have the field keep it; new ones come without"
        : "";
  }

  /** What is there already: a field can be added to it, but never get another type. */
  private List<FieldChange> index(Resource.IndexTemplate wanted, Observed.Index index) {
    Map<String, String> there = Flat.of(index.properties());
    List<FieldChange> fields = new ArrayList<>();
    leaves(wanted.body(), f -> f.startsWith(FIELDS))
        .forEach(
            (leaf, value) -> {
              String name = leaf.substring(FIELDS.length());
              String before = there.get(name);
              String field = name.replaceFirst("\\.[^.]*$", "");
              boolean known = there.keySet().stream().anyMatch(k -> k.startsWith(field + "."));
              if (!known) {
                fields.add(FieldChange.of("mapping." + name, null, value, Impact.IN_PLACE, ""));
              } else if (before != null && !before.equals(value)) {
                boolean fixed = name.endsWith(".type") || name.endsWith(".format");
                fields.add(
                    FieldChange.of(
                        "mapping." + name,
                        before,
                        value,
                        fixed ? Impact.DATA_LOSS : Impact.IN_PLACE,
                        fixed ? rewritten(wanted) : ""));
              }
            });
    leaves(wanted.body(), f -> f.startsWith(SETTINGS))
        .forEach(
            (leaf, value) -> {
              String name = leaf.substring(SETTINGS.length());
              String before = index.settings().get(name);
              // Shards are fixed when an index is made; how many says the template for the next.
              if (before != null && !before.equals(value) && !name.equals("number_of_shards")) {
                fields.add(FieldChange.of("settings." + name, before, value, Impact.IN_PLACE, ""));
              }
            });
    return fields;
  }

  private String rewritten(Resource.IndexTemplate wanted) {
    String topic =
        plan.resources().stream()
            .filter(
                r -> r instanceof Resource.Connector && r.component().equals(wanted.component()))
            .map(r -> ((Resource.Connector) r).config().get("topics"))
            .findFirst()
            .orElse("its topic");
    return "Elasticsearch can not change a field of an index: index "
        + wanted.name()
        + " is deleted and written anew from topic "
        + topic
        + Retention.of(plan, topic)
            .map(r -> "; documents older than " + r + " are lost")
            .orElse("");
  }
}
