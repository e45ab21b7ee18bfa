package dev.millrace.model;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.crd.generator.annotation.PreserveUnknownFields;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Version;
import java.util.List;
import java.util.Optional;

/**
 * What flows: sources, transforms, sinks, and the dashboards that show it.
 *
 * <p>The annotations are what the CRD, the editors' schema, the reference page and the strict
 * reader are made of.
 */
@Group("millrace.dev")
@Version("v1alpha1")
@ShortNames("mpl")
@AdditionalPrinterColumn(
    name = "Ready",
    jsonPath = ".status.conditions[?(@.type==\"Ready\")].status",
    type = AdditionalPrinterColumn.Type.STRING)
@AdditionalPrinterColumn(
    name = "Reason",
    jsonPath = ".status.conditions[?(@.type==\"Ready\")].reason",
    type = AdditionalPrinterColumn.Type.STRING)
@AdditionalPrinterColumn(
    name = "State",
    jsonPath = ".spec.state",
    type = AdditionalPrinterColumn.Type.STRING)
@AdditionalPrinterColumn(
    name = "Age",
    jsonPath = ".metadata.creationTimestamp",
    type = AdditionalPrinterColumn.Type.DATE)
@AdditionalPrinterColumn(
    name = "Message",
    jsonPath = ".status.conditions[?(@.type==\"Ready\")].message",
    type = AdditionalPrinterColumn.Type.STRING)
@ValidationRule(
    value = "self.metadata.name.matches('^[a-z]([a-z0-9-]{0,50}[a-z0-9])?$')",
    message =
        "metadata.name: expected [a-z]([a-z0-9-]*[a-z0-9])?, at most 52 characters: topics begin with it")
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonDeserialize(using = JsonDeserializer.None.class)
public final class Pipeline implements HasMetadata, Namespaced {
  private static final long serialVersionUID = 1L;

  private String apiVersion = "millrace.dev/v1alpha1";
  private String kind = "Pipeline";
  private ObjectMeta metadata = new ObjectMeta();
  private transient Spec spec;
  private transient Status status;

  @Override
  public String getApiVersion() {
    return apiVersion;
  }

  @Override
  public void setApiVersion(String apiVersion) {
    this.apiVersion = apiVersion;
  }

  @Override
  public String getKind() {
    return kind;
  }

  public void setKind(String kind) {
    this.kind = kind;
  }

  @Override
  public ObjectMeta getMetadata() {
    return metadata;
  }

  @Override
  public void setMetadata(ObjectMeta metadata) {
    this.metadata = metadata;
  }

  @Required
  @JsonProperty("spec")
  @JsonPropertyDescription("What is wanted.")
  public Spec getSpec() {
    return spec;
  }

  @JsonProperty("spec")
  public void setSpec(Spec spec) {
    this.spec = spec;
  }

  @JsonProperty("status")
  @JsonPropertyDescription("What was observed. Written by the operator.")
  public Status getStatus() {
    return status;
  }

  @JsonProperty("status")
  public void setStatus(Status status) {
    this.status = status;
  }

  /** The pipeline's name. */
  public String name() {
    return metadata.getName();
  }

