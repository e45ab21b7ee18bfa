package dev.millrace.connect.mqtt;

import dev.millrace.connect.records.RecordSettings;
import java.net.URI;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import org.apache.avro.Schema;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.Type;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.config.types.Password;

/** The connector's configuration, checked. */
final class MqttConfig extends AbstractConfig {
  static final String NAME = "name";
  static final String URL = "url";
  static final String USERNAME = "username";
  static final String PASSWORD = "password";
  static final String CA = "tls.ca.file";
  static final String CERTIFICATE = "tls.certificate.file";
  static final String KEY = "tls.key.file";
  static final String VERSION = "version";
  static final String FILTERS = "topic.filters";
  static final String QOS = "qos";
  static final String CLIENT_ID = "client.id";
  static final String SESSION_EXPIRY = "session.expiry.seconds";
  static final String KEEP_ALIVE = "keep.alive.seconds";
  static final String RECEIVE_MAXIMUM = "receive.maximum";
  static final String BUFFER_MESSAGES = "buffer.max.messages";
  static final String BUFFER_BYTES = "buffer.max.bytes";
  static final String MESSAGE_BYTES = "message.max.bytes";
  static final String BATCH = "batch.max.records";
  static final String RECONNECT_MAX = "reconnect.max.ms";
  static final String FORMAT = "format";
  static final String PAYLOAD_SCHEMA = "payload.schema";
  static final String PAYLOAD_FIELD = "payload.field";
  static final String TOPIC_FIELD = "topic.field";
  static final String TIME_FIELD = "time.field";
  static final String RETAINED_FIELD = "retained.field";
  static final String QOS_FIELD = "qos.field";

  static final ConfigDef DEFINITION =
      RecordSettings.define(new ConfigDef())
          .define(
              URL,
              Type.STRING,
              ConfigDef.NO_DEFAULT_VALUE,
              checked(MqttConfig::address),
              Importance.HIGH,
              "The broker: mqtt://host:1883, or mqtts://host:8883 with TLS. Without user and password.")
          .define(
              USERNAME,
              Type.STRING,
              "",
              Importance.HIGH,
              "User name for the broker. Empty: none is sent.")
          .define(PASSWORD, Type.PASSWORD, null, Importance.HIGH, "Password for the broker.")
          .define(
              CA,
              Type.STRING,
              "",
              Importance.MEDIUM,
              "File with the certificates, in PEM, of the authorities that the broker is trusted by;"
                  + " empty: those that Java knows.")
          .define(
              CERTIFICATE,
              Type.STRING,
              "",
              Importance.MEDIUM,
              "File with the client certificate, in PEM, its chain after it; empty: none is shown.")
          .define(
              KEY,
              Type.STRING,
              "",
              Importance.MEDIUM,
              "File with the client certificate's private key, PKCS#8 in PEM, not encrypted.")
          .define(
              VERSION,
              Type.STRING,
              "5",
              ConfigDef.ValidString.in("5", "3.1.1"),
              Importance.MEDIUM,
              "Version of MQTT: 5 or 3.1.1.")
          .define(
              FILTERS,
              Type.LIST,
              ConfigDef.NO_DEFAULT_VALUE,
              (name, value) -> patterns(value),
              Importance.HIGH,
              "Topic filters, such as tv/+/telemetry or alarms/#. A level {name} is one that any text"
                  + " matches, and the field of that name. $share/GROUP/FILTER is a shared subscription:"
                  + " tasks.max tasks share its messages. Without it there is one task.")
          .define(
              QOS,
              Type.INT,
              1,
              ConfigDef.Range.between(0, 2),
              Importance.HIGH,
              "Quality of service: 0, at most once; 1, at least once; 2, and once only between broker and task.")
          .define(
              CLIENT_ID,
              Type.STRING,
              "",
              Importance.MEDIUM,
              "What client ids begin with; '-' and the task's number follow. The broker keeps a session"
                  + " by it. Empty: the connector's name.")
          .define(
              SESSION_EXPIRY,
              Type.LONG,
              604_800L,
              ConfigDef.Range.between(0L, 4_294_967_295L),
              Importance.MEDIUM,
              "So long the broker keeps messages for a task that is away, in seconds. Only MQTT 5:"
                  + " with 3.1.1 the broker's own setting decides.")
          .define(
              KEEP_ALIVE,
              Type.INT,
              30,
              ConfigDef.Range.between(5, 65_535),
              Importance.LOW,
              "A broker that has said nothing for so long is asked whether it is there, in seconds.")
          .define(
              RECEIVE_MAXIMUM,
              Type.INT,
              1000,
              ConfigDef.Range.between(1, 65_535),
              Importance.MEDIUM,
              "Most messages of QoS 1 and 2 that a task holds and that Kafka does not have yet. Only MQTT 5:"
                  + " with 3.1.1 the broker's own setting decides.")
          .define(
              BUFFER_MESSAGES,
              Type.INT,
              20_000,
              ConfigDef.Range.between(1, 10_000_000),
              Importance.MEDIUM,
              "Most messages of QoS 0 that wait in a task. More are dropped, and their number is logged.")
          .define(
              BUFFER_BYTES,
              Type.LONG,
              67_108_864L,
              ConfigDef.Range.atLeast(1),
              Importance.MEDIUM,
              "Most bytes of messages that wait when one of QoS 0 comes, likewise.")
          .define(
              MESSAGE_BYTES,
              Type.INT,
              900_000,
              ConfigDef.Range.between(1, 268_435_455),
              Importance.MEDIUM,
              "Longest payload. The beginning of a longer one goes to the dead letters.")
          .define(
              BATCH,
              Type.INT,
              2000,
              ConfigDef.Range.between(1, 100_000),
              Importance.LOW,
              "Most records of one poll.")
          .define(
              RECONNECT_MAX,
              Type.INT,
              30_000,
              ConfigDef.Range.between(100, 3_600_000),
              Importance.LOW,
              "Longest pause between two tries to reach a broker that is away, in milliseconds.")
          .define(
              FORMAT,
              Type.STRING,
              "json",
              ConfigDef.ValidString.in("json", "avro", "avro-framed", "raw"),
              Importance.HIGH,
              "What payloads are: json, an object; avro, the binary of payload.schema; avro-framed, the"
                  + " same after byte 0 and its schema's id in the registry; raw, put into payload.field.")
          .define(
              PAYLOAD_SCHEMA,
              Type.STRING,
              "",
              checked(s -> s.isBlank() ? null : record(s)),
              Importance.LOW,
              "With format=avro: the payloads' Avro schema. Empty: `schema` without the fields that the"
                  + " topic and the other *.field keys fill.")
          .define(
              PAYLOAD_FIELD,
              Type.STRING,
              "",
              Importance.MEDIUM,
              "With format=raw: the field, bytes or string, that gets the payload.")
          .define(
              TOPIC_FIELD,
              Type.STRING,
              "",
              Importance.LOW,
              "A field that gets the message's topic.")
          .define(
              TIME_FIELD,
              Type.STRING,
              "",
              Importance.LOW,
              "A field, timestamp-micros or timestamp-millis, that gets when the message arrived.")
          .define(
              RETAINED_FIELD,
              Type.STRING,
              "",
              Importance.LOW,
              "A boolean field that gets whether the broker had kept the message for new subscribers.")
          .define(
              QOS_FIELD,
              Type.STRING,
              "",
              Importance.LOW,
              "An int field that gets the quality of service the message came with.");

