package dev.millrace.planner;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.Durations;
import dev.millrace.model.Pipeline;
import dev.millrace.model.Pipeline.ConfigMapRef;
import dev.millrace.model.Pipeline.EventTime;
import dev.millrace.model.Pipeline.Intervals;
import dev.millrace.model.Pipeline.Sink;
import dev.millrace.model.Pipeline.Source;
import dev.millrace.model.Pipeline.Table;
import dev.millrace.model.Pipeline.Transform;
import dev.millrace.model.Platform;
import dev.millrace.model.Problem;
import dev.millrace.model.Rest;
import dev.millrace.planner.SchemaCatalog.SqlAnalysis;
import dev.millrace.planner.SchemaCatalog.SqlRequest;
import dev.millrace.planner.SchemaCatalog.SqlStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.avro.Schema;

/** One planning: what is found on the way, and the resources so far. */
final class Planning {
  /** Names after FROM and JOIN: enough to know in which order transforms are planned. */
  private static final Pattern READS =
      Pattern.compile("(?i)\\b(?:from|join)\\s+`?([a-z][a-z0-9_]*)`?");

  private static final int DEFAULT_IDLE_MS = 300_000;
  private static final long DEFAULT_LATENESS_MS = 3_600_000;
  private static final long APPEND_RETENTION_MS = 7L * 24 * 3_600_000;

  private final Pipeline pipeline;
  private final Pipeline.Spec spec;
  private final Platform.Spec platform;
  private final SecretFiles mounted;
  private final SchemaCatalog catalog;
  private final String topicPrefix;
  private final List<Problem> problems = new ArrayList<>();
  private final Map<String, String> waiting = new LinkedHashMap<>();
  private final Map<String, Read> streams = new LinkedHashMap<>();
  private final List<Resource> topics = new ArrayList<>();
  private final List<Resource> subjects = new ArrayList<>();
  private final List<Resource> sources = new ArrayList<>();
  private final List<Resource> templates = new ArrayList<>();
  private final List<Resource> sinks = new ArrayList<>();
  private final List<ObjectNode> transforms = new ArrayList<>();
  private final Map<String, Map<String, List<SchemaCatalog.Column>>> lineage =
      new LinkedHashMap<>();
  private final Set<String> readByJob = new LinkedHashSet<>();

  /** A stream and what a reader must know of it. */
  private record Read(
      Plan.Stream stream,
      Optional<EventTime> eventTime,
      Optional<String> validFrom,
      Optional<String> validTo) {
    List<String> keyFields() {
      return stream.keySchema().map(Schemas::fields).orElse(List.of());
    }
  }

  Planning(Pipeline pipeline, Platform.Spec platform, SchemaCatalog catalog) {
    this.pipeline = pipeline;
    this.spec = pipeline.getSpec();
    this.platform = platform;
    this.mounted = new SecretFiles(platform.connect().secretsPath());
    this.catalog = catalog;
    this.topicPrefix = platform.prefix() + pipeline.name() + ".";
  }

  Plan plan() {
    problems.addAll(Validation.of(spec));
    if (!problems.isEmpty()) {
      return new Plan(
          List.of(), List.of(), Map.of(), List.copyOf(problems), marksTopic(), Map.of(), List.of());
    }
    topics.add(
        new Resource.Topic(
            marksTopic(),
            pipeline.name(),
            1,
            platform.kafka().replicas(),
            Map.of("cleanup.policy", "compact")));
    for (int i = 0; i < spec.sources().size(); i++) {
      source("spec.sources[" + i + "]", spec.sources().get(i));
    }
    for (int i : inOrder()) {
      transform("spec.transforms[" + i + "]", spec.transforms().get(i));
    }
    spec.sinks().forEach(this::sink);
    Dashboards dashboards = new Dashboards(pipeline, platform, catalog);
    dashboards.plan();
    problems.addAll(dashboards.problems());
    waiting.putAll(dashboards.waiting());
    List<Resource> all = new ArrayList<>(topics);
    all.addAll(subjects);
    all.addAll(templates);
    all.addAll(sources);
    all.addAll(jobs());
    all.addAll(sinks);
    all.addAll(dashboards.resources());
    return new Plan(
        problems.isEmpty() ? List.copyOf(all) : List.of(),
        streams.values().stream().map(Read::stream).toList(),
        Collections.unmodifiableMap(waiting),
        List.copyOf(problems),
        marksTopic(),
        Collections.unmodifiableMap(lineage),
        dashboards.warnings());
  }

  private String marksTopic() {
    return topicPrefix + "millrace-marks";
  }

  // ---- sources

  private void source(String path, Source source) {
    if (source.cdc() != null) {
      cdc(path + ".cdc", source);
    } else if (source.datagen() != null) {
      datagen(path, source);
    } else if (source.files() != null) {
      files(path, source);
    } else if (source.rest() != null) {
      rest(path, source);
    } else if (source.mqtt() != null) {
      mqtt(path, source);
    } else {
      Optional<SchemaCatalog.StreamSchema> schema = topicSchema(path, source);
      declare(
          source.name(),
          source.name(),
          source.topic().name(),
          source.topic().kind() == null ? "append" : source.topic().kind(),
          source.format(),
          schema.map(SchemaCatalog.StreamSchema::value),
          schema.flatMap(SchemaCatalog.StreamSchema::key),
          false,
          false,
          Optional.empty(),
          Optional.ofNullable(source.eventTime()),
          Optional.empty());
      schema.ifPresent(s -> eventTimeField(path + ".eventTime", source.eventTime(), s.value()));
    }
  }

  /** What the records of somebody else's topic are read with, as far as it is known. */
  private Optional<SchemaCatalog.StreamSchema> topicSchema(String path, Source source) {
    Pipeline.Topic topic = source.topic();
    if (!topic.declared()) {
      Optional<SchemaCatalog.StreamSchema> known =
          resolve(catalog.stream(topic.name()), path + ".topic.name", source.name());
      if (known.isEmpty() && !source.format().equals("avro")) {
        waiting.computeIfPresent(
            source.name(),
            (n, why) -> why + "; if it never will be, topic.schema declares what is read");
      }
      known.ifPresent(k -> jsonSchema(path + ".format", source.format(), k.value()));
      return known;
    }
    Optional<String> text =
        topic.schema() != null
            ? Optional.of(topic.schema())
            : config(path + ".topic.schemaFrom", topic.schemaFrom(), source.name());
    return text.flatMap(t -> declaredSchema(path + ".topic.schema", t))
        .filter(s -> jsonSchema(path + ".topic.schema", source.format(), s))
        .filter(s -> fields(path + ".key", source.key(), s))
        .map(
            s ->
                new SchemaCatalog.StreamSchema(
                    s,
                    source.key().isEmpty()
                        ? Optional.empty()
                        : Optional.of(Schemas.key(s, source.key()))));
  }