  /** What is wanted. */
  @ValidationRule(
      value =
          "!has(self.transforms) || self.transforms.all(t, self.sources.all(s, s.name != t.name &&"
              + " (!has(s.cdc) || s.cdc.tables.all(c, c.name != t.name))))",
      message =
          "transforms: each stream has a name of its own: a transform is named like a source or a table")
  @ValidationRule(
      value =
          "!has(self.sinks) || self.sinks.all(k, self.sources.all(s, s.name != k.name)"
              + " && (!has(self.transforms) || self.transforms.all(t, t.name != k.name)))",
      message =
          "sinks: each component has a name of its own: a sink is named like a source or a transform")
  @ValidationRule(
      value =
          "!has(self.dashboards) || self.dashboards.all(d, self.sources.all(s, s.name != d.name)"
              + " && (!has(self.transforms) || self.transforms.all(t, t.name != d.name))"
              + " && (!has(self.sinks) || self.sinks.all(k, k.name != d.name)))",
      message =
          "dashboards: each component has a name of its own: a dashboard is named like a source, transform or sink")
  // Tables of two cdc sources that are named alike are the planner's to find: the API server
  // refuses
  // a rule of four nested lists for what it could cost.
  @ValidationRule(
      value =
          "self.sources.all(a, !has(a.cdc) || a.cdc.tables.all(c, self.sources.all(b, has(b.cdc) || b.name != c.name)))",
      message =
          "sources: each stream has a name of its own: a table is named like another source's stream")
  @ValidationRule(
      value =
          "!has(self.sinks) || self.sinks.all(k,"
              + " self.sources.exists(s, has(s.cdc) ? s.cdc.tables.exists(c, c.name == k.from) : s.name == k.from)"
              + " || (has(self.transforms) && self.transforms.exists(t, t.name == k.from)))",
      message = "sinks: 'from' names no stream: expected a source, a table or a transform")
  @ValidationRule(
      value =
          "!has(self.transforms) || self.transforms.all(k, !has(k.intervals) ||"
              + " self.sources.exists(s, has(s.cdc) ? s.cdc.tables.exists(c, c.name == k.intervals.from) : s.name == k.intervals.from)"
              + " || self.transforms.exists(t, t.name == k.intervals.from))",
      message =
          "transforms: 'intervals.from' names no stream: expected a source, a table or a transform")
  public record Spec(
      @Default("running")
          @OneOf({"running", "paused", "stopped"})
          @JsonPropertyDescription(
              "running (default), paused (connectors and jobs stand still and keep their places) or stopped.")
          String state,
      @Default("default")
          @Form.ResourceName
          @ValidationRule(
              value = "self == oldSelf",
              message = "platform can not be changed: make a Pipeline of another name")
          @JsonPropertyDescription(
              "Name of the Platform it runs on, in the same namespace. Can not be changed.")
          String platform,
      @Default("retain")
          @OneOf({"retain", "delete"})
          @JsonPropertyDescription(
              "Whether topics, subjects and indices go when the pipeline, or what they are for, is deleted: retain"
                  + " (default) or delete.")
          String deletionPolicy,
      @Required @Size(min = 1, max = 32) @JsonPropertyDescription("Where data comes from.")
          List<Source> sources,
      @Size(max = 64) @JsonPropertyDescription("How streams are enriched.")
          List<Transform> transforms,
      @Size(max = 64) @JsonPropertyDescription("Where streams go.") List<Sink> sinks,
      @Size(max = 16) @JsonPropertyDescription("What shows them.") List<Dashboard> dashboards) {
    public Spec {
      state = state == null ? "running" : state;
      platform = platform == null ? "default" : platform;
      deletionPolicy = deletionPolicy == null ? "retain" : deletionPolicy;
      sources = sources == null ? List.of() : List.copyOf(sources);
      transforms = transforms == null ? List.of() : List.copyOf(transforms);
      sinks = sinks == null ? List.of() : List.copyOf(sinks);
      dashboards = dashboards == null ? List.of() : List.copyOf(dashboards);
    }
  }

