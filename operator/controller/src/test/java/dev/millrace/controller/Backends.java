package dev.millrace.controller;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.engine.SqlAnalyser;
import dev.millrace.model.Platform;
import dev.millrace.planner.Known;
import dev.millrace.planner.SchemaCatalog.SqlAnalysis;
import dev.millrace.planner.SchemaCatalog.SqlRequest;
import dev.millrace.services.ConnectService;
import dev.millrace.services.Distribution;
import dev.millrace.services.ElasticsearchService;
import dev.millrace.services.KafkaService;
import dev.millrace.services.RegistryService;
import dev.millrace.services.Service;
import dev.millrace.services.Supervisor;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;

/** Real Kafka, registry, Elasticsearch and Connect. */
public final class Backends implements AutoCloseable {
  /** For pipelines without SQL. */
  public static final SqlAnalyser NO_SQL =
      new SqlAnalyser() {
        @Override
        public Known<SqlAnalysis> analyse(SqlRequest request) {
          return new Known.Waiting<>("no SQL here");
        }

        @Override
        public void close() {}
      };

  public static final Duration PATIENCE = Duration.ofMinutes(2);

  private final Supervisor supervisor;
  private final KafkaService kafka;
  private final RegistryService registry;
  private final ElasticsearchService elasticsearch;
  private final ConnectService connect;
  private final Path secrets;

  /** Starts them; they are ready only after {@link #await}. */
  public Backends(Path folder) throws IOException {
    Distribution distribution = Distribution.locate();
    List<Path> plugins =
        List.of(
            ApiServer.ROOT.resolve("connectors/datagen/target/plugins"),
            ApiServer.ROOT.resolve("connectors/elasticsearch/target/plugins"));
    for (Path plugin : plugins) {
      assertThat(plugin).as("built by ./mvnw package").isDirectory();
    }
    secrets = folder.resolve("secrets");
    kafka = new KafkaService(distribution);
    registry = new RegistryService(distribution);
    elasticsearch = new ElasticsearchService(distribution);
    connect = new ConnectService(distribution, kafka, plugins, secrets);
    supervisor = new Supervisor(folder, Clock.systemUTC(), s -> {});
    for (Service service : List.of(kafka, registry, elasticsearch, connect)) {
      supervisor.start(service);
    }
  }

  public void await() throws Exception {
    for (Service service : List.of(kafka, registry, elasticsearch, connect)) {
      supervisor.awaitReady(service.name(), PATIENCE);
    }
  }

  void stopRegistry() {
    supervisor.stop(registry.name());
  }

  void startRegistry() throws Exception {
    supervisor.start(registry);
    supervisor.awaitReady(registry.name(), PATIENCE);
  }

  public String connect() {
    return connect.endpoint().orElseThrow();
  }

  public String elasticsearch() {
    return elasticsearch.endpoint().orElseThrow();
  }

  public Platform platform(String namespace, String name, String prefix, String connectUrl) {
    Platform platform =
        Platform.of(
            name,
            new Platform.Spec(
                prefix,
                new Platform.Kafka(kafka.endpoint().orElseThrow(), 2, 1),
                new Platform.SchemaRegistry(registry.endpoint().orElseThrow()),
                new Platform.Connect(connectUrl, secrets.toString()),
                new Platform.Elasticsearch(elasticsearch.endpoint().orElseThrow()),
                new Platform.Spark("file:///nowhere", Map.of())));
    platform.getMetadata().setNamespace(namespace);
    return platform;
  }

  public Set<String> topics() throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.endpoint().orElseThrow()))) {
      return admin.listTopics().names().get();
    }
  }

  Set<String> groups() throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.endpoint().orElseThrow()))) {
      return admin.listGroups().all().get().stream()
          .map(g -> g.groupId())
          .collect(java.util.stream.Collectors.toSet());
    }
  }

  public static HttpResponse<String> http(String method, String url) throws Exception {
    return http(method, url, "");
  }

  /** The same with a body. */
  public static HttpResponse<String> http(String method, String url, String body) throws Exception {
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(URI.create(url))
                .method(
                    method,
                    body.isEmpty()
                        ? HttpRequest.BodyPublishers.noBody()
                        : HttpRequest.BodyPublishers.ofString(body))
                .build(),
            HttpResponse.BodyHandlers.ofString());
  }

  String subjects() throws Exception {
    return http("GET", registry.endpoint().orElseThrow() + "/subjects").body();
  }

  @Override
  public void close() {
    supervisor.close();
  }
}
