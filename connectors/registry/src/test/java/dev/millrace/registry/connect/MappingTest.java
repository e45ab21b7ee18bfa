package dev.millrace.registry.connect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.util.List;
import java.util.Map;
import org.apache.avro.Conversions;
import org.apache.avro.SchemaCompatibility;
import org.apache.avro.data.TimeConversions;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.connect.data.Decimal;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.data.Timestamp;
import org.apache.kafka.connect.errors.DataException;
import org.junit.jupiter.api.Test;

/** What Connect and Debezium hand over, read with Avro's own reader and conversions. */
class MappingTest {
  private static final Schema ROW =
      SchemaBuilder.struct()
          .name("tv_db.tv.users.Value")
          .field("user_id", Schema.INT32_SCHEMA)
          .field("age", SchemaBuilder.int16().optional().build())
          .field("plan", SchemaBuilder.string().defaultValue("free").build())
          .field("born", SchemaBuilder.int32().name("io.debezium.time.Date").optional().build())
          .field("since_ms", SchemaBuilder.int64().name("io.debezium.time.Timestamp").build())
          .field("since_us", SchemaBuilder.int64().name("io.debezium.time.MicroTimestamp").build())
          .field("seen", SchemaBuilder.string().name("io.debezium.time.ZonedTimestamp").build())
          .field("made", Timestamp.SCHEMA)
          .field("wakes", SchemaBuilder.int64().name("io.debezium.time.MicroTime").build())
          .field(
              "price",
              Decimal.builder(2).parameter("connect.decimal.precision", "7").optional().build())
          .field("tags", SchemaBuilder.array(Schema.STRING_SCHEMA).build())
          .field("more", SchemaBuilder.map(Schema.STRING_SCHEMA, Schema.INT64_SCHEMA).build())
          .field("raw", Schema.OPTIONAL_BYTES_SCHEMA)
          .build();

  private static Struct row() {
    return new Struct(ROW)
        .put("user_id", 7)
        .put("age", null)
        .put("plan", "gold")
        .put("born", 19_000)
        .put("since_ms", 1_700_000_000_123L)
        .put("since_us", 1_700_000_000_123_456L)
        .put("seen", "2026-03-01T10:20:30.5+01:00")
        .put("made", java.util.Date.from(Instant.parse("1969-12-31T23:59:59.999Z")))
        .put("wakes", 23_400_000_000L)
        .put("price", new BigDecimal("-12345.67"))
        .put("tags", List.of("a", "ü"))
        .put("more", Map.of("k", 5L))
        .put("raw", new byte[] {0, -1});
  }

