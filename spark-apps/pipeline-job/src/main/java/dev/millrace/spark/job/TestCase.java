package dev.millrace.spark.job;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;

/**
 * One test of a request.
 *
 * @param document the plan as it was sent: tests of equal plans have the same transforms
 * @param schemas by id
 * @param topics to be shown after each step
 * @param steps what happens in each
 */
record TestCase(
    String id,
    JsonNode document,
    PlanDocument plan,
    Map<Integer, Schema> schemas,
    List<String> topics,
    List<List<VirtualRun.Arrival>> steps) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * Reads a test.
   *
   * @throws IOException if it is none
   */
  static TestCase of(JsonNode request) throws IOException {
    JsonNode test = request.path("test");
    Map<Integer, Schema> schemas = new HashMap<>();
    for (Map.Entry<String, JsonNode> s : test.path("schemas").properties()) {
      schemas.put(Integer.parseInt(s.getKey()), new Schema.Parser().parse(s.getValue().toString()));
    }
    List<String> topics = new ArrayList<>();
    test.path("topics").forEach(t -> topics.add(t.asText()));
    List<List<VirtualRun.Arrival>> steps = new ArrayList<>();
    for (JsonNode step : test.path("steps")) {
      List<VirtualRun.Arrival> arrivals = new ArrayList<>();
      for (JsonNode arrival : step.path("arrivals")) {
        arrivals.add(arrival(arrival));
      }
      steps.add(arrivals);
    }
    return new TestCase(
        request.path("id").asText(),
        test.path("plan"),
        PlanDocument.parse(test.path("plan").toString()),
        schemas,
        topics,
        steps);
  }

  private static VirtualRun.Arrival arrival(JsonNode node) throws IOException {
    List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
    for (JsonNode record : node.path("records")) {
      records.add(
          new ProducerRecord<>(
              record.path("topic").asText(),
              record.path("key").binaryValue(),
              record.path("value").binaryValue()));
    }
    return new VirtualRun.Arrival(
        records,
        node.hasNonNull("progress") ? node.get("progress").asLong() : null,
        node.path("end").asBoolean());
  }

  /** All that happens, happens at once, and nothing follows. */
  boolean atOnce() {
    return steps.size() == 1 && steps.get(0).size() == 1 && steps.get(0).get(0).end();
  }

  /** An answer without content. */
  ObjectNode answer(long millis) {
    return JSON.createObjectNode().put("id", id).put("millis", millis);
  }

  /** Adds a record of a topic to what a step shows. */
  static void add(
      ObjectNode step, ConsumerRecord<byte[], byte[]> record, byte[] key, byte[] value) {
    ObjectNode out = step.withArray(record.topic()).addObject();
    out.put("key", key);
    out.put("value", value);
    for (Header header : record.headers()) {
      out.withObject("/headers")
          .put(header.key(), new String(header.value(), StandardCharsets.UTF_8));
    }
  }
}
