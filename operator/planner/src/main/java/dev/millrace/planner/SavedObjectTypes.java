package dev.millrace.planner;

import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What Kibana's saved objects of the types that a pipeline ships may have: the attributes of these
 * types' schemas in Kibana 8.8 to 8.19.
 */
final class SavedObjectTypes {
  private SavedObjectTypes() {}

  /** What an import takes; an export has more, which only that Kibana may say. */
  static final Set<String> TAKEN =
      new TreeSet<>(
          Set.of(
              "type",
              "id",
              "attributes",
              "references",
              "coreMigrationVersion",
              "typeMigrationVersion",
              "migrationVersion",
              "managed"));

  static final Set<String> BOOKKEEPING =
      Set.of(
          "version",
          "created_at",
          "created_by",
          "updated_at",
          "updated_by",
          "namespaces",
          "originId",
          "sort");

  static final Map<String, Set<String>> ATTRIBUTES =
      Map.of(
          "index-pattern",
          Set.of(
              "title",
              "name",
              "type",
              "typeMeta",
              "timeFieldName",
              "intervalName",
              "sourceFilters",
              "fields",
              "fieldFormatMap",
              "fieldAttrs",
              "runtimeFieldMap",
              "allowNoIndex",
              "allowHidden"),
          "visualization",
          Set.of(
              "title",
              "description",
              "version",
              "uiStateJSON",
              "visState",
              "savedSearchRefName",
              "kibanaSavedObjectMeta"),
          "dashboard",
          Set.of(
              "title",
              "description",
              "version",
              "hits",
              "timeRestore",
              "timeFrom",
              "timeTo",
              "refreshInterval",
              "controlGroupInput",
              "optionsJSON",
              "panelsJSON",
              "kibanaSavedObjectMeta"));

  /** Sent as they are: nothing here knows what is in them. */
  static final Set<String> UNCHECKED = Set.of("lens", "map", "search", "tag");

  /** All that a pipeline may ship. */
  static final Set<String> TYPES =
      Stream.of(ATTRIBUTES.keySet(), UNCHECKED)
          .flatMap(Set::stream)
          .collect(Collectors.toCollection(TreeSet::new));

  /** Attributes whose text is itself JSON. */
  static final Set<String> JSON_TEXTS =
      Set.of(
          "uiStateJSON",
          "visState",
          "optionsJSON",
          "panelsJSON",
          "typeMeta",
          "sourceFilters",
          "fields",
          "fieldFormatMap",
          "fieldAttrs",
          "runtimeFieldMap");
}