  /**
   * Where data comes from; exactly one of {@code cdc}, {@code mqtt}, {@code rest}, {@code datagen},
   * {@code files}, {@code topic}.
   */
  @Union({"cdc", "mqtt", "rest", "datagen", "files", "topic"})
  @ValidationRule(
      value =
          "has(self.cdc) == has(oldSelf.cdc) && has(self.mqtt) == has(oldSelf.mqtt) && has(self.rest) == has(oldSelf.rest)"
              + " && has(self.datagen) == has(oldSelf.datagen) && has(self.files) == has(oldSelf.files) && has(self.topic) == has(oldSelf.topic)",
      message =
          "what kind of source it is can not be changed: add one of another name, and remove this one")
  @ValidationRule(
      value = "has(self.cdc) || self.name.matches('^[a-z][a-z0-9_]{0,62}$')",
      message =
          "name: a source other than cdc is a stream, and named like one: [a-z][a-z0-9_]{0,62}")
  @ValidationRule(
      value = "!has(self.cdc) || !has(self.partitionBy) || self.partitionBy.size() == 0",
      message = "partitionBy: does not go with cdc: rows lie by primary key")
  @ValidationRule(
      value =
          "(!(has(self.cdc) || has(self.datagen) || has(self.topic) && !has(self.topic.schema) && !has(self.topic.schemaFrom))"
              + " || !has(self.key) || self.key.size() == 0)"
              + " && (!(has(self.cdc) || has(self.datagen) || has(self.topic)) || !has(self.kind) || self.kind == 'append')",
      message =
          "key, kind: do not go with cdc, datagen and topic: their keys are the tables', none, and the topic's,"
              + " but for a topic whose schema is declared")
  @ValidationRule(
      value =
          "!has(self.topic) || (!has(self.topic.schema) && !has(self.topic.schemaFrom))"
              + " || has(self.format) && self.format != 'avro'",
      message =
          "topic.schema: goes with format json or avro-embedded: format avro has its schemas in the registry")
  @ValidationRule(
      value =
          "!has(self.topic) || !has(self.topic.kind) || self.topic.kind != 'table'"
              + " || (!has(self.topic.schema) && !has(self.topic.schemaFrom))"
              + " || has(self.key) && self.key.size() > 0",
      message =
          "key: is missing: a table whose schema is declared wants the fields that tell its rows apart")
  @ValidationRule(
      value = "!has(self.kind) || self.kind != 'table' || has(self.key) && self.key.size() > 0",
      message = "kind: a table wants a key: expected key, the fields that tell its rows apart")
  @ValidationRule(
      value =
          "!has(self.key) || self.key.size() == 0 || !has(self.partitionBy) || self.partitionBy.all(p, p in self.key)",
      message =
          "partitionBy: is not part of the key: records of one key would lie in several partitions")
  @ValidationRule(
      value =
          "!has(self.files) || !has(self.files.speed) || self.files.speed <= 0.0 || has(self.eventTime)",
      message = "eventTime: is missing: files.speed replays rows at their event times")
  public record Source(
      @Required
          @Form.Name
          @JsonPropertyDescription(
              "Name of the source, and, for all but cdc, of its stream. [a-z][a-z0-9_]{0,62}; of a cdc source '-' too.")
          String name,
      @JsonPropertyDescription("Rows of a database as they change; each table is a stream.")
          Cdc cdc,
      @JsonPropertyDescription("A REST service that is asked for JSON, again and again.") Rest rest,
      @JsonPropertyDescription("Made-up records: a clickstream for trying and testing.")
          Datagen datagen,
      @JsonPropertyDescription(
              "Rows of files in a folder or a bucket: CSV, JSON lines, Parquet, Avro.")
          FileSource files,
      @JsonPropertyDescription("Messages of an MQTT broker.") Mqtt mqtt,
      @JsonPropertyDescription("A topic that somebody else writes.") Topic topic,
      @JsonPropertyDescription("Which field says when it happened.") EventTime eventTime,
      @Size(max = 16)
          @Form.Columns
          @JsonPropertyDescription(
              "Fields that identify a record: its id in every sink, so that one that comes twice is one there.")
          List<String> key,
      @OneOf({"append", "table"})
          @JsonPropertyDescription(
              "append (default): each record is final; table: the latest of each key is what holds, and can be looked up.")
          String kind,
      @Size(max = 16)
          @Form.Columns
          @JsonPropertyDescription(
              "Fields that decide the partition: what is equal in them stays in order. Default: the key's.")
          List<String> partitionBy,
      @Default("avro")
          @OneOf({"avro", "json", "avro-embedded"})
          @JsonPropertyDescription(
              "What the records of its streams are in Kafka: avro (default), with the registry's id of the schema; json, an"
                  + " object; avro-embedded, with the whole schema. Of topic: what its records are.")
          String format,
      @Min(1)
          @Max(10000)
          @JsonPropertyDescription("Partitions of the topic; default the platform's.")
          Integer partitions) {
    public Source {
      key = key == null ? List.of() : List.copyOf(key);
      kind = kind == null ? "append" : kind;
      format = format == null ? "avro" : format;
      partitionBy = partitionBy == null ? List.of() : List.copyOf(partitionBy);
    }

    /** The Secret with its connection, if it has one. */
    public Optional<SecretRef> secret() {
      if (mqtt != null && mqtt.connection() != null) {
        return Optional.ofNullable(mqtt.connection().secretRef());
      }
      return cdc != null && cdc.connection() != null
          ? Optional.ofNullable(cdc.connection().secretRef())
          : Optional.empty();
    }

    /** Which of the union's members it is. */
    public String type() {
      return cdc != null
          ? "cdc"
          : mqtt != null
              ? "mqtt"
              : rest != null
                  ? "rest"
                  : datagen != null ? "datagen" : files != null ? "files" : "topic";
    }
  }

  /** Rows of a database as they change; each table is a stream. */
  @ValidationRule(
      value =
          "has(self.salt) || self.tables.all(t, !has(t.mask) || t.mask.all(m, m.with != 'hash'))",
      message = "salt: is missing: columns are masked with hash")
  public record Cdc(
      @Required @JsonPropertyDescription("The database.") Connection connection,
      @Required
          @Size(min = 1, max = 128)
          @JsonPropertyDescription("The tables that are followed, first snapshot and every change.")
          List<Table> tables,
      @JsonPropertyDescription(
              "What columns are hashed with: a Secret of at least 16 characters. Equal values have equal hashes wherever the salt is the same.")
          Salt salt,
      @Size(max = 2)
          @Form.RowMetadata
          @JsonPropertyDescription(
              "Columns that are added to each row: op gives _op (c, u, or r for a snapshot's), source_ts gives _source_ts,"
                  + " when the database changed it.")
          List<String> metadata,
      @Min(0)
          @Max(1_000_000)
          @JsonPropertyDescription(
              "Another number has all tables read anew, with consent to state-loss: after rows were set aside, say.")
          Integer reread) {
    public Cdc {
      tables = tables == null ? List.of() : List.copyOf(tables);
      metadata = metadata == null ? List.of() : List.copyOf(metadata);
    }
  }

  /** What columns are hashed with. */
  public record Salt(@Required @JsonPropertyDescription("A key of a Secret.") SaltRef secretRef) {}

  /** A key of a Secret in the pipeline's namespace. */
  public record SaltRef(
      @Required @Form.ResourceName @JsonPropertyDescription("Name of the Secret.") String name,
      @Default("salt") @Form.Key @JsonPropertyDescription("Its key; default salt.") String key) {
    public SaltRef {
      key = key == null ? "salt" : key;
    }
  }

