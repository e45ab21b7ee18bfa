package dev.millrace.local.testing;

import dev.millrace.model.Pipeline;
import dev.millrace.model.Pipeline.ConfigMapRef;
import dev.millrace.model.Pipeline.SecretRef;
import dev.millrace.planner.Known;
import dev.millrace.planner.SchemaCatalog;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.avro.Schema;

/**
 * What the planner asks, for tests: schemas that only a database or registry would know are those
 * that the tests declare; a connection leads nowhere.
 */
final class TestCatalog implements SchemaCatalog {
  private final SchemaCatalog files;
  private final Map<String, String> topics = new HashMap<>();
  private final Map<String, StreamSchema> declared = new HashMap<>();

  /** Secrets of MQTT brokers. */
  private final Set<String> brokers = new HashSet<>();

  /**
   * @param files answers what stands in the directory's files
   * @param prefix of the platform's topics
   */
  TestCatalog(
      SchemaCatalog files, Pipeline pipeline, String prefix, List<StreamDeclaration> declarations) {
    this.files = files;
    for (Pipeline.Source source : pipeline.getSpec().sources()) {
      if (source.mqtt() != null) {
        source.secret().ifPresent(s -> brokers.add(s.name()));
      }
      if (source.topic() != null) {
        topics.put(source.name(), source.topic().name());
      } else if (source.cdc() != null) {
        source
            .cdc()
            .tables()
            .forEach(t -> topics.put(t.name(), prefix + pipeline.name() + "." + t.name()));
      }
    }
    for (StreamDeclaration declaration : declarations) {
      String topic = topics.get(declaration.name());
      if (topic != null) {
        declaration
            .schema()
            .ifPresent(s -> declared.put(topic, new StreamSchema(s, key(s, declaration.key()))));
      }
    }
  }

  private static Optional<Schema> key(Schema schema, List<String> columns) {
    if (columns.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        Schema.createRecord(
            schema.getName() + "Key",
            null,
            schema.getNamespace(),
            false,
            columns.stream()
                .map(schema::getField)
                .filter(java.util.Objects::nonNull)
                .map(f -> new Schema.Field(f.name(), f.schema()))
                .toList()));
  }

  /** Whether a stream's columns are for the tests to declare. */
  boolean declarable(String stream) {
    return topics.containsKey(stream);
  }

  @Override
  public Known<StreamSchema> stream(String topic) {
    StreamSchema schema = declared.get(topic);
    return schema == null
        ? new Known.Waiting<>("only a running database or registry knows it")
        : new Known.Yes<>(schema);
  }

  @Override
  public Known<ConnectionFacts> connection(SecretRef ref) {
    if (brokers.contains(ref.name())) {
      return new Known.Yes<>(new ConnectionFacts("mqtt", "127.0.0.1", 1883, ""));
    }
    return new Known.Yes<>(new ConnectionFacts("mariadb", "127.0.0.1", 3306, "test"));
  }

  /** Those of a bucket: a test reads none. */
  @Override
  public Known<Set<String>> secretKeys(String name) {
    return new Known.Yes<>(Set.of("accessKeyId", "secretAccessKey", "bucket", "endpoint"));
  }

  @Override
  public Known<Boolean> secret(String name, List<String> keys) {
    return new Known.Yes<>(true);
  }

  @Override
  public Known<String> config(ConfigMapRef ref) {
    return files.config(ref);
  }

  @Override
  public Known<SqlAnalysis> analyse(SqlRequest request) {
    return files.analyse(request);
  }
}
