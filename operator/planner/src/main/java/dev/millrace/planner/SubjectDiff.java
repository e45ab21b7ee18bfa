package dev.millrace.planner;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.planner.Change.Action;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;
import org.apache.avro.SchemaCompatibility.SchemaIncompatibilityType;

/** What would happen to a subject: its level first, then its schema, column by column. */
final class SubjectDiff {
  private final Observed observed;

  SubjectDiff(Observed observed) {
    this.observed = observed;
  }

  Optional<Change> of(Resource.Subject wanted) {
    Observed.Subject now = observed.subjects().get(wanted.name());
    if (now == null) {
      return Optional.of(Change.create(wanted, false, ""));
    }
    Optional<Schema> before = parse(now.schema());
    List<FieldChange> fields = new ArrayList<>();
    if (!now.level().equals(wanted.compatibility())) {
      fields.add(
          FieldChange.of(
              "compatibility",
              now.level().isEmpty() ? null : now.level(),
              wanted.compatibility(),
              Impact.IN_PLACE,
              "set before anything is registered"));
    }
    List<String> against = List.of();
    if (wanted.schema().isPresent() && !wanted.schema().equals(before)) {
      fields.addAll(
          before.isEmpty()
              ? List.of(FieldChange.of("schema", null, "version 1", Impact.IN_PLACE, "registered"))
              : columns(before.get(), wanted.schema().get()));
      against =
          now.refused().isEmpty()
              ? before.map(b -> incompatible(wanted.schema().get(), b)).orElse(List.of())
              : now.refused();
    }
    if (foreign(wanted) && before.isPresent() && wanted.schema().isPresent()) {
      return Optional.of(
          Change.of(
              wanted,
              Action.CONFLICT,
              fields,
              false,
              "subject "
                  + wanted.name()
                  + " is there already and was not made by this pipeline: delete it, name the"
                  + " stream differently, or adopt it"));
    }
    if (fields.isEmpty()) {
      return Optional.empty();
    }
    boolean drift = !now.level().isEmpty() && !now.level().equals(wanted.compatibility());
    if (!against.isEmpty()) {
      return Optional.of(
          Change.of(
              wanted,
              Action.REFUSE,
              fields,
              drift,
              "subject "
                  + wanted.name()
                  + ": the new schema is not "
                  + wanted.compatibility()
                  + " compatible with the one before: "
                  + String.join("; ", against)));
    }
    return Optional.of(Change.update(wanted, fields, drift, ""));
  }

  /** A subject belongs to who made its topic. */
  private boolean foreign(Resource.Subject wanted) {
    String topic = wanted.name().replaceFirst("-(key|value)$", "");
    return !observed.made().containsKey("Topic/" + topic)
        && !observed.made().containsKey(wanted.id());
  }

  static Optional<Schema> parse(JsonNode schema) {
    return schema == null || schema.isMissingNode() || schema.isNull()
        ? Optional.empty()
        : Optional.of(new Schema.Parser().parse(schema.toString()));
  }

  /** Columns that are new, gone or of another type. */
  static List<FieldChange> columns(Schema before, Schema after) {
    List<FieldChange> fields = new ArrayList<>();
    for (Schema.Field field : before.getFields()) {
      Schema.Field now = after.getField(field.name());
      if (now == null) {
        fields.add(
            FieldChange.of(
                "schema." + field.name(),
                Schemas.typeName(field.schema()),
                null,
                Impact.IN_PLACE,
                "readers of newer records do not find it"));
      } else if (!now.schema().equals(field.schema())) {
        fields.add(
            FieldChange.of(
                "schema." + field.name(),
                Schemas.typeName(field.schema()),
                Schemas.typeName(now.schema()),
                Impact.IN_PLACE,
                ""));
      }
    }
    for (Schema.Field field : after.getFields()) {
      if (before.getField(field.name()) == null) {
        fields.add(
            FieldChange.of(
                "schema." + field.name(),
                null,
                Schemas.typeName(field.schema()),
                Impact.IN_PLACE,
                ""));
      }
    }
    if (fields.isEmpty()) {
      fields.add(
          FieldChange.of(
              "schema",
              Hashes.of(before.toString()),
              Hashes.of(after.toString()),
              Impact.IN_PLACE,
              "order, names, defaults or documentation"));
    }
    return fields;
  }

  /** What keeps records of the older schema from being read with the newer one. */
  static List<String> incompatible(Schema after, Schema before) {
    return SchemaCompatibility.checkReaderWriterCompatibility(after, before)
        .getResult()
        .getIncompatibilities()
        .stream()
        .map(
            i ->
                i.getType() == SchemaIncompatibilityType.READER_FIELD_MISSING_DEFAULT_VALUE
                    ? "field '"
                        + i.getMessage()
                        + "' is new and has no default, so older records can not be read"
                    : i.getType() + " at " + i.getLocation() + ": " + i.getMessage())
        .collect(Collectors.toList());
  }
}
