package dev.millrace.engine;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.Pipeline.EventTime;
import dev.millrace.model.Pipeline.Sink;
import dev.millrace.model.Pipeline.Source;
import dev.millrace.model.Pipeline.Transform;
import dev.millrace.planner.Plan;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.avro.Schema;

/** What there is to know of a stream: from an {@link Observation} alone. */
public final class StreamView {
  private static final ObjectMapper JSON = new ObjectMapper();

  private StreamView() {}

  /** A stream, if there is one of that name. */
  public static Optional<ObjectNode> of(Observation seen, String name) {
    Optional<Plan.Stream> found = seen.plan().stream(name);
    if (found.isEmpty()) {
      return Optional.empty();
    }
    Plan.Stream stream = found.get();
    ObjectNode out = JSON.createObjectNode();
    out.put("type", "stream");
    out.put("name", name);
    out.put("topic", stream.topic());
    out.put("kind", stream.kind());
    out.put("component", stream.component());
    out.put("bounded", stream.bounded());
    List<String> key = names(stream.keySchema());
    out.set("key", JSON.valueToTree(key));
    List<String> partitionBy = new ArrayList<>();
    EventTime eventTime = null;
    for (Source source : seen.pipeline().getSpec().sources()) {
      if (source.name().equals(stream.component())) {
        partitionBy.addAll(source.partitionBy());
        eventTime = source.eventTime();
      }
    }
    for (Transform transform : seen.pipeline().getSpec().transforms()) {
      if (transform.name().equals(stream.component())) {
        partitionBy.addAll(transform.partitionBy());
        eventTime = transform.eventTime();
      }
    }
    out.set("partitionBy", JSON.valueToTree(partitionBy.isEmpty() ? key : partitionBy));
    if (eventTime != null) {
      out.set("eventTime", JSON.valueToTree(eventTime));
    }
    out.putArray("fields");
    stream
        .schema()
        .ifPresent(
            s -> {
              out.put("record", s.getFullName());
              out.put("doc", s.getDoc());
              s.getFields().forEach(f -> out.withArray("fields").add(field(f)));
            });
    out.putArray("readers");
    for (Transform transform : seen.pipeline().getSpec().transforms()) {
      if (GraphView.reads(seen, transform).containsKey(name)) {
        out.withArray("readers").add(transform.name());
      }
    }
    for (Sink sink : seen.pipeline().getSpec().sinks()) {
      if (sink.from().equals(name)) {
        out.withArray("readers").add(sink.name());
      }
    }
    return Optional.of(out);
  }

  private static List<String> names(Optional<Schema> record) {
    return record
        .map(s -> s.getFields().stream().map(Schema.Field::name).toList())
        .orElse(List.of());
  }

  private static ObjectNode field(Schema.Field field) {
    ObjectNode out = JSON.createObjectNode();
    out.put("name", field.name());
    Schema schema = field.schema();
    boolean nullable = schema.isNullable();
    out.put("type", type(schema));
    out.put("nullable", nullable);
    if (field.doc() != null) {
      out.put("doc", field.doc());
    }
    return out;
  }

  private static String type(Schema schema) {
    if (schema.getType() == Schema.Type.UNION) {
      return String.join(
          " | ",
          schema.getTypes().stream()
              .filter(t -> t.getType() != Schema.Type.NULL)
              .map(StreamView::type)
              .toList());
    }
    if (schema.getLogicalType() != null) {
      return schema.getLogicalType() instanceof org.apache.avro.LogicalTypes.Decimal d
          ? "decimal(" + d.getPrecision() + ", " + d.getScale() + ")"
          : schema.getLogicalType().getName();
    }
    return switch (schema.getType()) {
      case ARRAY -> "array of " + type(schema.getElementType());
      case MAP -> "map of " + type(schema.getValueType());
      case RECORD, ENUM, FIXED -> schema.getType().getName() + " " + schema.getName();
      default -> schema.getType().getName();
    };
  }
}
