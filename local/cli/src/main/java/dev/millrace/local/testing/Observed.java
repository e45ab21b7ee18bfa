package dev.millrace.local.testing;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.local.testing.TestPlan.TestStream;
import dev.millrace.registry.WireFormat;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericRecord;

/**
 * What a stream held at the end of a step.
 *
 * @param rows of a table the latest of each key, otherwise all
 * @param late records of the transform's input
 * @param dead why records were set aside, with the record where it is text
 */
record Observed(List<Map<String, Object>> rows, List<Map<String, Object>> late, List<String> dead) {

  /** From the test server's answer. */
  static Observed of(TestPlan plan, TestStream stream, JsonNode step) {
    Map<Object, Map<String, Object>> latest = new LinkedHashMap<>();
    int count = 0;
    for (JsonNode record : step.path(stream.topic())) {
      Object key = stream.table() ? record.path("key").asText() : (Object) count++;
      if (record.path("value").isNull()) {
        latest.remove(key);
      } else {
        latest.put(key, row(plan, record));
      }
    }
    List<Map<String, Object>> late = new ArrayList<>();
    step.path(stream.lateTopic()).forEach(record -> late.add(row(plan, record)));
    List<String> dead = new ArrayList<>();
    for (JsonNode record : step.path(stream.deadTopic())) {
      byte[] value = bytes(record.path("value"));
      boolean text = value.length > 0 && value[0] == '{';
      dead.add(
          record.path("headers").path("millrace.reason").asText()
              + (text ? ": " + new String(value, java.nio.charset.StandardCharsets.UTF_8) : ""));
    }
    return new Observed(List.copyOf(latest.values()), late, dead);
  }

  private static Map<String, Object> row(TestPlan plan, JsonNode record) {
    byte[] value = bytes(record.path("value"));
    GenericRecord decoded =
        Values.decode(
            plan.schemas().get(WireFormat.schemaId(value)), value, WireFormat.HEADER_LENGTH);
    Map<String, Object> row = new LinkedHashMap<>();
    for (Schema.Field field : decoded.getSchema().getFields()) {
      row.put(field.name(), decoded.get(field.pos()));
    }
    return row;
  }

  private static byte[] bytes(JsonNode node) {
    try {
      byte[] bytes = node.binaryValue();
      return bytes == null ? new byte[0] : bytes;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
