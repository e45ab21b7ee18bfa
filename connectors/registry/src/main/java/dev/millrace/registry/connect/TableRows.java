package dev.millrace.registry.connect;

import dev.millrace.registry.RegistryException;
import dev.millrace.registry.SchemaRegistryClient;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.config.types.Password;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.errors.RetriableException;
import org.apache.kafka.connect.header.ConnectHeaders;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.transforms.Transformation;

/**
 * From a change event of Debezium to a row of a stream, in one step: the row after the change goes
 * to its stream's topic as bytes in the registry's format, with the columns that are personal
 * masked or left out; a delete becomes a tombstone. The connector has {@code ByteArrayConverter}
 * for keys and values.
 *
 * <p>One step, since each of a chain of transformations makes a record anew, and each of one that
 * routes by a pattern looks at all records: a source of ten tables had twelve.
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
  static final String OTHERS = "others";
  static final String METADATA = "metadata";
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
              TableRows::routes,
              ConfigDef.Importance.HIGH,
              "Where rows of tables go: Debezium's topic, a colon, the stream's. Records of others"
                  + " are no rows, and are written as JSON.")
          .define(
              OTHERS,
              ConfigDef.Type.LIST,
              List.of(),
              TableRows::routes,
              ConfigDef.Importance.LOW,
              "Where records go that are no rows, such as heartbeats; said as for topics. Those of"
                  + " other topics stay where they are.")
          .define(
              METADATA,
              ConfigDef.Type.LIST,
              List.of(),
              ConfigDef.ValidList.in(ChangeEvent.OP, ChangeEvent.SOURCE_TS),
              ConfigDef.Importance.LOW,
              "Columns that rows get besides: op as _op, source_ts as _source_ts.")
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

  private Map<String, String> streams;
  private Map<String, String> others;
  private Set<String> metadata;
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
            key ? ChangeEvent.key(place.schema()) : ChangeEvent.row(place.schema(), metadata),
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
    streams = routes(TOPICS, config.getList(TOPICS));
    others = routes(OTHERS, config.getList(OTHERS));
    metadata = Set.copyOf(config.getList(METADATA));
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

  /** No topic has a colon in its name. */
  private static Map<String, String> routes(String name, Object value) {
    Map<String, String> routes = new HashMap<>();
    // One that is missing is null where Connect only looks at a configuration.
    for (Object route : value == null ? List.of() : (List<?>) value) {
      String[] ends = route.toString().split(":", -1);
      if (ends.length != 2 || ends[0].isEmpty() || ends[1].isEmpty()) {
        throw new ConfigException(name, route, "expected topic:topic");
      }
      routes.put(ends[0], ends[1]);
    }
    return routes;
  }

  @Override
  public SourceRecord apply(SourceRecord record) {
    String stream = streams.get(record.topic());
    if (stream == null) {
      return to(
          record,
          others.getOrDefault(record.topic(), record.topic()),
          record.kafkaPartition(),
          RowJson.bytes(record.key()),
          RowJson.bytes(record.value()));
    }
    Struct id = (Struct) record.key();
    Struct event = (Struct) record.value();
    boolean deleted = ChangeEvent.deletes(event);
    RowFormat key = id == null ? null : keys.of(stream, record.keySchema());
    RowFormat value = deleted ? null : values.of(stream, record.valueSchema());
    try {
      if (key == null) {
        throw new MisfitException(
            "the table has no primary key, by which rows of a stream are told apart", true);
      }
      return to(
          record,
          stream,
          record.kafkaPartition(),
          key.write(id),
          deleted ? null : value.write(event));
    } catch (MisfitException misfit) {
      // Of what is not to be seen nothing is shown: it may be under another name.
      byte[] shownKey = key == null || !misfit.shown() ? null : key.json(id);
      byte[] shownRow = deleted || !misfit.shown() ? null : value.json(event);
      SourceRecord dead = to(record, deadLetters, null, shownKey, shownRow);
      dead.headers().addString(REASON, misfit.getMessage());
      dead.headers().addString(TOPIC, stream);
      return dead;
    }
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
