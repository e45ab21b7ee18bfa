package dev.millrace.connect.mqtt;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.connect.records.RecordFactory;
import dev.millrace.registry.SchemaRegistryClient;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.connect.source.SourceRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RecordsTest {
  private static final Instant ARRIVED = Instant.parse("2026-03-01T12:00:00.123456Z");
  private static final String TOPIC = "tv/north/d1/telemetry";

  private static Records records(String... keysAndValues) {
    MqttConfig config = MqttConfigTest.with(keysAndValues);
    return new Records(
        config,
        new RecordFactory(config.records(), 7, 8),
        new SchemaRegistryClient("http://127.0.0.1:1"));
  }

  private static SourceRecord of(Records records, String topic, byte[] payload) {
    return records.of(
        new Message(topic, payload, 1, true, ARRIVED, () -> {}), Map.of("c", 1), Map.of());
  }

  private static SourceRecord of(Records records, String json) {
    return of(records, TOPIC, json.getBytes(StandardCharsets.UTF_8));
  }

  private static GenericRecord value(SourceRecord record) throws Exception {
    assertThat(record.topic()).as(String.valueOf(record.headers())).isEqualTo("tv.telemetry");
    byte[] bytes = (byte[]) record.value();
    assertThat(Arrays.copyOf(bytes, 5)).containsExactly(0, 0, 0, 0, 7);
    Schema schema = new Schema.Parser().parse(MqttConfigTest.SCHEMA);
    return new GenericDatumReader<GenericRecord>(schema)
        .read(null, DecoderFactory.get().binaryDecoder(bytes, 5, bytes.length - 5, null));
  }

  @Test
  void takesFieldsFromPayloadTopicAndDelivery() throws Exception {
    Records records =
        records(
            "time.field",
            "at",
            "topic.field",
            "topic",
            "retained.field",
            "kept",
            "qos.field",
            "qos");
    GenericRecord value =
        value(of(records, "{\"volume\":7,\"more\":[1,{}],\"region\":\"said by the device\"}"));
    assertThat(value)
        .hasToString(
            "{\"region\": \"north\", \"device_id\": \"d1\", \"at\": 1772366400123456, \"volume\": 7,"
                + " \"body\": null, \"kept\": true, \"topic\": \"tv/north/d1/telemetry\", \"qos\": 1}");
  }

  @Test
  void makesKeyAndPartition() throws Exception {
    Records records = records("key.fields", "device_id", "partitions", "4");
    String json = "{\"volume\":7,\"at\":1}";
    SourceRecord record = of(records, json);
    assertThat((byte[]) record.key()).startsWith(0, 0, 0, 0, 8);
    assertThat(record.kafkaPartition()).isEqualTo(of(records, json).kafkaPartition());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "tv/n/d/telemetry | {\"volume\":\"loud\",\"at\":1} | field 'volume': 'loud'",
        "tv/n/d/telemetry | {\"volume\":1} | field 'at' is missing",
        "tv/n/d/telemetry | {\"volume\":1 | not JSON",
        "tv/n/d/telemetry | {\"volume\":1,\"at\":1} x | not JSON",
        "tv/n/d/telemetry | {\"volume\":1,\"at\":1}{} | there is more after the object",
        "tv/n/d/telemetry | [] | expected a JSON object",
        "tv/n/d/telemetry | '' | expected a JSON object",
        "alarms/fire | {\"volume\":1,\"at\":1} | field 'region' is missing",
        "other/topic | {\"volume\":1,\"at\":1} | the topic matches none of topic.filters",
      })
  void setsAsideWhatDoesNotFit(String topic, String payload, String reason) {
    SourceRecord dead = of(records(), topic, payload.getBytes(StandardCharsets.UTF_8));
    assertThat(dead.topic()).isEqualTo("tv.telemetry.dead");
    assertThat((byte[]) dead.value()).isEqualTo(payload.getBytes(StandardCharsets.UTF_8));
    assertThat(dead.headers().lastWithName("millrace.reason").value().toString()).contains(reason);
    assertThat(dead.headers().lastWithName("millrace.source").value()).isEqualTo(topic);
    // The next one is not affected.
    assertThat(of(records(), "{\"volume\":7,\"at\":1}").topic()).isEqualTo("tv.telemetry");
  }

  @Test
  void setsAsideTheBeginningOfWhatIsTooLong() {
    SourceRecord dead = of(records("message.max.bytes", "10"), "{\"volume\":7,\"at\":1}");
    assertThat((byte[]) dead.value()).hasSize(10);
    assertThat(dead.headers().lastWithName("millrace.reason").value().toString())
        .contains("the payload has 19 bytes, and message.max.bytes is 10");
  }

  @Test
  void readsAvroOfTheFieldsThatNothingElseFills() throws Exception {
    Records records = records("format", "avro", "time.field", "at");
    MqttConfig config = MqttConfigTest.with("format", "avro", "time.field", "at");
    GenericRecord payload = new GenericData.Record(config.payload());
    payload.put("volume", 9);
    payload.put("topic", "x");
    GenericRecord value = value(of(records, TOPIC, avro(payload)));
    assertThat(value.get("volume")).isEqualTo(9);
    assertThat(value.get("topic").toString()).isEqualTo("x");
    assertThat(value.get("device_id").toString()).isEqualTo("d1");
  }

  @Test
  void readsAvroOfAnotherSchema() throws Exception {
    String schema =
        "{\"type\":\"record\",\"name\":\"P\",\"fields\":[{\"name\":\"x\",\"type\":\"string\"},"
            + "{\"name\":\"at\",\"type\":\"long\"},{\"name\":\"volume\",\"type\":\"int\"}]}";
    GenericRecord payload = new GenericData.Record(new Schema.Parser().parse(schema));
    payload.put("x", "not wanted");
    payload.put("at", 5L);
    payload.put("volume", 3);
    GenericRecord value =
        value(of(records("format", "avro", "payload.schema", schema), TOPIC, avro(payload)));
    assertThat(value.get("at")).isEqualTo(5L);
    assertThat(value.get("volume")).isEqualTo(3);
  }

  /** Whatever comes, a task neither dies nor takes all of the memory. */
  @Test
  void survivesAvroThatIsNone() {
    Records records = records("format", "avro", "time.field", "at");
    Random random = new Random(1);
    for (int i = 0; i < 20_000; i++) {
      byte[] payload = new byte[random.nextInt(40)];
      random.nextBytes(payload);
      assertThat(of(records, TOPIC, payload)).isNotNull();
    }
    // A field of bytes that says that it is 1.9 GB long.
    byte[] huge = {2, 2, (byte) 0x80, (byte) 0x98, (byte) 0xff, (byte) 0x8f, 14, 1, 2};
    assertThat(of(records, TOPIC, huge).topic()).isEqualTo("tv.telemetry.dead");
  }

  @Test
  void setsAsideAvroWithMoreAfterIt() throws Exception {
    Records records = records("format", "avro", "time.field", "at");
    GenericRecord payload =
        new GenericData.Record(MqttConfigTest.with("format", "avro", "time.field", "at").payload());
    payload.put("volume", 9);
    byte[] good = avro(payload);
    SourceRecord dead = of(records, TOPIC, Arrays.copyOf(good, good.length + 1));
    assertThat(dead.headers().lastWithName("millrace.reason").value().toString())
        .contains("there is more after the record");
  }

  @Test
  void takesRawBytesAndText() throws Exception {
    String schema =
        "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"p\",\"type\":\"%s\"}]}";
    byte[] payload = {(byte) 0xff, 1, 2};
    SourceRecord record =
        of(
            records(
                "format",
                "raw",
                "payload.field",
                "p",
                "topic.filters",
                "#",
                "schema",
                schema.formatted("bytes")),
            TOPIC,
            payload);
    assertThat((byte[]) record.value()).containsExactly(0, 0, 0, 0, 7, 6, 0xff, 1, 2);
    Records text =
        records(
            "format",
            "raw",
            "payload.field",
            "p",
            "topic.filters",
            "#",
            "schema",
            schema.formatted("string"));
    assertThat(of(text, TOPIC, "hi".getBytes(StandardCharsets.UTF_8)).topic())
        .isEqualTo("tv.telemetry");
    assertThat(
            of(text, TOPIC, payload).headers().lastWithName("millrace.reason").value().toString())
        .isEqualTo("field 'p': the payload is no UTF-8");
  }

  @Test
  void setsAsideWhatIsNotFramed() {
    SourceRecord dead = of(records("format", "avro-framed"), "{\"volume\":7,\"at\":1}");
    assertThat(dead.headers().lastWithName("millrace.reason").value().toString())
        .contains("not registry-framed Avro: begins with byte 123");
  }

  private static byte[] avro(GenericRecord record) throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(out, null);
    new GenericDatumWriter<GenericRecord>(record.getSchema()).write(record, encoder);
    encoder.flush();
    return out.toByteArray();
  }
}
