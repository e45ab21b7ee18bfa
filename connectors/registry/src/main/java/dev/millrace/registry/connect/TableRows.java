package dev.millrace.registry.connect;

import dev.millrace.registry.RegistryException;
import dev.millrace.registry.SchemaRegistryClient;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.config.types.Password;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.errors.RetriableException;
import org.apache.kafka.connect.header.ConnectHeaders;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.transforms.Transformation;

/**
 * The last step of a connector that reads a database's tables: rows, flat and already on their way
 * to their topics, become bytes in the registry's format, with the columns that are personal masked
 * or left out. The connector has {@code ByteArrayConverter} for keys and values.
 *
 * <p>A column that changes in the database changes in the registry as far as {@code BACKWARD}
 * allows; where it does not, values that fit what the stream has been are written so, and a row of
 * which one does not goes to the dead-letter topic as JSON, with the column in its reason: one
 * table never stops the others. See {@link RowFormat}.
 *
 * <p>Not thread safe, as a task's transformations need not be.
 */
public final class TableRows implements Transformation<SourceRecord> {
  static final String TOPICS = "topics";
  static final String TABLES = "tables";
  static final String SALT = "mask.salt";
  static final String DEAD_LETTERS = "dead.letter.topic";
  static final String REASON = "millrace.reason";
  static final String TOPIC = "millrace.topic";

  private static final int SHORTEST_SALT = 16;
  private static final int MOST_SCHEMAS = 1000;

  private static final ConfigDef CONFIG =
      RegistrySettings.define(new ConfigDef(), ConfigDef.NO_DEFAULT_VALUE)
          .define(
              TOPICS,
              ConfigDef.Type.LIST,
              ConfigDef.NO_DEFAULT_VALUE,
              ConfigDef.Importance.HIGH,
              "Topics that rows of tables go to. Records of others are written as JSON.")
          .define(
              DEAD_LETTERS,
              ConfigDef.Type.STRING,
              ConfigDef.NO_DEFAULT_VALUE,
              new ConfigDef.NonEmptyString(),
              ConfigDef.Importance.HIGH,
              "Where rows go that their stream can not hold, as JSON, with headers "
                  + REASON
                  + " and "
                  + TOPIC
                  + ".")
          .define(
              TABLES,
              ConfigDef.Type.STRING,
              "{}",
              (name, value) -> {
                try {
                  ColumnRules.parse((String) value);
                } catch (IllegalArgumentException e) {
                  throw new ConfigException(name, value, e.getMessage());
                }
              },
              ConfigDef.Importance.MEDIUM,
              "By topic, as JSON: columns (only these), exclude (not these), mask (column to"
                  + " {\"with\":\"hash\"|\"empty\"|\"text\",\"text\":...}).")
          .define(
              SALT,
              ConfigDef.Type.PASSWORD,
              null,
              ConfigDef.Importance.MEDIUM,
              "Key of the HMAC-SHA-256 that columns are hashed by. Required where one is.")
          .define(
              AvroConverter.NAMESPACE,
              ConfigDef.Type.STRING,
              "dev.millrace",
              ConfigDef.Importance.LOW,
              "What the namespaces of records begin with.");

  private Set<String> topics;
  private String deadLetters;
  private Map<String, ColumnRules> rules;
  private Optional<Hasher> hasher;
  private SchemaRegistryClient registry;
  private String namespace;
  private final Formats keys = new Formats(true);
  private final Formats values = new Formats(false);

  private record TopicSchema(String topic, Schema schema) {}

  /** How rows are written, by topic and schema; schemas are mostly the same objects. */
  private final class Formats {
    private final boolean key;
    private final Map<String, Map<Schema, RowFormat>> same = new HashMap<>();
    private final Map<TopicSchema, RowFormat> equal =
        new LinkedHashMap<>(64, 0.75f, true) {
          private static final long serialVersionUID = 1L;

          @Override
          protected boolean removeEldestEntry(Map.Entry<TopicSchema, RowFormat> eldest) {
            return size() > MOST_SCHEMAS;
          }
        };

    Formats(boolean key) {
      this.key = key;
    }