  /** What is put in the place of a column's values; null stays null. */
  @ValidationRule(
      value = "has(self.text) == (self.with == 'text')",
      message = "text: goes with 'with: text', and only with it")
  public record Mask(
      @Required @Form.Column @JsonPropertyDescription("The column.") String column,
      @Required
          @OneOf({"hash", "empty", "text"})
          @JsonPropertyDescription(
              "hash (HMAC-SHA-256 with the salt, in hex: equal values stay equal, so that joins still work), empty (null) or"
                  + " text (always the same one).")
          String with,
      @Size(min = 1, max = 255) @JsonPropertyDescription("The text, of 'with: text'.")
          String text) {}

  /** A connection: a URL in a Secret. */
  public record Connection(
      @Required
          @JsonPropertyDescription(
              "A key that holds a URL, such as mysql://host:3306/db; its scheme (mysql, mariadb, postgresql) decides the connector."
                  + " User and password are the Secret's keys 'username' and 'password'.")
          SecretRef secretRef) {}

  /** A key of a Secret in the pipeline's namespace. */
  public record SecretRef(
      @Required @Form.ResourceName @JsonPropertyDescription("Name of the Secret.") String name,
      @Default("url") @Form.Key @JsonPropertyDescription("Its key; default url.") String key) {
    public SecretRef {
      key = key == null ? "url" : key;
    }
  }

  /** A table. */
  @ValidationRule(
      value = "has(self.validFrom) == has(self.validTo)",
      message = "validFrom and validTo go together")
  @ValidationRule(
      value = "!has(self.columns) || !has(self.exclude)",
      message = "exclude: does not go with columns, which says already what is left out")
  public record Table(
      @Required
          @Form.TableName
          @JsonPropertyDescription(
              "The table, with its database: shop.orders; of PostgreSQL with its schema: public.orders.")
          String table,
      @Required @Form.StreamName @JsonPropertyDescription("Name of the stream of its rows.")
          String name,
      @Form.Column
          @JsonPropertyDescription(
              "Column from which on a row holds, by what SQL compares it with: of rows that differ in it only, one holds at a time (a schedule, a price list).")
          String validFrom,
      @Form.Column @JsonPropertyDescription("Column up to which a row holds, exclusive.")
          String validTo,
      @Size(min = 1, max = 256)
          @Form.Columns
          @JsonPropertyDescription("Only these columns; the primary key has to be among them.")
          List<String> columns,
      @Size(min = 1, max = 256)
          @Form.Columns
          @JsonPropertyDescription("Not these columns; none of the primary key.")
          List<String> exclude,
      @Size(max = 64)
          @JsonPropertyDescription(
              "Columns whose values are not to be seen, such as personal data.")
          List<Mask> mask) {
    public Table {
      columns = columns == null ? null : List.copyOf(columns);
      exclude = exclude == null ? null : List.copyOf(exclude);
      mask = mask == null ? List.of() : List.copyOf(mask);
    }
  }

  /** Made-up records. */
  @Union({"schema", "schemaFrom"})
  public record Datagen(
      @Size(min = 2, max = 65536)
          @JsonPropertyDescription("Avro schema of the records, with the generator's annotations.")
          String schema,
      @JsonPropertyDescription("The schema, from a ConfigMap.") ConfigMapRef schemaFrom,
      @JsonPropertyDescription("Same seed, same records. Default: another one at each creation.")
          Long seed,
      @Form.Rate
          @JsonPropertyDescription(
              "Records per second over all tasks, such as 1000/s, or max. Default: as the entities' states make them.")
          String rate,
      @Min(0) @JsonPropertyDescription("It ends after so many; default 0: never.") Long count,
      @OneOf({"realtime", "simulated"})
          @JsonPropertyDescription(
              "realtime (default): event time is the wall clock; simulated: it runs from start, as fast as rate allows.")
          String clock,
      @Size(min = 2, max = 40)
          @JsonPropertyDescription(
              "Where event time begins: an instant, or -5m before the first start.")
          String start,
      @JsonPropertyDescription("A share of the records comes up to so much after its event time.")
          OutOfOrder outOfOrder,
      @JsonPropertyDescription("A share of the records comes so much too late.") Late late,
      @Form.Share
          @JsonPropertyDescription("This share of the records is written twice; 0 to 1, default 0.")
          Double duplicates,
      @Min(1) @Max(1000) @JsonPropertyDescription("Connect tasks; default 1.") Integer tasks,
      @PreserveUnknownFields
          @JsonPropertyDescription(
              "Keys and their state machine; passed to the connector, which documents it.")
          JsonNode entities) {}

  /** This share of the records comes up to so much after its event time. */
  public record OutOfOrder(
      @Required @Form.Share @JsonPropertyDescription("Share of the records, 0 to 1.") Double share,
      @Required @Form.Duration @JsonPropertyDescription("At most so late.") String max) {}

  /** This share of the records comes so much after its event time. */
  public record Late(
      @Required @Form.Share @JsonPropertyDescription("Share of the records, 0 to 1.") Double share,
      @Required @Form.Duration @JsonPropertyDescription("So much too late.") String by) {}