  /** Where the broker is. */
  record Address(boolean tls, String host, int port) {}

  private final Address address;
  private final List<TopicPattern> patterns;
  private final RecordSettings records;
  private final Schema payload;

  MqttConfig(Map<String, String> properties) {
    super(DEFINITION, properties);
    this.address = address(getString(URL));
    this.patterns = patterns(getList(FILTERS));
    this.records = RecordSettings.of(this);
    if (!address.tls()) {
      for (String key : List.of(CA, CERTIFICATE, KEY)) {
        if (!getString(key).isEmpty()) {
          throw new ConfigException(key, getString(key), "needs an url that begins with mqtts://");
        }
      }
    }
    if (getString(CERTIFICATE).isEmpty() != getString(KEY).isEmpty()) {
      String missing = getString(KEY).isEmpty() ? KEY : CERTIFICATE;
      throw new ConfigException(
          missing, "", "is needed: a client certificate and its key go together");
    }
    if (getString(USERNAME).isEmpty() && getPassword(PASSWORD) != null && !version5()) {
      throw new ConfigException(
          USERNAME, "", "is needed: MQTT 3.1.1 has no password without a user");
    }
    Set<String> filled = new LinkedHashSet<>();
    for (TopicPattern pattern : patterns) {
      for (String field : pattern.fields()) {
        field(FILTERS, pattern.toString(), field);
        filled.add(field);
      }
    }
    typed(TOPIC_FIELD, filled, "string", s -> s.getType() == Schema.Type.STRING);
    typed(TIME_FIELD, filled, "timestamp-micros or timestamp-millis", MqttConfig::isTimestamp);
    typed(RETAINED_FIELD, filled, "boolean", s -> s.getType() == Schema.Type.BOOLEAN);
    typed(
        QOS_FIELD,
        filled,
        "int or long",
        s -> s.getType() == Schema.Type.INT || s.getType() == Schema.Type.LONG);
    boolean raw = getString(FORMAT).equals("raw");
    if (raw == getString(PAYLOAD_FIELD).isEmpty()) {
      throw new ConfigException(
          PAYLOAD_FIELD,
          getString(PAYLOAD_FIELD),
          raw ? "is needed with format=raw" : "goes with format=raw only");
    }
    typed(
        PAYLOAD_FIELD,
        new LinkedHashSet<>(),
        "bytes or string",
        s -> s.getType() == Schema.Type.BYTES || s.getType() == Schema.Type.STRING);
    if (!getString(PAYLOAD_SCHEMA).isBlank() && !getString(FORMAT).equals("avro")) {
      throw new ConfigException(
          PAYLOAD_SCHEMA, getString(PAYLOAD_SCHEMA), "goes with format=avro only");
    }
    this.payload =
        getString(PAYLOAD_SCHEMA).isBlank() ? without(filled) : record(getString(PAYLOAD_SCHEMA));
  }

