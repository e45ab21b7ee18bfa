package dev.millrace.local;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.engine.PipelineStatus;
import dev.millrace.services.ServiceState;
import java.util.List;

/** What {@code status -o json} and the page show. */
final class StatusDocument {
  private static final ObjectMapper JSON = new ObjectMapper();

  private StatusDocument() {}

  static ObjectNode of(
      String state, String page, List<ServiceState> services, List<PipelineStatus> pipelines) {
    ObjectNode document = JSON.createObjectNode();
    document.put("state", state);
    document.put("pid", ProcessHandle.current().pid());
    document.put("page", page);
    for (ServiceState service : services) {
      ObjectNode out = document.withArray("services").addObject();
      out.put("name", service.name());
      out.put("state", service.phase().toString());
      out.put("endpoint", service.endpoint().orElse(""));
      out.put("pid", service.pid());
      out.put("restarts", service.restarts());
      out.put("elapsedMs", service.elapsed().toMillis());
      out.put("message", service.message());
    }
    document.withArray("pipelines");
    for (PipelineStatus pipeline : pipelines) {
      ObjectNode out = document.withArray("pipelines").addObject();
      out.put("name", pipeline.name());
      out.put("ready", pipeline.ready());
      out.put("drained", pipeline.drained());
      for (PipelineStatus.Condition condition : pipeline.conditions()) {
        ObjectNode c = out.withArray("conditions").addObject();
        c.put("type", condition.type());
        c.put("status", condition.status());
        c.put("reason", condition.reason());
        c.put("message", condition.message());
        c.put("lastTransitionTime", condition.lastTransitionTime().toString());
      }
      out.withArray("components");
      for (PipelineStatus.Component component : pipeline.components()) {
        ObjectNode c = out.withArray("components").addObject();
        c.put("name", component.name());
        c.put("kind", component.kind());
        c.put("state", component.state());
        if (component.lag() >= 0) {
          c.put("lag", component.lag());
        }
        c.put("message", component.message());
      }
      out.withArray("streams");
      for (PipelineStatus.StreamStatus stream : pipeline.streams()) {
        ObjectNode s = out.withArray("streams").addObject();
        s.put("name", stream.name());
        s.put("kind", stream.kind());
        s.put("topic", stream.topic());
        s.put("format", stream.format());
        // Of the others the registry knows the schema that a record was written with.
        if (!stream.format().equals("avro")) {
          stream.schema().ifPresent(schema -> s.put("schema", schema.toString()));
        }
        s.put("records", stream.records());
        s.put("rate", Math.round(stream.rate() * 10) / 10.0);
      }
      out.withArray("problems");
      pipeline.problems().forEach(p -> out.withArray("problems").add(p.toString()));
    }
    return document;
  }
}
