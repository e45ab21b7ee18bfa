package dev.millrace.connect.records;

import dev.millrace.registry.SchemaRegistryClient;
import dev.millrace.registry.connect.RegistrySettings;
import java.util.ArrayList;
import java.util.List;
import org.apache.avro.Schema;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.Type;
import org.apache.kafka.common.config.ConfigException;

/**
 * What a connector's configuration says of the records that it writes: the same keys in each source
 * with a declared schema.
 *
 * @param topic where records go
 * @param schema of their values
 * @param keyFields that make the key; empty: records have none
 * @param partitions of the topic
 * @param partitionBy fields that decide the partition; empty: the key's, or none
 * @param deadLetters topic of what does not fit; empty: it fails the task
 */
public record RecordSettings(
    String topic,
    Schema schema,
    List<String> keyFields,
    int partitions,
    List<String> partitionBy,
    String deadLetters) {
  public static final String TOPIC = "topic";
  public static final String SCHEMA = "schema";
  public static final String KEY_FIELDS = "key.fields";
  public static final String PARTITIONS = "partitions";
  public static final String PARTITION_BY = "partition.by";
  public static final String DEAD_LETTERS = "dead.letter.topic";

  /** Adds the keys, those of the registry too. */
  public static ConfigDef define(ConfigDef definition) {
    return RegistrySettings.define(definition, ConfigDef.NO_DEFAULT_VALUE)
        .define(
            TOPIC,
            Type.STRING,
            ConfigDef.NO_DEFAULT_VALUE,
            new ConfigDef.NonEmptyString(),
            Importance.HIGH,
            "The topic to write; it must exist with at least `partitions` partitions.")
        .define(
            SCHEMA,
            Type.STRING,
            ConfigDef.NO_DEFAULT_VALUE,
            (name, value) -> parse(value),
            Importance.HIGH,
            "An Avro record schema, of what is written. Each field has one type, or one and null.")
        .define(
            KEY_FIELDS,
            Type.LIST,
            List.of(),
            Importance.HIGH,
            "Fields that identify a record, and make its key. Empty: it has none.")
        .define(
            PARTITIONS,
            Type.INT,
            1,
            ConfigDef.Range.atLeast(1),
            Importance.MEDIUM,
            "Number of the topic's partitions.")
        .define(
            PARTITION_BY,
            Type.LIST,
            List.of(),
            Importance.MEDIUM,
            "Fields that decide a record's partition. Empty: those of the key, if there is one.")
        .define(
            DEAD_LETTERS,
            Type.STRING,
            "",
            Importance.MEDIUM,
            "The topic for what can not be read or does not fit the schema, as it came, with the reason in its headers."
                + " Empty: such a record fails the task.");
  }

  /**
   * What a configuration says.
   *
   * @throws ConfigException naming the key, its value and what is wrong
   */
  public static RecordSettings of(AbstractConfig config) {
    RecordSettings settings =
        new RecordSettings(
            config.getString(TOPIC),
            parse(config.getString(SCHEMA)),
            List.copyOf(config.getList(KEY_FIELDS)),
            config.getInt(PARTITIONS),
            List.copyOf(config.getList(PARTITION_BY)),
            config.getString(DEAD_LETTERS));
    settings.known(KEY_FIELDS, settings.keyFields);
    settings.known(PARTITION_BY, settings.partitionBy);
    return settings;
  }

  private void known(String key, List<String> fields) {
    for (String field : fields) {
      if (schema.getField(field) == null) {
        throw new ConfigException(
            key,
            field,
            "the schema has no such field; it has "
                + schema.getFields().stream().map(Schema.Field::name).toList());
      }
    }
  }

  private static Schema parse(Object text) {
    if (text == null) {
      return null;
    }
    try {
      Schema schema = new Schema.Parser().parse(text.toString());
      return new AvroRecordWriter(schema).schema();
    } catch (RuntimeException e) {
      throw new ConfigException(SCHEMA, text, e.getMessage());
    }
  }

  /** The fields that decide the partition; empty if none does. */
  List<String> deciding() {
    return partitionBy.isEmpty() ? keyFields : partitionBy;
  }

  /** The schema of keys: a record of the key's fields. */
  Schema keySchema() {
    List<Schema.Field> fields = new ArrayList<>();
    for (String field : keyFields) {
      fields.add(new Schema.Field(field, schema.getField(field).schema()));
    }
    return Schema.createRecord(
        schema.getName() + "Key", null, schema.getNamespace(), false, fields);
  }

  /**
   * Registers the schemas, or finds their ids, and returns what makes records.
   *
   * @throws dev.millrace.registry.RegistryException if the registry refuses one or does not answer
   */
  public RecordFactory register(SchemaRegistryClient registry) {
    int value = registry.register(topic + "-value", schema);
    int key = keyFields.isEmpty() ? -1 : registry.register(topic + "-key", keySchema());
    return new RecordFactory(this, value, key);
  }
}
