package dev.millrace.services;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** One Elasticsearch node, also for root, whom Elasticsearch refuses to serve. */
public final class ElasticsearchService implements Service {
  private static final String NOBODY = "65534";

  private final Distribution distribution;
  private volatile int port;

  public ElasticsearchService(Distribution distribution) {
    this.distribution = distribution;
  }

  @Override
  public String name() {
    return "elasticsearch";
  }

  @Override
  public Launch prepare(Room room) throws IOException, InterruptedException {
    port = room.port("http");
    int transport = room.port("transport");
    Path home = distribution.only("elasticsearch", "elasticsearch-");
    Path config = room.folder("config");
    Files.copy(
        home.resolve("config/log4j2.properties"),
        config.resolve("log4j2.properties"),
        StandardCopyOption.REPLACE_EXISTING);
    // A collector for one core in place of theirs, which may not be named twice.
    Room.write(
        config.resolve("jvm.options"),
        Files.readString(home.resolve("config/jvm.options")).replaceAll("(?m)^.*UseG1GC.*$", "")
            + "\n-XX:+UseSerialGC\n-Xms512m\n-Xmx512m\n",
        false);
    Room.write(
        config.resolve("elasticsearch.yml"),
        """
        cluster.name: millrace
        node.name: local
        path.data: "%1$s"
        path.logs: "%2$s"
        http.host: 127.0.0.1
        http.port: %3$d
        transport.host: 127.0.0.1
        transport.port: %4$d
        discovery.type: single-node
        xpack.security.enabled: false
        cluster.routing.allocation.disk.threshold_enabled: false
        action.destructive_requires_name: true
        """
            .formatted(room.folder("data"), room.folder("logs"), port, transport),
        false);
    Path tmp = room.folder("tmp");
    List<String> command = new ArrayList<>();
    if ("0".equals(userId())) {
      command.addAll(asAnother(room.path()));
    }
    // The file's executable bit does not survive every unpacking.
    command.add("bash");
    command.add(home.resolve("bin/elasticsearch").toString());
    return new Launch(
        command,
        Map.of(
            "ES_JAVA_HOME", System.getProperty("java.home"),
            "ES_PATH_CONF", config.toString(),
            "ES_TMPDIR", tmp.toString(),
            "CLI_JAVA_OPTS", "-Xmx64m -XX:TieredStopAtLevel=1"),
        room.path());
  }

  /**
   * How to be somebody else. In a user namespace of its own the process is still us to the file
   * system, so that it reaches a checkout in root's home; where such namespaces are not allowed, it
   * becomes {@code nobody}, and its files too.
   */
  private static List<String> asAnother(Path room) throws IOException, InterruptedException {
    List<String> namespace = List.of("unshare", "--user", "--map-user=1000", "--map-group=1000");
    if (run(with(namespace, "true")) == 0) {
      return namespace;
    }
    List<String> nobody =
        List.of("setpriv", "--reuid=" + NOBODY, "--regid=" + NOBODY, "--clear-groups");
    if (run(with(nobody, "true")) != 0) {
      throw new IOException(
          "Elasticsearch does not run as root, and neither unshare nor setpriv (Debian: util-linux)"
              + " can run it as another user here. Run millrace as an ordinary user");
    }
    run(List.of("chown", "-R", NOBODY + ":" + NOBODY, room.toString()));
    if (run(with(nobody, "test", "-r", room.toString())) != 0) {
      throw new IOException(
          "Elasticsearch does not run as root, and user nobody can not reach "
              + room
              + ". Put the checkout where every user can read, or run millrace as an ordinary user");
    }
    return nobody;
  }

  private static List<String> with(List<String> command, String... more) {
    List<String> all = new ArrayList<>(command);
    all.addAll(List.of(more));
    return all;
  }

  private static int run(List<String> command) throws IOException, InterruptedException {
    Process process;
    try {
      process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
    } catch (IOException missing) {
      return -1;
    }
    if (!process.waitFor(60, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      return -1;
    }
    return process.exitValue();
  }

  private static String userId() throws IOException {
    return Files.getAttribute(Path.of("/proc/self"), "unix:uid").toString();
  }

  @Override
  public boolean ready() throws InterruptedException {
    return Probe.http(url() + "/_cluster/health?wait_for_status=yellow&timeout=2s");
  }

  private String url() {
    return "http://127.0.0.1:" + port;
  }

  @Override
  public Optional<String> endpoint() {
    return port == 0 ? Optional.empty() : Optional.of(url());
  }
}