  /** Whether records of a schema can be of a format; says what is wrong otherwise. */
  private boolean jsonSchema(String path, String format, Schema schema) {
    Optional<String> union =
        format.equals("json") ? Schemas.severalTypes(schema) : Optional.empty();
    union.ifPresent(
        field ->
            problems.add(
                Problem.of(
                    path,
                    "field '"
                        + field
                        + "' has several types besides null, which JSON does not tell apart:"
                        + " expected format avro or avro-embedded, or one type")));
    return union.isEmpty();
  }

  private void datagen(String path, Source source) {
    Pipeline.Datagen datagen = source.datagen();
    Optional<String> text =
        datagen.schema() != null
            ? Optional.of(datagen.schema())
            : config(path + ".datagen.schemaFrom", datagen.schemaFrom(), source.name());
    // A stream with a wrong schema is declared all the same, or whatever reads it would be wrong
    // too.
    Optional<Schema> schema = text.flatMap(t -> declaredSchema(path + ".datagen.schema", t));
    boolean bounded = datagen.count() != null && datagen.count() > 0;
    Optional<Map<String, String>> declared = declared(path, source, schema, bounded, false);
    if (declared.isEmpty()) {
      return;
    }
    Map<String, String> config = declared.get();
    config.put("connector.class", "dev.millrace.connect.datagen.DatagenSourceConnector");
    config.put("tasks.max", Integer.toString(datagen.tasks() == null ? 1 : datagen.tasks()));
    config.put("schema", text.get());
    put(config, "seed", datagen.seed());
    put(config, "rate", datagen.rate());
    put(config, "count", datagen.count());
    put(config, "clock", datagen.clock());
    put(config, "start", datagen.start());
    put(config, "duplicates", datagen.duplicates());
    if (source.eventTime() != null) {
      config.put("event.time.field", source.eventTime().field());
    }
    if (datagen.outOfOrder() != null) {
      config.put("out.of.order", datagen.outOfOrder().share() + ":" + datagen.outOfOrder().max());
    }
    if (datagen.late() != null) {
      config.put("late", datagen.late().share() + ":" + datagen.late().by());
    }
    if (datagen.entities() != null) {
      config.put("entities", datagen.entities().toString());
    }
    sources.add(new Resource.Connector(config.get("topic"), source.name(), config));
  }

  private void rest(String path, Source source) {
    Rest rest = source.rest();
    RestSource planned = new RestSource(rest, mounted);
    Optional<String> text =
        rest.schema() != null
            ? Optional.of(rest.schema())
            : config(path + ".rest.schemaFrom", rest.schemaFrom(), source.name());
    Optional<Schema> schema = text.flatMap(t -> declaredSchema(path + ".rest.schema", t));
    Optional<Map<String, String>> declared =
        declared(path, source, schema, rest.backfill() != null, source.kind().equals("table"));
    Optional<String> items = items(path + ".rest.each", source);
    boolean there = true;
    for (Map.Entry<String, RestSource.Needed> needed : planned.secrets(path + ".rest").entrySet()) {
      there &=
          resolve(
                  catalog.secret(needed.getValue().secret(), needed.getValue().keys()),
                  needed.getKey(),
                  source.name())
              .isPresent();
    }
    if (declared.isEmpty()
        || !there
        || (rest.each() != null && items.isEmpty())
        || !fields(path + ".rest.fields", List.copyOf(rest.fields().keySet()), schema.get())) {
      return;
    }
    Map<String, String> config = declared.get();
    config.putAll(planned.settings(items));
    config.put("dead.letter.topic", deadLetters(config.get("topic"), source.name()));
    sources.add(new Resource.Connector(config.get("topic"), source.name(), config));
  }

  private Optional<String> items(String path, Source source) {
    Rest.Each each = source.rest().each();
    if (each == null) {
      return Optional.empty();
    }
    List<String> wrong = new ArrayList<>();
    Optional<String> items = Optional.empty();
    String at = each.items() != null ? path + ".items" : path + ".itemsFrom";
    if (each.items() != null) {
      items = RestSource.items(each.items(), wrong);
    } else {
      Optional<String> text = config(at, each.itemsFrom(), source.name());
      try {
        if (text.isPresent()) {
          items = RestSource.items(Schemas.JSON.readTree(text.get()), wrong);
        }
      } catch (JsonProcessingException e) {
        wrong.add("is not JSON: " + e.getOriginalMessage());
      }
    }
    wrong.forEach(w -> problems.add(Problem.of(at, w)));
    return items;
  }

  private void mqtt(String path, Source source) {
    Pipeline.Mqtt mqtt = source.mqtt();
    Optional<String> text =
        mqtt.schema() != null
            ? Optional.of(mqtt.schema())
            : config(path + ".mqtt.schemaFrom", mqtt.schemaFrom(), source.name());
    Optional<Schema> schema = text.flatMap(t -> declaredSchema(path + ".mqtt.schema", t));
    Optional<Map<String, String>> declared = declared(path, source, schema, false, false);
    schema.ifPresent(s -> problems.addAll(MqttSettings.check(path + ".mqtt", mqtt, s)));
    Optional<SchemaCatalog.ConnectionFacts> facts =
        resolve(
            catalog.connection(mqtt.connection().secretRef()),
            path + ".mqtt.connection.secretRef",
            source.name());
    if (declared.isEmpty() || facts.isEmpty()) {
      return;
    }
    if (!Set.of("mqtt", "mqtts").contains(facts.get().scheme())) {
      problems.add(
          Problem.of(
              path + ".mqtt.connection",
              "scheme '" + facts.get().scheme() + "' of its URL: expected mqtt or mqtts"));
      return;
    }
    Map<String, String> config = declared.get();
    String topic = config.get("topic");
    config.putAll(MqttSettings.of(mqtt, facts.get(), mounted));
    config.put("dead.letter.topic", deadLetters(topic, source.name()));
    sources.add(new Resource.Connector(topic, source.name(), config));
  }