  /** Messages of an MQTT broker. */
  @Union({"schema", "schemaFrom"})
  @ValidationRule(
      value = "!has(self.tasks) || self.tasks <= 1 || self.topics.all(t, t.startsWith('$share/'))",
      message =
          "tasks: several share the load only of shared subscriptions: expected $share/GROUP/FILTER in topics, or 1")
  @ValidationRule(
      value =
          "(has(self.format) && self.format == 'raw') == (has(self.fields) && has(self.fields.payload))",
      message = "fields.payload: goes with format raw, and only with it")
  public record Mqtt(
      @Required @JsonPropertyDescription("The broker.") MqttConnection connection,
      @Required
          @Size(min = 1, max = 32)
          @Form.TopicFilters
          @JsonPropertyDescription(
              "Topic filters, with + and # as MQTT has them. A level {name} stands for any text, which becomes the field"
                  + " of that name. $share/GROUP/FILTER is a shared subscription.")
          List<String> topics,
      @Default("1")
          @Min(0)
          @Max(2)
          @JsonPropertyDescription(
              "Quality of service: 0, what can not be taken at once is lost; 1 (default), each message at least once; 2, and"
                  + " once only between broker and connector.")
          Integer qos,
      @Default("5")
          @OneOf({"5", "3.1.1"})
          @JsonPropertyDescription("Version of MQTT: 5 (default) or 3.1.1.")
          String version,
      @Default("json")
          @OneOf({"json", "avro", "avro-framed", "raw"})
          @JsonPropertyDescription(
              "What a message holds: json (default), an object; avro, the binary of the schema without the fields that the topic"
                  + " and fields fill; avro-framed, Avro with the registry's id of its schema before it; raw, bytes for fields.payload.")
          String format,
      @Size(min = 2, max = 65536) @JsonPropertyDescription("Avro schema of the records.")
          String schema,
      @JsonPropertyDescription("The schema, from a ConfigMap.") ConfigMapRef schemaFrom,
      @JsonPropertyDescription("Fields for what is said about a message.") MqttFields fields,
      @Form.Span
          @JsonPropertyDescription(
              "So long the broker keeps messages for a connector that is away; default 7d. Only MQTT 5.")
          String sessionExpiry,
      @Min(1)
          @Max(1000)
          @JsonPropertyDescription(
              "Connect tasks, which share the messages of shared subscriptions; default 1.")
          Integer tasks) {
    public Mqtt {
      topics = topics == null ? List.of() : List.copyOf(topics);
      qos = qos == null ? 1 : qos;
      version = version == null ? "5" : version;
      format = format == null ? "json" : format;
    }
  }

  /** A broker: a URL in a Secret. */
  public record MqttConnection(
      @Required
          @JsonPropertyDescription(
              "A key that holds a URL, mqtt://host:1883 or mqtts://host:8883. Of the Secret's other keys these are used where"
                  + " they exist: username, password, and with mqtts ca.crt (whom to trust), tls.crt and tls.key (the client's"
                  + " certificate), all in PEM.")
          SecretRef secretRef) {}

  /** Fields for what is said about a message. */
  public record MqttFields(
      @Form.Column @JsonPropertyDescription("A string: the message's topic.") String topic,
      @Form.Column
          @JsonPropertyDescription(
              "A timestamp-micros or timestamp-millis: when the message arrived.")
          String arrivedAt,
      @Form.Column
          @JsonPropertyDescription(
              "A boolean: whether the broker had kept the message for new subscribers.")
          String retained,
      @Form.Column @JsonPropertyDescription("An int: the quality of service it came with.")
          String qos,
      @Form.Column
          @JsonPropertyDescription("Bytes or a string: what a message of format raw holds.")
          String payload) {}

