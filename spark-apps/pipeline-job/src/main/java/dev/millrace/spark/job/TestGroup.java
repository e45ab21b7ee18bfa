package dev.millrace.spark.job;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.registry.WireFormat;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * Several tests as one: every record bears the number of its test as a first column, which is part
 * of every key, so that no two tests ever meet. Avro writes a record's fields one after the other:
 * the number is put before what a record has, and taken off again.
 */
final class TestGroup {
  /** No stream has a column of this name. */
  static final String COLUMN = "_millrace_test";

  private static final ObjectMapper JSON = new ObjectMapper();

  private TestGroup() {}

  /** The plan for records that bear the number. Its SQL is run by {@link TestColumn}. */
  static PlanDocument plan(PlanDocument plan) {
    return new PlanDocument(
        plan.version(),
        plan.pipeline(),
        plan.kafka(),
        plan.registry(),
        plan.checkpointDir(),
        plan.marksTopic(),
        plan.statusPort(),
        plan.settings(),
        plan.streams().stream()
            .map(
                s ->
                    new PlanDocument.Stream(
                        s.name(),
                        s.topic(),
                        s.kind(),
                        s.format(),
                        schema(s.schema()),
                        schema(s.keySchema()),
                        s.eventTime(),
                        s.snapshotMark(),
                        s.validFrom(),
                        s.validTo()))
            .toList(),
        plan.transforms().stream().map(TestGroup::transform).toList());
  }

  private static PlanDocument.Transform transform(PlanDocument.Transform t) {
    PlanDocument.Intervals i = t.intervals();
    PlanDocument.Output o = t.output();
    return new PlanDocument.Transform(
        t.name(),
        t.stateHash(),
        t.lateTopic(),
        t.deadTopic(),
        i == null
            ? null
            : new PlanDocument.Intervals(
                i.from(),
                first(i.by()),
                i.type(),
                i.open(),
                i.close(),
                i.carry(),
                i.timeoutMs(),
                i.sliceMs()),
        t.sql(),
        t.latenessMs(),
        t.reads() == null
            ? null
            : t.reads().stream()
                .map(r -> new PlanDocument.Read(r.stream(), r.role(), first(r.columns())))
                .toList(),
        new PlanDocument.Output(
            o.stream(),
            o.topic(),
            o.kind(),
            o.format(),
            schema(o.schema()),
            schema(o.keySchema()),
            o.partitionBy(),
            o.schemaId(),
            o.keySchemaId()));
  }

  private static List<String> first(List<String> columns) {
    if (columns == null) {
      return null;
    }
    List<String> all = new ArrayList<>(List.of(COLUMN));
    all.addAll(columns);
    return all;
  }

  private static JsonNode schema(JsonNode schema) {
    if (schema == null || schema.isNull()) {
      return schema;
    }
    try {
      return JSON.readTree(schema(new Schema.Parser().parse(schema.toString())).toString());
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private static Schema schema(Schema record) {
    List<Schema.Field> fields = new ArrayList<>();
    fields.add(new Schema.Field(COLUMN, Schema.create(Schema.Type.INT)));
    record.getFields().forEach(f -> fields.add(new Schema.Field(f, f.schema())));
    return Schema.createRecord(
        record.getName(), record.getDoc(), record.getNamespace(), false, fields);
  }

  /** The schemas of the records that bear the number, by the same ids. */
  static Map<Integer, Schema> schemas(Map<Integer, Schema> schemas) {
    Map<Integer, Schema> all = new HashMap<>();
    schemas.forEach((id, schema) -> all.put(id, schema(schema)));
    return all;
  }

  /** All that happens in some tests, at once. */
  static VirtualRun.Arrival arrival(List<TestCase> tests) {
    List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
    for (int test = 0; test < tests.size(); test++) {
      for (ProducerRecord<byte[], byte[]> r : tests.get(test).steps().get(0).get(0).records()) {
        records.add(new ProducerRecord<>(r.topic(), put(r.key(), test), put(r.value(), test)));
      }
    }
    return new VirtualRun.Arrival(records, null, true);
  }

  private static byte[] put(byte[] framed, int test) {
    if (framed == null) {
      return null;
    }
    byte[] out = new byte[framed.length + 5];
    System.arraycopy(framed, 0, out, 0, WireFormat.HEADER_LENGTH);
    int length = WireFormat.HEADER_LENGTH;
    // Zig-zag of a number that is not negative, in groups of seven bits.
    for (int rest = test << 1; ; rest >>>= 7) {
      boolean last = (rest & ~0x7F) == 0;
      out[length++] = (byte) (last ? rest : (rest & 0x7F) | 0x80);
      if (last) {
        break;
      }
    }
    System.arraycopy(
        framed, WireFormat.HEADER_LENGTH, out, length, framed.length - WireFormat.HEADER_LENGTH);
    return java.util.Arrays.copyOf(out, length + framed.length - WireFormat.HEADER_LENGTH);
  }

  /** A record's bytes without the number, and the number. */
  record Taken(int test, byte[] bytes) {
    /**
     * Takes it off a framed record, or off a row that was set aside as JSON.
     *
     * @throws IOException if it is neither
     */
    static Taken from(byte[] value) throws IOException {
      if (value.length > 0 && value[0] == '{') {
        ObjectNode row = (ObjectNode) JSON.readTree(value);
        int test = row.path(COLUMN).asInt(-1);
        row.remove(COLUMN);
        return new Taken(test, JSON.writeValueAsBytes(row));
      }
      int test = 0;
      int at = WireFormat.HEADER_LENGTH;
      for (int shift = 0; ; shift += 7) {
        byte b = value[at++];
        test |= (b & 0x7F) << shift;
        if (b >= 0) {
          break;
        }
      }
      byte[] out = new byte[value.length - at + WireFormat.HEADER_LENGTH];
      System.arraycopy(value, 0, out, 0, WireFormat.HEADER_LENGTH);
      System.arraycopy(
          value, at, out, WireFormat.HEADER_LENGTH, out.length - WireFormat.HEADER_LENGTH);
      return new Taken(test >>> 1, out);
    }
  }
}
