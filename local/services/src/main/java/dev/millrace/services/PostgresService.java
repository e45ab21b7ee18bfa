package dev.millrace.services;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * A PostgreSQL server with one database, filled once from SQL files, whose owner may change it and
 * read its changes by logical replication. Root too can run it, whom PostgreSQL refuses to serve.
 */
public final class PostgresService implements DevelopmentService {
  private static final String OWNER = "millrace";

  private final Distribution distribution;
  private final String name;
  private final String database;
  private final List<Path> seed;
  private volatile int port;
  private volatile Room room;

  /**
   * A server.
   *
   * @param name names the service and its room
   * @param database created on first start
   * @param seed SQL files, run once in this order, each in one transaction
   */
  public PostgresService(Distribution distribution, String name, String database, List<Path> seed) {
    if (!database.matches("[A-Za-z_][A-Za-z0-9_]{0,62}")) {
      throw new IllegalArgumentException("database: '" + database + "' is not a name");
    }
    this.distribution = distribution;
    this.name = name;
    this.database = database;
    this.seed = List.copyOf(seed);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Launch prepare(Room room) throws IOException, InterruptedException {
    this.room = room;
    port = room.port("postgres");
    Path base = distribution.root().resolve("postgres");
    Path data = room.path().resolve("data");
    List<String> another;
    if (Files.exists(room.path().resolve("installed"))) {
      another = OtherUser.prefix("PostgreSQL", room.path());
    } else {
      deleteRecursively(data);
      Path password = room.writeSecret("superuser", room.password("postgres") + "\n");
      another = OtherUser.prefix("PostgreSQL", room.path());
      List<String> init = new ArrayList<>(another);
      init.addAll(
          List.of(
              base.resolve("bin/initdb").toString(),
              "--pgdata=" + data,
              "--username=postgres",
              "--pwfile=" + password,
              "--auth=scram-sha-256",
              "--encoding=UTF8",
              "--locale=C",
              "--no-sync"));
      run(init, room.path().resolve("install.log"));
      room.write("installed", "yes");
    }
    List<String> command = new ArrayList<>(another);
    command.add(base.resolve("bin/postgres").toString());
    command.add("-D");
    command.add(data.toString());
    for (String setting :
        List.of(
            "listen_addresses=127.0.0.1",
            "port=" + port,
            // The path of a socket may not be longer than 107 bytes: there is none.
            "unix_socket_directories=",
            "wal_level=logical",
            "max_wal_senders=10",
            "max_replication_slots=10",
            "shared_buffers=32MB",
            "timezone=UTC",
            "log_timezone=UTC")) {
      command.add("-c");
      command.add(setting);
    }
    return new Launch(command, Map.of(), room.path());
  }

  private static void deleteRecursively(Path folder) throws IOException {
    if (Files.exists(folder)) {
      try (var files = Files.walk(folder)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  private static void run(List<String> command, Path log) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    if (!process.waitFor(120, TimeUnit.SECONDS) || process.exitValue() != 0) {
      process.destroyForcibly();
      throw new IOException("initdb failed: " + Logging.tail(log, 5));
    }
  }

  /** Ready once the database has been filled. */
  @Override
  public boolean ready() throws IOException, SQLException {
    if (!Probe.port(port)) {
      return false;
    }
    Path seeded = room.path().resolve("seeded");
    if (!Files.exists(seeded)) {
      fill();
      Room.write(seeded, "yes", false);
    }
    // After a kill it listens while it still recovers, and refuses who comes.
    try (Connection owner = connect(database, OWNER, room.password(OWNER))) {
      return owner.isValid(2);
    }
  }

  private void fill() throws IOException, SQLException {
    try (Connection superuser = connect("postgres", "postgres", room.password("postgres"));
        Statement statement = superuser.createStatement()) {
      // From nothing: a fill that was killed half way begins anew.
      statement.execute("DROP DATABASE IF EXISTS \"" + database + "\" WITH (FORCE)");
      boolean known;
      try (ResultSet role =
          statement.executeQuery("SELECT 1 FROM pg_roles WHERE rolname = '" + OWNER + "'")) {
        known = role.next();
      }
      statement.execute(
          (known ? "ALTER" : "CREATE")
              + " ROLE "
              + OWNER
              + " LOGIN REPLICATION PASSWORD '"
              + room.password(OWNER)
              + "'");
      statement.execute("CREATE DATABASE \"" + database + "\" OWNER " + OWNER);
    }
    try (Connection owner = connect(database, OWNER, room.password(OWNER));
        Statement statement = owner.createStatement()) {
      for (Path file : seed) {
        try {
          statement.execute(Files.readString(file));
        } catch (SQLException e) {
          throw new IOException(file.getFileName() + ": " + e.getMessage(), e);
        }
      }
    }
  }

  private Connection connect(String to, String user, String password) throws SQLException {
    Properties properties = new Properties();
    properties.setProperty("user", user);
    properties.setProperty("password", password);
    properties.setProperty("connectTimeout", "5");
    return DriverManager.getConnection(
        "jdbc:postgresql://127.0.0.1:" + port + "/" + to, properties);
  }

  @Override
  public Optional<String> endpoint() {
    return port == 0 ? Optional.empty() : Optional.of("127.0.0.1:" + port);
  }

  @Override
  public Map<String, String> credentials() throws IOException {
    String password = room.password(OWNER);
    Map<String, String> keys = new TreeMap<>();
    keys.put(
        "url", "postgresql://" + OWNER + ":" + password + "@127.0.0.1:" + port + "/" + database);
    keys.put("username", OWNER);
    keys.put("password", password);
    keys.put("host", "127.0.0.1");
    keys.put("port", Integer.toString(port));
    keys.put("database", database);
    return keys;
  }

  /** SIGINT: at a SIGTERM it waits until every client has gone. */
  @Override
  public void askToStop(ProcessHandle process) {
    try {
      new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start();
    } catch (IOException e) {
      process.destroy();
    }
  }
}