  private void files(String path, Source source) {
    Pipeline.FileSource files = source.files();
    Optional<String> text =
        files.schema() != null
            ? Optional.of(files.schema())
            : config(path + ".files.schemaFrom", files.schemaFrom(), source.name());
    Optional<Schema> schema = text.flatMap(t -> declaredSchema(path + ".files.schema", t));
    boolean once = Boolean.TRUE.equals(files.once());
    Optional<Map<String, String>> declared =
        declared(path, source, schema, once, source.kind().equals("table"));
    if (declared.isEmpty()) {
      return;
    }
    Map<String, String> config = declared.get();
    String topic = config.get("topic");
    config.put("connector.class", "dev.millrace.connect.files.FilesSourceConnector");
    config.put("tasks.max", Integer.toString(files.tasks() == null ? 1 : files.tasks()));
    config.put("dead.letter.topic", deadLetters(topic, source.name()));
    config.put("report.topic", topic + ".files");
    topics.add(
        new Resource.Topic(
            topic + ".files",
            source.name(),
            1,
            platform.kafka().replicas(),
            Map.of(
                "cleanup.policy", "delete", "retention.ms", Long.toString(APPEND_RETENTION_MS))));
    if (files.path() != null) {
      config.put("path", folder(path + ".files.path", files.path()));
    } else if (!bucket(path + ".files.s3", source.name(), config, files.s3())) {
      return;
    }
    config.put("format", files.format());
    put(config, "include", files.include());
    put(config, "charset", files.charset());
    put(config, "compression", files.compression());
    if (files.csv() != null) {
      csv(config, files.csv());
    }
    if (files.every() != null) {
      config.put("poll.interval.ms", Long.toString(millis(files.every(), 0)));
    }
    put(config, "order", files.order());
    if (files.speed() != null && files.speed() > 0) {
      config.put("speed", files.speed().toString());
      config.put("event.time.field", source.eventTime().field());
    }
    config.put("once", Boolean.toString(once));
    sources.add(new Resource.Connector(topic, source.name(), config));
  }

  /** A folder of Connect's machines; a relative one is under what the platform says. */
  private String folder(String path, String given) {
    String root = platform.connect().filesPath();
    if (!given.startsWith("/") && root == null) {
      problems.add(
          Problem.of(
              path,
              "'"
                  + given
                  + "' is relative, and the Platform's connect.filesPath does not say to what: give the folder's whole path in Connect's pods"));
      return given;
    }
    return given.startsWith("/") ? given : root.replaceAll("/+$", "") + "/" + given;
  }

  /** Where the objects are; false while that is not known. */
  private boolean bucket(
      String path, String component, Map<String, String> config, Pipeline.Bucket s3) {
    put(config, "s3.bucket", s3.bucket());
    put(config, "s3.prefix", s3.prefix());
    put(config, "s3.region", s3.region());
    put(config, "s3.path.style.access", s3.pathStyle());
    put(config, "s3.endpoint", s3.endpoint());
    if (s3.secretRef() == null) {
      return true;
    }
    String secret = s3.secretRef().name();
    Optional<Set<String>> keys =
        resolve(catalog.secretKeys(secret), path + ".secretRef", component);
    if (keys.isEmpty()) {
      return false;
    }
    Map<String, String> wanted = new TreeMap<>();
    wanted.put("s3.access.key.id", "accessKeyId");
    wanted.put("s3.secret.access.key", "secretAccessKey");
    if (s3.bucket() == null) {
      wanted.put("s3.bucket", "bucket");
    }
    if (s3.endpoint() == null && keys.get().contains("endpoint")) {
      wanted.put("s3.endpoint", "endpoint");
    }
    for (Map.Entry<String, String> want : wanted.entrySet()) {
      if (!keys.get().contains(want.getValue())) {
        problems.add(
            Problem.of(
                path + ".secretRef",
                "Secret '"
                    + secret
                    + "' has no key '"
                    + want.getValue()
                    + "'; it has "
                    + String.join(", ", keys.get())));
        return false;
      }
      config.put(want.getKey(), mounted.value(secret, want.getValue()));
    }
    return true;
  }

  private static void csv(Map<String, String> config, Pipeline.Csv csv) {
    put(config, "csv.delimiter", csv.delimiter());
    if (csv.quote() != null) {
      // Empty is something else than not given.
      config.put("csv.quote", csv.quote());
    }
    put(config, "csv.escape", csv.escape());
    put(config, "csv.header", csv.header());
    put(config, "csv.columns", String.join(",", csv.columns()));
    put(config, "csv.null", csv.nullText());
  }

  /**
   * Plans topic and subjects of a source whose records' schema is declared.
   *
   * @param bounded whether it ends by itself
   * @param snapshot whether it is a table whose connector says when its first snapshot is complete
   * @return what its connector's configuration has in common with others', to be added to; empty
   *     while the schema is not known or wrong
   */
  private Optional<Map<String, String>> declared(
      String path, Source source, Optional<Schema> schema, boolean bounded, boolean snapshot) {
    String topic = topicPrefix + source.name();
    Optional<Schema> key =
        schema
            .filter(s -> !source.key().isEmpty() && fields(path + ".key", source.key(), s))
            .map(s -> Schemas.key(s, source.key()));
    declare(
        source.name(),
        source.name(),
        topic,
        source.kind(),
        source.format(),
        schema,
        key,
        bounded,
        snapshot,
        Optional.of(topic),
        Optional.ofNullable(source.eventTime()),
        Optional.empty());
    if (schema.isEmpty() || (key.isEmpty() && !source.key().isEmpty())) {
      return Optional.empty();
    }
    eventTimeField(path + ".eventTime", source.eventTime(), schema.get());
    fields(path + ".partitionBy", source.partitionBy(), schema.get());
    jsonSchema(path + ".format", source.format(), schema.get());
    int partitions = partitions(source.partitions());
    topic(topic, source.name(), source.kind(), partitions);
    subject(topic + "-value", source.name(), schema.get());
    key.ifPresent(k -> subject(topic + "-key", source.name(), k));
    Map<String, String> config = new TreeMap<>();
    config.put("topic", topic);
    config.put("schema", schema.get().toString());
    config.putAll(mounted.registry(platform.schemaRegistry()));
    config.put("partitions", Integer.toString(partitions));
    put(config, "key.fields", String.join(",", source.key()));
    put(config, "partition.by", String.join(",", source.partitionBy()));
    if (snapshot) {
      config.put("snapshot.mark", "true");
    }
    converters(config, source.format(), List.of(topic));
    produced(config);
    return Optional.of(config);
  }

  /** The topic of what can not be read or written for a source or sink. */
  private String deadLetters(String of, String component) {
    topics.add(
        new Resource.Topic(
            of + ".dead",
            component,
            1,
            platform.kafka().replicas(),
            Map.of(
                "cleanup.policy", "delete", "retention.ms", Long.toString(APPEND_RETENTION_MS))));
    return of + ".dead";
  }

