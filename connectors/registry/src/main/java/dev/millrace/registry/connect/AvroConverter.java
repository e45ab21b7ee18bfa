package dev.millrace.registry.connect;

import dev.millrace.registry.RegistryException;
import dev.millrace.registry.SchemaRegistryClient;
import dev.millrace.registry.WireFormat;
import dev.millrace.registry.WireFormatException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.errors.RetriableException;
import org.apache.kafka.connect.storage.Converter;

/**
 * Kafka Connect's data as Avro in the wire format of Confluent's serializers, under the subjects
 * {@code <topic>-key} and {@code <topic>-value} of any registry with Confluent's API. Null is a
 * tombstone.
 *
 * <p>A record is named after its topic: the last part in CamelCase ({@code Key} behind it for
 * keys), the parts before in the namespace. Logical types, Connect's and Debezium's, become Avro's;
 * see {@link ConnectToAvro}.
 *
 * <p>Not thread safe, as Connect's converters need not be.
 */
public final class AvroConverter implements Converter {
  static final String AUTO_REGISTER = "auto.register";
  static final String NAMESPACE = "namespace";

  private static final ConfigDef CONFIG =
      RegistrySettings.define(new ConfigDef(), ConfigDef.NO_DEFAULT_VALUE)
          .define(
              AUTO_REGISTER,
              ConfigDef.Type.BOOLEAN,
              true,
              ConfigDef.Importance.MEDIUM,
              "Whether schemas are registered as they come. Otherwise the subject's newest one must"
                  + " be the same.")
          .define(
              NAMESPACE,
              ConfigDef.Type.STRING,
              "dev.millrace",
              ConfigDef.Importance.LOW,
              "What the namespaces of records begin with.");

  private static final int MOST_SCHEMAS = 1000;

  private final Map<Object, Compiled> compiled = new Lru<>();
  private final Map<Integer, Read> reads = new HashMap<>();
  private final ByteArrayOutputStream buffer = new ByteArrayOutputStream(1024);
  private SchemaRegistryClient registry;
  private boolean key;
  private boolean autoRegister;
  private String namespace;
  private BinaryEncoder encoder;
  private BinaryDecoder decoder;

  // What came last: a task's records mostly follow others of the same kind.
  private String lastTopic;
  private Schema lastSchema;
  private Compiled last;

  /** How values of one schema are written to one topic. */
  private record Compiled(int id, ConnectToAvro.Writer writer) {}

  /** How records of one schema id are read. */
  private record Read(AvroToConnect mapping, GenericDatumReader<Object> reader) {}

  private record TopicSchema(String topic, Schema schema) {}

  private static final class Lru<K, V> extends LinkedHashMap<K, V> {
    private static final long serialVersionUID = 1L;

    Lru() {
      super(64, 0.75f, true);
    }

    @Override
    protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
      return size() > MOST_SCHEMAS;
    }
  }

  @Override
  public ConfigDef config() {
    return CONFIG;
  }

  @Override
  public void configure(Map<String, ?> configs, boolean isKey) {
    AbstractConfig config = new AbstractConfig(CONFIG, configs, false);
    registry = RegistrySettings.client(config);
    autoRegister = config.getBoolean(AUTO_REGISTER);
    namespace = config.getString(NAMESPACE);
    key = isKey;
  }

  @Override
  public byte[] fromConnectData(String topic, Schema schema, Object value) {
    if (value == null) {
      return null;
    }
    if (schema == null) {
      throw new DataException(
          "topic "
              + topic
              + ": a value without a schema ("
              + value.getClass().getName()
              + ") has no Avro");
    }
    Compiled how;
    if (schema == lastSchema && topic.equals(lastTopic)) {
      how = last;
    } else {
      how = compiled(topic, schema);
      lastTopic = topic;
      lastSchema = schema;
      last = how;
    }
    buffer.reset();
    byte[] header = new byte[WireFormat.HEADER_LENGTH];
    WireFormat.writeHeader(header, 0, how.id());
    buffer.write(header, 0, header.length);
    encoder = EncoderFactory.get().directBinaryEncoder(buffer, encoder);
    try {
      how.writer().write(value, encoder);
      encoder.flush();
    } catch (IOException | RuntimeException e) {
      throw new DataException("topic " + topic + ": " + e.getMessage(), e);
    }
    return buffer.toByteArray();
  }

  private Compiled compiled(String topic, Schema schema) {
    TopicSchema place = new TopicSchema(topic, schema);
    Compiled known = compiled.get(place);
    if (known == null) {
      ConnectToAvro mapping =
          ConnectToAvro.of(schema, recordNamespace(namespace, topic), recordName(topic, key));
      known = new Compiled(id(topic, mapping.schema()), mapping.writer());
      compiled.put(place, known);
    }
    return known;
  }

  private int id(String topic, org.apache.avro.Schema schema) {
    String subject = topic + (key ? "-key" : "-value");
    try {
      if (autoRegister) {
        return registry.register(subject, schema);
      }
      return registry
          .latest(subject)
          .filter(r -> r.schema().equals(schema))
          .orElseThrow(
              () ->
                  new DataException(
                      "subject " + subject + ": its newest schema is not the record's, " + schema))
          .id();
    } catch (RegistryException e) {
      throw failure("subject " + subject + ": " + e.getMessage(), e);
    }
  }

  /** What Connect is told: what passes by itself it tries again. */
  static RuntimeException failure(String message, RegistryException e) {
    return e.retryable() ? new RetriableException(message, e) : new DataException(message, e);
  }

  static String recordNamespace(String namespace, String topic) {
    int dot = topic.lastIndexOf('.');
    return dot < 0
        ? namespace
        : namespace + "." + topic.substring(0, dot).replaceAll("[^A-Za-z0-9_.]", "_");
  }

  static String recordName(String topic, boolean key) {
    return ConnectToAvro.camelCase(topic.substring(topic.lastIndexOf('.') + 1))
        + (key ? "Key" : "");
  }

  @Override
  public SchemaAndValue toConnectData(String topic, byte[] value) {
    if (value == null) {
      return SchemaAndValue.NULL;
    }
    try {
      int id = WireFormat.schemaId(value);
      Read read = reads.get(id);
      if (read == null) {
        org.apache.avro.Schema schema = registry.byId(id);
        read = new Read(AvroToConnect.of(schema), new GenericDatumReader<>(schema));
        reads.put(id, read);
      }
      decoder =
          DecoderFactory.get()
              .binaryDecoder(
                  value,
                  WireFormat.HEADER_LENGTH,
                  value.length - WireFormat.HEADER_LENGTH,
                  decoder);
      Object avro = read.reader().read(null, decoder);
      return new SchemaAndValue(read.mapping().schema(), read.mapping().value(avro));
    } catch (RegistryException e) {
      throw failure("topic " + topic + ": " + e.getMessage(), e);
    } catch (WireFormatException | IOException | IndexOutOfBoundsException e) {
      throw new DataException("topic " + topic + ": " + e.getMessage(), e);
    }
  }
}
