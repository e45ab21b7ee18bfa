package dev.millrace.services;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * A database server with one database, filled once from SQL files, and a user named {@code
 * millrace} who may change it and read its changes.
 */
abstract sealed class DatabaseService implements DevelopmentService
    permits MariaDbService, PostgresService {
  static final String USER = "millrace";

  final Distribution distribution;
  final String database;
  final List<Path> seed;
  private final String name;
  private final String scheme;
  private volatile Room room;
  private volatile int port;

  /**
   * @param scheme of its URLs; its port is kept under this name too
   * @param name names the service and its room
   * @param database created on first start
   * @param seed SQL files, run once in this order
   */
  DatabaseService(
      String scheme, Distribution distribution, String name, String database, List<Path> seed) {
    if (!database.matches("[A-Za-z_][A-Za-z0-9_]{0,62}")) {
      throw new IllegalArgumentException("database: '" + database + "' is not a name");
    }
    this.scheme = scheme;
    this.distribution = distribution;
    this.name = name;
    this.database = database;
    this.seed = List.copyOf(seed);
  }

  /** Makes the data folder, unless it is there, and says how the server is run. */
  abstract Launch launch(Room at) throws IOException, InterruptedException;

  /** Fills the database from nothing: a fill that was killed half way begins anew. */
  abstract void fill(Room at) throws IOException, InterruptedException, SQLException;

  @Override
  public final String name() {
    return name;
  }

  @Override
  public final Launch prepare(Room given) throws IOException, InterruptedException {
    room = given;
    port = given.port(scheme);
    return launch(given);
  }

  final int port() {
    return port;
  }

  final String password() throws IOException {
    return room.password(USER);
  }

  /** Ready once the database has been filled. */
  @Override
  public boolean ready() throws IOException, InterruptedException, SQLException {
    if (!Probe.port(port)) {
      return false;
    }
    Path seeded = room.path().resolve("seeded");
    if (!Files.exists(seeded)) {
      fill(room);
      Room.write(seeded, "yes", false);
    }
    return true;
  }

  @Override
  public final Optional<String> endpoint() {
    return port == 0 ? Optional.empty() : Optional.of("127.0.0.1:" + port);
  }

  /** The keys url, username, password, host, port, database. */
  @Override
  public final Map<String, String> credentials() throws IOException {
    String password = password();
    Map<String, String> keys = new TreeMap<>();
    keys.put("url", scheme + "://" + USER + ":" + password + "@127.0.0.1:" + port + "/" + database);
    keys.put("username", USER);
    keys.put("password", password);
    keys.put("host", "127.0.0.1");
    keys.put("port", Integer.toString(port));
    keys.put("database", database);
    return keys;
  }

  /** Runs one of the server's programs to its end; {@code what} names it if it fails. */
  static void run(String what, ProcessBuilder program, Path log)
      throws IOException, InterruptedException {
    Process process = program.redirectErrorStream(true).redirectOutput(log.toFile()).start();
    if (!process.waitFor(180, TimeUnit.SECONDS) || process.exitValue() != 0) {
      process.destroyForcibly();
      throw new IOException(what + " failed: " + Logging.tail(log, 5));
    }
  }

  static void deleteRecursively(Path folder) throws IOException {
    if (Files.exists(folder)) {
      try (var files = Files.walk(folder)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }
}