  private Optional<Schema> declaredSchema(String path, String text) {
    String problem;
    try {
      Schema parsed = Schemas.withoutAnnotations(text);
      if (parsed.getType() == Schema.Type.RECORD) {
        return Optional.of(parsed);
      }
      problem = "is a " + parsed.getType() + ", not a record";
    } catch (JsonProcessingException e) {
      problem = "is not JSON: " + e.getOriginalMessage();
    } catch (RuntimeException e) {
      problem = "is not an Avro schema: " + e.getMessage();
    }
    problems.add(Problem.of(path, problem));
    return Optional.empty();
  }

  /** What every source connector has: large batches, little waiting, no record twice. */
  private static void produced(Map<String, String> config) {
    config.put("exactly.once.support", "requested");
    config.put("producer.override.linger.ms", "5");
    config.put("producer.override.batch.size", "262144");
    config.put("producer.override.compression.type", "lz4");
  }

  /** Bytes as the connector makes them: framed Avro, which becomes what the stream's format is. */
  private void converters(Map<String, String> config, String format, List<String> topics) {
    for (String side : List.of("key", "value")) {
      String converter = side + ".converter";
      if (format.equals("avro")) {
        config.put(converter, "org.apache.kafka.connect.converters.ByteArrayConverter");
        continue;
      }
      config.put(converter, "dev.millrace.registry.connect.FormatConverter");
      config.put(converter + ".format", format);
      config.put(converter + ".topics", String.join(",", topics));
      mounted
          .registry(platform.schemaRegistry())
          .forEach((key, value) -> config.put(converter + "." + key, value));
    }
  }

  private static void put(Map<String, String> config, String key, Object value) {
    if (value != null && !value.toString().isEmpty()) {
      config.put(key, value.toString());
    }
  }

  private void cdc(String path, Source source) {
    Pipeline.SecretRef ref = source.cdc().connection().secretRef();
    Optional<SchemaCatalog.ConnectionFacts> facts =
        resolve(catalog.connection(ref), path + ".connection.secretRef", source.name());
    String name = topicPrefix + source.name();
    for (int i = 0; i < source.cdc().tables().size(); i++) {
      Table table = source.cdc().tables().get(i);
      String topic = topicPrefix + table.name();
      topic(topic, source.name(), "table", partitions(source.partitions()));
      Known<SchemaCatalog.StreamSchema> known =
          facts.isPresent()
              ? catalog.stream(topic)
              : new Known.Waiting<>("the connection of " + source.name());
      Optional<SchemaCatalog.StreamSchema> schema =
          known instanceof Known.Yes<SchemaCatalog.StreamSchema> yes
              ? Optional.of(yes.value())
              : Optional.empty();
      declare(
          table.name(),
          source.name(),
          topic,
          "table",
          source.format(),
          schema.map(SchemaCatalog.StreamSchema::value),
          schema.flatMap(SchemaCatalog.StreamSchema::key),
          false,
          true,
          Optional.of(name),
          Optional.empty(),
          Optional.of(table));
      if (schema.isPresent() && table.validFrom() != null) {
        fields(
            path + ".tables[" + i + "]",
            List.of(table.validFrom(), table.validTo()),
            schema.get().value());
      }
      for (String side : List.of("-key", "-value")) {
        subjects.add(
            new Resource.Subject(topic + side, source.name(), "BACKWARD", Optional.empty()));
      }
    }
    facts
        .flatMap(f -> Debezium.of(f, name, path + ".connection", problems))
        .ifPresent(
            debezium -> {
              topics.addAll(debezium.topics(source.name(), platform.kafka().replicas()));
              Map<String, String> config =
                  new TreeMap<>(debezium.config(source.cdc(), platform, mounted));
              config.putAll(rows(source, name, debezium));
              produced(config);
              sources.add(new Resource.Connector(name, source.name(), config));
            });
  }

  /** From what Debezium hands over to rows as they are in the streams. */
  private Map<String, String> rows(Source source, String name, Debezium debezium) {
    Map<String, String> config = new TreeMap<>();
    config.put("transforms", "rows");
    config.put("transforms.rows.type", "dev.millrace.registry.connect.TableRows");
    config.put(
        "transforms.rows.topics",
        source.cdc().tables().stream()
            .map(t -> name + "." + t.table() + ":" + topicPrefix + t.name())
            .collect(Collectors.joining(",")));
    debezium
        .heartbeats()
        .ifPresent(from -> config.put("transforms.rows.others", from + ":" + name + ".heartbeat"));
    put(config, "transforms.rows.metadata", String.join(",", source.cdc().metadata()));
    config.put("transforms.rows.dead.letter.topic", deadLetters(name, source.name()));
    put(config, "transforms.rows.tables", columns(source.cdc()));
    put(config, "millrace.reread", source.cdc().reread());
    if (source.cdc().salt() != null) {
      Pipeline.SaltRef salt = source.cdc().salt().secretRef();
      config.put("transforms.rows.mask.salt", mounted.value(salt.name(), salt.key()));
    }
    mounted
        .registry(platform.schemaRegistry())
        .forEach((key, value) -> config.put("transforms.rows." + key, value));
    converters(
        config,
        source.format(),
        source.cdc().tables().stream().map(t -> topicPrefix + t.name()).toList());
    config.put("header.converter", "org.apache.kafka.connect.storage.StringConverter");
    return config;
  }

  /** What is left out and masked, by topic; empty where nothing is. */
  private String columns(Pipeline.Cdc cdc) {
    ObjectNode all = Schemas.JSON.createObjectNode();
    for (Table table : cdc.tables()) {
      ObjectNode rules = Schemas.JSON.createObjectNode();
      if (table.columns() != null) {
        rules.set("columns", Schemas.array(table.columns()));
      }
      if (table.exclude() != null) {
        rules.set("exclude", Schemas.array(table.exclude()));
      }
      for (Pipeline.Mask mask : table.mask()) {
        ObjectNode how = rules.withObject("/mask").putObject(mask.column());
        how.put("with", mask.with());
        if (mask.text() != null) {
          how.put("text", mask.text());
        }
      }
      if (!rules.isEmpty()) {
        all.set(topicPrefix + table.name(), rules);
      }
    }
    return all.isEmpty() ? "" : all.toString();
  }

  // ---- transforms

  /** Indexes of the transforms, each after those whose streams it reads. */
  private List<Integer> inOrder() {
    Map<String, Integer> indexes = new LinkedHashMap<>();
    for (int i = 0; i < spec.transforms().size(); i++) {
      indexes.put(spec.transforms().get(i).name(), i);
    }
    List<Integer> order = new ArrayList<>();
    for (String name : indexes.keySet()) {
      visit(name, indexes, new LinkedHashSet<>(), order);
    }
    return order;
  }

