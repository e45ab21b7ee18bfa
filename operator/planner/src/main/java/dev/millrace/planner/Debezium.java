package dev.millrace.planner;

import dev.millrace.model.Pipeline;
import dev.millrace.model.Pipeline.Table;
import dev.millrace.model.Platform;
import dev.millrace.model.Problem;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Which of Debezium's connectors serves a connection, and what it is told of the database: that is
 * all in which they differ.
 */
final class Debezium {
  /** The longest name that PostgreSQL keeps whole (NAMEDATALEN - 1). */
  private static final int POSTGRES_NAME = 63;

  private static final String HEARTBEATS = "__debezium-heartbeat";

  private enum Kind {
    MYSQL("io.debezium.connector.mysql.MySqlConnector"),
    MARIADB("io.debezium.connector.mariadb.MariaDbConnector"),
    POSTGRES("io.debezium.connector.postgresql.PostgresConnector");

    private final String connector;

    Kind(String connector) {
      this.connector = connector;
    }
  }

  private final Kind kind;
  private final SchemaCatalog.ConnectionFacts facts;
  private final String name;

  private Debezium(Kind kind, SchemaCatalog.ConnectionFacts facts, String name) {
    this.kind = kind;
    this.facts = facts;
    this.name = name;
  }

  /**
   * The connector for a connection, by its URL's scheme.
   *
   * @param name of the connector; its slot and publication are named after it
   * @param problems takes what is wrong with the connection
   */
  static Optional<Debezium> of(
      SchemaCatalog.ConnectionFacts facts, String name, String path, List<Problem> problems) {
    Kind kind =
        switch (facts.scheme()) {
          case "mysql" -> Kind.MYSQL;
          case "mariadb" -> Kind.MARIADB;
          case "postgresql", "postgres" -> Kind.POSTGRES;
          default -> null;
        };
    if (kind == null) {
      problems.add(
          Problem.of(
              path,
              "scheme '" + facts.scheme() + "' of its URL: expected mysql, mariadb or postgresql"));
      return Optional.empty();
    }
    if (kind == Kind.POSTGRES && facts.database().isEmpty()) {
      problems.add(
          Problem.of(path, "its URL names no database: expected postgresql://host:5432/database"));
      return Optional.empty();
    }
    return Optional.of(new Debezium(kind, facts, name));
  }

  Map<String, String> config(Pipeline.Cdc cdc, Platform.Spec platform, SecretFiles mounted) {
    Map<String, String> config = new TreeMap<>();
    Pipeline.SecretRef ref = cdc.connection().secretRef();
    config.put("connector.class", kind.connector);
    config.put("tasks.max", "1");
    config.put("database.hostname", facts.host());
    config.put("database.port", Integer.toString(facts.port()));
    config.put("database.user", mounted.value(ref.name(), "username"));
    config.put("database.password", mounted.value(ref.name(), "password"));
    config.put("topic.prefix", name);
    config.put(
        "table.include.list",
        cdc.tables().stream().map(Table::table).collect(Collectors.joining(",")));
    config.put("snapshot.mode", "initial");
    config.put("decimal.handling.mode", "precise");
    config.put("time.precision.mode", "adaptive_time_microseconds");
    // A delete is a tombstone by itself, and headers are not carried over.
    config.put("tombstones.on.delete", "false");
    config.put("extended.headers.enabled", "false");
    // A poll is a transaction: of many rows if they come fast, and soon if they do not. What waits
    // is bounded by its size, too: rows may be of any.
    config.put("max.batch.size", "10000");
    config.put("max.queue.size", "20000");
    config.put("max.queue.size.in.bytes", Integer.toString(64 << 20));
    config.put("poll.interval.ms", "100");
    String folders =
        cdc.tables().stream()
            .map(t -> t.table().substring(0, t.table().indexOf('.')))
            .distinct()
            .collect(Collectors.joining(","));
    boolean loopback = Set.of("127.0.0.1", "localhost", "::1").contains(facts.host());
    if (kind == Kind.POSTGRES) {
      config.put("schema.include.list", folders);
      postgres(config);
      if (loopback) {
        config.put("database.sslmode", "disable");
      }
    } else {
      config.put("database.include.list", folders);
      binlog(config, platform, mounted);
      if (loopback) {
        config.put("database.ssl.mode", kind == Kind.MYSQL ? "disabled" : "disable");
      }
    }
    return config;
  }

  private void binlog(Map<String, String> config, Platform.Spec platform, SecretFiles mounted) {
    // Any number that no other replica of the server has.
    long serverId = 100_000 + Long.parseLong(Hashes.of(name).substring(0, 7), 16);
    config.put("database.server.id", Long.toString(serverId));
    config.put("include.schema.changes", "false");
    config.put("schema.history.internal.kafka.topic", history());
    config.put(
        "schema.history.internal.kafka.bootstrap.servers", platform.kafka().bootstrapServers());
    // Its clients are its own: a worker's credentials are not handed to it.
    mounted
        .kafka(platform.kafka())
        .forEach(
            (key, value) -> {
              config.put("schema.history.internal.producer." + key, value);
              config.put("schema.history.internal.consumer." + key, value);
            });
  }

  private void postgres(Map<String, String> config) {
    config.put("database.dbname", facts.database());
    config.put("plugin.name", "pgoutput");
    config.put("slot.name", nameInPostgres());
    config.put("publication.name", nameInPostgres());
    config.put("publication.autocreate.mode", "filtered");
    // Months have no length in microseconds.
    config.put("interval.handling.mode", "string");
    // Tables that are empty give no offsets, and a snapshot would never be seen to be complete.
    config.put("heartbeat.interval.ms", "10000");
    config.put("topic.heartbeat.prefix", HEARTBEATS);
    // Large values that an update has left as they were are not in the log.
    config.put("post.processors", "reselect");
    config.put("reselect.type", "io.debezium.processors.reselect.ReselectColumnsPostProcessor");
    config.put("reselect.reselect.unavailable.values", "true");
    config.put("reselect.reselect.null.values", "false");
    config.put("reselect.reselect.use.event.key", "true");
    config.put("reselect.reselect.error.handling.mode", "FAIL");
  }

  private String nameInPostgres() {
    String hash = Hashes.of(name).substring(0, 8);
    String plain = name.toLowerCase(java.util.Locale.ROOT).replaceAll("[^a-z0-9]+", "_");
    int most = POSTGRES_NAME - "millrace__".length() - hash.length();
    return "millrace_" + plain.substring(0, Math.min(most, plain.length())) + "_" + hash;
  }

  private String history() {
    int dot = name.lastIndexOf('.') + 1;
    return name.substring(0, dot) + name.substring(dot).replace('_', '-') + "-schema-history";
  }

  /** The topic in which heartbeats come, if there are any. */
  Optional<String> heartbeats() {
    return kind == Kind.POSTGRES ? Optional.of(HEARTBEATS + "." + name) : Optional.empty();
  }

  /** Topics of its own that it writes. */
  List<Resource.Topic> topics(String component, int replicas) {
    return List.of(
        kind == Kind.POSTGRES
            ? new Resource.Topic(
                name + ".heartbeat",
                component,
                1,
                replicas,
                Map.of("cleanup.policy", "delete", "retention.ms", "3600000"))
            : new Resource.Topic(
                history(),
                component,
                1,
                replicas,
                Map.of("cleanup.policy", "delete", "retention.ms", "-1", "retention.bytes", "-1")));
  }
}
