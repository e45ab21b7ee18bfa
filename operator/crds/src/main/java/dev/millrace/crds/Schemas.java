package dev.millrace.crds;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.Items;
import dev.millrace.model.OneOf;
import dev.millrace.model.Union;
import io.fabric8.kubernetes.api.model.Condition;
import java.lang.annotation.Annotation;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Adds to a generated schema what the model says beyond the generator's annotations: unions, enums,
 * lists that are maps by name, number formats, forms of list items.
 */
final class Schemas {
  private static final int MAX_SETTING = 4096;

  private static final Map<String, String> CONDITION =
      Map.of(
          "type", "What it is about.",
          "status", "True, False or Unknown.",
          "reason", "Why, in one word.",
          "message", "Why, in a sentence.",
          "lastTransitionTime", "When status changed last.",
          "observedGeneration", "The generation of the spec that it is about.");

  private Schemas() {}

  static void refine(Class<?> type, ObjectNode schema) {
    Union union = type.getAnnotation(Union.class);
    if (union != null) {
      String all =
          (union.optional()
                  ? "at most one of "
                  : union.value().length == 1 ? "" : "exactly one of ")
              + String.join(", ", union.value());
      String set =
          Arrays.stream(union.value())
              .map(m -> "has(self." + m + ")")
              .collect(Collectors.joining(", ", "[", "]"));
      schema
          .withArray("x-kubernetes-validations")
          .addObject()
          .put("rule", set + ".filter(x, x).size() " + (union.optional() ? "<= 1" : "== 1"))
          .put("message", all + (union.optional() ? " may be set" : " must be set"));
    }
    for (RecordComponent component : type.getRecordComponents()) {
      if (schema.path("properties").path(component.getName()) instanceof ObjectNode property) {
        component(component, property);
      } else {
        throw new IllegalStateException("no schema of " + type + "." + component.getName());
      }
    }
  }

  private static void component(RecordComponent component, ObjectNode property) {
    Class<?> raw = component.getType();
    tidy(property);
    if (raw.isRecord()) {
      refine(raw, property);
    } else if (JsonNode.class.isAssignableFrom(raw)) {
      property.put("type", "object");
    } else if (raw == Long.class) {
      property.put("format", "int64");
    } else if (raw == Integer.class) {
      property.put("format", "int32");
    } else if (List.class.isAssignableFrom(raw)) {
      list(component, property, argument(component.getGenericType(), 0));
    } else if (Map.class.isAssignableFrom(raw)) {
      // Without a bound the cost of rules could not be bounded.
      property.put("maxProperties", 64);
      ((ObjectNode) property.path("additionalProperties")).put("maxLength", MAX_SETTING);
    }
    OneOf oneOf = component.getAccessor().getAnnotation(OneOf.class);
    if (oneOf != null) {
      for (String value : oneOf.value()) {
        property.withArray("enum").add(value);
      }
    }
  }

  /** A record's annotations are on field and accessor: rules are found twice. Numbers are whole. */
  private static void tidy(ObjectNode property) {
    if (property.path("x-kubernetes-validations") instanceof ArrayNode rules) {
      Set<JsonNode> once = new LinkedHashSet<>();
      rules.forEach(once::add);
      rules.removeAll();
      once.forEach(rules::add);
    }
    for (String bound : List.of("minimum", "maximum")) {
      if (property.path(bound).isDouble()) {
        property.put(bound, property.path(bound).longValue());
      }
    }
  }

  /** What tells the items of a list apart: their name, or what comes first in them. */
  private static String key(Class<?> item) {
    List<String> fields =
        Arrays.stream(item.getRecordComponents()).map(RecordComponent::getName).toList();
    return fields.contains("name") ? "name" : fields.get(0);
  }

  private static void list(RecordComponent component, ObjectNode property, Class<?> item) {
    ObjectNode items = (ObjectNode) property.path("items");
    if (item == Condition.class) {
      property.put("x-kubernetes-list-type", "map");
      property.putArray("x-kubernetes-list-map-keys").add("type");
      property.put("maxItems", 16);
      items.putArray("required").add("type").add("status");
      CONDITION.forEach(
          (field, description) ->
              ((ObjectNode) items.path("properties").path(field)).put("description", description));
      ((ObjectNode) items.at("/properties/lastTransitionTime")).put("format", "date-time");
      ((ObjectNode) items.at("/properties/observedGeneration")).put("format", "int64");
      return;
    }
    if (item.isRecord()) {
      property.put("x-kubernetes-list-type", "map");
      property.putArray("x-kubernetes-list-map-keys").add(key(item));
      refine(item, items);
      return;
    }
    property.put("x-kubernetes-list-type", "atomic");
    for (Annotation annotation : component.getAccessor().getAnnotations()) {
      Items form = annotation.annotationType().getAnnotation(Items.class);
      if (form != null) {
        items.put("pattern", form.pattern());
        items.put("maxLength", form.maxLength());
        return;
      }
    }
    throw new IllegalStateException(component + ": a list of texts without a form of its items");
  }

  private static Class<?> argument(Type type, int index) {
    return (Class<?>) ((ParameterizedType) type).getActualTypeArguments()[index];
  }
}
