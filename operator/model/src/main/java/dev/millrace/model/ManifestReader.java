package dev.millrace.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Reads a resource strictly: every field that is unknown or of another type is reported, with its
 * path and value, before anything is made of the document.
 */
public final class ManifestReader {
  private static final ObjectMapper YAML = new YAMLMapper();
  private static final Set<String> TOP = Set.of("apiVersion", "kind", "metadata", "spec", "status");

  private ManifestReader() {}

  /**
   * What was read.
   *
   * @param resource null if there are problems
   */
  public record Read<T>(T resource, List<Problem> problems) {}

  /** Reads a {@code Pipeline}; what the fields mean together is the planner's to check. */
  public static Read<Pipeline> pipeline(JsonNode document) {
    return read(document, "Pipeline", Pipeline.class, Pipeline.Spec.class);
  }

  /** Reads a {@code Platform}. */
  public static Read<Platform> platform(JsonNode document) {
    return read(document, "Platform", Platform.class, Platform.Spec.class);
  }

  /** Reads a {@code PipelineRun}. */
  public static Read<PipelineRun> pipelineRun(JsonNode document) {
    Read<PipelineRun> read =
        read(document, "PipelineRun", PipelineRun.class, PipelineRun.Spec.class);
    PipelineRun.Backfill backfill =
        read.resource() == null ? null : read.resource().getSpec().backfill();
    // Texts of one form, all in UTC: their order is that of time.
    if (backfill != null
        && backfill.from() != null
        && backfill.to() != null
        && backfill.from().replace("Z", "").compareTo(backfill.to().replace("Z", "")) >= 0) {
      return new Read<>(
          null,
          List.of(
              Problem.of(
                  "spec.backfill.from",
                  "'" + backfill.from() + "': expected a time before 'to', " + backfill.to())));
    }
    return read;
  }

  /** Reads a {@code Pipeline} from YAML text of one document. */
  public static Read<Pipeline> pipeline(String yaml) {
    try {
      return pipeline(YAML.readTree(yaml));
    } catch (JsonProcessingException e) {
      return new Read<>(null, List.of(Problem.of("", "not YAML: " + e.getOriginalMessage())));
    }
  }

  private static <T> Read<T> read(
      JsonNode document, String kind, Class<T> type, Class<? extends Record> spec) {
    List<Problem> problems = new ArrayList<>();
    document
        .fieldNames()
        .forEachRemaining(
            name -> {
              if (!TOP.contains(name)) {
                problems.add(Problem.unknown(name, "unknown field", name, TOP));
              }
            });
    expect("apiVersion", document, "millrace.dev/v1alpha1", problems);
    expect("kind", document, kind, problems);
    String name = document.at("/metadata/name").asText("");
    if (!name.matches("[a-z]([a-z0-9-]{0,50}[a-z0-9])?")) {
      problems.add(
          Problem.of(
              "metadata.name",
              name.isEmpty()
                  ? "is missing"
                  : "'" + name + "' is not a name: [a-z]([a-z0-9-]*[a-z0-9])?, at most 52"));
    }
    if (document.path("spec").isMissingNode()) {
      problems.add(Problem.of("spec", "is missing"));
    } else {
      check("spec", document.get("spec"), spec, problems);
    }
    if (!problems.isEmpty()) {
      return new Read<>(null, List.copyOf(problems));
    }
    try {
      return new Read<>(YAML.treeToValue(document, type), List.of());
    } catch (JsonProcessingException e) {
      return new Read<>(null, List.of(Problem.of("", e.getOriginalMessage())));
    }
  }

  private static void expect(
      String field, JsonNode document, String value, List<Problem> problems) {
    String found = document.path(field).asText("");
    if (!found.equals(value)) {
      problems.add(Problem.of(field, "expected '" + value + "', found '" + found + "'"));
    }
  }

  private static void check(String path, JsonNode node, Type type, List<Problem> problems) {
    if (node.isNull()) {
      return;
    }
    if (type instanceof ParameterizedType generic) {
      if (Map.class.isAssignableFrom((Class<?>) generic.getRawType())) {
        wrong(node.isObject(), path, "a mapping", node, problems);
        return;
      }
      if (wrong(node.isArray(), path, "a list", node, problems)) {
        return;
      }
      for (int i = 0; i < node.size(); i++) {
        check(path + "[" + i + "]", node.get(i), generic.getActualTypeArguments()[0], problems);
      }
      return;
    }
    Class<?> raw = (Class<?>) type;
    if (raw.isRecord()) {
      record(path, node, raw, problems);
    } else if (raw == String.class) {
      wrong(node.isValueNode(), path, "text", node, problems);
    } else if (raw == Integer.class || raw == Long.class) {
      wrong(
          raw == Integer.class
              ? node.canConvertToInt() && node.isIntegralNumber()
              : node.isIntegralNumber(),
          path,
          "a whole number",
          node,
          problems);
    } else if (raw == Double.class) {
      wrong(node.isNumber(), path, "a number", node, problems);
    } else if (raw == Boolean.class) {
      wrong(node.isBoolean(), path, "true or false", node, problems);
    }
  }

  private static void record(String path, JsonNode node, Class<?> type, List<Problem> problems) {
    if (wrong(node.isObject(), path, "a mapping", node, problems)) {
      return;
    }
    Set<String> known = new TreeSet<>();
    for (RecordComponent component : type.getRecordComponents()) {
      known.add(component.getName());
      if (node.has(component.getName())) {
        check(
            path + "." + component.getName(),
            node.get(component.getName()),
            component.getGenericType(),
            problems);
      }
    }
    node.fieldNames()
        .forEachRemaining(
            name -> {
              if (!known.contains(name)) {
                problems.add(Problem.unknown(path + "." + name, "unknown field", name, known));
              }
            });
  }

  private static boolean wrong(
      boolean right, String path, String expected, JsonNode found, List<Problem> problems) {
    if (!right) {
      String what =
          found.isObject() ? "a mapping" : found.isArray() ? "a list" : "'" + found.asText() + "'";
      problems.add(Problem.of(path, "expected " + expected + ", found " + what));
    }
    return !right;
  }
}