  private void field(String key, String value, String field) {
    if (records.schema().getField(field) == null) {
      throw new ConfigException(
          key,
          value,
          "the schema has no field '"
              + field
              + "'; it has "
              + records.schema().getFields().stream().map(Schema.Field::name).toList());
    }
  }

  private void typed(String key, Set<String> filled, String expected, Predicate<Schema> fits) {
    String field = getString(key);
    if (field.isEmpty()) {
      return;
    }
    field(key, field, field);
    Schema schema = records.schema().getField(field).schema();
    boolean any = schema.isUnion() ? schema.getTypes().stream().anyMatch(fits) : fits.test(schema);
    if (!any) {
      throw new ConfigException(key, field, "the field is no " + expected + " but " + schema);
    }
    filled.add(field);
  }

  private static boolean isTimestamp(Schema schema) {
    return schema.getLogicalType() != null
        && schema.getLogicalType().getName().startsWith("timestamp-");
  }

  private Schema without(Set<String> filled) {
    Schema schema = records.schema();
    return Schema.createRecord(
        schema.getName(),
        null,
        schema.getNamespace(),
        false,
        schema.getFields().stream()
            .filter(f -> !filled.contains(f.name()))
            .map(f -> new Schema.Field(f, f.schema()))
            .toList());
  }

  /** Where the broker is. */
  Address address() {
    return address;
  }

  List<TopicPattern> patterns() {
    return patterns;
  }

  RecordSettings records() {
    return records;
  }

  /** The schema of payloads with format=avro. */
  Schema payload() {
    return payload;
  }

  boolean version5() {
    return getString(VERSION).equals("5");
  }

  Optional<String> username() {
    return Optional.of(getString(USERNAME)).filter(u -> !u.isEmpty());
  }

  Optional<String> password() {
    return Optional.ofNullable(getPassword(PASSWORD)).map(Password::value);
  }

  /** The client id of a task; its session at the broker bears it. */
  String clientId(int task) {
    String prefix = getString(CLIENT_ID);
    return (prefix.isEmpty() ? originalsStrings().getOrDefault(NAME, "millrace") : prefix)
        + "-"
        + task;
  }

  /** How many tasks can share the load: one, unless all subscriptions are shared. */
  int tasks(int most) {
    return patterns.stream().allMatch(TopicPattern::shared) ? Math.max(1, most) : 1;
  }

  private static Address address(String url) {
    try {
      URI uri = URI.create(url);
      boolean tls = "mqtts".equals(uri.getScheme());
      boolean path =
          uri.getPath() != null && !uri.getPath().isEmpty() && !uri.getPath().equals("/");
      if (uri.getUserInfo() != null) {
        // The value holds a password, and is not repeated.
        throw new ConfigException(
            URL + ": holds a user: they belong into " + USERNAME + " and " + PASSWORD);
      }
      if ((tls || "mqtt".equals(uri.getScheme())) && uri.getHost() != null && !path) {
        int port = uri.getPort() < 0 ? tls ? 8883 : 1883 : uri.getPort();
        return new Address(tls, uri.getHost(), port);
      }
    } catch (IllegalArgumentException e) {
      // Said below.
    }
    throw new ConfigException(URL + ": expected mqtt://host:1883 or mqtts://host:8883");
  }

  private static List<TopicPattern> patterns(Object value) {
    List<TopicPattern> patterns = new ArrayList<>();
    if (value instanceof List<?> texts) {
      for (Object text : texts) {
        try {
          patterns.add(TopicPattern.parse(text.toString()));
        } catch (IllegalArgumentException e) {
          throw new ConfigException(FILTERS, text, e.getMessage());
        }
      }
    }
    if (value != null && patterns.isEmpty()) {
      throw new ConfigException(FILTERS, value, "expected at least one topic filter");
    }
    return List.copyOf(patterns);
  }

  private static Schema record(String text) {
    try {
      Schema schema = new Schema.Parser().parse(text);
      if (schema.getType() == Schema.Type.RECORD) {
        return schema;
      }
      throw new ConfigException(
          PAYLOAD_SCHEMA, text, "is a " + schema.getType() + ", not a record");
    } catch (org.apache.avro.AvroRuntimeException e) {
      throw new ConfigException(PAYLOAD_SCHEMA, text, "is not an Avro schema: " + e.getMessage());
    }
  }

  private static ConfigDef.Validator checked(Function<String, ?> parse) {
    return (name, value) -> {
      if (value != null) {
        Object unused = parse.apply((String) value);
      }
    };
  }
}