  /** Rows of files in a folder or a bucket. */
  @Union({"schema", "schemaFrom"})
  @ValidationRule(
      value = "has(self.path) != has(self.s3)",
      message = "path: exactly one of path, s3 must be set")
  @ValidationRule(
      value = "!has(self.csv) || self.format == 'csv'",
      message = "csv: goes with format csv only")
  @ValidationRule(
      value =
          "!has(self.compression) || self.compression in ['auto', 'none'] || self.format in ['csv', 'jsonl']",
      message = "compression: is for csv and jsonl: parquet and avro are compressed inside")
  @ValidationRule(
      value = "!has(self.speed) || self.speed <= 0.0 || !has(self.tasks) || self.tasks == 1",
      message = "speed: wants one task: several have no common pace")
  public record FileSource(
      @Size(min = 1, max = 1024)
          @JsonPropertyDescription(
              "Folder where the files are: on a laptop relative to the pipeline directory; on a cluster of Connect's pods.")
          String path,
      @JsonPropertyDescription("A bucket where the files are.") Bucket s3,
      @Size(min = 1, max = 255)
          @JsonPropertyDescription(
              "Which names are read, such as orders-*.csv, or **/*.parquet for folders too. Default *. Names that begin with . or _ never are.")
          String include,
      @Required
          @OneOf({"csv", "jsonl", "parquet", "avro"})
          @JsonPropertyDescription("csv, jsonl (an object a line), parquet or avro.")
          String format,
      @JsonPropertyDescription("What the CSV is like.") Csv csv,
      @Size(min = 1, max = 40) @JsonPropertyDescription("Charset of csv and jsonl; default UTF-8.")
          String charset,
      @OneOf({"auto", "none", "gzip", "zip"})
          @JsonPropertyDescription(
              "How csv and jsonl are packed; auto (default): as names that end in .gz and .zip say.")
          String compression,
      @Size(min = 2, max = 65536)
          @JsonPropertyDescription("Avro schema of the rows; only its fields are read.")
          String schema,
      @JsonPropertyDescription("The schema, from a ConfigMap.") ConfigMapRef schemaFrom,
      @Form.Span
          @JsonPropertyDescription(
              "How often is looked for new files and for what was added; default 10s.")
          String every,
      @OneOf({"name", "modified"})
          @JsonPropertyDescription("In which order files are read: name (default) or modified.")
          String order,
      @Min(0)
          @JsonPropertyDescription(
              "Rows come at their own event times, so many times faster; default 0: as fast as can be. Wants eventTime and one task.")
          Double speed,
      @JsonPropertyDescription(
              "Whether it ends when all files that are there have been read; default false.")
          Boolean once,
      @Min(1)
          @Max(1000)
          @JsonPropertyDescription("Connect tasks, which share the files; default 1.")
          Integer tasks) {}

  /** A bucket of an object store with Amazon's S3 API. */
  @ValidationRule(
      value = "has(self.bucket) || has(self.secretRef)",
      message = "bucket: is missing: without secretRef no Secret names it")
  public record Bucket(
      @Size(min = 1, max = 255)
          @JsonPropertyDescription("Its name; default: the Secret's key 'bucket'.")
          String bucket,
      @Size(min = 1, max = 1024)
          @JsonPropertyDescription("What the objects' keys begin with, such as in/orders/.")
          String prefix,
      @Form.Url
          @JsonPropertyDescription(
              "URL of the store; default: the Secret's key 'endpoint', and without one Amazon's.")
          String endpoint,
      @Size(min = 1, max = 63) @JsonPropertyDescription("Its region; default us-east-1.")
          String region,
      @JsonPropertyDescription(
              "Whether buckets are folders of the URL, and not hosts; default true.")
          Boolean pathStyle,
      @JsonPropertyDescription(
              "Who we are to it: keys 'accessKeyId' and 'secretAccessKey'; without one, as Connect's pods are.")
          NamedSecret secretRef) {}

  /** A Secret in the pipeline's namespace. */
  public record NamedSecret(
      @Required @Form.ResourceName @JsonPropertyDescription("Name of the Secret.") String name) {}

  /** What CSV is like. */
  @ValidationRule(
      value = "!has(self.header) || self.header || (has(self.columns) && self.columns.size() > 0)",
      message = "columns: is missing: without a header nothing says which column is which field")
  public record Csv(
      @Size(min = 1, max = 2)
          @JsonPropertyDescription("What separates cells: one character, or \\t. Default ','.")
          String delimiter,
      @Size(max = 2)
          @JsonPropertyDescription(
              "What encloses cells that hold delimiters or line ends; empty: nothing does. Default '\"'.")
          String quote,
      @Size(max = 2)
          @JsonPropertyDescription(
              "What makes the next character ordinary. Default none: a quotation mark in quotes is doubled.")
          String escape,
      @JsonPropertyDescription("Whether each file begins with a line of names; default true.")
          Boolean header,
      @Size(max = 1000)
          @Form.Values
          @JsonPropertyDescription("Names of the columns, in place of a header's.")
          List<String> columns,
      @Size(max = 40)
          @JsonPropertyDescription("A cell without quotes that says this is null; default empty.")
          String nullText) {
    public Csv {
      columns = columns == null ? List.of() : List.copyOf(columns);
    }
  }

  /** A topic that somebody else writes. */
  @ValidationRule(
      value = "!has(self.schema) || !has(self.schemaFrom)",
      message = "schemaFrom: does not go with schema, which says it already")
  public record Topic(
      @Required
          @Form.TopicName
          @JsonPropertyDescription("The topic's whole name; of another pipeline's stream too.")
          String name,
      @OneOf({"append", "table"})
          @JsonPropertyDescription(
              "append (default): each record is final; table: the latest value of each key, null deletes.")
          String kind,
      @Size(min = 2, max = 65536)
          @JsonPropertyDescription(
              "Avro schema that its records are read with, where the registry has none: with format json or avro-embedded.")
          String schema,
      @JsonPropertyDescription("The schema, from a ConfigMap.") ConfigMapRef schemaFrom) {
    /** Whether its records' schema is given here. */
    public boolean declared() {
      return schema != null || schemaFrom != null;
    }
  }

