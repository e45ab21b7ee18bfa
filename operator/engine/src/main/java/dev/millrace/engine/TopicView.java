package dev.millrace.engine;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.engine.Inspector.Partition;
import dev.millrace.engine.Inspector.TopicFacts;
import dev.millrace.planner.Plan;
import dev.millrace.planner.Resource;
import java.util.LinkedHashMap;
import java.util.Map;

/** A pipeline's topics, as Kafka has them. */
public final class TopicView {
  private static final ObjectMapper JSON = new ObjectMapper();

  private TopicView() {}

  /** The pipeline's topics by name, with the source, transform or sink each is for. */
  public static Map<String, String> names(Observation seen) {
    Map<String, String> names = new LinkedHashMap<>();
    seen.plan().streams().forEach(s -> names.put(s.topic(), s.component()));
    for (Resource resource : seen.plan().resources()) {
      if (resource instanceof Resource.Topic topic) {
        names.putIfAbsent(topic.name(), topic.component());
      }
    }
    return names;
  }

  /** {@code append} or {@code table}; {@code late}, {@code dead}; or {@code internal}. */
  public static String kind(Observation seen, String topic) {
    for (Plan.Stream stream : seen.plan().streams()) {
      if (stream.topic().equals(topic)) {
        return stream.kind();
      }
    }
    return topic.endsWith(".late") ? "late" : topic.endsWith(".dead") ? "dead" : "internal";
  }

  /** All of them with their facts, from one round of questions. */
  public static ArrayNode topics(Observation seen, Inspector inspector) throws BackendException {
    Map<String, String> names = names(seen);
    Map<String, TopicFacts> facts = inspector.topics(names.keySet());
    ArrayNode out = JSON.createArrayNode();
    names.forEach(
        (name, component) -> {
          ObjectNode topic = out.addObject();
          topic.put("name", name);
          topic.put("pipeline", seen.pipeline().name());
          topic.put("component", component);
          topic.put("kind", kind(seen, name));
          seen.plan().streams().stream()
              .filter(s -> s.topic().equals(name))
              .forEach(s -> topic.put("stream", s.name()));
          TopicFacts found = facts.get(name);
          topic.put("exists", found != null);
          if (found != null) {
            facts(topic, found);
          }
        });
    return out;
  }

  private static void facts(ObjectNode topic, TopicFacts found) {
    topic.put("replicas", found.replicas());
    topic.put("offsets", found.offsets());
    topic.put("bytes", found.partitions().stream().mapToLong(p -> Math.max(0, p.bytes())).sum());
    topic.put("cleanup", found.config().get("cleanup.policy"));
    topic.put("retentionMs", Long.parseLong(found.config().getOrDefault("retention.ms", "-1")));
    for (Partition partition : found.partitions()) {
      topic
          .withArray("partitions")
          .addObject()
          .put("id", partition.id())
          .put("start", partition.start())
          .put("end", partition.end())
          .put("bytes", partition.bytes());
    }
  }
}
