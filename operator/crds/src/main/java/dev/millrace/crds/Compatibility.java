package dev.millrace.crds;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What a new CRD refuses or loses that an older one of the same version took: resources that exist
 * would become invalid, or lose a field, by an upgrade.
 */
public final class Compatibility {
  private static final List<String> UPPER =
      List.of("maximum", "maxLength", "maxItems", "maxProperties");
  private static final List<String> LOWER = List.of("minimum", "minLength", "minItems");
  private static final List<String> SAME =
      List.of("type", "format", "pattern", "x-kubernetes-list-type");

  private final List<String> problems = new ArrayList<>();

  private Compatibility() {}

  /** What is wrong, each with the path of the field; empty if nothing is. */
  public static List<String> problems(JsonNode before, JsonNode after) {
    Compatibility compatibility = new Compatibility();
    for (String field : List.of("/spec/group", "/spec/scope", "/spec/names/kind")) {
      if (!before.at(field).equals(after.at(field))) {
        compatibility.problems.add(field + ": was " + before.at(field) + ", is " + after.at(field));
      }
    }
    for (JsonNode version : before.at("/spec/versions")) {
      String name = version.path("name").asText();
      JsonNode now = version(after, name);
      if (now == null) {
        compatibility.problems.add(name + ": version is gone");
      } else {
        compatibility.compare(
            "", version.at("/schema/openAPIV3Schema"), now.at("/schema/openAPIV3Schema"));
      }
    }
    return compatibility.problems;
  }

  private static JsonNode version(JsonNode crd, String name) {
    for (JsonNode version : crd.at("/spec/versions")) {
      if (version.path("name").asText().equals(name)) {
        return version;
      }
    }
    return null;
  }

  private void compare(String path, JsonNode before, JsonNode after) {
    for (String key : SAME) {
      if (!before.path(key).equals(after.path(key)) && after.has(key)) {
        problems.add(
            path + ": " + key + " was " + text(before.path(key)) + ", is " + text(after.path(key)));
      }
    }
    for (String key : UPPER) {
      if (after.has(key)
          && (!before.has(key) || after.get(key).asLong() < before.get(key).asLong())) {
        problems.add(
            path + ": " + key + " was " + text(before.path(key)) + ", is " + after.get(key));
      }
    }
    for (String key : LOWER) {
      if (after.has(key)
          && (!before.has(key) || after.get(key).asLong() > before.get(key).asLong())) {
        problems.add(
            path + ": " + key + " was " + text(before.path(key)) + ", is " + after.get(key));
      }
    }
    gone(
        path,
        "enum value",
        after.has("enum") ? texts(before.path("enum")) : Set.of(),
        texts(after.path("enum")));
    if (after.has("enum") && !before.has("enum")) {
      problems.add(path + ": enum is new");
    }
    for (String required : texts(after.path("required"))) {
      if (!texts(before.path("required")).contains(required)
          && !after.path("properties").path(required).has("default")) {
        problems.add(path + "." + required + ": is required now");
      }
    }
    for (String rule : rules(after)) {
      if (!rules(before).contains(rule)) {
        problems.add(path + ": new rule " + rule);
      }
    }
    before
        .path("properties")
        .properties()
        .forEach(
            field -> {
              String at = path.isEmpty() ? field.getKey() : path + "." + field.getKey();
              JsonNode now = after.path("properties").path(field.getKey());
              if (now.isMissingNode()) {
                problems.add(at + ": field is gone");
              } else {
                compare(at, field.getValue(), now);
              }
            });
    if (before.has("items") && after.has("items")) {
      compare(path + "[]", before.get("items"), after.get("items"));
    }
    if (before.path("additionalProperties").isObject()
        && after.path("additionalProperties").isObject()) {
      compare(path + ".*", before.get("additionalProperties"), after.get("additionalProperties"));
    }
  }

  private void gone(String path, String what, Collection<String> before, Collection<String> after) {
    for (String value : before) {
      if (!after.contains(value)) {
        problems.add(path + ": " + what + " " + value + " is gone");
      }
    }
  }

  private static Set<String> texts(JsonNode array) {
    Set<String> texts = new HashSet<>();
    array.forEach(item -> texts.add(item.asText()));
    return texts;
  }

  private static Set<String> rules(JsonNode schema) {
    Set<String> rules = new HashSet<>();
    schema.path("x-kubernetes-validations").forEach(r -> rules.add(r.path("rule").asText()));
    return rules;
  }

  private static String text(JsonNode node) {
    return node.isMissingNode() ? "not there" : node.toString();
  }
}
