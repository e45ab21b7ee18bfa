package dev.millrace.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.ManifestReader;
import dev.millrace.model.Pipeline;
import dev.millrace.model.Platform;
import dev.millrace.planner.Consent;
import dev.millrace.planner.FieldChange;
import dev.millrace.planner.Impact;
import dev.millrace.planner.Known;
import dev.millrace.planner.SchemaCatalog;
import dev.millrace.planner.SchemaCatalog.SqlAnalysis;
import dev.millrace.planner.SchemaCatalog.SqlRequest;
import dev.millrace.registry.SchemaRegistryClient;
import dev.millrace.registry.WireFormat;
import dev.millrace.services.ConnectService;
import dev.millrace.services.Distribution;
import dev.millrace.services.ElasticsearchService;
import dev.millrace.services.KafkaService;
import dev.millrace.services.RegistryService;
import dev.millrace.services.Service;
import dev.millrace.services.Supervisor;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The engine against real Kafka, Connect, registry and Elasticsearch; Spark jobs are only noted.
 */
class EngineIT {
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  @TempDir static Path temporary;
  private static Supervisor supervisor;
  private static KafkaService kafka;
  private static RegistryService registry;
  private static ElasticsearchService elasticsearch;
  private static ConnectService connect;
  private static final NotedJobs JOBS = new NotedJobs();
  private static Engine engine;
  private static Platform platform;
  private static References references;

  /** Knows the answer to what transforms named {@code counts} ask, whatever their SQL says. */
  private static final SqlAnalyser NO_SQL =
      new SqlAnalyser() {
        @Override
        public Known<SqlAnalysis> analyse(SqlRequest request) {
          if (!request.transform().equals("counts")) {
            return new Known.Waiting<>("no SQL here");
          }
          ObjectNode schema = new ObjectMapper().createObjectNode();
          schema.put("type", "record").put("name", "Counts").put("namespace", "it");
          schema.withArray("fields").addObject().put("name", "d").put("type", "string");
          schema.withArray("fields").addObject().put("name", "n").put("type", "long");
          return new Known.Yes<>(
              new SqlAnalysis(
                  Optional.of(schema),
                  "table",
                  List.of("d"),
                  List.of(new SchemaCatalog.Read("events", "drives", List.of("d"))),
                  List.of(),
                  List.of()));
        }

        @Override
        public void close() {}
      };

  /** Jobs that are said to run. */
  private static final class NotedJobs implements SparkLauncher {
    final Map<String, JsonNode> documents = new ConcurrentHashMap<>();
    final Map<String, String> hashes = new ConcurrentHashMap<>();
    int starts;

    /** The job at whose start this process dies. */
    volatile String dies = "";

    @Override
    public Optional<Observed> observe(String job) {
      return Optional.ofNullable(hashes.get(job))
          .map(h -> new Observed(h, true, Optional.empty(), "no status"));
    }

    @Override
    public Optional<JsonNode> document(String job) {
      return Optional.ofNullable(documents.get(job));
    }

    @Override
    public void ensureRunning(String job, JsonNode document, String hash) {
      if (job.equals(dies)) {
        throw new IllegalStateException("died");
      }
      if (!hash.equals(hashes.put(job, hash))) {
        starts++;
        documents.put(job, document);
      }
    }

    @Override
    public void stop(String job) {
      hashes.remove(job);
    }
  }

  @BeforeAll
  static void start() throws Exception {
    Distribution distribution = Distribution.locate();
    Path home = distribution.root().getParent().getParent().getParent().getParent();
    List<Path> plugins =
        List.of(
            home.resolve("connectors/datagen/target/plugins"),
            home.resolve("connectors/elasticsearch/target/plugins"));
    for (Path plugin : plugins) {
      assertThat(plugin).as("built by ./mvnw package").isDirectory();
    }
    kafka = new KafkaService(distribution);
    registry = new RegistryService(distribution);
    elasticsearch = new ElasticsearchService(distribution);
    connect = new ConnectService(distribution, kafka, plugins, temporary.resolve("secrets"));
    supervisor = new Supervisor(temporary, Clock.systemUTC(), s -> {});
    List<Service> all = List.of(kafka, registry, elasticsearch, connect);
    for (Service service : all) {
      supervisor.start(service);
    }
    for (Service service : all) {
      supervisor.awaitReady(service.name(), PATIENCE);
    }
    platform =
        Platform.of(
            "default",
            new Platform.Spec(
                "it.",
                new Platform.Kafka(kafka.endpoint().orElseThrow(), 2, 1),
                new Platform.SchemaRegistry(registry.endpoint().orElseThrow()),
                new Platform.Connect(
                    connect.endpoint().orElseThrow(), temporary.resolve("secrets").toString()),
                new Platform.Elasticsearch(elasticsearch.endpoint().orElseThrow()),
                new Platform.Spark("file:///nowhere", Map.of())));
    References none =
        new References() {
          @Override
          public Known<Map<String, String>> secret(String name) {
            return new Known.No<>("no Secret '" + name + "'");
          }

          @Override
          public Known<Map<String, String>> configMap(String name) {
            return new Known.No<>("no ConfigMap '" + name + "'");
          }
        };
    references = none;
    engine = another();
  }

