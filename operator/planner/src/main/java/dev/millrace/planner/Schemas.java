package dev.millrace.planner;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.apache.avro.LogicalTypes;
import org.apache.avro.Schema;

/** Avro schemas as the planner needs them. */
final class Schemas {
  static final ObjectMapper JSON = new ObjectMapper();

  private Schemas() {}

  /** An Avro schema without the generator's annotations. */
  static Schema withoutAnnotations(String text) throws JsonProcessingException {
    JsonNode node = JSON.readTree(text);
    strip(node);
    return new Schema.Parser().parse(node.toString());
  }

  private static void strip(JsonNode node) {
    if (node instanceof ObjectNode object) {
      object.remove("arg.properties");
    }
    node.forEach(Schemas::strip);
  }

  /** The key schema of a stream: a record of those fields of its values. */
  static Schema key(Schema value, List<String> fields) {
    List<Schema.Field> copies = new ArrayList<>();
    for (String field : fields) {
      copies.add(new Schema.Field(field, value.getField(field).schema()));
    }
    return Schema.createRecord(value.getName() + "Key", null, value.getNamespace(), false, copies);
  }

  /**
   * A schema as it may follow the one before: a column that is new may be null, or older records
   * could not be read any more; one that could be null still can.
   *
   * @param key fields that identify a record and are never null
   */
  static Schema following(Schema before, Schema after, List<String> key) {
    List<Schema.Field> fields = new ArrayList<>();
    for (Schema.Field field : after.getFields()) {
      Schema.Field was = before.getField(field.name());
      boolean plain = !field.schema().isNullable() && !field.hasDefaultValue();
      boolean fresh = was == null && !key.contains(field.name());
      boolean sameButNull =
          was != null && was.schema().isNullable() && notNull(was.schema()).equals(field.schema());
      fields.add(
          plain && (fresh || sameButNull)
              ? new Schema.Field(
                  field.name(),
                  Schema.createUnion(Schema.create(Schema.Type.NULL), field.schema()),
                  field.doc(),
                  Schema.Field.NULL_DEFAULT_VALUE)
              : new Schema.Field(field, field.schema()));
    }
    return Schema.createRecord(
        after.getName(), after.getDoc(), after.getNamespace(), false, fields);
  }

  static List<String> fields(Schema record) {
    return record.getFields().stream().map(Schema.Field::name).toList();
  }

  /** A record's name from a stream's: {@code show_views} becomes {@code ShowViews}. */
  static String recordName(String stream) {
    StringBuilder name = new StringBuilder();
    for (String part : stream.split("_")) {
      if (!part.isEmpty()) {
        name.append(part.substring(0, 1).toUpperCase(Locale.ROOT)).append(part.substring(1));
      }
    }
    return name.toString();
  }

  static Schema timestampMicros() {
    return LogicalTypes.timestampMicros().addToSchema(Schema.create(Schema.Type.LONG));
  }

  /** The type of a field without null. */
  static Schema notNull(Schema schema) {
    if (schema.getType() != Schema.Type.UNION) {
      return schema;
    }
    List<Schema> others =
        schema.getTypes().stream().filter(s -> s.getType() != Schema.Type.NULL).toList();
    return others.size() == 1 ? others.get(0) : schema;
  }

  static boolean isTimestamp(Schema schema) {
    return notNull(schema).getLogicalType() instanceof LogicalTypes.TimestampMicros
        || notNull(schema).getLogicalType() instanceof LogicalTypes.TimestampMillis;
  }

  static JsonNode json(Schema schema) {
    try {
      return JSON.readTree(schema.toString());
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The mapping of an index whose documents are of this schema. */
  static ObjectNode mapping(Schema record) {
    ObjectNode mapping = JSON.createObjectNode();
    // A field that the schema does not have can only be a mistake.
    mapping.put("dynamic", "strict");
    mapping.set("properties", properties(record));
    return mapping;
  }

  private static ObjectNode properties(Schema record) {
    ObjectNode properties = JSON.createObjectNode();
    for (Schema.Field field : record.getFields()) {
      properties.set(field.name(), type(field.schema()));
    }
    return properties;
  }

  private static ObjectNode type(Schema schema) {
    Schema one = notNull(schema);
    ObjectNode type = JSON.createObjectNode();
    if (one.getLogicalType() != null) {
      switch (one.getLogicalType().getName()) {
        case "timestamp-millis", "timestamp-micros" -> {
          return type.put("type", "date").put("format", "strict_date_optional_time");
        }
        case "date" -> {
          return type.put("type", "date").put("format", "strict_date");
        }
        case "decimal" -> {
          return type.put("type", "double");
        }
        default -> {
          // By the type that it is made of.
        }
      }
    }
    return switch (one.getType()) {
      case BOOLEAN -> type.put("type", "boolean");
      case INT -> type.put("type", "integer");
      case LONG -> type.put("type", "long");
      case FLOAT -> type.put("type", "float");
      case DOUBLE -> type.put("type", "double");
      case BYTES, FIXED -> type.put("type", "binary");
      case ARRAY -> type(one.getElementType());
      case RECORD -> {
        type.put("dynamic", "strict");
        type.set("properties", properties(one));
        yield type;
      }
      case MAP -> type.put("type", "object").put("dynamic", "true");
      default -> type.put("type", "keyword").put("ignore_above", 8191);
    };
  }

  /** A type as people say it: {@code long?} may be null. */
  static String typeName(Schema schema) {
    Schema one = notNull(schema);
    String name =
        one.getLogicalType() != null
            ? one.getLogicalType().getName()
            : one.getType().getName().toLowerCase(Locale.ROOT);
    if (one.getLogicalType() instanceof LogicalTypes.Decimal decimal) {
      name += "(" + decimal.getPrecision() + "," + decimal.getScale() + ")";
    }
    return schema.isNullable() ? name + "?" : name;
  }

  static ArrayNode array(List<String> items) {
    ArrayNode array = JSON.createArrayNode();
    items.forEach(array::add);
    return array;
  }

  /** A field that is a union of several types besides null, by its path, if there is one. */
  static Optional<String> severalTypes(Schema record) {
    return severalTypes(record, "", new HashSet<>());
  }

  private static Optional<String> severalTypes(Schema schema, String path, Set<String> seen) {
    return switch (schema.getType()) {
      case UNION ->
          schema.getTypes().size() - (schema.isNullable() ? 1 : 0) != 1
              ? Optional.of(path)
              : severalTypes(notNull(schema), path, seen);
      case ARRAY -> severalTypes(schema.getElementType(), path + "[]", seen);
      case MAP -> severalTypes(schema.getValueType(), path + "{}", seen);
      case RECORD ->
          seen.add(schema.getFullName())
              ? schema.getFields().stream()
                  .flatMap(
                      f ->
                          severalTypes(
                              f.schema(), path.isEmpty() ? f.name() : path + "." + f.name(), seen)
                              .stream())
                  .findFirst()
              : Optional.empty();
      default -> Optional.empty();
    };
  }

  static Optional<Schema.Field> field(Schema record, String name) {
    return Optional.ofNullable(record.getField(name));
  }
}
