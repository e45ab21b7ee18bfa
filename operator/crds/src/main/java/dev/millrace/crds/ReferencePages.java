package dev.millrace.crds;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The reference pages of the resources, from the CRDs. */
final class ReferencePages {
  private final StringBuilder page = new StringBuilder();

  private ReferencePages() {}

  static String of(Crds.Kind kind, ObjectNode crd) {
    ReferencePages pages = new ReferencePages();
    JsonNode schema = crd.at("/spec/versions/0/schema/openAPIV3Schema");
    pages
        .page
        .append("<!-- Generated from operator/model; do not edit. -->\n# ")
        .append(kind.kind())
        .append("\n\n`")
        .append(crd.at("/spec/group").asText())
        .append('/')
        .append(crd.at("/spec/versions/0/name").asText())
        .append("`, short name `")
        .append(crd.at("/spec/names/shortNames/0").asText())
        .append("`. ")
        .append(schema.path("description").asText())
        .append('\n');
    pages.rules(schema);
    pages.object("spec", schema.at("/properties/spec"));
    pages.object("status", schema.at("/properties/status"));
    return pages.page.toString();
  }

  private void object(String path, JsonNode schema) {
    page.append("\n## ").append(path).append("\n\n");
    page.append(schema.path("description").asText(""));
    if (schema.has("description")) {
      page.append("\n\n");
    }
    page.append("| field | type | | |\n|---|---|---|---|\n");
    List<Map.Entry<String, JsonNode>> nested = new ArrayList<>();
    schema
        .path("properties")
        .properties()
        .forEach(
            field -> {
              row(field.getKey(), field.getValue(), required(schema, field.getKey()));
              JsonNode value = field.getValue();
              if (value.has("properties")) {
                nested.add(Map.entry(path + "." + field.getKey(), value));
              } else if (value.path("items").has("properties")) {
                nested.add(Map.entry(path + "." + field.getKey() + "[]", value.path("items")));
              }
            });
    rules(schema);
    nested.forEach(n -> object(n.getKey(), n.getValue()));
  }

  private static boolean required(JsonNode schema, String field) {
    for (JsonNode name : schema.path("required")) {
      if (name.asText().equals(field)) {
        return true;
      }
    }
    return false;
  }

  private void row(String name, JsonNode field, boolean required) {
    page.append("| `")
        .append(name)
        .append("` | ")
        .append(type(field))
        .append(" | ")
        .append(required ? "required" : "")
        .append(" | ")
        .append(escaped(field.path("description").asText("")))
        .append(limits(field))
        .append(" |\n");
  }

  private static String type(JsonNode field) {
    String type = field.path("type").asText();
    if (type.equals("array")) {
      JsonNode items = field.path("items");
      return "list of " + (items.has("properties") ? "objects" : items.path("type").asText() + "s");
    }
    if (field.path("additionalProperties").isObject()) {
      return "map of " + field.at("/additionalProperties/type").asText() + "s";
    }
    return type;
  }

  private static String limits(JsonNode field) {
    StringBuilder limits = new StringBuilder();
    if (field.has("enum")) {
      List<String> values = new ArrayList<>();
      field.get("enum").forEach(v -> values.add("`" + v.asText() + "`"));
      limits.append(" One of ").append(String.join(", ", values)).append('.');
    }
    if (field.has("minimum") || field.has("maximum")) {
      limits.append(' ').append(field.path("minimum").asText("..."));
      limits.append(field.has("maximum") ? " to " + field.get("maximum").asText() : " or more");
      limits.append('.');
    }
    if (field.has("pattern")) {
      limits.append(" `").append(escaped(field.get("pattern").asText())).append('`');
    }
    if (field.has("maxItems")) {
      limits.append(" At most ").append(field.get("maxItems").asText()).append('.');
    }
    return limits.toString();
  }

  private void rules(JsonNode schema) {
    List<String> rules = new ArrayList<>();
    schema
        .path("x-kubernetes-validations")
        .forEach(rule -> rules.add("- " + rule.path("message").asText()));
    if (!rules.isEmpty()) {
      page.append("\nRefused with:\n").append(String.join("\n", rules)).append('\n');
    }
  }

  private static String escaped(String text) {
    return text.replace("|", "\\|");
  }
}
