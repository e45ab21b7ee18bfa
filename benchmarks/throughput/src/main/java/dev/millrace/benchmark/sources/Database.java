package dev.millrace.benchmark.sources;

import com.github.shyiko.mysql.binlog.BinaryLogClient;
import com.github.shyiko.mysql.binlog.event.WriteRowsEventData;
import dev.millrace.services.MariaDbService;
import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.Level;
import java.util.logging.Logger;

/** A MariaDB with tables of {@link Event}. */
final class Database {
  /** Kept here: a level is that of a logger that somebody holds. */
  private static final Logger BINARY_LOG = Logger.getLogger(BinaryLogClient.class.getName());

  /** Rows of one transaction. */
  private static final int TRANSACTION = 1000;

  private final MariaDbService service;

  Database(Stack stack) throws Exception {
    BINARY_LOG.setLevel(Level.WARNING);
    service = new MariaDbService(stack.distribution(), "database", "bench", List.of());
    stack.start(service);
  }

  private Connection connect() throws SQLException, IOException {
    Map<String, String> login = service.credentials();
    return DriverManager.getConnection(
        "jdbc:mariadb://127.0.0.1:" + login.get("port") + "/bench?sslMode=disable",
        login.get("username"),
        login.get("password"));
  }

  void create(String table) throws SQLException, IOException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      statement.execute(
          "CREATE TABLE "
              + table
              + " (id BIGINT PRIMARY KEY, at DATETIME(6) NOT NULL, device VARCHAR(20) NOT NULL, region VARCHAR(20)"
              + " NOT NULL, channel INT NOT NULL, bit_rate DOUBLE NOT NULL, title VARCHAR(80) NOT NULL)");
    }
  }

  /** Adds rows, a thousand a transaction. */
  void insert(String table, long from, int rows) throws SQLException, IOException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      for (long at = from; at < from + rows; at += TRANSACTION) {
        statement.execute(
            "INSERT INTO "
                + table
                + " SELECT seq, '2026-03-01' + INTERVAL seq * 1000 MICROSECOND, CONCAT('device-', LPAD(seq MOD 50000, 8, '0')),"
                + " ELT(1 + seq MOD 4, 'north', 'south-west', 'coast', 'inner city'), seq MOD 300, 1500.25 + seq MOD 4000,"
                + " CONCAT('Evening news, part ', seq MOD 900, ': what has happened in the world') FROM seq_"
                + at
                + "_to_"
                + (Math.min(at + TRANSACTION, from + rows) - 1));
      }
    }
  }

  /** Seconds that it takes to select all rows, and to look at each value. */
  double select(String table, int rows) throws SQLException, IOException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      statement.setFetchSize(10_000);
      long began = System.nanoTime();
      int found = 0;
      try (ResultSet result = statement.executeQuery("SELECT * FROM " + table)) {
        int columns = result.getMetaData().getColumnCount();
        while (result.next()) {
          for (int i = 1; i <= columns; i++) {
            if (result.getObject(i) == null) {
              throw new IOException("a value is missing");
            }
          }
          found++;
        }
      }
      if (found != rows) {
        throw new IOException("found " + found + " rows, " + rows + " expected");
      }
      return (System.nanoTime() - began) / 1e9;
    }
  }

  /** A place in the binary log. */
  record Position(String file, long offset) {}

  Position position() throws SQLException, IOException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery("SHOW MASTER STATUS")) {
      result.next();
      return new Position(result.getString(1), result.getLong(2));
    }
  }

  /** Seconds that it takes to read so many inserted rows off the binary log. */
  double binaryLog(Position from, int rows) throws Exception {
    Map<String, String> login = service.credentials();
    BinaryLogClient client =
        new BinaryLogClient(
            "127.0.0.1",
            Integer.parseInt(login.get("port")),
            login.get("username"),
            login.get("password"));
    client.setServerId(4711);
    client.setKeepAlive(false);
    client.setBinlogFilename(from.file());
    client.setBinlogPosition(from.offset());
    AtomicLong began = new AtomicLong();
    AtomicLong found = new AtomicLong();
    CountDownLatch all = new CountDownLatch(1);
    client.registerEventListener(
        event -> {
          if (event.getData() instanceof WriteRowsEventData written) {
            began.compareAndSet(0, System.nanoTime());
            if (found.addAndGet(written.getRows().size()) >= rows) {
              all.countDown();
            }
          }
        });
    client.connect(10_000);
    try {
      if (!all.await(5, TimeUnit.MINUTES)) {
        throw new IOException("found " + found + " rows, " + rows + " expected");
      }
      return (System.nanoTime() - began.get()) / 1e9;
    } finally {
      client.disconnect();
    }
  }

  /** What the planner writes for a database. */
  Map<String, String> connector(Stack stack, String topic, String table) throws IOException {
    Map<String, String> login = service.credentials();
    Map<String, String> config = new TreeMap<>();
    config.put("max.batch.size", "10000");
    config.put("max.queue.size", "20000");
    config.put("max.queue.size.in.bytes", Integer.toString(64 << 20));
    config.put("poll.interval.ms", "100");
    config.putAll(stack.produced());
    config.put("connector.class", "io.debezium.connector.mariadb.MariaDbConnector");
    config.put("database.hostname", "127.0.0.1");
    config.put("database.port", login.get("port"));
    config.put("database.user", login.get("username"));
    config.put("database.password", login.get("password"));
    config.put("database.ssl.mode", "disable");
    config.put(
        "database.server.id", Integer.toString(100_000 + Math.floorMod(topic.hashCode(), 100_000)));
    config.put("database.include.list", "bench");
    config.put("table.include.list", "bench." + table);
    config.put("topic.prefix", topic + ".db");
    config.put("snapshot.mode", "initial");
    config.put("include.schema.changes", "false");
    config.put("decimal.handling.mode", "precise");
    config.put("time.precision.mode", "adaptive_time_microseconds");
    config.put("schema.history.internal.kafka.bootstrap.servers", stack.bootstrapServers());
    config.put("schema.history.internal.kafka.topic", topic + ".history");
    config.put("header.converter", "org.apache.kafka.connect.storage.StringConverter");
    config.put("tombstones.on.delete", "false");
    config.put("extended.headers.enabled", "false");
    config.put("transforms", "rows");
    config.put("transforms.rows.type", "dev.millrace.registry.connect.TableRows");
    config.put("transforms.rows.topics", topic + ".db.bench." + table + ":" + topic);
    config.put("transforms.rows.dead.letter.topic", topic + ".dead");
    config.put("transforms.rows.schema.registry.url", stack.registryUrl());
    return config;
  }
}
