package dev.millrace.planner;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.Pipeline;
import dev.millrace.model.Platform;
import dev.millrace.model.Problem;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Plans a pipeline's dashboards: their files are checked wherever they are drawn, and imported
 * where the platform has a Kibana.
 */
final class Dashboards {
  private final Pipeline pipeline;
  private final Platform.Spec platform;
  private final SchemaCatalog catalog;
  private final List<Problem> problems = new ArrayList<>();
  private final List<Problem> warnings = new ArrayList<>();
  private final Map<String, String> waiting = new LinkedHashMap<>();
  private final List<Resource> resources = new ArrayList<>();

  Dashboards(Pipeline pipeline, Platform.Spec platform, SchemaCatalog catalog) {
    this.pipeline = pipeline;
    this.platform = platform;
    this.catalog = catalog;
  }

  List<Problem> problems() {
    return problems;
  }

  List<Problem> warnings() {
    return List.copyOf(warnings);
  }

  Map<String, String> waiting() {
    return waiting;
  }

  List<Resource> resources() {
    return resources;
  }

  void plan() {
    Set<String> indices = new TreeSet<>();
    pipeline.getSpec().sinks().stream()
        .filter(s -> s.elasticsearch() != null)
        .forEach(s -> indices.add(s.elasticsearch().index()));
    for (int i = 0; i < pipeline.getSpec().dashboards().size(); i++) {
      Pipeline.Dashboard entry = pipeline.getSpec().dashboards().get(i);
      String path = "spec.dashboards[" + i + "].configMap";
      Known<Map<String, String>> known = catalog.configMap(entry.configMap().name());
      if (known instanceof Known.Waiting<Map<String, String>> wait) {
        waiting.put(entry.name(), wait.why());
      } else if (known instanceof Known.No<Map<String, String>> no) {
        problems.add(Problem.of(path + ".name", no.why()));
      } else {
        // In the order of their names: what is planned must not depend on how a map is kept.
        Map<String, String> files = new TreeMap<>(((Known.Yes<Map<String, String>>) known).value());
        SavedObjectsReader reader = new SavedObjectsReader(path, indices);
        files.forEach(reader::read);
        reader.check();
        problems.addAll(reader.problems());
        warnings.addAll(reader.warnings());
        if (platform.kibana() != null && reader.problems().isEmpty()) {
          resources.add(objects(entry.name(), reader.objects()));
        }
      }
    }
  }

  /**
   * Ids are unique in all of a Kibana, over its spaces, and two pipelines may ship the same file:
   * so each object's begins with the space, the pipeline and the entry.
   */
  private Resource.SavedObjects objects(String entry, List<ObjectNode> objects) {
    String space = platform.kibana().space();
    String name = space + "." + platform.prefix() + pipeline.name() + "." + entry;
    List<JsonNode> ours = new ArrayList<>();
    for (ObjectNode object : objects) {
      ObjectNode copy = object.deepCopy();
      copy.put("id", id(name, object));
      for (JsonNode reference : copy.withArray("references")) {
        ((ObjectNode) reference).put("id", id(name, reference));
      }
      // Any other mark would have to hide in an attribute, and differ by type.
      copy.withArray("references")
          .addObject()
          .put("type", "tag")
          .put("id", name)
          .put("name", "tag-ref-" + name);
      ours.add(copy);
    }
    return new Resource.SavedObjects(name, entry, space, ours);
  }

  private static String id(String name, JsonNode object) {
    return name + "." + object.path("id").asText();
  }

  /** The index among these that a pattern, such as {@code tv-*}, means. */
  static Optional<String> matching(String pattern, Set<String> indices) {
    String regex = "\\Q" + pattern.replace("*", "\\E.*\\Q") + "\\E";
    return indices.stream().filter(i -> i.matches(regex)).findFirst();
  }
}