  private void visit(
      String name, Map<String, Integer> indexes, LinkedHashSet<String> path, List<Integer> order) {
    Integer index = indexes.get(name);
    if (index == null || order.contains(index)) {
      return;
    }
    if (!path.add(name)) {
      List<String> cycle = new ArrayList<>(path);
      String shown =
          String.join(" -> ", cycle.subList(cycle.indexOf(name), cycle.size())) + " -> " + name;
      String message = "reads itself: " + shown;
      if (problems.stream().noneMatch(p -> p.message().startsWith("reads itself"))) {
        problems.add(Problem.of("spec.transforms[" + index + "]", message));
      }
      return;
    }
    for (String read : reads(spec.transforms().get(index))) {
      visit(read, indexes, path, order);
    }
    path.remove(name);
    if (!order.contains(index)) {
      order.add(index);
    }
  }

  private Set<String> reads(Transform transform) {
    if (transform.intervals() != null) {
      return Set.of(transform.intervals().from());
    }
    if (transform.app() != null) {
      return new LinkedHashSet<>(transform.app().from());
    }
    String sql = transform.sql();
    if (sql == null && catalog.config(transform.sqlFrom()) instanceof Known.Yes<String> yes) {
      sql = yes.value();
    }
    Set<String> reads = new LinkedHashSet<>();
    if (sql != null) {
      Matcher matcher = READS.matcher(withoutComments(sql));
      while (matcher.find()) {
        reads.add(matcher.group(1).toLowerCase(Locale.ROOT));
      }
    }
    return reads;
  }

  private static String withoutComments(String sql) {
    return sql.replaceAll("--[^\\n]*", " ").replaceAll("(?s)/\\*.*?\\*/", " ");
  }

  private void transform(String path, Transform transform) {
    // Known to what comes after it even where it can not be planned.
    declareOutput(transform, "append", Optional.empty(), List.of());
    if (transform.intervals() != null
        && unknown(transform, List.of(transform.intervals().from()))) {
      return;
    }
    if (transform.intervals() != null) {
      intervals(path, transform);
    } else if (transform.app() != null) {
      app(path, transform);
    } else {
      sql(path, transform);
    }
  }

  /** Notes that a transform waits if one of the streams that it reads has no schema yet. */
  private boolean unknown(Transform transform, List<String> reads) {
    for (String read : reads) {
      Read stream = streams.get(read);
      if (stream != null && stream.stream().schema().isEmpty()) {
        String why = waiting.get(stream.stream().component());
        waiting.put(
            transform.name(),
            "the schema of " + read + " is not known yet" + (why == null ? "" : ": " + why));
        return true;
      }
    }
    return false;
  }

  private void intervals(String path, Transform transform) {
    Intervals intervals = transform.intervals();
    Read from = streams.get(intervals.from());
    Schema input = from.stream().schema().orElseThrow();
    int before = problems.size();
    if (!from.stream().kind().equals("append")) {
      problems.add(
          Problem.of(
              path + ".intervals.from",
              "'" + intervals.from() + "' is a table; intervals are made from events"));
    }
    if (from.eventTime().isEmpty()) {
      problems.add(
          Problem.of(
              path + ".intervals.from",
              "'" + intervals.from() + "' has no eventTime: declare which field says when"));
    }
    fields(path + ".intervals.by", intervals.by(), input);
    fields(path + ".intervals.type", List.of(intervals.type()), input);
    fields(path + ".intervals.carry", intervals.carry(), input);
    if (problems.size() > before) {
      return;
    }
    if (Schemas.notNull(input.getField(intervals.type()).schema()).getType()
        != Schema.Type.STRING) {
      problems.add(
          Problem.of(
              path + ".intervals.type",
              "field '"
                  + intervals.type()
                  + "' is no string: its values are compared with open and close"));
      return;
    }
    List<Schema.Field> fields = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (String field : concat(intervals.by(), intervals.carry())) {
      if (names.add(field)) {
        fields.add(new Schema.Field(field, input.getField(field).schema()));
      }
    }
    for (String time : List.of("started_at", "ended_at", "opened_at")) {
      fields.add(new Schema.Field(time, Schemas.timestampMicros()));
    }
    fields.add(new Schema.Field("ended_by", Schema.create(Schema.Type.STRING)));
    Schema output =
        following(
            transform,
            Schema.createRecord(
                Schemas.recordName(transform.name()), null, namespace(), false, fields));
    List<String> identity = new ArrayList<>(intervals.by());
    identity.add("started_at");
    if (!fields(path + ".key", transform.key(), output)) {
      return;
    }
    if (!new HashSet<>(transform.key()).containsAll(identity)) {
      problems.add(
          Problem.of(
              path + ".key",
              transform.key() + " is not unique: an interval is identified by " + identity));
      return;
    }
    ObjectNode node = transformNode(path, transform, "append", output, List.of(intervals.from()));
    if (node == null) {
      return;
    }
    ObjectNode out = node.putObject("intervals");
    out.put("from", intervals.from());
    out.set("by", Schemas.array(intervals.by()));
    out.put("type", intervals.type());
    out.set("open", Schemas.array(intervals.open()));
    out.set("close", Schemas.array(intervals.close()));
    out.set("carry", Schemas.array(intervals.carry()));
    out.put("timeoutMs", millis(intervals.timeout(), 0));
    if (intervals.slice() != null) {
      out.put("sliceMs", millis(intervals.slice(), 0));
    }
    // Of the input only what is kept: a column that is added to it changes no state.
    List<String> kept = new ArrayList<>(concat(intervals.by(), intervals.carry()));
    kept.add(intervals.type());
    from.eventTime().ifPresent(e -> kept.add(e.field()));
    node.put(
        "stateHash",
        Hashes.of(
            inputState(intervals.from())
                + out
                + types(input, kept.stream().distinct().toList())
                + shufflePartitions()
                + formatState(transform)));
    lineage.put(
        transform.name(), intervalsLineage(intervals, from.eventTime().orElseThrow().field()));
    transforms.add(node);
  }

