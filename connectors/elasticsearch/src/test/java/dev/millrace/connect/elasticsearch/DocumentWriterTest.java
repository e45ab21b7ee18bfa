package dev.millrace.connect.elasticsearch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.registry.format.JsonWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.avro.Conversions;
import org.apache.avro.LogicalTypes;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;
import org.junit.jupiter.api.Test;

class DocumentWriterTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Schema SCHEMA =
      new Schema.Parser()
          .parse(
              """
              {"type":"record","name":"R","fields":[
               {"name":"id","type":"string"},
               {"name":"at","type":{"type":"long","logicalType":"timestamp-micros"}},
               {"name":"ms","type":{"type":"long","logicalType":"timestamp-millis"}},
               {"name":"day","type":{"type":"int","logicalType":"date"}},
               {"name":"price","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}},
               {"name":"maybe","type":["null","double"]},
               {"name":"tags","type":{"type":"array","items":"string"}},
               {"name":"counts","type":{"type":"map","values":"long"}},
               {"name":"inner","type":{"type":"record","name":"I","fields":[{"name":"x","type":"int"},{"name":"e","type":{"type":"enum","name":"E","symbols":["A","B"]}}]}},
               {"name":"raw","type":"bytes"},
               {"name":"yes","type":"boolean"}]}
              """);

  @Test
  void writesEachTypeAsElasticsearchReadsIt() throws IOException {
    JsonWriter writer = JsonWriter.documents(SCHEMA, List.of("at", "id"));
    byte[] avro = avro(record("a|b\\c \"ü€\n", Double.NaN));
    JsonNode json = JSON.readTree(writer.write(avro, 5));
    assertThat(json.toString())
        .isEqualTo(
            "{\"id\":\"a|b\\\\c \\\"ü€\\n\",\"at\":\"2026-01-02T03:04:05.000006Z\",\"ms\":\"2026-01-02T03:04:05.007Z\","
                + "\"day\":\"2026-01-02\",\"price\":-12.34,\"maybe\":null,\"tags\":[\"t1\",\"t2\"],\"counts\":{\"k\":7},"
                + "\"inner\":{\"x\":-1,\"e\":\"B\"},\"raw\":\"AQI=\",\"yes\":true}");
    assertThat(DocumentIds.of(writer.keyValues()))
        .isEqualTo("2026-01-02T03:04:05.000006Z|a\\|b\\\\c \"ü€\n");
  }

  /** Avro's own JSON rendering of a generic record is the oracle. */
  @Test
  void agreesWithAvroOnRandomRecords() throws IOException {
    Schema schema =
        new Schema.Parser()
            .parse(
                """
                {"type":"record","name":"R","fields":[{"name":"s","type":"string"},{"name":"i","type":"int"},
                 {"name":"l","type":"long"},{"name":"d","type":"double"},{"name":"b","type":"boolean"},
                 {"name":"n","type":["null","long"]},{"name":"a","type":{"type":"array","items":["null","string"]}}]}
                """);
    JsonWriter writer = JsonWriter.documents(schema, List.of());
    Random random = new Random(1);
    for (int i = 0; i < 2000; i++) {
      GenericRecord record = new GenericData.Record(schema);
      record.put("s", text(random));
      record.put("i", random.nextInt());
      record.put("l", random.nextLong());
      record.put("d", random.nextGaussian());
      record.put("b", random.nextBoolean());
      record.put("n", random.nextBoolean() ? null : random.nextLong());
      record.put("a", java.util.Arrays.asList(text(random), null, text(random)));
      JsonNode expected = JSON.readTree(record.toString());
      assertThat(JSON.readTree(writer.write(avro(record), 5))).isEqualTo(expected);
    }
  }

  @Test
  void refusesTruncatedBytesAndBytesOfAnotherSchema() throws IOException {
    JsonWriter writer = JsonWriter.documents(SCHEMA, List.of());
    byte[] avro = avro(record("x", 1.5));
    assertThatThrownBy(() -> writer.write(java.util.Arrays.copyOf(avro, avro.length - 1), 5))
        .isInstanceOf(IOException.class);
    assertThatThrownBy(() -> writer.write(java.util.Arrays.copyOf(avro, avro.length + 3), 5))
        .hasMessageContaining("left behind");
    assertThatThrownBy(() -> JsonWriter.documents(SCHEMA, List.of("nope")))
        .hasMessageContaining("'nope'");
  }

  @Test
  void idsAreDistinctAndShortEnough() {
    assertThat(DocumentIds.of(new String[] {"a|", "b"}))
        .isNotEqualTo(DocumentIds.of(new String[] {"a", "|b"}));
    assertThat(DocumentIds.of(new String[] {null}))
        .isNotEqualTo(DocumentIds.of(new String[] {"N"}));
    assertThat(DocumentIds.of(new String[] {""})).isNotEmpty();
    assertThat(DocumentIds.of(new String[] {"é".repeat(256)})).hasSize(256);
    assertThat(DocumentIds.of(new String[] {"é".repeat(257)})).matches("[0-9a-f]{64}");
  }

  private static GenericRecord record(String id, double maybe) {
    GenericRecord record = new GenericData.Record(SCHEMA);
    record.put("id", id);
    record.put("at", 1767323045000006L);
    record.put("ms", 1767323045007L);
    record.put("day", 20455);
    record.put(
        "price",
        new Conversions.DecimalConversion()
            .toBytes(
                new BigDecimal("-12.34"),
                SCHEMA.getField("price").schema(),
                LogicalTypes.decimal(9, 2)));
    record.put("maybe", maybe);
    record.put("tags", List.of("t1", "t2"));
    record.put("counts", Map.of("k", 7L));
    GenericRecord inner = new GenericData.Record(SCHEMA.getField("inner").schema());
    inner.put("x", -1);
    inner.put("e", new GenericData.EnumSymbol(inner.getSchema().getField("e").schema(), "B"));
    record.put("inner", inner);
    record.put("raw", ByteBuffer.wrap(new byte[] {1, 2}));
    record.put("yes", true);
    return record;
  }

  private static byte[] avro(GenericRecord record) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.write(new byte[] {0, 0, 0, 0, 9});
    BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(bytes, null);
    new GenericDatumWriter<GenericRecord>(record.getSchema()).write(record, encoder);
    encoder.flush();
    return bytes.toByteArray();
  }

  private static String text(Random random) {
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(12); i > 0; i--) {
      text.appendCodePoint(32 + random.nextInt(random.nextBoolean() ? 90 : 5000));
    }
    return text.toString();
  }
}