  /** An engine as another process would have it, which knows nothing that is not written down. */
  private static Engine another() {
    return new Engine(platform, references, NO_SQL, JOBS, Clock.systemUTC());
  }

  @AfterAll
  static void stop() {
    if (engine != null) {
      engine.close();
    }
    supervisor.close();
  }

  private static Pipeline pipeline(String name, String fields, String more) {
    ManifestReader.Read<Pipeline> read =
        ManifestReader.pipeline(
            """
            apiVersion: millrace.dev/v1alpha1
            kind: Pipeline
            metadata: { name: %s }
            spec:
              sources:
                - name: events
                  datagen:
                    schema: '{"type":"record","name":"E","fields":[{"name":"d","type":"string"},{"name":"at","type":{"type":"long","logicalType":"timestamp-micros"}},{"name":"type","type":"string"}%s]}'
                    count: 500
                    rate: max
                    clock: simulated
                  eventTime: { field: at }
            %s
            """
                .formatted(name, fields, more.indent(2)));
    assertThat(read.problems()).isEmpty();
    return read.resource();
  }

  private static PipelineStatus.Component component(PipelineStatus status, String name) {
    return status.components().stream()
        .filter(c -> c.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private static HttpResponse<String> http(String method, String url, String body)
      throws Exception {
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(URI.create(url))
                .header("Content-Type", "application/json")
                .method(
                    method,
                    body == null
                        ? HttpRequest.BodyPublishers.noBody()
                        : HttpRequest.BodyPublishers.ofString(body))
                .build(),
            HttpResponse.BodyHandlers.ofString());
  }

  private static final String SINK =
      """
      sinks:
        - { name: to-es, from: events, elasticsearch: { index: %s } }
      """;

  @Test
  void drainsABoundedPipelineAndThenWritesNothingAnyMore() throws Exception {
    Pipeline pipeline = pipeline("drains", "", SINK.formatted("drains"));
    await().atMost(PATIENCE).until(() -> engine.reconcile(pipeline).drained());
    String es = elasticsearch.endpoint().orElseThrow();
    assertThat(http("POST", es + "/drains/_refresh", null).statusCode()).isEqualTo(200);
    assertThat(http("GET", es + "/drains/_count", null).body()).contains("\"count\":500");
    assertThat(http("GET", es + "/drains/_mapping", null).body())
        .contains("\"dynamic\":\"strict\"");

    Map<String, Long> before = everythingWritten("drains");
    for (int i = 0; i < 5; i++) {
      PipelineStatus status = engine.reconcile(pipeline);
      assertThat(status.ready()).isTrue();
      assertThat(component(status, "events").state()).isEqualTo("ended");
      assertThat(component(status, "to-es").lag()).isZero();
    }
    assertThat(everythingWritten("drains")).isEqualTo(before);
  }

  /** Ends of the topics in which Connect, the registry's clients and we would leave a trace. */
  private static Map<String, Long> everythingWritten(String pipeline) throws Exception {
    Map<String, Long> ends = new HashMap<>();
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.endpoint().orElseThrow()))) {
      for (String topic :
          List.of(
              "millrace-connect-configs",
              "it." + pipeline + ".millrace-marks",
              "it." + pipeline + ".events")) {
        TopicPartition partition = new TopicPartition(topic, 0);
        ends.put(
            topic,
            admin
                .listOffsets(Map.of(partition, OffsetSpec.latest()))
                .partitionResult(partition)
                .get()
                .offset());
      }
    }
    ends.put(
        "versions",
        (long)
            new SchemaRegistryClient(registry.endpoint().orElseThrow())
                .latest("it." + pipeline + ".events-value")
                .orElseThrow()
                .version());
    String template =
        http("GET", elasticsearch.endpoint().orElseThrow() + "/_cluster/state/version", null)
            .body()
            .replaceAll(".*\"version\":(\\d+).*", "$1");
    ends.put("elasticsearch", Long.parseLong(template));
    return ends;
  }

  @Test
  void whoOnlyLooksSeesTheLastRecordsDecodedAndLeavesNothingBehind() throws Exception {
    Pipeline pipeline = pipeline("looks", "", SINK.formatted("looks"));
    await().atMost(PATIENCE).until(() -> engine.reconcile(pipeline).drained());
    Observation seen = engine.observation("looks").orElseThrow();
    Set<String> before = groupsAndTopics();

    JsonNode graph = GraphView.of(seen);
    assertThat(graph.path("nodes").findValuesAsText("id"))
        .containsExactly("source:events", "stream:events", "sink:to-es");
    assertThat(graph.path("edges").findValuesAsText("to"))
        .containsExactly("stream:events", "sink:to-es");
    JsonNode stream = StreamView.of(seen, "events").orElseThrow();
    assertThat(stream.path("fields").findValuesAsText("type"))
        .containsExactly("string", "timestamp-micros", "string");
    assertThat(stream.path("readers").get(0).asText()).isEqualTo("to-es");
    JsonNode sink = DetailView.component(seen, "to-es").orElseThrow();
    assertThat(sink.at("/connector/tasks/0/state").asText()).isEqualTo("running");
    assertThat(sink.at("/connector/config/index").asText()).isEqualTo("looks");

    Inspector inspector = engine.inspector();
    JsonNode topics = TopicView.topics(seen, inspector);
    JsonNode events = topics.get(0);
    assertThat(events.path("offsets").asLong()).isGreaterThanOrEqualTo(500);
    assertThat(events.path("bytes").asLong()).isPositive();
    assertThat(events.path("kind").asText()).isEqualTo("append");

    // Within the three seconds that a look may take, a busy machine may not have all of them.
    await()
        .atMost(PATIENCE)
        .ignoreException(BackendException.class)
        .untilAsserted(
            () -> {
              String name = events.path("name").asText();
              JsonNode few = inspector.records(name, 7, new Redactor(List.of()));
              assertThat(few.path("records")).hasSize(7);
              assertThat(few.at("/records/0/value/at").asText())
                  .matches("\\d{4}-\\d\\d-\\d\\dT.*Z");
              // All of it was read: then, and only then, it is said how many there are.
              JsonNode all = inspector.records(name, 1000, new Redactor(List.of()));
              assertThat(all.path("count").asInt()).isEqualTo(500);
            });
    assertThat(groupsAndTopics()).isEqualTo(before);
  }

  private static Set<String> groupsAndTopics() throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.endpoint().orElseThrow()))) {
      Set<String> all = new TreeSet<>(admin.listTopics().names().get());
      admin.listGroups().all().get().forEach(g -> all.add("group " + g.groupId()));
      return all;
    }
  }

  @Test
  void whatSomebodyElseMadeIsAConflictAndStaysAsItIs() throws Exception {
    String url = connect.endpoint().orElseThrow();
    String theirs =
        "{\"connector.class\":\"dev.millrace.connect.elasticsearch.ElasticsearchSinkConnector\",\"topics\":\"x\",\"connection.url\":\"http://127.0.0.1:9\",\"index\":\"x\",\"schema.registry.url\":\"http://127.0.0.1:9\",\"tasks.max\":\"1\"}";
    assertThat(http("PUT", url + "/connectors/it.conflict.to-es/config", theirs).statusCode())
        .isEqualTo(201);
    Pipeline pipeline = pipeline("conflict", "", SINK.formatted("conflict"));
    // The source comes up although the sink can not.
    await()
        .atMost(PATIENCE)
        .until(() -> component(engine.reconcile(pipeline), "events").state().equals("ended"));
    PipelineStatus status = engine.reconcile(pipeline);
    assertThat(component(status, "to-es").state()).isEqualTo("failed");
    assertThat(component(status, "to-es").message()).contains("it.conflict.to-es");
    assertThat(status.ready()).isFalse();
    assertThat(http("GET", url + "/connectors/it.conflict.to-es/config", null).body())
        .contains("\"topics\":\"x\"");
  }

  @Test
  void anIncompatibleSchemaIsRefusedAndWhatRunsGoesOn() throws Exception {
    Pipeline first = pipeline("evolves", "", "");
    await()
        .atMost(PATIENCE)
        .until(() -> component(engine.reconcile(first), "events").state().equals("ended"));
    Pipeline breaks = pipeline("evolves", ",{\"name\":\"needed\",\"type\":\"string\"}", "");
    PipelineStatus status = engine.reconcile(breaks);
    assertThat(component(status, "events").state()).isEqualTo("failed");
    assertThat(component(status, "events").message())
        .contains("it.evolves.events-value")
        .contains("not BACKWARD compatible")
        .contains("needed");
    assertThat(
            http(
                    "GET",
                    connect.endpoint().orElseThrow() + "/connectors/it.evolves.events/status",
                    null)
                .body())
        .contains("RUNNING");
  }

  @Test
  void aJobIsStartedOnceWithTheIdsOfItsSchemas() {
    Pipeline pipeline =
        pipeline(
            "jobs",
            "",
            """
            transforms:
              - name: v
                intervals: { from: events, by: [d], type: type, open: [start], timeout: 30m }
                key: [d, started_at]
            """);
    await()
        .atMost(PATIENCE)
        .until(
            () -> {
              engine.reconcile(pipeline);
              return JOBS.documents.containsKey("it.jobs");
            });
    JsonNode output = JOBS.documents.get("it.jobs").at("/transforms/0/output");
    SchemaRegistryClient client = new SchemaRegistryClient(registry.endpoint().orElseThrow());
    assertThat(client.byId(output.path("schemaId").asInt()).getName()).isEqualTo("V");
    assertThat(client.byId(output.path("keySchemaId").asInt()).getName()).isEqualTo("VKey");
    int starts = JOBS.starts;
    engine.reconcile(pipeline);
    engine.reconcile(pipeline);
    assertThat(JOBS.starts).isEqualTo(starts);
  }

  @Test
  void dashboardsWaitForKibanaAndNothingWaitsForThem() throws Exception {
    int port;
    try (KibanaStub reserved = new KibanaStub(0)) {
      port = reserved.port();
    }
    Platform.Spec here = platform.getSpec();
    Platform withKibana =
        Platform.of(
            "default",
            new Platform.Spec(
                here.prefix(),
                here.kafka(),
                here.schemaRegistry(),
                here.connect(),
                here.elasticsearch(),
                here.spark(),
                new Platform.Kibana("http://127.0.0.1:" + port, "team")));
    String file =
        "{\"type\":\"dashboard\",\"id\":\"d\",\"attributes\":{\"title\":\"D\",\"panelsJSON\":\"[]\"}}";
    References references =
        new References() {
          @Override
          public Known<Map<String, String>> secret(String name) {
            return new Known.No<>("no Secret '" + name + "'");
          }

          @Override
          public Known<Map<String, String>> configMap(String name) {
            return new Known.Yes<>(Map.of("d.ndjson", file));
          }
        };
    Pipeline pipeline =
        pipeline(
            "drawn",
            "",
            SINK.formatted("drawn")
                + "dashboards:\n  - { name: numbers, configMap: { name: files } }\n");
    try (Engine drawing = new Engine(withKibana, references, NO_SQL, JOBS, Clock.systemUTC())) {
      await().atMost(PATIENCE).until(() -> drawing.reconcile(pipeline).drained());
      PipelineStatus status = drawing.reconcile(pipeline);
      assertThat(component(status, "to-es").state()).isEqualTo("ready");
      assertThat(component(status, "numbers").kind()).isEqualTo("dashboard");
      assertThat(component(status, "numbers").state()).isEqualTo("waiting");
      assertThat(component(status, "numbers").message()).contains("Kibana").contains("no answer");
      try (KibanaStub kibana = new KibanaStub(port)) {
        await()
            .atMost(PATIENCE)
            .until(() -> component(drawing.reconcile(pipeline), "numbers").state().equals("ready"));
        assertThat(kibana.ids("dashboard")).containsExactly("team.it.drawn.numbers.d");
        assertThat(component(drawing.reconcile(pipeline), "numbers").message())
            .isEqualTo("http://127.0.0.1:" + port + "/s/team/app/dashboards");
        assertThat(drawing.reconcile(pipeline).ready()).isTrue();
      }
    }
    // Where the platform has none, the page draws them, and that is all there is to it.
    try (Engine without = new Engine(platform, references, NO_SQL, JOBS, Clock.systemUTC())) {
      PipelineStatus status = without.reconcile(pipeline);
      assertThat(component(status, "numbers").state()).isEqualTo("ready");
      assertThat(component(status, "numbers").message()).contains("no Kibana");
    }
  }

  @Test
  void aWrongPipelineTouchesNothing() throws Exception {
    Pipeline pipeline =
        pipeline(
            "wrong", "", "sinks:\n  - { name: s, from: evnts, elasticsearch: { index: s } }\n");
    PipelineStatus status = engine.reconcile(pipeline);
    assertThat(status.problems().toString()).contains("evnts").contains("events");
    assertThat(status.conditions().get(0).status()).isEqualTo("False");
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.endpoint().orElseThrow()))) {
      assertThat(admin.listTopics().names().get()).noneMatch(t -> t.startsWith("it.wrong"));
    }
    assertThat(Files.exists(temporary.resolve("secrets/none"))).isFalse();
  }

  // ---- changes

  private static final String COUNTED = ",{\"name\":\"n\",\"type\":\"%s\",\"default\":0}";

  @Test
  void whatLosesDataWaitsForConsentAndNothingElseIsTouchedMeanwhile() throws Exception {
    Pipeline first = pipeline("consents", COUNTED.formatted("int"), SINK.formatted("consents"));
    await().atMost(PATIENCE).until(() -> engine.reconcile(first).drained());
    String es = elasticsearch.endpoint().orElseThrow();
    assertThat(http("GET", es + "/consents/_mapping", null).body()).contains("\"integer\"");

    Pipeline second = pipeline("consents", COUNTED.formatted("long"), SINK.formatted("consents"));
    Map<String, Long> before = everythingWritten("consents");
    Preview preview = engine.preview(second, NO_SQL);
    assertThat(preview.changes().consents()).containsExactly(Impact.DATA_LOSS);
    assertThat(preview.changes().hash()).isEqualTo(engine.preview(second, NO_SQL).changes().hash());
    for (int i = 0; i < 3; i++) {
      PipelineStatus status = engine.reconcile(second);
      assertThat(component(status, "to-es").state()).isEqualTo("consent");
      assertThat(component(status, "to-es").message())
          .contains("needs consent to data-loss")
          .contains("index consents is deleted and written anew from topic it.consents.events")
          .contains("--allow data-loss");
      assertThat(status.ready()).isFalse();
    }
    // Who agrees to lose state has not agreed to lose data.
    engine.reconcile(second, new Consent(Set.of(Impact.STATE_LOSS), false));
    assertThat(everythingWritten("consents")).isEqualTo(before);

    Consent consent = new Consent(Set.of(Impact.DATA_LOSS), false);
    await()
        .atMost(PATIENCE)
        .ignoreExceptions()
        .until(
            () ->
                engine.reconcile(second, consent).ready()
                    && engine.changes("consents").differing().isEmpty()
                    && http("GET", es + "/consents/_count", null).body().contains("\"count\":500"));
    assertThat(http("GET", es + "/consents/_mapping", null).body())
        .contains("\"long\"")
        .doesNotContain("\"integer\"");
    Map<String, Long> after = everythingWritten("consents");
    for (int i = 0; i < 5; i++) {
      assertThat(engine.reconcile(second).ready()).isTrue();
    }
    assertThat(engine.preview(second, NO_SQL).changes().differing()).isEmpty();
    assertThat(everythingWritten("consents")).isEqualTo(after);
  }

  @Test
  void whatSomebodyChangesInABackendIsSeenNamedAndMended() throws Exception {
    Pipeline pipeline = pipeline("drifts", "", SINK.formatted("drifts"));
    await().atMost(PATIENCE).until(() -> engine.reconcile(pipeline).drained());
    await()
        .atMost(PATIENCE)
        .until(
            () -> {
              engine.reconcile(pipeline);
              return engine.changes("drifts").differing().isEmpty();
            });
    String sink = connect.endpoint().orElseThrow() + "/connectors/it.drifts.to-es/config";
    String config = http("GET", sink, null).body();
    assertThat(
            http("PUT", sink, config.replace("\"tasks.max\":\"1\"", "\"tasks.max\":\"3\""))
                .statusCode())
        .isEqualTo(200);
    mended(pipeline, "Connector it.drifts.to-es: config.tasks.max: 3 -> 1");
    assertThat(http("GET", sink, null).body()).contains("\"tasks.max\":\"1\"");

    String template = elasticsearch.endpoint().orElseThrow() + "/_index_template/drifts";
    JsonNode body =
        new ObjectMapper()
            .readTree(http("GET", template, null).body())
            .at("/index_templates/0/index_template");
    ((ObjectNode) body).put("priority", 7);
    assertThat(http("PUT", template, body.toString()).statusCode()).isEqualTo(200);
    mended(pipeline, "IndexTemplate drifts: priority: 7 -> 500");

    try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.endpoint().orElseThrow()))) {
      admin.deleteTopics(List.of("it.drifts.to-es.dead")).all().get();
      mended(pipeline, "Topic it.drifts.to-es.dead: somebody has deleted it");
      await()
          .atMost(PATIENCE)
          .until(() -> admin.listTopics().names().get().contains("it.drifts.to-es.dead"));
    }
  }

  private static void mended(Pipeline pipeline, String what) {
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                engine.reconcile(pipeline).conditions().stream()
                    .anyMatch(c -> c.type().equals("Drift") && c.message().contains(what)));
    await()
        .atMost(PATIENCE)
        .until(
            () -> {
              PipelineStatus status = engine.reconcile(pipeline);
              return status.ready() && engine.preview(pipeline, NO_SQL).changes().drift().isEmpty();
            });
  }

  @Test
  void whatOthersMadeIsTakenOverOnlyWhenAsked() throws Exception {
    Pipeline pipeline = pipeline("adopts", "", SINK.formatted("adopts"));
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.endpoint().orElseThrow()))) {
      admin.createTopics(List.of(new NewTopic("it.adopts.events", 2, (short) 1))).all().get();
      PipelineStatus status = engine.reconcile(pipeline);
      assertThat(component(status, "events").state()).isEqualTo("failed");
      assertThat(component(status, "events").message())
          .contains("topic it.adopts.events is there already and was not made by this pipeline");
      engine.reconcile(pipeline);
      ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, "it.adopts.events");
      assertThat(config(admin, topic, "message.timestamp.type")).isEqualTo("CreateTime");
      Consent adopt = new Consent(Set.of(), true);
      await().atMost(PATIENCE).until(() -> engine.reconcile(pipeline, adopt).drained());
      assertThat(config(admin, topic, "message.timestamp.type")).isEqualTo("LogAppendTime");
      // From now on it is ours.
      assertThat(engine.reconcile(pipeline).ready()).isTrue();
      assertThat(engine.preview(pipeline, NO_SQL).changes().conflicts()).isEmpty();
    }
  }

  private static String config(Admin admin, ConfigResource topic, String key) throws Exception {
    return admin.describeConfigs(List.of(topic)).all().get().get(topic).get(key).value();
  }

  @Test
  void aColumnThatAnotherPipelineUsesCanNotBeDroppedOrRetyped() throws Exception {
    Pipeline first =
        pipeline(
            "gated",
            ",{\"name\":\"place\",\"type\":[\"null\",\"int\"],\"default\":null},"
                + "{\"name\":\"unused\",\"type\":[\"null\",\"int\"],\"default\":null}",
            "");
    await()
        .atMost(PATIENCE)
        .until(() -> component(engine.reconcile(first), "events").state().equals("ended"));
    ManifestReader.Read<Pipeline> reader =
        ManifestReader.pipeline(
            """
            apiVersion: millrace.dev/v1alpha1
            kind: Pipeline
            metadata: { name: reader }
            spec:
              sources:
                - { name: theirs, topic: { name: it.gated.events }, eventTime: { field: at } }
              transforms:
                - name: visits
                  intervals: { from: theirs, by: [d], type: type, open: [start], carry: [place], timeout: 30m }
                  key: [d, started_at]
            """);
    assertThat(reader.problems()).isEmpty();
    Pipeline drops =
        pipeline(
            "gated", ",{\"name\":\"unused\",\"type\":[\"null\",\"int\"],\"default\":null}", "");
    Pipeline retypes =
        pipeline(
            "gated",
            ",{\"name\":\"place\",\"type\":[\"null\",\"long\"],\"default\":null},"
                + "{\"name\":\"unused\",\"type\":[\"null\",\"int\"],\"default\":null}",
            "");
    Pipeline dropsUnused =
        pipeline("gated", ",{\"name\":\"place\",\"type\":[\"null\",\"int\"],\"default\":null}", "");
    engine.know(List.of(first, reader.resource()));
    try {
      Map<String, Long> before = everythingWritten("gated");
      PipelineStatus dropped = engine.reconcile(drops);
      assertThat(component(dropped, "events").state()).isEqualTo("failed");
      assertThat(component(dropped, "events").message())
          .contains("stream events: column place can not be dropped")
          .contains("the intervals of visits in pipeline reader");
      assertThat(component(engine.reconcile(retypes), "events").message())
          .contains("column place can not become long? (it is int?)");
      assertThat(engine.preview(retypes, NO_SQL).changes().refused()).hasSize(1);
      assertThat(everythingWritten("gated")).isEqualTo(before);
      assertThat(engine.preview(dropsUnused, NO_SQL).changes().refused()).isEmpty();
    } finally {
      engine.know(List.of());
    }
  }

  @Test
  void aStateIsBegunAnewOnlyWithConsentAndNeverFoundAgain() throws Exception {
    String transforms =
        """
        transforms:
          - name: v
            intervals: { from: events, by: [d], type: type, open: [start], timeout: %s }
            key: [d, started_at]
        """;
    Pipeline first = pipeline("states", "", transforms.formatted("30m"));
    await()
        .atMost(PATIENCE)
        .until(
            () -> {
              engine.reconcile(first);
              return JOBS.documents.containsKey("it.states");
            });
    String state = state();
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", kafka.endpoint().orElseThrow()),
            new ByteArraySerializer(),
            new ByteArraySerializer())) {
      producer.send(new ProducerRecord<>("it.states.v", new byte[] {1}, new byte[] {2})).get();
    }
    Pipeline second = pipeline("states", "", transforms.formatted("20m"));
    PipelineStatus held = engine.reconcile(second);
    assertThat(component(held, "v").state()).isEqualTo("consent");
    assertThat(component(held, "v").message())
        .contains("needs consent to state-loss")
        .contains("reprocessed from earliest of it.states.events");
    assertThat(state()).isEqualTo(state);
    assertThat(records("it.states.v")).isEqualTo(1);

    Consent consent = new Consent(Set.of(Impact.STATE_LOSS), false);
    engine.reconcile(second, consent);
    assertThat(state()).isNotEqualTo(state).contains("-");
    assertThat(records("it.states.v")).isZero();
    String anew = state();
    engine.reconcile(second, consent);
    engine.reconcile(second);
    assertThat(state()).isEqualTo(anew);
    // Going back finds neither the first state nor its checkpoint.
    engine.reconcile(first, consent);
    assertThat(state()).startsWith(state + "-");
  }

  private static String state() {
    return state("it.states");
  }

  private static long records(String topic) throws Exception {
    long records = 0;
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.endpoint().orElseThrow()))) {
      for (int p = 0; p < 2; p++) {
        TopicPartition partition = new TopicPartition(topic, p);
        records +=
            admin
                    .listOffsets(Map.of(partition, OffsetSpec.latest()))
                    .partitionResult(partition)
                    .get()
                    .offset()
                - admin
                    .listOffsets(Map.of(partition, OffsetSpec.earliest()))
                    .partitionResult(partition)
                    .get()
                    .offset();
      }
    }
    return records;
  }

  @Test
  void whatATableAndItsIndexHoldGoesBeforeItIsWrittenAnewWhoeverDiesMeanwhile() throws Exception {
    String counts =
        """
        transforms:
          - { name: counts, sql: "%s", key: [d] }
        sinks:
          - { name: counts-es, from: counts, elasticsearch: { index: tables } }
        """;
    Pipeline first = pipeline("tables", "", counts.formatted("SELECT d, 1 AS n"));
    await()
        .atMost(PATIENCE)
        .until(() -> component(engine.reconcile(first), "counts-es").state().equals("ready"));
    String state = tables();
    count("a", 1);
    count("moved", 2);
    awaitDocuments("tables", 2);

    Pipeline second = pipeline("tables", "", counts.formatted("SELECT d, 2 AS n"));
    assertThat(component(engine.reconcile(second), "counts").state()).isEqualTo("consent");
    assertThat(
            engine.preview(second, NO_SQL).changes().differing().stream()
                .flatMap(c -> c.fields().stream())
                .map(FieldChange::reason)
                .collect(Collectors.joining()))
        .contains("rows that are in it.tables.counts now are removed")
        .contains("its index tables is emptied and written again");
    awaitDocuments("tables", 2);
    Consent consent = new Consent(Set.of(Impact.STATE_LOSS), false);
    JOBS.dies = "it.tables";
    try {
      await()
          .atMost(PATIENCE)
          .untilAsserted(
              () -> assertThatThrownBy(() -> engine.reconcile(second, consent)).hasMessage("died"));
    } finally {
      JOBS.dies = "";
    }
    assertThat(tables()).isEqualTo(state);
    // What the old job wrote while nobody looked goes too, since all of it is begun again.
    count("moved", 3);
    try (Engine next = another()) {
      // Nobody has to agree once more.
      await()
          .atMost(PATIENCE)
          .until(
              () ->
                  component(next.reconcile(second), "counts-es").state().equals("ready")
                      && !tables().equals(state));
      String anew = tables();
      assertThat(records("it.tables.counts")).isZero();
      assertThat(documents("tables")).isZero();
      assertThat(next.preview(second, NO_SQL).changes().differing()).isEmpty();
      count("a", 4);
      awaitDocuments("tables", 1);
      next.reconcile(second);
      assertThat(tables()).isEqualTo(anew);
    }
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.endpoint().orElseThrow()))) {
      ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, "it.tables.counts");
      assertThat(config(admin, topic, "cleanup.policy")).isEqualTo("compact");
    }
  }

  @Test
  void aTopicThatSomebodyHasDeletedIsMadeAgainAndNobodySkipsWhatComesInSilence() throws Exception {
    Pipeline pipeline =
        pipeline(
            "lost",
            "",
            """
            transforms:
              - { name: counts, sql: "SELECT d, 1 AS n", key: [d] }
            sinks:
              - { name: to-es, from: events, elasticsearch: { index: lost } }
            """);
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                component(engine.reconcile(pipeline), "to-es").state().equals("ready")
                    && documents("lost") == 500
                    && JOBS.documents.containsKey("it.lost"));
    engine.reconcile(pipeline);
    assertThat(engine.preview(pipeline, NO_SQL).changes().differing()).isEmpty();
    String state = state("it.lost");
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.endpoint().orElseThrow()))) {
      admin.deleteTopics(List.of("it.lost.events")).all().get();
      // It is made again, without consent; those who have read it wait for it, and say why.
      await()
          .atMost(PATIENCE)
          .until(
              () -> {
                PipelineStatus status = engine.reconcile(pipeline);
                return admin.listTopics().names().get().contains("it.lost.events")
                    && component(status, "counts").state().equals("consent")
                    && component(status, "to-es").state().equals("consent");
              });
    }
    PipelineStatus held = engine.reconcile(pipeline);
    assertThat(component(held, "counts").message())
        .contains("somebody has deleted topic it.lost.events")
        .contains("--allow");
    assertThat(held.conditions().toString()).contains("Drift").contains("it.lost.events");
    assertThat(engine.preview(pipeline, NO_SQL).changes().consents())
        .containsExactlyInAnyOrder(Impact.STATE_LOSS, Impact.DATA_LOSS);
    await()
        .atMost(PATIENCE)
        .until(
            () -> {
              engine.reconcile(pipeline);
              return http(
                      "GET",
                      connect.endpoint().orElseThrow() + "/connectors/it.lost.to-es/status",
                      null)
                  .body()
                  .contains("STOPPED");
            });
    assertThat(state("it.lost")).isEqualTo(state);
    assertThat(documents("lost")).isEqualTo(500);

    Consent consent = new Consent(Set.of(Impact.STATE_LOSS, Impact.DATA_LOSS), false);
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                component(engine.reconcile(pipeline, consent), "to-es").state().equals("ready")
                    && engine.changes("lost").differing().isEmpty());
    String anew = state("it.lost");
    assertThat(anew).startsWith(state + "-");
    // The events were not brought back: the index says what the topic does.
    awaitDocuments("lost", 0);
    engine.reconcile(pipeline, consent);
    assertThat(state("it.lost")).isEqualTo(anew);
    assertThat(engine.preview(pipeline, NO_SQL).changes().differing()).isEmpty();
  }

  private static String state(String job) {
    return JOBS.documents.get(job).at("/transforms/0/stateHash").asText();
  }

  private static String tables() {
    return state("it.tables");
  }

  /** Writes a row as the job would. */
  private static void count(String device, long n) throws Exception {
    JsonNode output = JOBS.documents.get("it.tables").at("/transforms/0/output");
    SchemaRegistryClient client = new SchemaRegistryClient(registry.endpoint().orElseThrow());
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", kafka.endpoint().orElseThrow()),
            new ByteArraySerializer(),
            new ByteArraySerializer())) {
      byte[] key = framed(client, output.path("keySchemaId").asInt(), Map.of("d", device));
      byte[] value = framed(client, output.path("schemaId").asInt(), Map.of("d", device, "n", n));
      producer.send(new ProducerRecord<>("it.tables.counts", key, value)).get();
    }
  }

  private static byte[] framed(SchemaRegistryClient client, int id, Map<String, Object> fields)
      throws Exception {
    GenericData.Record record = new GenericData.Record(client.byId(id));
    fields.forEach(record::put);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(out, null);
    new GenericDatumWriter<>(record.getSchema()).write(record, encoder);
    encoder.flush();
    return WireFormat.frame(id, out.toByteArray(), out.size());
  }

  private static int documents(String index) throws Exception {
    String es = elasticsearch.endpoint().orElseThrow();
    http("POST", es + "/" + index + "/_refresh", null);
    return new ObjectMapper()
        .readTree(http("GET", es + "/" + index + "/_count", null).body())
        .path("count")
        .asInt(-1);
  }

  private static void awaitDocuments(String index, int count) {
    await().atMost(PATIENCE).untilAsserted(() -> assertThat(documents(index)).isEqualTo(count));
  }

  @Test
  void whatIsRemovedStaysOrGoesAsTheDeletionPolicySays() throws Exception {
    Pipeline first = pipeline("removes", "", SINK.formatted("removes"));
    await().atMost(PATIENCE).until(() -> engine.reconcile(first).drained());
    String es = elasticsearch.endpoint().orElseThrow();
    Pipeline without = pipeline("removes", "", "");
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                engine.reconcile(without).ready()
                    && engine.changes("removes").differing().isEmpty());
    assertThat(http("GET", es + "/removes/_count", null).body()).contains("\"count\":500");
    assertThat(http("GET", connect.endpoint().orElseThrow() + "/connectors", null).body())
        .doesNotContain("it.removes.to-es");
    Pipeline deletes = pipeline("removes", "", "deletionPolicy: delete\n");
    engine.reconcile(deletes);
    assertThat(http("GET", es + "/removes/_count", null).statusCode()).isEqualTo(200);
    Consent consent = new Consent(Set.of(Impact.DATA_LOSS), false);
    engine.reconcile(deletes, consent);
    assertThat(http("GET", es + "/removes/_count", null).statusCode()).isEqualTo(404);
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.endpoint().orElseThrow()))) {
      await()
          .atMost(PATIENCE)
          .until(() -> !admin.listTopics().names().get().contains("it.removes.to-es.dead"));
    }
    assertThat(engine.preview(deletes, NO_SQL).changes().differing()).isEmpty();
  }
}
