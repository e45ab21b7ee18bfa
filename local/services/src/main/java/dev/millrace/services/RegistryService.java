package dev.millrace.services;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Apicurio's schema registry, with Confluent's API, on a database file of its own. */
public final class RegistryService implements Service {
  private final Distribution distribution;
  private volatile int port;

  public RegistryService(Distribution distribution) {
    this.distribution = distribution;
  }

  @Override
  public String name() {
    return "registry";
  }

  @Override
  public Launch prepare(Room room) throws IOException {
    port = room.port("http");
    Path runner = distribution.only("registry", "apicurio-registry-app-");
    Path home = distribution.root().resolve("registry");
    return new Launch(
        new JavaCommand(256)
            .options("-XX:TieredStopAtLevel=1", "-Djava.io.tmpdir=" + room.folder("tmp"))
            .main(
                List.of(runner.toString(), home.resolve("lib") + "/*"),
                "io.quarkus.runner.GeneratedMain")
            .build(),
        Map.of(
            "QUARKUS_HTTP_HOST", "127.0.0.1",
            "QUARKUS_HTTP_PORT", Integer.toString(port),
            // Written through at once: an id that was given out is never given again after a kill.
            "REGISTRY_DATASOURCE_URL",
                "jdbc:h2:file:" + room.folder("data").resolve("registry") + ";WRITE_DELAY=0",
            "QUARKUS_LOG_CONSOLE_JSON", "false",
            "QUARKUS_BANNER_ENABLED", "false"),
        room.path());
  }

  @Override
  public boolean ready() throws InterruptedException {
    return Probe.http(url() + "/subjects");
  }

  private String url() {
    return "http://127.0.0.1:" + port + "/apis/ccompat/v7";
  }

  /** Base URL of Confluent's API. */
  @Override
  public Optional<String> endpoint() {
    return port == 0 ? Optional.empty() : Optional.of(url());
  }
}