  /** A key of a ConfigMap in the pipeline's namespace. */
  public record ConfigMapRef(
      @Required @Form.ResourceName @JsonPropertyDescription("Name of the ConfigMap.")
          String configMap,
      @Required @Form.Key @JsonPropertyDescription("Its key.") String key) {}

  /** Which field is the event time, and how far out of order it comes. */
  public record EventTime(
      @Required
          @Form.Column
          @JsonPropertyDescription("A field of type timestamp-micros or timestamp-millis.")
          String field,
      @Form.Duration
          @JsonPropertyDescription(
              "How far out of order records come; what comes later still is set aside as late. Default 0s.")
          String outOfOrder,
      @Form.Duration
          @JsonPropertyDescription(
              "After so long without a record a partition holds nothing back. Default 5m.")
          String idle) {}

  /**
   * How a stream is enriched; exactly one of {@code intervals}, {@code sql}, {@code sqlFrom},
   * {@code app}.
   */
  @Union({"intervals", "sql", "sqlFrom", "app"})
  @ValidationRule(
      value = "!has(self.partitionBy) || self.partitionBy.all(p, p in self.key)",
      message =
          "partitionBy: is not part of the key: records of one key would lie in several partitions")
  public record Transform(
      @Required @Form.StreamName @JsonPropertyDescription("Name of the stream that it yields.")
          String name,
      @JsonPropertyDescription("From an event of a key to its next one.") Intervals intervals,
      @Size(min = 1, max = 65536)
          @JsonPropertyDescription(
              "A SELECT over streams: append streams drive, tables are looked up.")
          String sql,
      @JsonPropertyDescription("The SELECT, from a ConfigMap.") ConfigMapRef sqlFrom,
      @JsonPropertyDescription("A Spark application of one's own, in Java, Scala or Python.")
          App app,
      @Required
          @Size(min = 1, max = 16)
          @Form.Columns
          @JsonPropertyDescription(
              "The fields that identify a record: unique in the stream, and its id in every sink.")
          List<String> key,
      @Size(max = 16)
          @Form.Columns
          @JsonPropertyDescription("Fields of the key that decide the partition; default all.")
          List<String> partitionBy,
      @Min(1)
          @Max(10000)
          @JsonPropertyDescription("Partitions of the topic; default the platform's.")
          Integer partitions,
      @Default("avro")
          @OneOf({"avro", "json", "avro-embedded"})
          @JsonPropertyDescription(
              "What its records are in Kafka: avro (default), with the registry's id of the schema; json, an object;"
                  + " avro-embedded, with the whole schema.")
          String format,
      @JsonPropertyDescription("Which field says when it happened.") EventTime eventTime,
      @Form.Duration
          @JsonPropertyDescription(
              "How long a window's state is kept after its end for records that are late. Default 1h; of an app 0s.")
          String lateness) {
    public Transform {
      key = key == null ? List.of() : List.copyOf(key);
      partitionBy = partitionBy == null ? List.of() : List.copyOf(partitionBy);
      format = format == null ? "avro" : format;
    }

    /** Which of the union's members it is. */
    public String type() {
      return intervals != null ? "intervals" : app != null ? "app" : "sql";
    }
  }

  /** A Spark application of one's own, run as a job of its own. */
  @Union({"schema", "schemaFrom"})
  @ValidationRule(
      value = "self.file.endsWith('.jar') == has(self.mainClass)",
      message = "mainClass: a jar wants one, the class whose main is run; a .py has none")
  @ValidationRule(
      value = "self.from.all(f, self.from.exists_one(g, g == f))",
      message = "from: a stream is there twice")
  public record App(
      @Required
          @Form.AppFile
          @JsonPropertyDescription(
              "A jar, or a program in Python: on a laptop relative to the pipeline directory, on a cluster to the Platform's"
                  + " spark.appsPath in the image.")
          String file,
      @Form.ClassName @JsonPropertyDescription("Of a jar: the class whose main is run.")
          String mainClass,
      @Size(max = 32)
          @Form.Values
          @JsonPropertyDescription(
              "Arguments. Every user of the machine may see them: no place for secrets.")
          List<String> args,
      @Required
          @Size(min = 1, max = 16)
          @Form.StreamNames
          @JsonPropertyDescription(
              "The streams that it reads: append streams drive it, and one must be among them; tables it looks up.")
          List<String> from,
      @Size(min = 2, max = 65536)
          @JsonPropertyDescription("Avro schema of the rows that it writes.")
          String schema,
      @JsonPropertyDescription("The schema, from a ConfigMap.") ConfigMapRef schemaFrom,
      @Default("append")
          @OneOf({"append", "table"})
          @JsonPropertyDescription(
              "append (default): each row is final; table: the latest of each key is what holds.")
          String kind,
      @Size(min = 1, max = 512)
          @JsonPropertyDescription(
              "Image on a cluster that holds the file; default the Platform's for Spark.")
          String image,
      @Min(0)
          @Max(1_000_000)
          @JsonPropertyDescription(
              "Another number has it begin from the start, with consent to state-loss: after a change of what it remembers, say.")
          Integer stateVersion) {
    public App {
      args = args == null ? List.of() : List.copyOf(args);
      from = from == null ? List.of() : List.copyOf(from);
      kind = kind == null ? "append" : kind;
    }

    /** Whether it is a program in Python, and not a jar. */
    public boolean python() {
      return file.endsWith(".py");
    }
  }