  private static byte[] write(ConnectToAvro mapping, Object value) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(out, null);
    mapping.writer().write(value, encoder);
    encoder.flush();
    return out.toByteArray();
  }

  @Test
  void avrosOwnReaderFindsWhatWasWritten() throws IOException {
    ConnectToAvro mapping = ConnectToAvro.of(ROW, "dev.millrace.tv", "Users");
    assertThat(mapping.schema().getFullName()).isEqualTo("dev.millrace.tv.Users");
    GenericData data = new GenericData();
    data.addLogicalTypeConversion(new TimeConversions.DateConversion());
    data.addLogicalTypeConversion(new TimeConversions.TimestampMicrosConversion());
    data.addLogicalTypeConversion(new TimeConversions.TimeMicrosConversion());
    data.addLogicalTypeConversion(new Conversions.DecimalConversion());
    GenericRecord read =
        new GenericDatumReader<GenericRecord>(mapping.schema(), mapping.schema(), data)
            .read(null, DecoderFactory.get().binaryDecoder(write(mapping, row()), null));
    assertThat(read.get("user_id")).isEqualTo(7);
    assertThat(read.get("age")).isNull();
    assertThat(read.get("plan")).hasToString("gold");
    assertThat(read.get("born")).isEqualTo(LocalDate.ofEpochDay(19_000));
    assertThat(read.get("since_ms")).isEqualTo(Instant.ofEpochMilli(1_700_000_000_123L));
    assertThat(read.get("since_us")).isEqualTo(Instant.parse("2023-11-14T22:13:20.123456Z"));
    assertThat(read.get("seen")).isEqualTo(Instant.parse("2026-03-01T09:20:30.5Z"));
    assertThat(read.get("made")).isEqualTo(Instant.parse("1969-12-31T23:59:59.999Z"));
    assertThat(read.get("wakes")).isEqualTo(LocalTime.of(6, 30));
    assertThat(read.get("price")).isEqualTo(new BigDecimal("-12345.67"));
    assertThat(read.get("tags")).hasToString("[a, ü]");
    assertThat(read.get("more")).hasToString("{k=5}");
  }

  @Test
  void comesBackAsItWent() throws IOException {
    ConnectToAvro mapping = ConnectToAvro.of(ROW, "dev.millrace.tv", "Users");
    Object avro =
        new GenericDatumReader<>(mapping.schema())
            .read(null, DecoderFactory.get().binaryDecoder(write(mapping, row()), null));
    AvroToConnect back = AvroToConnect.of(mapping.schema());
    Struct struct = (Struct) back.value(avro);
    assertThat(struct.getInt64("since_us")).isEqualTo(1_700_000_000_123_456L);
    assertThat(struct.get("price")).isEqualTo(new BigDecimal("-12345.67"));
    assertThat(struct.getArray("tags")).containsExactly("a", "ü");
    assertThat(struct.getBytes("raw")).containsExactly(0, -1);
    // And once more to Avro: the same bytes.
    ConnectToAvro again = ConnectToAvro.of(back.schema(), "dev.millrace.tv", "Users");
    assertThat(write(again, struct)).isEqualTo(write(mapping, row()));
  }

  @Test
  void aColumnAddedWithADefaultOrOptionalIsBackwardCompatible() {
    Schema before = SchemaBuilder.struct().field("a", Schema.INT32_SCHEMA).build();
    Schema after =
        SchemaBuilder.struct()
            .field("a", Schema.INT32_SCHEMA)
            .field("b", SchemaBuilder.string().defaultValue("x").build())
            .field("c", Schema.OPTIONAL_FLOAT64_SCHEMA)
            .build();
    assertThat(
            SchemaCompatibility.checkReaderWriterCompatibility(
                    ConnectToAvro.of(after, "n", "R").schema(),
                    ConnectToAvro.of(before, "n", "R").schema())
                .getType())
        .isEqualTo(SchemaCompatibility.SchemaCompatibilityType.COMPATIBLE);
  }

  @Test
  void twoStructsOfOneNameAreTwoRecords() {
    Schema inner = SchemaBuilder.struct().field("x", Schema.INT32_SCHEMA).build();
    Schema other = SchemaBuilder.struct().field("y", Schema.INT32_SCHEMA).build();
    Schema outer =
        SchemaBuilder.struct().field("in", inner).field("same", inner).field("In", other).build();
    String json = ConnectToAvro.of(outer, "n", "R").schema().toString();
    assertThat(new org.apache.avro.Schema.Parser().parse(json).getFields()).hasSize(3);
  }

  @Test
  void namesTheFieldThatCanNotBeWritten() {
    Schema schema = SchemaBuilder.struct().field("a", Schema.INT32_SCHEMA).build();
    ConnectToAvro mapping = ConnectToAvro.of(schema, "n", "R");
    assertThatThrownBy(() -> write(mapping, new Struct(schema)))
        .isInstanceOf(DataException.class)
        .hasMessageContaining("'a'");
    assertThatThrownBy(
            () ->
                ConnectToAvro.of(
                    SchemaBuilder.struct().field("a-b", Schema.INT32_SCHEMA).build(), "n", "R"))
        .hasMessageContaining("a-b");
  }
}
