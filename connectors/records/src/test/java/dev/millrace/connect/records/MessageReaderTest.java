package dev.millrace.connect.records;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.registry.WireFormat;
import dev.millrace.registry.format.EmbeddedAvro;
import dev.millrace.registry.format.MessageWriter;
import dev.millrace.registry.format.StreamFormat;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.apache.avro.Schema;
import org.apache.avro.file.CodecFactory;
import org.apache.avro.file.DataFileReader;
import org.apache.avro.file.DataFileWriter;
import org.apache.avro.file.SeekableByteArrayInput;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.util.RandomData;
import org.junit.jupiter.api.Test;

/** Messages that are written are read as they were; Avro's own library is the other side. */
class MessageReaderTest {
  private static final Schema SCHEMA =
      new Schema.Parser()
          .parse(
              """
              {"type":"record","name":"R","fields":[
               {"name":"i","type":"int"},{"name":"l","type":"long"},{"name":"f","type":"float"},
               {"name":"d","type":"double"},{"name":"b","type":"boolean"},{"name":"s","type":"string"},
               {"name":"raw","type":"bytes"},
               {"name":"fix","type":{"type":"fixed","name":"F","size":3}},
               {"name":"e","type":{"type":"enum","name":"E","symbols":["A","B"]}},
               {"name":"n","type":["null","long"],"default":null},
               {"name":"m","type":["string","null"],"default":"not null"},
               {"name":"at","type":["null",{"type":"long","logicalType":"timestamp-micros"}]},
               {"name":"ms","type":{"type":"long","logicalType":"timestamp-millis"}},
               {"name":"day","type":{"type":"int","logicalType":"date"}},
               {"name":"price","type":{"type":"bytes","logicalType":"decimal","precision":38,"scale":9}},
               {"name":"list","type":{"type":"array","items":["null","string"]}},
               {"name":"map","type":{"type":"map","values":"double"}},
               {"name":"inner","type":["null",{"type":"record","name":"I","fields":[{"name":"x","type":["null","R"]}]}]}
              ]}
              """);