  /** From an event of a key to its next one. */
  @ValidationRule(
      value = "!has(self.close) || self.close.all(c, !(c in self.open))",
      message =
          "close: a value is in open too: an event that opens an interval always ends the one before")
  public record Intervals(
      @Required @Form.StreamName @JsonPropertyDescription("The stream of events.") String from,
      @Required
          @Size(min = 1, max = 16)
          @Form.Columns
          @JsonPropertyDescription("Fields that tell the keys apart.")
          List<String> by,
      @Required @Form.Column @JsonPropertyDescription("Field that says what an event does.")
          String type,
      @Required
          @Size(min = 1, max = 64)
          @Form.Values
          @JsonPropertyDescription("Values of type that begin an interval, and end the one before.")
          List<String> open,
      @Size(max = 64) @Form.Values @JsonPropertyDescription("Values of type that end one.")
          List<String> close,
      @Size(max = 64) @Form.Columns @JsonPropertyDescription("Fields of the opening event to keep.")
          List<String> carry,
      @Form.Span
          @JsonPropertyDescription(
              "Cut at each multiple of it, so that a long interval is seen piece by piece.")
          String slice,
      @Required @Form.Span @JsonPropertyDescription("An interval without an end ends after this.")
          String timeout) {
    public Intervals {
      by = by == null ? List.of() : List.copyOf(by);
      open = open == null ? List.of() : List.copyOf(open);
      close = close == null ? List.of() : List.copyOf(close);
      carry = carry == null ? List.of() : List.copyOf(carry);
    }
  }

  /** Where a stream goes; exactly one of {@code elasticsearch}. */
  @Union({"elasticsearch"})
  public record Sink(
      @Required @Form.Name @JsonPropertyDescription("Name of the sink.") String name,
      @Required @Form.StreamName @JsonPropertyDescription("The stream that is written.")
          String from,
      @JsonPropertyDescription("An index; a record's key is its document's id.")
          Elasticsearch elasticsearch) {}

  /** An index. */
  public record Elasticsearch(
      @Required @Form.IndexName @JsonPropertyDescription("Name of the index.") String index,
      @Form.Duration @JsonPropertyDescription("How soon what was written is found; default 1s.")
          String refresh,
      @Min(1) @Max(1000) @JsonPropertyDescription("Connect tasks; default 1.") Integer tasks) {}

  /** Kibana's saved objects in a ConfigMap. */
  public record Dashboard(
      @Required @Form.Name @JsonPropertyDescription("Name of the entry.") String name,
      @Required
          @JsonPropertyDescription("A ConfigMap, all of whose keys are NDJSON exports of Kibana.")
          DashboardRef configMap) {}

  /** A ConfigMap, all of whose keys are NDJSON exports. */
  public record DashboardRef(
      @Required @Form.ResourceName @JsonPropertyDescription("Name of the ConfigMap.")
          String name) {}

  /** What was observed. */
  public record Status(
      @JsonPropertyDescription("The generation of the spec that this is about.")
          Long observedGeneration,
      @JsonPropertyDescription(
              "Accepted, ResolvedRefs, Progressing, Ready, Drift: as the Kubernetes API conventions have them.")
          List<Condition> conditions,
      @Size(max = 200) @JsonPropertyDescription("Each source, transform, sink and dashboard.")
          List<ComponentStatus> components,
      @JsonPropertyDescription("What is not applied before somebody agrees; absent if nothing is.")
          PendingPlan plan,
      @JsonPropertyDescription("What was agreed to, until all of it is applied.")
          PendingPlan consented) {}

  /** A plan that loses state or data, or takes over what others made. */
  public record PendingPlan(
      @Required
          @Size(max = 64)
          @JsonPropertyDescription(
              "To agree: annotate the Pipeline with millrace.dev/consent=<this hash>.")
          String hash,
      @Size(max = 64)
          @JsonPropertyDescription(
              "What it takes to agree to: state-loss, data-loss, adopt; separated by commas.")
          String needs) {}

  /** What was observed of a component. */
  public record ComponentStatus(
      @Required @JsonPropertyDescription("Its name in the spec.") String name,
      @JsonPropertyDescription("What it is, such as cdc, intervals, elasticsearch.") String kind,
      @JsonPropertyDescription(
              "ready, waiting, paused, failed, ended, or consent: a change of it waits for somebody to agree.")
          String state,
      @JsonPropertyDescription("Why, where it is not ready.") String message) {}
}
