package dev.millrace.planner;

import dev.millrace.model.Pipeline;
import dev.millrace.planner.Change.Action;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Plan x Observed -> Changes. Pure: the same two always give the same changes. */
public final class Diff {
  private Diff() {}

  /**
   * What would happen if a plan were applied.
   *
   * @param owner the pipeline's name in the backends: prefix and name
   */
  public static Changes of(Plan plan, Pipeline pipeline, String owner, Observed observed) {
    boolean run = pipeline.getSpec().state().equals("running");
    TopicDiff topics = new TopicDiff(plan, observed);
    SubjectDiff subjects = new SubjectDiff(observed);
    ConnectorDiff connectors = new ConnectorDiff(plan, observed, owner, run);
    TemplateDiff templates = new TemplateDiff(plan, observed, owner);
    JobDiff jobs = new JobDiff(plan, observed, run);
    List<Change> changes = new ArrayList<>();
    int unchanged = 0;
    for (Resource resource : plan.resources()) {
      int before = changes.size();
      if (observed.silent().containsKey(type(resource))) {
        continue;
      }
      if (resource instanceof Resource.Topic topic) {
        topics.of(topic).ifPresent(changes::add);
      } else if (resource instanceof Resource.Subject subject) {
        subjects.of(subject).ifPresent(changes::add);
      } else if (resource instanceof Resource.Connector connector) {
        connectors.of(connector).ifPresent(changes::add);
      } else if (resource instanceof Resource.IndexTemplate template) {
        templates.of(template).ifPresent(changes::add);
      } else if (resource instanceof Resource.SparkJob job) {
        // A part of the transforms is not known yet: what is left of them says nothing.
        if (plan.waiting().isEmpty()) {
          changes.addAll(jobs.of(job));
        }
      } else {
        other(resource, observed, changes);
      }
      unchanged += changes.size() == before ? 1 : 0;
    }
    if (plan.waiting().isEmpty()) {
      orphans(plan, pipeline, owner, observed, changes);
    }
    return Changes.of(plan, changes, unchanged, observed.silent());
  }

  /** The hash to note with an index template, by which it is seen whether it was edited since. */
  public static String templateHash(Resource.IndexTemplate template) {
    return TemplateDiff.hash(template.body());
  }

  /** The hash to note with a connector's configuration. */
  public static String configHash(Map<String, String> config) {
    return ConnectorDiff.hash(config);
  }

  private static String type(Resource resource) {
    return resource.getClass().getSimpleName();
  }

  /** A resource of which no more is compared than its hash: its backend mends edits by itself. */
  private static void other(Resource resource, Observed observed, List<Change> changes) {
    Observed.Made now = observed.made().get(resource.id());
    String before = now == null ? null : now.config().get("hash");
    if (now == null) {
      changes.add(Change.create(resource, false, ""));
    } else if (!resource.hash().equals(before)) {
      changes.add(
          Change.update(
              resource,
              List.of(FieldChange.of("content", before, resource.hash(), Impact.IN_PLACE, "")),
              false,
              ""));
    }
  }

  /** What was made for this pipeline and is not wanted any more. */
  private static void orphans(
      Plan plan, Pipeline pipeline, String owner, Observed observed, List<Change> changes) {
    Set<String> wanted = plan.resources().stream().map(Resource::id).collect(Collectors.toSet());
    for (Map.Entry<String, Observed.Connector> connector : observed.connectors().entrySet()) {
      String id = "Connector/" + connector.getKey();
      if (connector.getValue().owner().equals(owner) && !wanted.contains(id)) {
        changes.add(
            new Change(
                id,
                component(connector.getKey(), owner),
                Action.DELETE,
                Impact.IN_PLACE,
                "it is not in the Pipeline any more; Connect keeps its offsets",
                List.of(),
                false));
      }
    }
    boolean delete = pipeline.getSpec().deletionPolicy().equals("delete");
    for (String id : new TreeSet<>(observed.made().keySet())) {
      if (id.startsWith("SparkJob/") && !wanted.contains(id)) {
        changes.add(
            new Change(
                id,
                component(id.substring("SparkJob/".length()), owner),
                Action.DELETE,
                Impact.IN_PLACE,
                "the application is not in the Pipeline any more; its checkpoint stays",
                List.of(),
                false));
      }
      if (id.startsWith("SavedObjects/") && !wanted.contains(id)) {
        changes.add(
            new Change(
                id,
                id.substring("SavedObjects/".length()),
                Action.DELETE,
                Impact.IN_PLACE,
                "the dashboard is not in the Pipeline any more",
                List.of(),
                false));
      }
      if (!wanted.contains(id) && there(id, observed)) {
        String name = id.substring(id.indexOf('/') + 1);
        changes.add(
            new Change(
                id,
                component(name.replaceFirst("-(key|value)$", ""), owner),
                delete ? Action.DELETE : Action.LEAVE,
                delete ? Impact.DATA_LOSS : Impact.NONE,
                delete
                    ? "it is not in the Pipeline any more (deletionPolicy: delete)"
                    : "it is not in the Pipeline any more, and stays (deletionPolicy: retain)",
                List.of(),
                false));
      }
    }
  }

  private static boolean there(String id, Observed observed) {
    String name = id.substring(id.indexOf('/') + 1);
    return switch (id.substring(0, id.indexOf('/'))) {
      case "Topic" -> observed.topics().containsKey(name);
      case "Subject" -> observed.subjects().containsKey(name);
      case "IndexTemplate" ->
          observed.templates().containsKey(name) || observed.indices().containsKey(name);
      default -> false;
    };
  }

  /** A component's name from that of a resource of it. */
  private static String component(String name, String owner) {
    return name.startsWith(owner + ".")
        ? name.substring(owner.length() + 1).replaceFirst("\\..*$", "")
        : name;
  }
}
