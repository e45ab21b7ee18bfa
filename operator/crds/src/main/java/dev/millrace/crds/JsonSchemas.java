package dev.millrace.crds;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.Union;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.util.List;

/**
 * JSON Schemas (2020-12) for editors, from the CRDs: what the API server's schema says, and that
 * unknown fields are mistakes. CEL rules have no place in them, but for unions.
 */
final class JsonSchemas {
  private static final List<String> KEPT =
      List.of(
          "type",
          "description",
          "default",
          "enum",
          "pattern",
          "format",
          "minimum",
          "maximum",
          "minLength",
          "maxLength",
          "minItems",
          "maxItems",
          "required",
          "maxProperties");

  private static final ObjectMapper JSON = new ObjectMapper();

  private JsonSchemas() {}

  static ObjectNode of(Crds.Kind kind, ObjectNode crd) {
    JsonNode openApi = crd.at("/spec/versions/0/schema/openAPIV3Schema");
    ObjectNode schema = JSON.createObjectNode();
    schema.put("$schema", "https://json-schema.org/draft/2020-12/schema");
    schema.put("title", kind.kind());
    schema.set("description", openApi.path("description"));
    schema.put("type", "object");
    ObjectNode properties = schema.putObject("properties");
    properties
        .putObject("apiVersion")
        .put(
            "const",
            crd.at("/spec/group").asText() + "/" + crd.at("/spec/versions/0/name").asText());
    properties.putObject("kind").put("const", kind.kind());
    ObjectNode metadata = properties.putObject("metadata").put("type", "object");
    metadata.putObject("properties").putObject("name").put("type", "string");
    metadata.putArray("required").add("name");
    ObjectNode spec = convert(openApi.at("/properties/spec"));
    unions(kind.spec, spec);
    properties.set("spec", spec);
    properties.putObject("status").put("description", "Written by the operator.");
    schema.putArray("required").add("apiVersion").add("kind").add("metadata").add("spec");
    schema.put("additionalProperties", false);
    return schema;
  }

  private static ObjectNode convert(JsonNode node) {
    ObjectNode schema = JSON.createObjectNode();
    for (String key : KEPT) {
      if (node.has(key)) {
        schema.set(key, node.get(key));
      }
    }
    if (node.has("properties")) {
      ObjectNode properties = schema.putObject("properties");
      node.get("properties")
          .properties()
          .forEach(p -> properties.set(p.getKey(), convert(p.getValue())));
    }
    if (node.has("items")) {
      schema.set("items", convert(node.get("items")));
    }
    if (node.path("additionalProperties").isObject()) {
      schema.set("additionalProperties", convert(node.get("additionalProperties")));
    } else if (node.path("type").asText().equals("object")
        && !node.path("x-kubernetes-preserve-unknown-fields").asBoolean()) {
      schema.put("additionalProperties", false);
    }
    return schema;
  }

  private static void unions(Class<?> type, ObjectNode schema) {
    Union union = type.getAnnotation(Union.class);
    if (union != null && union.optional()) {
      ArrayNode together = schema.putObject("not").putArray("required");
      for (String member : union.value()) {
        together.add(member);
      }
    } else if (union != null) {
      ArrayNode oneOf = schema.putArray("oneOf");
      for (String member : union.value()) {
        oneOf.addObject().putArray("required").add(member);
      }
    }
    for (RecordComponent component : type.getRecordComponents()) {
      JsonNode property = schema.path("properties").path(component.getName());
      if (component.getType().isRecord()) {
        unions(component.getType(), (ObjectNode) property);
      } else if (component.getGenericType() instanceof ParameterizedType list
          && list.getActualTypeArguments()[0] instanceof Class<?> item
          && item.isRecord()) {
        unions(item, (ObjectNode) property.path("items"));
      }
    }
  }
}
