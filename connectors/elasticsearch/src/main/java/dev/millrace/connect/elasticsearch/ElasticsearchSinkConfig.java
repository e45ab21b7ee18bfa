package dev.millrace.connect.elasticsearch;

import dev.millrace.connect.records.MessageReader;
import dev.millrace.registry.SchemaRegistryClient;
import dev.millrace.registry.connect.RegistrySettings;
import dev.millrace.registry.format.StreamFormat;
import java.net.URI;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.Type;
import org.apache.kafka.common.config.ConfigException;

/** The connector's configuration, checked. */
final class ElasticsearchSinkConfig extends AbstractConfig {
  static final String URL = "connection.url";
  static final String USERNAME = "connection.username";
  static final String PASSWORD = "connection.password";
  static final String API_KEY = "connection.api.key";
  static final String TRUSTSTORE = "connection.ssl.truststore.location";
  static final String INDEX = "index";
  static final String KEY_FIELDS = "key.fields";
  static final String FORMAT = "format";
  static final String VALUE_SCHEMA = "value.schema";
  static final String KEY_SCHEMA = "key.schema";
  static final String BULK_BYTES = "bulk.bytes";
  static final String IN_FLIGHT = "bulk.in.flight";
  static final String TIMEOUT = "request.timeout.ms";

  static final ConfigDef DEFINITION =
      RegistrySettings.define(new ConfigDef(), ConfigDef.NO_DEFAULT_VALUE)
          .define(
              URL,
              Type.STRING,
              ConfigDef.NO_DEFAULT_VALUE,
              url(),
              Importance.HIGH,
              "Elasticsearch's base URL.")
          .define(
              USERNAME,
              Type.STRING,
              "",
              Importance.MEDIUM,
              "User for basic authentication; empty: none.")
          .define(PASSWORD, Type.PASSWORD, "", Importance.MEDIUM, "The user's password.")
          .define(
              API_KEY,
              Type.PASSWORD,
              "",
              Importance.MEDIUM,
              "API key, encoded, in place of user and password; empty: none.")
          .define(
              TRUSTSTORE,
              Type.STRING,
              "",
              Importance.MEDIUM,
              "File with the certificates, in PEM, of the authorities that Elasticsearch by https"
                  + " is trusted by; empty: those that Java knows.")
          .define(
              INDEX,
              Type.STRING,
              "",
              Importance.HIGH,
              "The index to write; empty: named like the topic. index.<topic> says so for one"
                  + " topic.")
          .define(
              KEY_FIELDS,
              Type.LIST,
              List.of(),
              Importance.HIGH,
              "Fields whose values, joined by '|', are a document's id. Empty: topic, partition and"
                  + " offset are.")
          .define(
              FORMAT,
              Type.STRING,
              StreamFormat.AVRO.toString(),
              (name, value) -> format(name, value.toString()),
              Importance.MEDIUM,
              "What keys and values are: avro (with the registry's schema id), json or"
                  + " avro-embedded (with their whole schema).")
          .define(
              VALUE_SCHEMA,
              Type.STRING,
              "",
              ElasticsearchSinkConfig::schema,
              Importance.MEDIUM,
              "Avro schema that values of format json are read with.")
          .define(
              KEY_SCHEMA,
              Type.STRING,
              "",
              ElasticsearchSinkConfig::schema,
              Importance.MEDIUM,
              "Avro schema that keys of format json are read with, where a record without a value"
                  + " deletes a document.")
          .define(
              BULK_BYTES,
              Type.INT,
              5 << 20,
              ConfigDef.Range.between(1024, 64 << 20),
              Importance.LOW,
              "A bulk request is sent when it has so many bytes, or when Connect has no more records"
                  + " for now.")
          .define(
              IN_FLIGHT,
              Type.INT,
              3,
              ConfigDef.Range.between(1, 32),
              Importance.LOW,
              "Most bulk requests under way; with so many, no more records are taken.")
          .define(
              TIMEOUT,
              Type.INT,
              30_000,
              ConfigDef.Range.between(100, 600_000),
              Importance.LOW,
              "How long to wait for the answer to a bulk request, in milliseconds, before it is sent"
                  + " again.");

  ElasticsearchSinkConfig(Map<String, String> properties) {
    super(DEFINITION, properties);
    if (format() == StreamFormat.JSON && getString(VALUE_SCHEMA).isEmpty()) {
      throw new ConfigException(VALUE_SCHEMA, "", "is needed with format json");
    }
  }

  StreamFormat format() {
    return StreamFormat.of(getString(FORMAT));
  }

  /** A schema that is given; null if none is. */
  Schema schema(String key) {
    String text = getString(key);
    return text.isEmpty() ? null : new Schema.Parser().parse(text);
  }

  private static void format(String name, String value) {
    try {
      var unused = StreamFormat.of(value);
    } catch (IllegalArgumentException e) {
      throw new ConfigException(name, value, e.getMessage());
    }
  }

  private static void schema(String name, Object value) {
    if (value == null || value.toString().isEmpty()) {
      return;
    }
    try {
      var unused = MessageReader.of(StreamFormat.JSON, new Schema.Parser().parse(value.toString()));
    } catch (RuntimeException e) {
      throw new ConfigException(name, value, e.getMessage());
    }
  }

  /** The index of a topic. */
  String index(String topic) {
    Object own = originals().get(INDEX + "." + topic);
    if (own != null) {
      return own.toString();
    }
    return getString(INDEX).isBlank() ? topic : getString(INDEX);
  }

  /** A client of the registry. */
  SchemaRegistryClient registry() {
    return RegistrySettings.client(this);
  }

  private static ConfigDef.Validator url() {
    return (name, value) -> {
      if (value == null) {
        return;
      }
      try {
        URI uri = URI.create(value.toString());
        if (("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))
            && uri.getHost() != null) {
          return;
        }
      } catch (IllegalArgumentException e) {
        // Said below.
      }
      throw new ConfigException(name, value, "expected http://host:port or https://host:port");
    };
  }
}
