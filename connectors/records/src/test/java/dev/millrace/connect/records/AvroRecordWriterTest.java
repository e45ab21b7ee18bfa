package dev.millrace.connect.records;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonFactory;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.avro.Conversions;
import org.apache.avro.Schema;
import org.apache.avro.data.TimeConversions;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.connect.source.SourceRecord;
import org.junit.jupiter.api.Test;

/** What is written is read by Avro's own reader. */
class AvroRecordWriterTest {
  private static final JsonFactory JSON = new JsonFactory();
  private static final Schema SCHEMA =
      new Schema.Parser()
          .parse(
              """
              {"type": "record", "name": "Reading", "namespace": "test", "fields": [
                {"name": "id", "type": "string", "aliases": ["identifier"]},
                {"name": "n", "type": "int", "default": 7},
                {"name": "big", "type": ["null", "long"], "default": null},
                {"name": "temp", "type": ["double", "null"]},
                {"name": "f", "type": ["null", "float"]},
                {"name": "ok", "type": ["null", "boolean"]},
                {"name": "at", "type": ["null", {"type": "long", "logicalType": "timestamp-micros"}]},
                {"name": "day", "type": ["null", {"type": "int", "logicalType": "date"}]},
                {"name": "clock", "type": ["null", {"type": "int", "logicalType": "time-millis"}]},
                {"name": "local", "type": ["null", {"type": "long", "logicalType": "local-timestamp-millis"}]},
                {"name": "price", "type": ["null", {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}]},
                {"name": "fix", "type": ["null", {"type": "fixed", "name": "Fix", "size": 8, "logicalType": "decimal", "precision": 9, "scale": 2}]},
                {"name": "raw", "type": ["null", "bytes"]},
                {"name": "mood", "type": ["null", {"type": "enum", "name": "Mood", "symbols": ["GOOD", "BAD"]}]},
                {"name": "tags", "type": {"type": "array", "items": "string"}, "default": []},
                {"name": "more", "type": ["null", {"type": "map", "values": ["null", "long"]}]},
                {"name": "place", "type": ["null", {"type": "record", "name": "Place", "fields": [
                  {"name": "lat", "type": "double"}, {"name": "name", "type": ["null", "string"]},
                  {"name": "inside", "type": ["null", "Place"]}]}]}
              ]}
              """);

  private final AvroRecordWriter writer = new AvroRecordWriter(SCHEMA);

  private GenericRecord json(String text) throws IOException, BadRecordException {
    writer.begin();
    writer.json(JSON.createParser(text));
    return read(writer.framed(3));
  }

  private static GenericRecord read(byte[] framed) throws IOException {
    assertThat(Arrays.copyOf(framed, 5)).containsExactly(0, 0, 0, 0, 3);
    GenericData data = new GenericData();
    data.addLogicalTypeConversion(new TimeConversions.TimestampMicrosConversion());
    data.addLogicalTypeConversion(new TimeConversions.DateConversion());
    data.addLogicalTypeConversion(new TimeConversions.TimeMillisConversion());
    data.addLogicalTypeConversion(new TimeConversions.LocalTimestampMillisConversion());
    data.addLogicalTypeConversion(new Conversions.DecimalConversion());
    var decoder = DecoderFactory.get().binaryDecoder(framed, 5, framed.length - 5, null);
    GenericRecord record =
        new GenericDatumReader<GenericRecord>(SCHEMA, SCHEMA, data).read(null, decoder);
    assertThat(decoder.isEnd()).isTrue();
    return record;
  }

  @Test
  void everyTypeOutOfOrderWithUnknownFieldsBetween() throws Exception {
    GenericRecord record =
        json(
            """
            {"place": {"name": "Ü€😀", "extra": {"a": [1, {"b": 2}]}, "lat": 1, "inside": {"lat": -2.5}},
             "unknown": [1, 2, {"x": null}], "more": {"a": 1, "b": null}, "tags": ["x", "y"], "mood": "BAD",
             "raw": "AQID", "fix": "-1.5", "price": 12345.6, "local": "2026-01-31T12:30:00.250",
             "clock": "23:59:59.999", "day": "2024-02-29", "at": "2026-01-31T12:30:00.000001+01:00",
             "ok": true, "f": 1.5, "temp": 3, "big": -9007199254740993, "n": 5.0, "identifier": "d1"}
            """);
    assertThat(record.get("id").toString()).isEqualTo("d1");
    assertThat(record.get("n")).isEqualTo(5);
    assertThat(record.get("big")).isEqualTo(-9007199254740993L);
    assertThat(record.get("temp")).isEqualTo(3.0);
    assertThat(record.get("f")).isEqualTo(1.5f);
    assertThat(record.get("ok")).isEqualTo(true);
    assertThat(record.get("at")).isEqualTo(Instant.parse("2026-01-31T11:30:00.000001Z"));
    assertThat(record.get("day")).isEqualTo(LocalDate.of(2024, 2, 29));
    assertThat(record.get("clock")).isEqualTo(LocalTime.of(23, 59, 59, 999_000_000));
    assertThat(record.get("local"))
        .isEqualTo(LocalDateTime.of(2026, 1, 31, 12, 30, 0, 250_000_000));
    assertThat(record.get("price")).isEqualTo(new BigDecimal("12345.60"));
    assertThat(record.get("fix")).isEqualTo(new BigDecimal("-1.50"));
    assertThat(record.get("raw")).isEqualTo(ByteBuffer.wrap(new byte[] {1, 2, 3}));
    assertThat(record.get("mood").toString()).isEqualTo("BAD");
    assertThat(record.get("tags").toString()).isEqualTo("[x, y]");
    assertThat(record.get("more").toString()).contains("1").contains("null");
    GenericRecord place = (GenericRecord) record.get("place");
    assertThat(place.get("name").toString()).isEqualTo("Ü€😀");
    assertThat(((GenericRecord) place.get("inside")).get("lat")).isEqualTo(-2.5);
  }

