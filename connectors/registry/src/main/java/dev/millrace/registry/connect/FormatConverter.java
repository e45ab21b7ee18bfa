package dev.millrace.registry.connect;

import dev.millrace.registry.RegistryException;
import dev.millrace.registry.SchemaRegistryClient;
import dev.millrace.registry.WireFormat;
import dev.millrace.registry.WireFormatException;
import dev.millrace.registry.format.MessageWriter;
import dev.millrace.registry.format.StreamFormat;
import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.storage.Converter;

/**
 * In the place of {@code ByteArrayConverter} behind a source that makes framed Avro: its streams'
 * records become what their format is. What goes to other topics, such as dead letters, stays as it
 * is.
 *
 * <p>Not thread safe, as Connect's converters need not be.
 */
public final class FormatConverter implements Converter {
  static final String FORMAT = "format";
  static final String TOPICS = "topics";

  private static final ConfigDef CONFIG =
      RegistrySettings.define(new ConfigDef(), ConfigDef.NO_DEFAULT_VALUE)
          .define(
              FORMAT,
              ConfigDef.Type.STRING,
              ConfigDef.NO_DEFAULT_VALUE,
              FormatConverter::format,
              ConfigDef.Importance.HIGH,
              "What records become: json, or avro-embedded (with their whole schema).")
          .define(
              TOPICS,
              ConfigDef.Type.LIST,
              List.of(),
              ConfigDef.Importance.HIGH,
              "Topics whose records become that; those of others pass as they are.");

  private final Map<Integer, MessageWriter> writers = new HashMap<>();
  private SchemaRegistryClient registry;
  private StreamFormat format;
  private Set<String> topics;

  private static void format(String name, Object value) {
    try {
      if (value != null && StreamFormat.of(value.toString()) != StreamFormat.AVRO) {
        return;
      }
    } catch (IllegalArgumentException e) {
      // Said below.
    }
    throw new ConfigException(name, value, "expected json or avro-embedded");
  }

  @Override
  public ConfigDef config() {
    return CONFIG;
  }

  @Override
  public void configure(Map<String, ?> configs, boolean isKey) {
    AbstractConfig config = new AbstractConfig(CONFIG, configs, false);
    registry = RegistrySettings.client(config);
    format = StreamFormat.of(config.getString(FORMAT));
    topics = new HashSet<>(config.getList(TOPICS));
  }

  @Override
  public byte[] fromConnectData(String topic, Schema schema, Object value) {
    if (value == null) {
      return null;
    }
    if (!(value instanceof byte[] bytes)) {
      throw new DataException(
          "topic " + topic + ": expected bytes, found " + value.getClass().getName());
    }
    if (!topics.contains(topic)) {
      return bytes;
    }
    try {
      int id = WireFormat.schemaId(bytes);
      MessageWriter writer = writers.get(id);
      if (writer == null) {
        writer = MessageWriter.of(format, registry.byId(id));
        writers.put(id, writer);
      }
      return writer.write(bytes, WireFormat.HEADER_LENGTH);
    } catch (RegistryException e) {
      throw AvroConverter.failure("topic " + topic + ": " + e.getMessage(), e);
    } catch (WireFormatException | IOException e) {
      throw new DataException("topic " + topic + ": " + e.getMessage(), e);
    }
  }

  @Override
  public SchemaAndValue toConnectData(String topic, byte[] value) {
    return new SchemaAndValue(Schema.OPTIONAL_BYTES_SCHEMA, value);
  }
}