  private void app(String path, Transform transform) {
    Pipeline.App app = transform.app();
    String at = path + ".app";
    Optional<String> text =
        app.schema() != null
            ? Optional.of(app.schema())
            : config(at + ".schemaFrom", app.schemaFrom(), transform.name());
    Optional<Schema> declared = text.flatMap(t -> declaredSchema(at + ".schema", t));
    Optional<String> content = resolve(catalog.appFile(app.file()), at + ".file", transform.name());
    if (app.from().stream().noneMatch(s -> streams.get(s).stream().kind().equals("append"))) {
      problems.add(
          Problem.of(
              at + ".from",
              app.from() + " are tables, which are looked up: nothing among them drives it"));
    }
    if (unknown(transform, app.from()) || declared.isEmpty() || content.isEmpty()) {
      return;
    }
    Schema output = declared.get();
    if (!fields(path + ".key", transform.key(), output)) {
      return;
    }
    ObjectNode node = transformNode(path, transform, app.kind(), output, app.from());
    if (node == null) {
      return;
    }
    ObjectNode out = node.putObject("app");
    out.put("file", platform.spark().appsPath().replaceAll("/+$", "") + "/" + app.file());
    out.put("hash", content.get());
    if (app.mainClass() != null) {
      out.put("mainClass", app.mainClass());
    }
    out.set("args", Schemas.array(app.args()));
    if (app.image() != null) {
      out.put("image", app.image());
    }
    node.put("latenessMs", millis(transform.lateness(), 0));
    StringBuilder state = new StringBuilder();
    for (String stream : app.from()) {
      boolean drives = streams.get(stream).stream().kind().equals("append");
      ObjectNode read = node.withArray("reads").addObject();
      read.put("stream", stream);
      read.put("role", drives ? "drives" : "lookup");
      if (drives) {
        state.append(inputState(stream));
      }
    }
    // What it remembers only its author knows.
    state.append(app.kind()).append(app.stateVersion() == null ? 0 : app.stateVersion());
    node.put("stateHash", Hashes.of(state.append(shufflePartitions()).toString()));
    transforms.add(node);
  }

  private static Map<String, List<SchemaCatalog.Column>> intervalsLineage(
      Intervals intervals, String eventTime) {
    Map<String, List<SchemaCatalog.Column>> columns = new LinkedHashMap<>();
    for (String field : concat(intervals.by(), intervals.carry())) {
      columns.put(field, List.of(new SchemaCatalog.Column(intervals.from(), field)));
    }
    for (String time : List.of("started_at", "ended_at", "opened_at")) {
      columns.put(time, List.of(new SchemaCatalog.Column(intervals.from(), eventTime)));
    }
    columns.put("ended_by", List.of(new SchemaCatalog.Column(intervals.from(), intervals.type())));
    return columns;
  }

  private void sql(String path, Transform transform) {
    String at = transform.sql() != null ? path + ".sql" : path + ".sqlFrom";
    Optional<String> sql =
        transform.sql() != null
            ? Optional.of(transform.sql())
            : config(at, transform.sqlFrom(), transform.name());
    if (sql.isEmpty()) {
      return;
    }
    // Of streams that the SQL does not name only the names, as of those that are not known yet: the
    // question, and so its answer, stays the same whatever becomes of them. Rather one too many: an
    // analyser that does not know a stream would refuse it.
    String text = sql.get().toLowerCase(Locale.ROOT);
    Map<String, SqlStream> known = new TreeMap<>();
    Set<String> others = new TreeSet<>();
    streams.forEach(
        (name, read) -> {
          Optional<Schema> schema = read.stream().schema();
          if (name.equals(transform.name())) {
            return;
          }
          if (schema.isEmpty() || !text.contains(name)) {
            others.add(name);
            return;
          }
          known.put(
              name,
              new SqlStream(
                  read.stream().kind(),
                  read.eventTime().map(EventTime::field),
                  schema.get(),
                  read.keyFields(),
                  read.validFrom(),
                  read.validTo()));
        });
    Known<SqlAnalysis> answer =
        catalog.analyse(
            new SqlRequest(sql.get(), transform.name(), namespace(), known, List.copyOf(others)));
    Optional<SqlAnalysis> analysed = resolve(answer, at, transform.name());
    if (analysed.isEmpty()) {
      return;
    }
    SqlAnalysis analysis = analysed.get();
    for (SchemaCatalog.SqlError error : analysis.errors()) {
      String place =
          error.line() > 0 ? "line " + error.line() + ", column " + error.column() + ": " : "";
      problems.add(new Problem(at, place + error.message(), error.suggestion()));
    }
    if (!analysis.errors().isEmpty() || unknown(transform, analysis.pending())) {
      return;
    }
    Schema output =
        following(transform, new Schema.Parser().parse(analysis.schema().orElseThrow().toString()));
    if (!fields(path + ".key", transform.key(), output)) {
      return;
    }
    if (!identified(path + ".key", transform, analysis)) {
      return;
    }
    boolean table = analysis.kind().equals("table");
    if (table && !new HashSet<>(transform.key()).equals(new HashSet<>(analysis.groupKeys()))) {
      problems.add(
          Problem.of(
              path + ".key",
              transform.key()
                  + ": a row of a GROUP BY is identified by its group columns "
                  + analysis.groupKeys()));
      return;
    }
    ObjectNode node =
        transformNode(
            path,
            transform,
            analysis.kind(),
            output,
            analysis.reads().stream().map(SchemaCatalog.Read::stream).toList());
    if (node == null) {
      return;
    }
    node.put("sql", sql.get());
    node.put("latenessMs", millis(transform.lateness(), DEFAULT_LATENESS_MS));
    for (SchemaCatalog.Read read : analysis.reads()) {
      ObjectNode out = node.withArray("reads").addObject();
      out.put("stream", read.stream());
      out.put("role", read.role());
      out.set("columns", Schemas.array(read.columns()));
    }
    node.put(
        "stateHash", Hashes.of(state(sql.get(), table, analysis.reads()) + formatState(transform)));
    lineage.put(transform.name(), analysis.lineage());
    transforms.add(node);
  }

  /**
   * What a query's checkpoint holds: where it is in which inputs, and, for an aggregate, sums of
   * columns of certain types, which all of its SQL decides.
   */
  private String state(String sql, boolean table, List<SchemaCatalog.Read> reads) {
    StringBuilder state = new StringBuilder();
    for (SchemaCatalog.Read read : reads) {
      if (read.role().equals("drives")) {
        state.append(inputState(read.stream()));
        if (table) {
          Schema schema = streams.get(read.stream()).stream().schema().orElseThrow();
          state.append(types(schema, read.columns()));
        }
      }
    }
    if (table) {
      state.append(withoutComments(sql).replaceAll("\\s+", " ").strip());
      state.append(shufflePartitions());
    }
    return state.toString();
  }

  /** Records of one topic are of one format: with another, it is written anew. */
  private static String formatState(Transform transform) {
    return transform.format().equals("avro") ? "" : "\nformat " + transform.format();
  }

  /**
   * A topic that is written anew has to be read anew: the state of the transform that writes it is
   * part of its readers'.
   */
  private String inputState(String stream) {
    return streams.get(stream).stream().topic()
        + transforms.stream()
            .filter(t -> t.path("name").asText().equals(stream))
            .map(t -> "@" + t.path("stateHash").asText())
            .findFirst()
            .orElse("")
        + "\n";
  }