  @Test
  void whatDoesNotComeIsNullOrTheDefaultAlsoAfterARecordThatHadIt() throws Exception {
    json("{\"id\": \"a\", \"big\": 1, \"tags\": [\"x\"], \"n\": 3}");
    GenericRecord record = json("{\"id\": \"b\", \"n\": null}");
    assertThat(record.get("big")).isNull();
    assertThat(record.get("n")).isEqualTo(7);
    assertThat(record.get("tags").toString()).isEqualTo("[]");
    // The later of two counts, also where it is null.
    assertThat(json("{\"id\": \"b\", \"big\": 1, \"big\": null}").get("big")).isNull();
  }

  @Test
  void whatDoesNotFitIsNamedAndTheNextRecordIsWritten() throws Exception {
    Map<String, String> bad = new java.util.LinkedHashMap<>();
    bad.put("{\"n\": 1}", "field 'id' is missing: expected text");
    bad.put("{\"id\": null}", "field 'id': null: expected text");
    bad.put("{\"id\": 5}", "field 'id': 5: expected text");
    bad.put("{\"id\": \"a\", \"n\": 2147483648}", "field 'n': 2147483648: expected an int");
    bad.put("{\"id\": \"a\", \"n\": 1.5}", "field 'n': 1.5: expected an int");
    bad.put("{\"id\": \"a\", \"big\": 1e999999999}", "expected a long");
    bad.put("{\"id\": \"a\", \"big\": 92233720368547758070}", "expected a long");
    bad.put("{\"id\": \"a\", \"price\": 1.234}", "field 'price': 1.234: expected a decimal(9,2)");
    bad.put("{\"id\": \"a\", \"price\": 1e999999999}", "expected a decimal(9,2)");
    bad.put(
        "{\"id\": \"a\", \"at\": \"yesterday\"}", "field 'at': 'yesterday': expected an instant");
    bad.put("{\"id\": \"a\", \"at\": \"2026-02-30T00:00:00Z\"}", "field 'at': '2026-02-30");
    bad.put("{\"id\": \"a\", \"mood\": \"UGLY\"}", "expected one of GOOD, BAD");
    bad.put("{\"id\": \"a\", \"raw\": \"?\"}", "expected Base64");
    bad.put("{\"id\": \"a\", \"tags\": [\"x\", 1]}", "field 'tags[]': 1: expected text");
    bad.put("{\"id\": \"a\", \"tags\": {}}", "field 'tags': an object: expected an array");
    bad.put("{\"id\": \"a\", \"place\": {\"name\": \"x\"}}", "field 'place.lat' is missing");
    bad.put("{\"id\": \"a\", \"ok\": \"true\"}", "field 'ok': 'true': expected true or false");
    bad.put("[1]", "expected a JSON object");
    bad.put("{\"id\": \"a\"", "not JSON");
    bad.put("{\"id\": \"a\", \"tags\": [\"x\"", "not JSON");
    bad.put("", "expected a JSON object, found null");
    bad.put("{id: 1}", "not JSON");
    for (Map.Entry<String, String> entry : bad.entrySet()) {
      assertThatThrownBy(() -> json(entry.getKey()), entry.getKey())
          .isInstanceOf(BadRecordException.class)
          .hasMessageContaining(entry.getValue());
      assertThat(json("{\"id\": \"fine\"}").get("id").toString()).isEqualTo("fine");
    }
  }

