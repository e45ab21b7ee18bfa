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
import java.util.List;
import java.util.Map;
import java.util.Properties;

/**
 * A PostgreSQL server with one database, filled once from SQL files, whose owner may change it and
 * read its changes by logical replication. Root too can run it, whom PostgreSQL refuses to serve.
 */
public final class PostgresService extends DatabaseService {
  /**
   * A server.
   *
   * @param name names the service and its room
   * @param database created on first start
   * @param seed SQL files, run once in this order, each in one transaction
   */
  public PostgresService(Distribution distribution, String name, String database, List<Path> seed) {
    super("postgresql", distribution, name, database, seed);
  }

  @Override
  Launch launch(Room room) throws IOException, InterruptedException {
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
      run("initdb", new ProcessBuilder(init), room.path().resolve("install.log"));
      room.write("installed", "yes");
    }
    List<String> command = new ArrayList<>(another);
    command.add(base.resolve("bin/postgres").toString());
    command.add("-D");
    command.add(data.toString());
    for (String setting :
        List.of(
            "listen_addresses=127.0.0.1",
            "port=" + port(),
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

  @Override
  public boolean ready() throws IOException, InterruptedException, SQLException {
    if (!super.ready()) {
      return false;
    }
    // After a kill it listens while it still recovers, and refuses who comes.
    try (Connection user = connect(database, USER, password())) {
      return user.isValid(2);
    }
  }

  @Override
  void fill(Room room) throws IOException, SQLException {
    try (Connection superuser = connect("postgres", "postgres", room.password("postgres"));
        Statement statement = superuser.createStatement()) {
      statement.execute("DROP DATABASE IF EXISTS \"" + database + "\" WITH (FORCE)");
      boolean known;
      try (ResultSet role =
          statement.executeQuery("SELECT 1 FROM pg_roles WHERE rolname = '" + USER + "'")) {
        known = role.next();
      }
      statement.execute(
          (known ? "ALTER" : "CREATE")
              + " ROLE "
              + USER
              + " LOGIN REPLICATION PASSWORD '"
              + password()
              + "'");
      statement.execute("CREATE DATABASE \"" + database + "\" OWNER " + USER);
    }
    try (Connection user = connect(database, USER, password());
        Statement statement = user.createStatement()) {
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
        "jdbc:postgresql://127.0.0.1:" + port() + "/" + to, properties);
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
