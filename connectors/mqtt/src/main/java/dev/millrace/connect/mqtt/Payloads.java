package dev.millrace.connect.mqtt;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import dev.millrace.connect.records.AvroRecordWriter;
import dev.millrace.connect.records.BadRecordException;
import dev.millrace.registry.RegistryException;
import dev.millrace.registry.SchemaRegistryClient;
import dev.millrace.registry.WireFormat;
import dev.millrace.registry.WireFormatException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;

/** Reads payloads of one format into the fields of a record. Not thread safe. */
abstract class Payloads {

  /**
   * Reads a payload.
   *
   * @throws BadRecordException that says why it can not be read
   * @throws RegistryException if its schema can not be had at the moment
   */
  abstract void read(byte[] payload) throws BadRecordException;

  /** Readers of the format that a configuration names. */
  static Payloads of(MqttConfig config, AvroRecordWriter writer, SchemaRegistryClient registry) {
    return switch (config.getString(MqttConfig.FORMAT)) {
      case "json" -> new Json(writer);
      case "avro" -> {
        Avro avro = new Avro(writer, config.payload());
        yield new Payloads() {
          @Override
          void read(byte[] payload) throws BadRecordException {
            avro.read(payload, 0);
          }
        };
      }
      case "avro-framed" -> new Framed(writer, registry);
      default -> new Raw(writer, config.getString(MqttConfig.PAYLOAD_FIELD));
    };
  }

  private static final class Json extends Payloads {
    private final JsonFactory factory = new JsonFactory();
    private final AvroRecordWriter writer;

    Json(AvroRecordWriter writer) {
      this.writer = writer;
    }

    @Override
    void read(byte[] payload) throws BadRecordException {
      try (JsonParser parser = factory.createParser(payload)) {
        writer.json(parser);
        if (parser.nextToken() != null) {
          throw new BadRecordException(
              "not JSON: there is more after the object, at byte "
                  + parser.currentTokenLocation().getByteOffset());
        }
      } catch (JacksonException e) {
        throw new BadRecordException("not JSON: " + e.getOriginalMessage(), e);
      } catch (IOException e) {
        throw new BadRecordException("not JSON: " + e.getMessage(), e);
      }
    }
  }

  /** Avro binary of one writer's schema. */
  private static final class Avro {
    private final AvroRecordWriter writer;
    private final Schema schema;
    private final GenericDatumReader<GenericRecord> reader;

    /** The field's number in what is written, by its place in what is read; -1: passed over. */
    private final int[] fields;

    private GenericRecord record;
    private BinaryDecoder decoder;

    Avro(AvroRecordWriter writer, Schema schema) {
      this.writer = writer;
      this.schema = schema;
      this.reader = new GenericDatumReader<>(schema);
      this.fields = schema.getFields().stream().mapToInt(f -> writer.field(f.name())).toArray();
    }

    void read(byte[] bytes, int from) throws BadRecordException {
      try {
        decoder = DecoderFactory.get().binaryDecoder(bytes, from, bytes.length - from, decoder);
        record = reader.read(record, decoder);
        if (!decoder.isEnd()) {
          throw new BadRecordException(
              "not Avro of schema " + schema.getFullName() + ": there is more after the record");
        }
      } catch (IOException | RuntimeException e) {
        // What was half read is not used again.
        record = null;
        decoder = null;
        throw new BadRecordException(
            "not Avro of schema "
                + schema.getFullName()
                + ": "
                + (e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage()),
            e);
      }
      for (int i = 0; i < fields.length; i++) {
        if (fields[i] >= 0) {
          writer.value(fields[i], record.get(i));
        }
      }
    }
  }

  private static final class Framed extends Payloads {
    private final AvroRecordWriter writer;
    private final SchemaRegistryClient registry;
    private final Map<Integer, Avro> readers = new HashMap<>();

    Framed(AvroRecordWriter writer, SchemaRegistryClient registry) {
      this.writer = writer;
      this.registry = registry;
    }

    @Override
    void read(byte[] payload) throws BadRecordException {
      int id;
      try {
        id = WireFormat.schemaId(payload);
      } catch (WireFormatException e) {
        throw new BadRecordException(e.getMessage(), e);
      }
      Avro reader = readers.get(id);
      if (reader == null) {
        reader = new Avro(writer, schema(id));
        readers.put(id, reader);
      }
      reader.read(payload, WireFormat.HEADER_LENGTH);
    }

    private Schema schema(int id) throws BadRecordException {
      Schema schema;
      try {
        schema = registry.byId(id);
      } catch (RegistryException e) {
        if (e.retryable()) {
          throw e;
        }
        throw new BadRecordException("schema id " + id + ": " + e.getMessage(), e);
      }
      if (schema.getType() != Schema.Type.RECORD) {
        throw new BadRecordException(
            "schema id " + id + " is a " + schema.getType() + ", not a record");
      }
      return schema;
    }
  }

  private static final class Raw extends Payloads {
    private final AvroRecordWriter writer;
    private final String name;
    private final int field;
    private final boolean text;

    Raw(AvroRecordWriter writer, String name) {
      this.writer = writer;
      this.name = name;
      this.field = writer.field(name);
      Schema schema = writer.schema().getField(name).schema();
      this.text =
          schema.getType() == Schema.Type.STRING
              || (schema.isUnion()
                  && schema.getTypes().stream().anyMatch(s -> s.getType() == Schema.Type.STRING));
    }

    @Override
    void read(byte[] payload) throws BadRecordException {
      if (!text) {
        writer.value(field, ByteBuffer.wrap(payload));
        return;
      }
      try {
        writer.value(
            field, StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(payload)).toString());
      } catch (CharacterCodingException e) {
        throw new BadRecordException("field '" + name + "': the payload is no UTF-8", e);
      }
    }
  }
}
