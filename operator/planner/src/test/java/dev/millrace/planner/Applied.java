package dev.millrace.planner;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** What backends would hold if a plan had been applied to them. */
final class Applied {
  private Applied() {}

  static Observed of(Plan plan, String owner) {
    Map<String, Observed.Topic> topics = new TreeMap<>();
    Map<String, Observed.Made> made = new TreeMap<>();
    Map<String, Observed.Subject> subjects = new TreeMap<>();
    Map<String, Observed.Connector> connectors = new TreeMap<>();
    Map<String, Observed.Template> templates = new TreeMap<>();
    Map<String, Observed.Index> indices = new TreeMap<>();
    Map<String, Observed.Job> jobs = new TreeMap<>();
    for (Resource resource : plan.resources()) {
      if (!(resource instanceof Resource.SparkJob job && !job.app())) {
        made.put(
            resource.id(),
            resource instanceof Resource.SavedObjects
                ? Observed.Made.hash(resource.hash())
                : Observed.Made.IT);
      }
      if (resource instanceof Resource.Topic topic) {
        topics.put(
            topic.name(), new Observed.Topic(topic.partitions(), topic.replicas(), topic.config()));
        made.put(topic.id(), new Observed.Made(topic.partitions(), topic.config()));
      } else if (resource instanceof Resource.Subject subject) {
        JsonNode schema =
            subject.schema().<JsonNode>map(Schemas::json).orElse(NullNode.getInstance());
        subjects.put(
            subject.name(), new Observed.Subject(subject.compatibility(), schema, List.of()));
      } else if (resource instanceof Resource.Connector connector) {
        connectors.put(
            connector.name(),
            new Observed.Connector(
                connector.config(), owner, ConnectorDiff.hash(connector.config()), "RUNNING"));
      } else if (resource instanceof Resource.IndexTemplate template) {
        templates.put(
            template.name(),
            new Observed.Template(template.body(), owner, TemplateDiff.hash(template.body())));
        indices.put(
            template.name(),
            new Observed.Index(
                template.body().at("/template/mappings/properties"),
                Map.of("refresh_interval", "1s", "number_of_replicas", "0"),
                owner));
      } else if (resource instanceof Resource.SparkJob job) {
        jobs.put(job.name(), new Observed.Job(job.document(), true));
      }
    }
    return new Observed(
        topics, made, subjects, connectors, templates, indices, jobs, Set.of(), Map.of());
  }
}