    RowFormat of(String topic, Schema schema) {
      Map<Schema, RowFormat> known = same.computeIfAbsent(topic, t -> new IdentityHashMap<>());
      RowFormat format = known.get(schema);
      if (format == null) {
        if (known.size() >= MOST_SCHEMAS) {
          known.clear();
        }
        format = equal.computeIfAbsent(new TopicSchema(topic, schema), this::make);
        known.put(schema, format);
      }
      return format;
    }

    private RowFormat make(TopicSchema place) {
      try {
        return RowFormat.of(
            place.topic(),
            place.schema(),
            key,
            rules.getOrDefault(place.topic(), ColumnRules.NONE),
            hasher,
            registry,
            namespace);
      } catch (RegistryException e) {
        String message = "topic " + place.topic() + ": " + e.getMessage();
        throw e.retryable() ? new RetriableException(message, e) : new ConnectException(message, e);
      }
    }
  }

  @Override
  public ConfigDef config() {
    return CONFIG;
  }

  @Override
  public void configure(Map<String, ?> configs) {
    AbstractConfig config = new AbstractConfig(CONFIG, configs, false);
    topics = new HashSet<>(config.getList(TOPICS));
    deadLetters = config.getString(DEAD_LETTERS);
    rules = ColumnRules.parse(config.getString(TABLES));
    hasher =
        Optional.ofNullable(config.getPassword(SALT))
            .map(Password::value)
            .filter(s -> !s.isEmpty())
            .map(TableRows::hasher);
    if (hasher.isEmpty() && rules.values().stream().anyMatch(ColumnRules::hashes)) {
      throw new ConfigException(SALT, null, "is needed where columns are hashed");
    }
    registry = RegistrySettings.client(config);
    namespace = config.getString(AvroConverter.NAMESPACE);
  }

  /** Short ones are found by trying; a reference that nobody resolved is everybody's. */
  private static Hasher hasher(String salt) {
    if (salt.startsWith("${")) {
      throw new ConfigException(SALT, Password.HIDDEN, "its Secret or key is not there");
    }
    if (salt.length() < SHORTEST_SALT) {
      throw new ConfigException(
          SALT, Password.HIDDEN, "is shorter than " + SHORTEST_SALT + " characters");
    }
    return new Hasher(salt);
  }

  @Override
  public SourceRecord apply(SourceRecord record) {
    String topic = record.topic();
    if (!topics.contains(topic)) {
      return to(
          record,
          topic,
          record.kafkaPartition(),
          RowJson.bytes(record.key()),
          RowJson.bytes(record.value()));
    }
    RowFormat key = record.key() == null ? null : keys.of(topic, record.keySchema());
    RowFormat value = record.value() == null ? null : values.of(topic, record.valueSchema());
    try {
      if (key == null) {
        throw new MisfitException(
            "the table has no primary key, by which rows of a stream are told apart", true);
      }
      return to(
          record,
          topic,
          record.kafkaPartition(),
          key.write(record.key()),
          value == null ? null : value.write(record.value()));
    } catch (MisfitException e) {
      return dead(record, key, value, e);
    }
  }

  /** What of the row may be shown goes along; what is not to be seen may be under another name. */
  private SourceRecord dead(
      SourceRecord record, RowFormat key, RowFormat value, MisfitException misfit) {
    boolean show = misfit.shown();
    SourceRecord dead =
        to(
            record,
            deadLetters,
            null,
            key == null || !show ? null : key.json(record.key()),
            value == null || !show ? null : value.json(record.value()));
    dead.headers().addString(REASON, misfit.getMessage());
    dead.headers().addString(TOPIC, record.topic());
    return dead;
  }

  private static SourceRecord to(
      SourceRecord record, String topic, Integer partition, byte[] key, byte[] value) {
    return record.newRecord(
        topic,
        partition,
        Schema.OPTIONAL_BYTES_SCHEMA,
        key,
        Schema.OPTIONAL_BYTES_SCHEMA,
        value,
        record.timestamp(),
        new ConnectHeaders());
  }

  @Override
  public void close() {}
}