  private static String types(Schema schema, List<String> columns) {
    return columns.stream()
        .sorted()
        .map(schema::getField)
        .filter(java.util.Objects::nonNull)
        .map(f -> f.name() + " " + f.schema() + "\n")
        .collect(Collectors.joining());
  }

  /** A key is unique if it holds all that tells rows apart. */
  private boolean identified(String path, Transform transform, SqlAnalysis analysis) {
    boolean all = true;
    for (SchemaCatalog.Identifying part : analysis.identity()) {
      if (part.as().stream().noneMatch(transform.key()::contains)) {
        all = false;
        boolean table = streams.get(part.stream()).stream().kind().equals("table");
        problems.add(
            Problem.of(
                path,
                transform.key()
                    + " is not unique: "
                    + (table
                        ? "a row may meet several of '"
                            + part.stream()
                            + "'. Join it by its whole key, or add "
                        : "a row is made of each record of '" + part.stream() + "'. Add ")
                    + (part.as().isEmpty()
                        ? "its " + part.column() + " to the SELECT and to the key"
                        : "'" + part.as().get(0) + "' to the key")));
      }
    }
    return all;
  }

  private String shufflePartitions() {
    return platform.spark().settings().getOrDefault("shufflePartitions", "2");
  }

  /** A transform's output, so that it can follow what is registered for its topic. */
  private Schema following(Transform transform, Schema output) {
    return catalog.stream(topicPrefix + transform.name())
            instanceof Known.Yes<SchemaCatalog.StreamSchema> before
        ? Schemas.following(before.value().value(), output, transform.key())
        : output;
  }

  /** What all transforms have in the plan document; null if something is wrong with them. */
  private ObjectNode transformNode(
      String path, Transform transform, String kind, Schema output, List<String> reads) {
    if (!fields(path + ".partitionBy", transform.partitionBy(), output)
        | !eventTimeField(path + ".eventTime", transform.eventTime(), output)
        | !jsonSchema(path + ".format", transform.format(), output)) {
      return null;
    }
    readByJob.addAll(reads);
    Plan.Stream stream = declareOutput(transform, kind, Optional.of(output), reads).stream();
    String topic = stream.topic();
    Schema key = stream.keySchema().orElseThrow();
    int partitions = partitions(transform.partitions());
    topic(topic, transform.name(), kind, partitions);
    topic(topic + ".late", transform.name(), "append", 1);
    topic(topic + ".dead", transform.name(), "append", 1);
    subject(topic + "-value", transform.name(), output);
    subject(topic + "-key", transform.name(), key);
    ObjectNode node = Schemas.JSON.createObjectNode();
    node.put("name", transform.name());
    node.put("lateTopic", topic + ".late");
    node.put("deadTopic", topic + ".dead");
    ObjectNode out = node.putObject("output");
    out.put("stream", transform.name());
    out.put("topic", topic);
    out.put("kind", kind);
    if (!transform.format().equals("avro")) {
      out.put("format", transform.format());
    }
    out.set("schema", Schemas.json(output));
    out.set("keySchema", Schemas.json(key));
    out.set("partitionBy", Schemas.array(transform.partitionBy()));
    return node;
  }

  private Read declareOutput(
      Transform transform, String kind, Optional<Schema> schema, List<String> reads) {
    boolean bounded =
        !reads.isEmpty()
            && reads.stream()
                .map(r -> streams.get(r).stream())
                .filter(s -> s.kind().equals("append"))
                .allMatch(Plan.Stream::bounded);
    declare(
        transform.name(),
        transform.name(),
        topicPrefix + transform.name(),
        kind,
        transform.format(),
        schema,
        schema.map(s -> Schemas.key(s, transform.key())),
        bounded,
        false,
        Optional.empty(),
        Optional.ofNullable(transform.eventTime()),
        Optional.empty());
    return streams.get(transform.name());
  }

  /** One job of all transforms of ours, and one of each application. */
  private List<Resource> jobs() {
    List<Resource> jobs = new ArrayList<>();
    List<ObjectNode> ours = transforms.stream().filter(t -> !t.has("app")).toList();
    String name = platform.prefix() + pipeline.name();
    if (!ours.isEmpty()) {
      jobs.add(new Resource.SparkJob(name, Resource.SparkJob.OURS, document(name, ours)));
    }
    for (ObjectNode app : transforms) {
      if (app.has("app")) {
        String transform = app.path("name").asText();
        String job = name + "." + transform;
        jobs.add(new Resource.SparkJob(job, transform, document(job, List.of(app))));
      }
    }
    return jobs;
  }

  private ObjectNode document(String job, List<ObjectNode> transforms) {
    Set<String> reads = new LinkedHashSet<>();
    transforms.forEach(t -> reads.addAll(JobDiff.reads(t)));
    ObjectNode document = Schemas.JSON.createObjectNode();
    document.put("version", 1);
    document.put("pipeline", pipeline.name());
    SecretFiles files = new SecretFiles(platform.spark().secretsPath());
    ObjectNode kafka = document.putObject("kafka");
    kafka.put("bootstrap.servers", platform.kafka().bootstrapServers());
    files.kafkaOfJob(platform.kafka()).forEach(kafka::put);
    ObjectNode registry = document.putObject("registry");
    files.registryOfJob(platform.schemaRegistry()).forEach(registry::put);
    document.put(
        "checkpointDir", platform.spark().checkpointDir().replaceAll("/+$", "") + "/" + job);
    document.put("marksTopic", marksTopic());
    document.put("statusPort", 0);
    ObjectNode settings = document.putObject("settings");
    new TreeMap<>(platform.spark().settings()).forEach(settings::put);
    for (String name : readByJob) {
      if (!reads.contains(name)) {
        continue;
      }
      Read read = streams.get(name);
      ObjectNode out = document.withArray("streams").addObject();
      out.put("name", name);
      out.put("topic", read.stream().topic());
      out.put("kind", read.stream().kind());
      if (!read.stream().plainAvro()) {
        out.put("format", read.stream().format());
      }
      out.set("schema", Schemas.json(read.stream().schema().orElseThrow()));
      read.stream().keySchema().ifPresent(k -> out.set("keySchema", Schemas.json(k)));
      out.put("snapshotMark", read.stream().snapshot());
      read.validFrom().ifPresent(f -> out.put("validFrom", f));
      read.validTo().ifPresent(t -> out.put("validTo", t));
      if (ofAnotherJob(name, transforms)) {
        out.put("progressMarks", true);
      }
      read.eventTime()
          .ifPresent(
              e -> {
                ObjectNode time = out.putObject("eventTime");
                time.put("field", e.field());
                time.put("outOfOrderMs", millis(e.outOfOrder(), 0));
                time.put("idleMs", millis(e.idle(), DEFAULT_IDLE_MS));
              });
    }
    transforms.forEach(t -> document.withArray("transforms").add(t));
    return document;
  }

