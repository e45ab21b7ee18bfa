package dev.millrace.services;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** One Elasticsearch node, also for root, whom Elasticsearch refuses to serve. */
public final class ElasticsearchService implements Service {
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
            + "\n-XX:+UseSerialGC\n-Xms512m\n-Xmx512m\n"
            + String.join("\n", JavaCommand.forThisMachine())
            + "\n",
        false);
    // That collector lets garbage lie until the heap is full: counted as in use, it would have
    // requests refused for want of memory.
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
        indices.breaker.total.use_real_memory: false
        cluster.routing.allocation.disk.threshold_enabled: false
        action.destructive_requires_name: true
        """
            .formatted(room.folder("data"), room.folder("logs"), port, transport),
        false);
    Path tmp = room.folder("tmp");
    List<String> command = new ArrayList<>(OtherUser.prefix("Elasticsearch", room.path()));
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