  private static byte[] avro(GenericRecord record) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(out, null);
    new GenericDatumWriter<GenericRecord>(record.getSchema()).write(record, encoder);
    encoder.flush();
    return out.toByteArray();
  }

  private static GenericRecord record(EmbeddedAvro.Read read) throws IOException {
    return new GenericDatumReader<GenericRecord>(read.schema())
        .read(null, org.apache.avro.io.DecoderFactory.get().binaryDecoder(read.avro(), null));
  }

  /** Random, but with times of day, years and decimals that are some. */
  private static Iterable<GenericRecord> records(int count) {
    Random random = new Random(5);
    java.util.List<GenericRecord> records = new java.util.ArrayList<>();
    for (Object made : new RandomData(SCHEMA, count, 7L)) {
      GenericRecord record = (GenericRecord) made;
      record.put("at", random.nextInt(3) == 0 ? null : random.nextLong() >> 8);
      record.put("ms", random.nextLong() >> 18);
      record.put("day", random.nextInt() >> 10);
      record.put(
          "price",
          java.nio.ByteBuffer.wrap(new java.math.BigInteger(100, random).negate().toByteArray()));
      record.put("inner", null);
      if (random.nextInt(10) == 0) {
        record.put("d", random.nextBoolean() ? Double.NaN : Double.NEGATIVE_INFINITY);
        record.put("f", random.nextBoolean() ? Float.POSITIVE_INFINITY : -0.0f);
      }
      records.add(record);
    }
    GenericRecord inner =
        new GenericData.Record(SCHEMA.getField("inner").schema().getTypes().get(1));
    inner.put("x", records.get(0));
    records.get(1).put("inner", inner);
    return records;
  }

  @Test
  void jsonLosesNothing() throws Exception {
    MessageWriter writer = MessageWriter.of(StreamFormat.JSON, SCHEMA);
    MessageReader reader = MessageReader.of(StreamFormat.JSON, SCHEMA);
    for (GenericRecord record : records(2000)) {
      byte[] message = writer.write(avro(record), 0);
      assertThat(new ObjectMapper().readTree(message).isObject()).isTrue();
      assertThat(record(reader.read(message)))
          .as(new String(message, StandardCharsets.UTF_8))
          .isEqualTo(record);
    }
  }

  @Test
  void avroReadsWhatIsSelfContainedAndTheOtherWayRound() throws Exception {
    MessageWriter writer = MessageWriter.of(StreamFormat.AVRO_EMBEDDED, SCHEMA);
    MessageReader reader = MessageReader.of(StreamFormat.AVRO_EMBEDDED, null);
    for (GenericRecord record : records(500)) {
      byte[] message = writer.write(avro(record), 0);
      try (DataFileReader<GenericRecord> file =
          new DataFileReader<>(new SeekableByteArrayInput(message), new GenericDatumReader<>())) {
        assertThat(file.next()).isEqualTo(record);
        assertThat(file.hasNext()).isFalse();
      }
      assertThat(writer.write(avro(record), 0)).isEqualTo(message);
      assertThat(record(reader.read(message))).isEqualTo(record);
      assertThat(record(reader.read(container(record, CodecFactory.nullCodec(), 1))))
          .isEqualTo(record);
    }
  }

  private static byte[] container(GenericRecord record, CodecFactory codec, int times)
      throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (DataFileWriter<GenericRecord> file =
        new DataFileWriter<>(new GenericDatumWriter<>(record.getSchema()))) {
      file.setCodec(codec);
      file.setMeta("by", "a test");
      file.create(record.getSchema(), out);
      for (int i = 0; i < times; i++) {
        file.append(record);
      }
    }
    return out.toByteArray();
  }

  @Test
  void whatIsNoMessageIsNamed() throws Exception {
    GenericRecord record = records(3).iterator().next();
    MessageReader embedded = MessageReader.of(StreamFormat.AVRO_EMBEDDED, null);
    byte[] good = container(record, CodecFactory.nullCodec(), 1);
    for (int length = 0; length < good.length; length++) {
      byte[] cut = Arrays.copyOf(good, length);
      assertThatThrownBy(() -> embedded.read(cut)).isInstanceOf(BadRecordException.class);
    }
    assertThatThrownBy(() -> embedded.read(container(record, CodecFactory.nullCodec(), 2)))
        .hasMessageContaining("of 2 records: expected one");
    assertThatThrownBy(() -> embedded.read(container(record, CodecFactory.deflateCodec(9), 1)))
        .hasMessageContaining("compressed by deflate: expected none");
    byte[] damaged = good.clone();
    damaged[good.length - 1] ^= 1;
    assertThatThrownBy(() -> embedded.read(damaged)).hasMessageContaining("marker");
    assertThatThrownBy(() -> embedded.read("{}".getBytes(StandardCharsets.UTF_8)))
        .hasMessageContaining("it looks like format json");
    MessageReader json = MessageReader.of(StreamFormat.JSON, SCHEMA);
    assertThatThrownBy(() -> json.read(good))
        .hasMessageContaining("it looks like format avro-embedded");
    assertThatThrownBy(() -> json.read(WireFormat.frame(1, avro(record), 9)))
        .hasMessageContaining("it looks like format avro");
    assertThatThrownBy(() -> json.read("{}".getBytes(StandardCharsets.UTF_8)))
        .hasMessageContaining("field 'i' is missing");
    assertThatThrownBy(() -> json.read("".getBytes(StandardCharsets.UTF_8)))
        .isInstanceOf(BadRecordException.class);
    byte[] whole = MessageWriter.of(StreamFormat.JSON, SCHEMA).write(avro(record), 0);
    byte[] two = Arrays.copyOf(whole, whole.length + 2);
    two[whole.length] = '{';
    two[whole.length + 1] = '}';
    assertThatThrownBy(() -> json.read(two)).hasMessageContaining("something follows the object");
    Random random = new Random(3);
    for (int i = 0; i < 2000; i++) {
      byte[] noise = good.clone();
      noise[random.nextInt(noise.length)] = (byte) random.nextInt();
      try {
        var unused = embedded.read(noise);
      } catch (BadRecordException e) {
        assertThat(e.getMessage()).isNotBlank();
      }
    }
  }

  @Test
  void jsonThatIsTooLargeForItsTypeIsRefused() {
    Schema one =
        new Schema.Parser()
            .parse(
                "{\"type\":\"record\",\"name\":\"O\",\"fields\":[{\"name\":\"f\",\"type\":\"float\"}]}");
    MessageReader json = MessageReader.of(StreamFormat.JSON, one);
    assertThatThrownBy(() -> json.read("{\"f\":1e300}".getBytes(StandardCharsets.UTF_8)))
        .hasMessageContaining("field 'f': 1e300");
    assertThatThrownBy(() -> json.read("{\"f\":\"1\"}".getBytes(StandardCharsets.UTF_8)))
        .hasMessageContaining("field 'f': '1': expected a number");
  }
}