  /** Whether a job of ours writes a stream that these read, which says by marks how far it is. */
  private boolean ofAnotherJob(String stream, List<ObjectNode> readers) {
    return transforms.stream()
        .filter(t -> !t.has("app") && !readers.contains(t))
        .anyMatch(t -> t.path("name").asText().equals(stream));
  }

  // ---- sinks

  private void sink(Sink sink) {
    Plan.Stream stream = streams.get(sink.from()).stream();
    if (stream.schema().isEmpty()) {
      waiting.put(sink.name(), "the schema of " + sink.from() + " is not known yet");
      return;
    }
    Pipeline.Elasticsearch elasticsearch = sink.elasticsearch();
    ObjectNode body = Schemas.JSON.createObjectNode();
    body.putArray("index_patterns").add(elasticsearch.index());
    body.put("priority", 500);
    ObjectNode template = body.putObject("template");
    template
        .putObject("settings")
        .putObject("index")
        .put("number_of_shards", 1)
        .put("number_of_replicas", 0)
        .put("refresh_interval", elasticsearch.refresh() == null ? "1s" : elasticsearch.refresh());
    template.set("mappings", Schemas.mapping(stream.schema().get()));
    templates.add(new Resource.IndexTemplate(elasticsearch.index(), sink.name(), body));

    String name = topicPrefix + sink.name();
    String deadLetters = deadLetters(name, sink.name());
    Map<String, String> config = new TreeMap<>();
    config.put("connector.class", "dev.millrace.connect.elasticsearch.ElasticsearchSinkConnector");
    config.put(
        "tasks.max", Integer.toString(elasticsearch.tasks() == null ? 1 : elasticsearch.tasks()));
    config.put("topics", stream.topic());
    config.putAll(mounted.elasticsearch(platform.elasticsearch()));
    config.put("index", elasticsearch.index());
    config.putAll(mounted.registry(platform.schemaRegistry()));
    stream
        .keySchema()
        .ifPresent(k -> config.put("key.fields", String.join(",", Schemas.fields(k))));
    if (!stream.plainAvro()) {
      config.put("format", stream.format());
    }
    if (stream.format().equals("json")) {
      config.put("value.schema", stream.schema().get().toString());
      stream.keySchema().ifPresent(k -> config.put("key.schema", k.toString()));
    }
    config.put("key.converter", "org.apache.kafka.connect.converters.ByteArrayConverter");
    config.put("value.converter", "org.apache.kafka.connect.converters.ByteArrayConverter");
    config.put("errors.tolerance", "all");
    config.put("errors.deadletterqueue.topic.name", deadLetters);
    config.put(
        "errors.deadletterqueue.topic.replication.factor",
        Integer.toString(platform.kafka().replicas()));
    config.put("errors.deadletterqueue.context.headers.enable", "true");
    config.put("consumer.override.isolation.level", "read_committed");
    config.put("consumer.override.max.poll.records", "5000");
    config.put("consumer.override.auto.offset.reset", "earliest");
    sinks.add(new Resource.Connector(name, sink.name(), config));
  }

  // ---- small things

  private String namespace() {
    return "dev.millrace." + pipeline.name().replace('-', '_');
  }

  private int partitions(Integer wanted) {
    return wanted == null ? platform.kafka().partitions() : wanted;
  }

  private void topic(String name, String component, String kind, int partitions) {
    Map<String, String> config = new TreeMap<>();
    config.put("message.timestamp.type", "LogAppendTime");
    if (kind.equals("table")) {
      config.put("cleanup.policy", "compact");
    } else {
      config.put("cleanup.policy", "delete");
      config.put("retention.ms", Long.toString(APPEND_RETENTION_MS));
    }
    topics.add(
        new Resource.Topic(name, component, partitions, platform.kafka().replicas(), config));
  }

  private void subject(String name, String component, Schema schema) {
    subjects.add(new Resource.Subject(name, component, "BACKWARD", Optional.of(schema)));
  }

  private void declare(
      String name,
      String component,
      String topic,
      String kind,
      String format,
      Optional<Schema> schema,
      Optional<Schema> keySchema,
      boolean bounded,
      boolean snapshot,
      Optional<String> connector,
      Optional<EventTime> eventTime,
      Optional<Table> table) {
    streams.put(
        name,
        new Read(
            new Plan.Stream(
                name, component, topic, kind, format, schema, keySchema, bounded, snapshot,
                connector),
            eventTime,
            table.map(Table::validFrom),
            table.map(Table::validTo)));
  }

  private Optional<String> config(String path, ConfigMapRef ref, String component) {
    return resolve(catalog.config(ref), path, component);
  }

  private <T> Optional<T> resolve(Known<T> known, String path, String component) {
    if (known instanceof Known.Yes<T> yes) {
      return Optional.of(yes.value());
    }
    if (known instanceof Known.Waiting<T> wait) {
      waiting.put(component, wait.why());
    } else if (known instanceof Known.No<T> no) {
      problems.add(Problem.of(path, no.why()));
    }
    return Optional.empty();
  }

  private boolean fields(String path, List<String> names, Schema record) {
    boolean all = true;
    for (String name : names) {
      if (record.getField(name) == null) {
        all = false;
        problems.add(
            Problem.unknown(
                path,
                "no field '" + name + "'; there are " + String.join(", ", Schemas.fields(record)),
                name,
                Schemas.fields(record)));
      }
    }
    return all;
  }

  private boolean eventTimeField(String path, EventTime eventTime, Schema record) {
    if (eventTime == null) {
      return true;
    }
    if (!fields(path + ".field", List.of(eventTime.field()), record)) {
      return false;
    }
    if (!Schemas.isTimestamp(record.getField(eventTime.field()).schema())) {
      problems.add(
          Problem.of(
              path + ".field",
              "field '" + eventTime.field() + "' is no timestamp-micros or timestamp-millis"));
      return false;
    }
    return true;
  }

  private static long millis(String duration, long otherwise) {
    return duration == null ? otherwise : Durations.parse(duration).orElseThrow().toMillis();
  }

  private static List<String> concat(List<String> a, List<String> b) {
    List<String> all = new ArrayList<>(a);
    all.addAll(b);
    return all;
  }
}
