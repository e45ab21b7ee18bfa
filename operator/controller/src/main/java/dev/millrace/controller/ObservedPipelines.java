package dev.millrace.controller;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.controller.PlatformRooms.Room;
import dev.millrace.controller.ReferencedObjects.Key;
import dev.millrace.controller.ReferencedObjects.State;
import dev.millrace.engine.BackendException;
import dev.millrace.engine.DetailView;
import dev.millrace.engine.Engine;
import dev.millrace.engine.GraphView;
import dev.millrace.engine.Inspector;
import dev.millrace.engine.Observation;
import dev.millrace.engine.PipelineStatus;
import dev.millrace.engine.StreamView;
import dev.millrace.engine.TopicView;
import dev.millrace.model.Pipeline;
import dev.millrace.model.Platform;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * What engines have observed of pipelines, as documents for those who only look. Secrets are
 * references in them, and messages are redacted, as in the views of the engine. Any thread may ask.
 */
final class ObservedPipelines {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final PlatformRooms rooms;
  private final ReferencedObjects objects;
  private final Function<ResourceID, Collection<Pipeline>> pipelines;

  /**
   * @param pipelines those that there are of a Platform
   */
  ObservedPipelines(
      PlatformRooms rooms,
      ReferencedObjects objects,
      Function<ResourceID, Collection<Pipeline>> pipelines) {
    this.rooms = rooms;
    this.objects = objects;
    this.pipelines = pipelines;
  }

  /** All pipelines of a Platform, with their graphs, connectors, jobs and dashboards. */
  Optional<JsonNode> overview(ResourceID platform) {
    return rooms.find(platform).map(room -> overview(platform, room));
  }

  private JsonNode overview(ResourceID platform, Room room) {
    Platform known = room.platform();
    ObjectNode out = JSON.createObjectNode();
    out.put("elasticsearch", known.getSpec().elasticsearch().url());
    ArrayNode backends = out.putArray("backends");
    if (known.getStatus() != null && known.getStatus().backends() != null) {
      known.getStatus().backends().forEach(b -> backends.add(JSON.valueToTree(b)));
    }
    ArrayNode all = out.putArray("pipelines");
    pipelines.apply(platform).stream()
        .sorted((a, b) -> a.name().compareTo(b.name()))
        .forEach(p -> all.add(pipeline(p, seen(platform, p.name()))));
    return out;
  }

  private ObjectNode pipeline(Pipeline pipeline, Optional<Observation> seen) {
    ObjectNode out = JSON.createObjectNode();
    out.put("name", pipeline.name());
    out.set("graph", GraphView.of(seen.orElseGet(() -> Observation.nothing(pipeline))));
    out.set("connectors", seen.map(DetailView::connectors).orElseGet(JSON::createArrayNode));
    seen.ifPresent(s -> out.set("job", DetailView.job(s)));
    ArrayNode dashboards = out.putArray("dashboards");
    for (Pipeline.Dashboard entry : pipeline.getSpec().dashboards()) {
      Optional<PipelineStatus.Component> imported =
          seen.stream()
              .flatMap(s -> s.status().components().stream())
              .filter(c -> c.name().equals(entry.name()))
              .findFirst();
      dashboards
          .addObject()
          .put("name", entry.name())
          .put("state", imported.map(PipelineStatus.Component::state).orElse("waiting"))
          .put("message", imported.map(PipelineStatus.Component::message).orElse(""))
          .put("export", export(pipeline, entry));
    }
    return out;
  }

  private String export(Pipeline pipeline, Pipeline.Dashboard entry) {
    Key key = Key.configMap(pipeline.getMetadata().getNamespace(), entry.configMap().name());
    return objects.state(key) instanceof State.Present present
        ? String.join("\n", present.data().values())
        : "";
  }

  Optional<JsonNode> component(ResourceID platform, String pipeline, String name) {
    return seen(platform, pipeline).flatMap(s -> DetailView.component(s, name));
  }

  Optional<JsonNode> stream(ResourceID platform, String pipeline, String name) {
    return seen(platform, pipeline).flatMap(s -> StreamView.of(s, name));
  }

  Optional<JsonNode> lineage(ResourceID platform, String pipeline) {
    return seen(platform, pipeline).map(GraphView::lineage);
  }

  /** Facts of all topics of a Platform's pipelines. Asks Kafka. */
  Optional<JsonNode> topics(ResourceID platform) throws BackendException {
    Optional<Engine> engine = engine(platform);
    if (engine.isEmpty()) {
      return Optional.empty();
    }
    Inspector inspector = engine.get().inspector();
    ArrayNode out = JSON.createArrayNode();
    for (Observation seen : all(platform, engine.get())) {
      out.addAll(TopicView.topics(seen, inspector));
    }
    return Optional.of(out);
  }

  /** The newest records of a topic, if it is a pipeline's. Asks Kafka. */
  Optional<JsonNode> records(ResourceID platform, String topic, int limit) throws BackendException {
    Optional<Engine> engine = engine(platform);
    if (engine.isEmpty()) {
      return Optional.empty();
    }
    for (Observation seen : all(platform, engine.get())) {
      if (TopicView.names(seen).containsKey(topic)) {
        return Optional.of(engine.get().inspector().records(topic, limit, seen.redactor()));
      }
    }
    return Optional.empty();
  }

  private List<Observation> all(ResourceID platform, Engine engine) {
    return pipelines.apply(platform).stream()
        .map(p -> engine.observation(p.name()))
        .flatMap(Optional::stream)
        .toList();
  }

  private Optional<Observation> seen(ResourceID platform, String pipeline) {
    return engine(platform).flatMap(e -> e.observation(pipeline));
  }

  private Optional<Engine> engine(ResourceID platform) {
    return rooms.find(platform).flatMap(Room::engine);
  }
}
