package dev.millrace.services;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServicesIT {
  private static final Duration PATIENCE = Duration.ofMinutes(3);

  @TempDir Path temporary;

  private final Distribution distribution = Distribution.locate();
  private final Queue<ServiceState> seen = new ConcurrentLinkedQueue<>();

  @Test
  void startsAllInAPathWithASpaceRestartsWhatDiesAndKeepsItsData() throws Exception {
    Path state = temporary.resolve("a state");
    Path seed =
        Files.writeString(temporary.resolve("seed.sql"), "CREATE TABLE t (a INT PRIMARY KEY);\n");
    KafkaService kafka = new KafkaService(distribution);
    RegistryService registry = new RegistryService(distribution);
    ElasticsearchService elasticsearch = new ElasticsearchService(distribution);
    MariaDbService mariaDb = new MariaDbService(distribution, "db", "shop", List.of(seed));
    Path mood =
        Files.writeString(
            temporary.resolve("mood.sql"),
            "CREATE TABLE mood (a INT PRIMARY KEY); INSERT INTO mood VALUES (7);\n");
    PostgresService postgres = new PostgresService(distribution, "pg", "shop", List.of(mood));
    ConnectService connect =
        new ConnectService(distribution, kafka, List.of(), state.resolve("secrets"));
    List<Service> all = List.of(kafka, registry, elasticsearch, mariaDb, postgres, connect);
    try (Supervisor supervisor = new Supervisor(state, Clock.systemUTC(), seen::add)) {
      for (Service service : all) {
        supervisor.start(service);
      }
      for (Service service : all) {
        ServiceState ready = supervisor.awaitReady(service.name(), PATIENCE);
        System.out.println(ready.name() + " ready after " + ready.elapsed().toMillis() + " ms");
      }
      assertThat(get(connect.endpoint().orElseThrow() + "/connector-plugins"))
          .contains("io.debezium.connector.mariadb.MariaDbConnector")
          .contains("io.debezium.connector.postgresql.PostgresConnector");
      post(
          registry.endpoint().orElseThrow() + "/subjects/s/versions",
          "{\"schema\":\"\\\"string\\\"\"}");
      post(elasticsearch.endpoint().orElseThrow() + "/i/_doc/1?refresh=true", "{\"a\":1}");

      for (String victim : List.of("registry", "elasticsearch", "kafka", "db", "pg")) {
        long pid = supervisor.state(victim).orElseThrow().pid();
        ProcessHandle.of(pid).orElseThrow().destroyForcibly();
        await()
            .atMost(PATIENCE)
            .until(
                () -> {
                  ServiceState now = supervisor.state(victim).orElseThrow();
                  // What PostgreSQL's killed server has left may keep the next one from starting.
                  boolean restarted =
                      victim.equals("pg") ? now.restarts() >= 1 : now.restarts() == 1;
                  return restarted && now.phase() == ServiceState.Phase.READY;
                });
      }
      assertThat(seen)
          .anySatisfy(
              s -> {
                assertThat(s.name()).isEqualTo("registry");
                assertThat(s.phase()).isEqualTo(ServiceState.Phase.FAILED);
                assertThat(s.message()).startsWith("killed by signal 9");
              });
      assertThat(get(registry.endpoint().orElseThrow() + "/subjects")).isEqualTo("[\"s\"]");
      assertThat(get(elasticsearch.endpoint().orElseThrow() + "/i/_doc/1")).contains("\"a\":1");
      assertThat(
              PosixFilePermissions.toString(
                  Files.getPosixFilePermissions(state.resolve("services/db/password.millrace"))))
          .isEqualTo("rw-------");
      Map<String, String> secret = postgres.credentials();
      try (Connection database =
              DriverManager.getConnection(
                  "jdbc:postgresql://127.0.0.1:" + secret.get("port") + "/shop",
                  secret.get("username"),
                  secret.get("password"));
          ResultSet row = database.createStatement().executeQuery("SELECT a FROM mood")) {
        assertThat(row.next()).isTrue();
        assertThat(row.getInt(1)).isEqualTo(7);
      }
      String password = mariaDb.credentials().get("password");
      assertThat(ProcessHandle.allProcesses().flatMap(p -> p.info().commandLine().stream()))
          .noneMatch(line -> line.contains(password) || line.contains(secret.get("password")));
    }
    assertThat(ProcessHandle.allProcesses().flatMap(p -> p.info().commandLine().stream()))
        .noneMatch(line -> line.contains(state.toString()));
  }

  @Test
  void choosesAnotherPortWhenItsOwnIsTakenAndStopsWhatAnEarlierRunLeft() throws Exception {
    Room room = new Room(temporary.resolve("services/registry"));
    int first = room.port("http");
    assertThat(room.port("http")).isEqualTo(first);
    try (ServerSocket taken = new ServerSocket()) {
      taken.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), first));
      assertThat(room.port("http")).isNotEqualTo(first);
    }
    Process left = new ProcessBuilder("sleep", "600").start();
    Files.writeString(
        room.path().resolve("pid"),
        left.pid() + " " + left.info().startInstant().orElseThrow().toEpochMilli());
    RegistryService registry = new RegistryService(distribution);
    try (Supervisor supervisor = new Supervisor(temporary, Clock.systemUTC(), seen::add)) {
      supervisor.start(registry);
      supervisor.awaitReady("registry", PATIENCE);
      assertThat(left.isAlive()).isFalse();
    }
  }

  @Test
  void saysWhyAServiceDoesNotStart() throws Exception {
    Service broken =
        new JavaService(
            "broken",
            List.of(),
            room ->
                new Service.Launch(
                    List.of("sh", "-c", "echo no such luck; exit 3"),
                    java.util.Map.of(),
                    room.path()));
    try (Supervisor supervisor = new Supervisor(temporary, Clock.systemUTC(), seen::add)) {
      supervisor.start(broken);
      await()
          .atMost(PATIENCE)
          .untilAsserted(
              () ->
                  assertThat(seen)
                      .anySatisfy(
                          s -> {
                            assertThat(s.phase()).isEqualTo(ServiceState.Phase.FAILED);
                            assertThat(s.message()).isEqualTo("ended with code 3\nno such luck");
                          }));
      await()
          .atMost(PATIENCE)
          .until(() -> supervisor.state("broken").orElseThrow().restarts() >= 2);
    }
  }

  @Test
  void aServerThatItsKilledLauncherLeavesIsGoneBeforeTheNextOneStarts() throws Exception {
    Path server = temporary.resolve("server.pid");
    Queue<Boolean> left = new ConcurrentLinkedQueue<>();
    Service launched =
        new JavaService(
            "launched",
            List.of(),
            room -> {
              if (Files.exists(server)) {
                left.add(
                    ProcessHandle.of(Long.parseLong(Files.readString(server).strip())).isPresent());
                Files.delete(server);
              }
              return new Service.Launch(
                  List.of("sh", "-c", "sleep 600 & echo $! > new.pid; mv new.pid server.pid; wait"),
                  Map.of(),
                  temporary);
            },
            () -> Files.exists(server));
    try (Supervisor supervisor = new Supervisor(temporary, Clock.systemUTC(), seen::add)) {
      supervisor.start(launched);
      long launcher = supervisor.awaitReady("launched", PATIENCE).pid();
      ProcessHandle.of(launcher).orElseThrow().destroyForcibly();
      await().atMost(PATIENCE).until(() -> !left.isEmpty());
      assertThat(left).containsExactly(false);
    }
  }

  private static String get(String url) throws Exception {
    return HttpClient.newHttpClient()
        .send(HttpRequest.newBuilder(URI.create(url)).build(), HttpResponse.BodyHandlers.ofString())
        .body();
  }

  private static void post(String url, String body) throws Exception {
    HttpResponse<String> response =
        HttpClient.newHttpClient()
            .send(
                HttpRequest.newBuilder(URI.create(url))
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString(body))
                    .build(),
                HttpResponse.BodyHandlers.ofString());
    assertThat(response.statusCode()).as(response.body()).isBetween(200, 201);
  }
}