  @Test
  void textAndValuesAreReadAsTheSchemaSays() throws Exception {
    writer.begin();
    writer.text(writer.field("id"), "x");
    writer.text(writer.field("n"), "-12");
    writer.text(writer.field("temp"), "1e3");
    writer.text(writer.field("ok"), "TRUE");
    writer.text(writer.field("at"), "2026-01-31 12:30:00Z");
    writer.text(writer.field("price"), "1.2");
    writer.value(writer.field("day"), LocalDate.of(2026, 1, 31));
    writer.value(writer.field("big"), 5);
    writer.value(writer.field("tags"), List.of("a"));
    writer.value(
        writer.field("place"),
        new GenericData.Record(place()) {
          {
            put("lat", 2.0);
          }
        });
    writer.json(writer.field("more"), JSON.createParser("{\"a\": 4}"));
    GenericRecord record = read(writer.framed(3));
    assertThat(record.get("n")).isEqualTo(-12);
    assertThat(record.get("temp")).isEqualTo(1000.0);
    assertThat(record.get("ok")).isEqualTo(true);
    assertThat(record.get("at")).isEqualTo(Instant.parse("2026-01-31T12:30:00Z"));
    assertThat(record.get("price")).isEqualTo(new BigDecimal("1.20"));
    assertThat(record.get("day")).isEqualTo(LocalDate.of(2026, 1, 31));
    assertThat(record.get("big")).isEqualTo(5L);
    assertThat(((GenericRecord) record.get("place")).get("lat")).isEqualTo(2.0);
    assertThatThrownBy(() -> writer.text(writer.field("n"), "1 "))
        .hasMessage("field 'n': '1 ': expected an int");
    assertThat(writer.field("nobody")).isEqualTo(-1);
  }

  @Test
  void textInAsciiIsReadAsOtherTextIs() throws Exception {
    Map<String, String> cells =
        Map.of(
            "id", "x y\u007f",
            "n", "-12",
            "temp", "1e3",
            "ok", "TRUE",
            "at", "2026-01-31T12:30:00Z",
            "day", "2026-01-31",
            "price", "1.2",
            "raw", "AAEC",
            "mood", "BAD");
    writer.begin();
    for (Map.Entry<String, String> cell : cells.entrySet()) {
      writer.text(writer.field(cell.getKey()), cell.getValue());
    }
    byte[] expected = writer.framed(3);
    writer.begin();
    for (Map.Entry<String, String> cell : cells.entrySet()) {
      byte[] among = ("<<" + cell.getValue() + ">").getBytes(StandardCharsets.US_ASCII);
      writer.ascii(writer.field(cell.getKey()), among, 2, among.length - 3);
    }
    assertThat(writer.framed(3)).isEqualTo(expected);
    assertThat(read(expected).get("id").toString()).isEqualTo("x y\u007f");
    assertThat(read(expected).get("at")).isEqualTo(Instant.parse("2026-01-31T12:30:00Z"));
    byte[] wrong = "1 ".getBytes(StandardCharsets.US_ASCII);
    assertThatThrownBy(() -> writer.ascii(writer.field("n"), wrong, 0, 2))
        .hasMessage("field 'n': '1 ': expected an int");
  }

  private static Schema place() {
    return SCHEMA.getField("place").schema().getTypes().get(1);
  }

  @Test
  void instantsAreThoseOfTheJdk() throws Exception {
    Random random = new Random(1);
    for (int i = 0; i < 20_000; i++) {
      long micros = random.nextLong(-62_000_000_000_000_000L, 250_000_000_000_000_000L);
      Instant instant =
          Instant.ofEpochSecond(
              Math.floorDiv(micros, 1_000_000), Math.floorMod(micros, 1_000_000) * 1000L);
      assertThat(TimeUnits.TIMESTAMP_MICROS.parse(instant.toString())).isEqualTo(micros);
    }
  }

  @Test
  void keyAndPartitionAreOfTheFieldsBytes() throws Exception {
    RecordSettings settings =
        new RecordSettings("t", SCHEMA, List.of("big", "id"), 7, List.of("id"), "dead");
    RecordFactory factory = new RecordFactory(settings, 3, 4);
    factory.writer().json(JSON.createParser("{\"id\": \"d000042\", \"big\": 2}"));
    SourceRecord record = factory.record(Map.of(), Map.of());
    byte[] key = (byte[]) record.key();
    assertThat(Arrays.copyOf(key, 5)).containsExactly(0, 0, 0, 0, 4);
    GenericRecord read =
        new GenericDatumReader<GenericRecord>(settings.keySchema())
            .read(null, DecoderFactory.get().binaryDecoder(key, 5, key.length - 5, null));
    assertThat(read.toString()).isEqualTo("{\"big\": 2, \"id\": \"d000042\"}");
    // Length and text, as Avro has a string: what the generator of events hashes too.
    byte[] id = "\u000ed000042".getBytes(java.nio.charset.StandardCharsets.UTF_8);
    assertThat(record.kafkaPartition()).isEqualTo(Utils.toPositive(Utils.murmur2(id)) % 7);
    SourceRecord dead =
        factory.deadLetter(
            new byte[] {1}, "no", Map.of(RecordFactory.SOURCE, "x:1"), Map.of(), Map.of());
    assertThat(dead.topic()).isEqualTo("dead");
    assertThat(dead.headers().lastWithName("millrace.reason").value()).isEqualTo("no");
  }

  @Test
  void aUnionOfTwoTypesIsRefused() {
    Schema schema =
        new Schema.Parser()
            .parse(
                "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"u\",\"type\":[\"int\",\"string\"]}]}");
    assertThatThrownBy(() -> new AvroRecordWriter(schema))
        .hasMessageContaining(
            "field 'u' is a union of [int, string]: expected one type, or one and null");
  }
}
