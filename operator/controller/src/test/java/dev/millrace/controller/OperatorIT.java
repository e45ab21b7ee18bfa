package dev.millrace.controller;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import dev.millrace.benchmark.ConnectStandIn;
import dev.millrace.controller.ApiServer.Request;
import dev.millrace.model.Pipeline;
import dev.millrace.model.Platform;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.FieldValidateable;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The operator on a real API server, as a user that has only the documented permissions, and with
 * real Kafka, Connect, registry and Elasticsearch. Where the Spark operator would act, the tests
 * do.
 */
class OperatorIT {
  private static final Duration PATIENCE = Backends.PATIENCE;
  private static final String NS = "team";

  /** Short pauses; a deletion is given up soon. */
  private static final Pace PACE =
      new Pace(Duration.ofMillis(200), Duration.ofSeconds(2), Duration.ofSeconds(20));

  @TempDir static Path temporary;
  private static ApiServer server;
  private static Backends backends;
  private static HttpServer driver;
  private static volatile String driverSays = "";
  private static KubernetesClient operatorClient;
  private static PrometheusMeterRegistry metrics;
  private static OperatorRuntime operator;

  @BeforeAll
  static void start() throws Exception {
    // One after the other: both choose ports that are free, and take them a moment later.
    server = new ApiServer(temporary.resolve("apiserver"));
    backends = new Backends(temporary.resolve("services"));
    server.crds();
    server.permissions();
    server.namespace(NS);
    server.namespace("other");
    driver = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    driver.createContext(
        "/status",
        exchange -> {
          try (exchange) {
            byte[] body = driverSays.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(body.length == 0 ? 503 : 200, Math.max(1, body.length));
            exchange.getResponseBody().write(body.length == 0 ? new byte[1] : body);
          }
        });
    driver.start();
    backends.await();
    startOperator();
    create(backends.platform(NS, "default", "", backends.connect()));
    await().atMost(PATIENCE).until(() -> ready("default"));
  }

  private static void startOperator() {
    operatorClient = server.operatorClient();
    metrics = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    operator =
        new OperatorRuntime(
            operatorClient,
            Backends.NO_SQL,
            metrics,
            new OperatorRuntime.Settings(
                Set.of(), PACE, OperatorIT::spark, "millrace/spark-job:it", Optional.empty()),
            Clock.systemUTC());
    operator.start();
  }

  private static KubernetesSpark spark(Platform platform) {
    return new KubernetesSpark(
        operatorClient,
        new KubeflowApplications(operatorClient, OperatorRuntime.FIELD_MANAGER),
        platform,
        new KubernetesSpark.Surroundings(
            "millrace/spark-job:it",
            OperatorRuntime.FIELD_MANAGER,
            (namespace, service) ->
                URI.create("http://127.0.0.1:" + driver.getAddress().getPort() + "/status"),
            (namespace, name) -> Optional.of(pipeline(namespace, name))),
        Clock.systemUTC());
  }

  private static void stopOperator() {
    operator.close();
    operatorClient.close();
  }

  @AfterAll
  static void stop() {
    if (operator != null) {
      stopOperator();
    }
    if (driver != null) {
      driver.stop(0);
    }
    if (server != null) {
      server.close();
    }
    if (backends != null) {
      backends.close();
    }
  }

  // ---- what the tests speak of

  private static final String SCHEMA =
      "{\"type\":\"record\",\"name\":\"E\",\"fields\":[{\"name\":\"d\",\"type\":\"string\"},"
          + "{\"name\":\"at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}},"
          + "{\"name\":\"type\",\"type\":\"string\"}%s]}";

  private static final String SINK =
      """
      sinks:
        - { name: to-es, from: events, elasticsearch: { index: %s } }
      """;

  private static String yaml(String name, String schema, String more) {
    return """
    apiVersion: millrace.dev/v1alpha1
    kind: Pipeline
    metadata: { name: %s, namespace: %s }
    spec:
      sources:
        - name: events
          datagen:
            %s
            count: 500
            rate: max
            clock: simulated
          eventTime: { field: at }
    %s
    """
        .formatted(name, NS, schema, more.indent(2));
  }

  private static String inline(String fields) {
    return "schema: '" + SCHEMA.formatted(fields) + "'";
  }

  private static void apply(String yaml) {
    server
        .client()
        .resource(Serialization.unmarshal(yaml, GenericKubernetesResource.class))
        .fieldValidation(FieldValidateable.Validation.STRICT)
        .forceConflicts()
        .fieldManager("somebody")
        .serverSideApply();
  }

  private static void create(Platform platform) {
    server.client().resource(platform).create();
  }

  private static Platform platform(String name) {
    return server.client().resources(Platform.class).inNamespace(NS).withName(name).get();
  }

  private static boolean ready(String platform) {
    Platform.Status status = platform(platform).getStatus();
    return status != null && Conditions.holds(status.conditions(), "Ready");
  }

  private static Pipeline pipeline(String namespace, String name) {
    return server.client().resources(Pipeline.class).inNamespace(namespace).withName(name).get();
  }

  private static Pipeline pipeline(String name) {
    return pipeline(NS, name);
  }

  private static void delete(String name) {
    server.client().resources(Pipeline.class).inNamespace(NS).withName(name).delete();
  }

  private static Condition condition(Pipeline pipeline, String type) {
    Condition none = new ConditionBuilder().withType(type).withMessage("").build();
    Condition found =
        pipeline.getStatus() == null
            ? none
            : Conditions.find(pipeline.getStatus().conditions(), type).orElse(none);
    if (found.getMessage() == null) {
      found.setMessage("");
    }
    return found;
  }

  private static void until(String name, Predicate<Pipeline> holds) {
    await(name)
        .atMost(PATIENCE)
        .failFast(
            () -> {
              assertThat(server.requests()).as("forbidden").noneMatch(r -> r.status() == 403);
            })
        .until(() -> pipeline(name), p -> p != null && holds.test(p));
  }

  private static void untilReady(String name) {
    until(
        name,
        p ->
            "True".equals(condition(p, "Ready").getStatus())
                && p.getMetadata().getGeneration().equals(p.getStatus().observedGeneration()));
  }

  private static void untilGone(String name) {
    await(name).atMost(PATIENCE).until(() -> pipeline(name) == null);
  }

  private static List<Event> events(String name) {
    return server.client().v1().events().inNamespace(NS).list().getItems().stream()
        .filter(e -> e.getInvolvedObject().getName().equals(name))
        .toList();
  }

  private static List<Request> writesAbout(String name) {
    return server.writes().stream().filter(r -> r.name().equals(name)).toList();
  }

  /** Turns of all pipelines of a platform so far, by this process of the operator. */
  private static long turns(String platform) {
    return metrics.find("millrace.turn").tag("platform", platform).timers().stream()
        .mapToLong(t -> t.count())
        .sum();
  }

  /** Each pipeline of the platform has been looked at some times more. */
  private static void awaitTurns(String platform, int times) {
    long now = turns(platform);
    int pipelines =
        server.client().resources(Pipeline.class).inNamespace(NS).list().getItems().size();
    await().atMost(PATIENCE).until(() -> turns(platform) >= now + (long) times * pipelines);
  }

  // ---- a pipeline's life

  @Test
  void aPipelineBecomesReadyAndThenNothingIsWritten() throws Exception {
    apply(yaml("flows", inline(""), SINK.formatted("flows")));
    untilReady("flows");
    assertThat(backends.topics())
        .contains("team.flows.events", "team.flows.to-es.dead", "team.flows.millrace-marks");
    assertThat(Backends.http("GET", backends.connect() + "/connectors").body())
        .contains("team.flows.events", "team.flows.to-es");
    Pipeline ready = pipeline("flows");
    assertThat(ready.getStatus().components())
        .extracting(c -> c.name())
        .containsExactly("events", "to-es");
    assertThat(condition(ready, "Accepted").getStatus()).isEqualTo("True");
    assertThat(condition(ready, "ResolvedRefs").getStatus()).isEqualTo("True");
    assertThat(condition(ready, "Progressing").getStatus()).isEqualTo("False");
    // It is bounded: the last thing to happen to it is that it has ended.
    until("flows", p -> "ended".equals(p.getStatus().components().get(0).state()));
    until("flows", p -> condition(p, "Ready").getMessage().contains("arrived"));
    assertThat(events("flows")).extracting(Event::getReason).contains("Ready");

    int writes = writesAbout("flows").size();
    String version = pipeline("flows").getMetadata().getResourceVersion();
    awaitTurns("default", 3);
    assertThat(writes).as("the finalizer and the status, at least").isGreaterThan(1);
    assertThat(writesAbout("flows")).hasSize(writes);
    assertThat(pipeline("flows").getMetadata().getResourceVersion()).isEqualTo(version);

    apply(
        yaml(
            "flows",
            inline(""),
            SINK.formatted("flows").replace("index: flows", "index: flows, refresh: 2s")));
    until("flows", p -> Long.valueOf(2).equals(p.getStatus().observedGeneration()));
    untilReady("flows");
    assertThat(Backends.http("GET", backends.elasticsearch() + "/flows/_settings").body())
        .contains("\"refresh_interval\":\"2s\"");
    // All that we write is written by one manager, and nothing of what others write is ours.
    assertThat(pipeline("flows").getMetadata().getManagedFields())
        .extracting(m -> m.getManager())
        .containsOnly("somebody", OperatorRuntime.FIELD_MANAGER);
  }

  @Test
  void anotherProcessOfTheOperatorWritesNothingAboutWhatIsUnchanged() throws Exception {
    schema("stays-schema");
    // It refers to something, which a process that has just started has not read yet.
    apply(
        yaml(
            "stays",
            "schemaFrom: { configMap: stays-schema, key: e.avsc }",
            SINK.formatted("stays")));
    untilReady("stays");
    until("stays", p -> condition(p, "Ready").getMessage().contains("arrived"));
    stopOperator();
    String version = pipeline("stays").getMetadata().getResourceVersion();
    String platform = platform("default").getMetadata().getResourceVersion();
    int writes = writesAbout("stays").size();
    startOperator();
    awaitTurns("default", 3);
    assertThat(writesAbout("stays")).hasSize(writes);
    assertThat(pipeline("stays").getMetadata().getResourceVersion()).isEqualTo(version);
    assertThat(platform("default").getMetadata().getResourceVersion()).isEqualTo(platform);
  }

  @Test
  void anApiServerThatIsKilledIsFoundAgainAndWhatRanHasGoneOn() throws Exception {
    apply(yaml("outlives", inline(""), SINK.formatted("outlives")));
    untilReady("outlives");
    until("outlives", p -> condition(p, "Ready").getMessage().contains("arrived"));
    String version = pipeline("outlives").getMetadata().getResourceVersion();
    long turns = turns("default");
    server.restart(
        () ->
            // What runs is looked at all the same: only nobody can be told.
            await().atMost(PATIENCE).until(() -> turns("default") > turns));
    awaitTurns("default", 3);
    assertThat(pipeline("outlives").getMetadata().getResourceVersion())
        .as("nothing has changed, so nothing is written")
        .isEqualTo(version);
    // It hears of edits, and of what is new.
    apply(
        yaml(
            "outlives",
            inline(""),
            SINK.formatted("outlives").replace("index: outlives", "index: outlives, refresh: 3s")));
    until("outlives", p -> Long.valueOf(2).equals(p.getStatus().observedGeneration()));
    untilReady("outlives");
    assertThat(Backends.http("GET", backends.elasticsearch() + "/outlives/_settings").body())
        .contains("\"refresh_interval\":\"3s\"");
    apply(yaml("born-after", inline(""), ""));
    untilReady("born-after");
    delete("outlives");
    untilGone("outlives");
  }

  @Test
  void whatItRefersToIsWaitedForAndFoundWithoutAnEdit() throws Exception {
    apply(yaml("waits", "schemaFrom: { configMap: waits-schema, key: e.avsc }", ""));
    until("waits", p -> "MissingReference".equals(condition(p, "ResolvedRefs").getReason()));
    Pipeline waiting = pipeline("waits");
    assertThat(condition(waiting, "ResolvedRefs").getMessage())
        .contains("no ConfigMap 'waits-schema' in namespace 'team'");
    assertThat(condition(waiting, "Ready").getStatus()).isEqualTo("False");
    assertThat(condition(waiting, "Accepted").getStatus()).isEqualTo("True");
    schema("waits-schema");
    untilReady("waits");
    assertThat(pipeline("waits").getMetadata().getGeneration()).isEqualTo(1);
  }

  private static void schema(String configMap) {
    server
        .client()
        .resource(
            new ConfigMapBuilder()
                .withNewMetadata()
                .withName(configMap)
                .withNamespace(NS)
                .endMetadata()
                .addToData("e.avsc", SCHEMA.formatted(""))
                .build())
        .create();
  }

  private static final String CDC =
      """
      apiVersion: millrace.dev/v1alpha1
      kind: Pipeline
      metadata: { name: %s, namespace: team }
      spec:
        sources:
          - name: db
            cdc: { connection: { secretRef: { name: %s } }, tables: [ { table: shop.orders, name: orders } ] }
      """;

  @Test
  void aSecretThatIsMissingIsNamedAndOneOfAnotherNamespaceIsNeverRead() {
    server
        .client()
        .resource(
            new SecretBuilder()
                .withNewMetadata()
                .withName("shop-db")
                .withNamespace("other")
                .endMetadata()
                .addToStringData(
                    Map.of(
                        "url",
                        "mariadb://127.0.0.1:1/shop",
                        "username",
                        "u",
                        "password",
                        "t0p-secret"))
                .build())
        .create();
    apply(CDC.formatted("shop", "shop-db"));
    until("shop", p -> "MissingReference".equals(condition(p, "ResolvedRefs").getReason()));
    assertThat(condition(pipeline("shop"), "ResolvedRefs").getMessage())
        .isEqualTo("no Secret 'shop-db' in namespace 'team'");
    // There is no way to name another namespace, and the operator does not look there.
    assertThatThrownBy(() -> apply(CDC.formatted("shop-2", "shop-db, namespace: other")))
        .hasMessageContaining("namespace");
    assertThatThrownBy(() -> apply(CDC.formatted("shop-2", "other/shop-db")))
        .hasMessageContaining("secretRef.name");
    assertThat(server.requests())
        .noneMatch(r -> r.resource().equals("secrets") && !r.namespace().equals(NS));

    server
        .client()
        .resource(
            new SecretBuilder()
                .withNewMetadata()
                .withName("shop-db")
                .withNamespace(NS)
                .endMetadata()
                .addToStringData(
                    Map.of(
                        "url",
                        "mariadb://127.0.0.1:1/shop",
                        "username",
                        "u",
                        "password",
                        "t0p-secret"))
                .build())
        .create();
    // The Secret is found; that nobody answers at its URL is another matter, and said so.
    until(
        "shop",
        p ->
            "True".equals(condition(p, "ResolvedRefs").getStatus())
                && condition(p, "Ready").getMessage().contains("db: "));
    assertThat(Serialization.asYaml(pipeline("shop"))).doesNotContain("t0p-secret");
    assertThat(Serialization.asYaml(events("shop"))).doesNotContain("t0p-secret");
    delete("shop");
    untilGone("shop");
  }

  @Test
  void aSpecThatIsWrongIsRefusedWithThePathOfItsField() throws Exception {
    apply(yaml("wrong", inline(""), "").replace("field: at", "field: when"));
    until("wrong", p -> "False".equals(condition(p, "Accepted").getStatus()));
    Pipeline wrong = pipeline("wrong");
    assertThat(condition(wrong, "Accepted").getMessage())
        .contains("spec.sources[0].eventTime.field")
        .contains("when");
    assertThat(condition(wrong, "Ready").getStatus()).isEqualTo("False");
    assertThat(backends.topics()).noneMatch(t -> t.startsWith("team.wrong."));
    await()
        .atMost(PATIENCE)
        .until(() -> events("wrong").stream().anyMatch(e -> e.getReason().equals("InvalidSpec")));
    apply(yaml("wrong", inline(""), ""));
    untilReady("wrong");
    assertThat(condition(pipeline("wrong"), "Accepted").getStatus()).isEqualTo("True");
  }

  @Test
  void aPausedPipelineStandsStillAndIsReady() throws Exception {
    apply(yaml("rests", inline(""), SINK.formatted("rests")));
    untilReady("rests");
    apply(yaml("rests", inline(""), SINK.formatted("rests") + "state: paused\n"));
    until("rests", p -> "Paused".equals(condition(p, "Ready").getReason()));
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                Backends.http("GET", backends.connect() + "/connectors/team.rests.to-es/status")
                    .body()
                    .contains("PAUSED"));
    assertThat(pipeline("rests").getStatus().components())
        .extracting(c -> c.state())
        .containsOnly("paused");
    apply(yaml("rests", inline(""), SINK.formatted("rests") + "state: running\n"));
    until("rests", p -> "Running".equals(condition(p, "Ready").getReason()));
  }

  // ---- backends and platforms

  @Test
  void aBackendThatIsAwayIsNamedAndWhenItIsBackAllHeals() throws Exception {
    backends.stopRegistry();
    await().atMost(PATIENCE).until(() -> !ready("default"));
    assertThat(
            Conditions.find(platform("default").getStatus().conditions(), "Ready")
                .orElseThrow()
                .getMessage())
        .startsWith("schemaRegistry: ");
    apply(yaml("heals", inline(""), SINK.formatted("heals")));
    until(
        "heals",
        p ->
            "False".equals(condition(p, "Ready").getStatus())
                && condition(p, "Ready").getMessage().contains("registry"));
    backends.startRegistry();
    untilReady("heals");
    await().atMost(PATIENCE).until(() -> ready("default"));
    assertThat(platform("default").getStatus().backends())
        .extracting(b -> b.name() + " " + b.state())
        .containsExactly(
            "kafka ready", "schemaRegistry ready", "connect ready", "elasticsearch ready");
    assertThat(platform("default").getStatus().backends().get(2).version()).startsWith("4.");
  }

  @Test
  void aPlatformIsWaitedForAndStaysWhileSomebodyIsOnIt() throws Exception {
    apply(yaml("early", inline(""), "platform: late\ndeletionPolicy: delete\n"));
    until("early", p -> "PlatformNotFound".equals(condition(p, "Ready").getReason()));
    assertThat(condition(pipeline("early"), "ResolvedRefs").getMessage())
        .isEqualTo("no Platform 'late' in namespace 'team'");
    create(backends.platform(NS, "late", "late.", backends.connect()));
    untilReady("early");
    assertThat(backends.topics()).contains("late.early.events");

    server.client().resources(Platform.class).inNamespace(NS).withName("late").delete();
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                Conditions.find(platform("late").getStatus().conditions(), "Ready")
                    .map(c -> "InUse".equals(c.getReason()) && c.getMessage().contains("early"))
                    .orElse(false));
    delete("early");
    untilGone("early");
    await()
        .atMost(PATIENCE)
        .until(() -> backends.topics().stream().noneMatch(t -> t.startsWith("late.early.")));
    await().atMost(PATIENCE).until(() -> platform("late") == null);
  }

  @Test
  void manyThatAreUnchangedAreOneLookAtConnectAndNoWrite() throws Exception {
    try (ConnectStandIn connect = new ConnectStandIn(Duration.ofMillis(5))) {
      create(backends.platform(NS, "many", "many.", connect.url()));
      int count = 30;
      for (int i = 0; i < count; i++) {
        apply(yaml("many-" + i, inline(""), SINK.formatted("many-" + i) + "platform: many\n"));
      }
      for (int i = 0; i < count; i++) {
        untilReady("many-" + i);
      }
      // What came with becoming ready is written by then, and all are known to be settled.
      awaitTurns("many", 2);
      List<Request> writes = writesAboutMany();
      long looks = connect.count(ConnectStandIn.LIST);
      long turns = turns("many");
      Instant began = Instant.now();
      awaitTurns("many", 3);
      long made = turns("many") - turns;
      Duration took = Duration.between(began, Instant.now());
      long asked = connect.count(ConnectStandIn.LIST) - looks;
      assertThat(writesAboutMany()).hasSameSizeAs(writes);
      // However slow this machine is: a look begins when the one before is as old as an interval.
      assertThat(asked).isLessThanOrEqualTo(took.dividedBy(PACE.shared()) + 1);
      assertThat(asked).isPositive().isLessThan(made);
      for (int i = 0; i < count; i++) {
        delete("many-" + i);
      }
      for (int i = 0; i < count; i++) {
        untilGone("many-" + i);
      }
      server.client().resources(Platform.class).inNamespace(NS).withName("many").delete();
      await().atMost(PATIENCE).until(() -> platform("many") == null);
    }
  }

  private static List<Request> writesAboutMany() {
    return server.writes().stream().filter(r -> r.name().startsWith("many-")).toList();
  }

  @Test
  void aConnectThatHangsHoldsUpItsConnectorsAndNobodyElse() throws Exception {
    // It takes connections, and never answers.
    try (ServerSocket hangs = new ServerSocket(0, 100, InetAddress.getLoopbackAddress())) {
      create(backends.platform(NS, "hangs", "hangs.", "http://127.0.0.1:" + hangs.getLocalPort()));
      for (int i = 0; i < 12; i++) {
        apply(
            yaml(
                "stuck-" + i,
                inline(""),
                (i == 0 ? TRANSFORM.formatted("30m") : "") + "platform: hangs\n"));
      }
      apply(yaml("free", inline(""), SINK.formatted("free")));
      untilReady("free");
      // On its own platform, all but the connectors is made, and each is told what it lacks.
      for (int i = 0; i < 12; i++) {
        String name = "stuck-" + i;
        until(name, p -> condition(p, "Ready").getMessage().contains("Kafka Connect"));
        assertThat(backends.topics()).contains("hangs." + name + ".events");
        assertThat(backends.subjects()).contains("hangs." + name + ".events-value");
      }
      await().atMost(PATIENCE).until(() -> application("stuck-0") != null);
      await()
          .atMost(PATIENCE)
          .until(
              () ->
                  Optional.ofNullable(platform("hangs").getStatus())
                      .flatMap(status -> Conditions.find(status.conditions(), "Ready"))
                      .map(c -> c.getMessage().startsWith("connect: "))
                      .orElse(false));
      for (int i = 0; i < 12; i++) {
        delete("stuck-" + i);
      }
      // What can not be removed is let go after the deadline, and it is said.
      untilGone("stuck-11");
      assertThat(events("stuck-11"))
          .anyMatch(
              e ->
                  e.getReason().equals("DeletionIncomplete")
                      && e.getMessage().startsWith("gave up after 20 s; not removed: "));
      for (int i = 0; i < 12; i++) {
        untilGone("stuck-" + i);
      }
      server.client().resources(Platform.class).inNamespace(NS).withName("hangs").delete();
    }
  }

  // ---- deletion

  @Test
  void whatIsDeletedWithRetainLeavesItsDataAndNothingThatRuns() throws Exception {
    apply(yaml("kept", inline(""), SINK.formatted("kept")));
    untilReady("kept");
    until("kept", p -> condition(p, "Ready").getMessage().contains("arrived"));
    delete("kept");
    untilGone("kept");
    assertThat(Backends.http("GET", backends.connect() + "/connectors").body())
        .doesNotContain("team.kept.");
    assertThat(backends.topics()).contains("team.kept.events", "team.kept.millrace-marks");
    assertThat(backends.subjects()).contains("team.kept.events-value");
    assertThat(Backends.http("GET", backends.elasticsearch() + "/kept/_count").body())
        .contains("\"count\":500");
    // Made again, it goes on where it was, nothing comes twice, and nobody is blamed.
    apply(yaml("kept", inline(""), SINK.formatted("kept")));
    untilReady("kept");
    assertThat(events("kept")).noneMatch(e -> e.getReason().equals("Drift"));
    assertThat(Backends.http("GET", backends.elasticsearch() + "/kept/_count").body())
        .contains("\"count\":500");
  }

  @Test
  void whatIsDeletedWithDeleteLeavesNothingOfItsOwnAndAllOfOthers() throws Exception {
    apply(yaml("gone", inline(""), SINK.formatted("gone") + "deletionPolicy: delete\n"));
    // Its name begins as ours does.
    apply(yaml("gone-not", inline(""), SINK.formatted("gone-not")));
    untilReady("gone");
    untilReady("gone-not");
    until("gone", p -> condition(p, "Ready").getMessage().contains("arrived"));
    delete("gone");
    untilGone("gone");
    assertThat(Backends.http("GET", backends.connect() + "/connectors").body())
        .doesNotContain("team.gone.")
        .contains("team.gone-not.events", "team.gone-not.to-es");
    await()
        .atMost(PATIENCE)
        .until(() -> backends.topics().stream().noneMatch(t -> t.startsWith("team.gone.")));
    assertThat(backends.topics()).contains("team.gone-not.events");
    assertThat(backends.subjects())
        .doesNotContain("team.gone.events")
        .contains("team.gone-not.events-value");
    assertThat(Backends.http("GET", backends.elasticsearch() + "/gone").statusCode())
        .isEqualTo(404);
    assertThat(
            Backends.http("GET", backends.elasticsearch() + "/_index_template/gone").statusCode())
        .isEqualTo(404);
    assertThat(Backends.http("GET", backends.elasticsearch() + "/gone-not").statusCode())
        .isEqualTo(200);
    assertThat(backends.groups()).noneMatch(g -> g.contains("team.gone."));
    // Made again, it begins from the start.
    apply(yaml("gone", inline(""), SINK.formatted("gone") + "deletionPolicy: delete\n"));
    untilReady("gone");
    until("gone", p -> condition(p, "Ready").getMessage().contains("arrived"));
    assertThat(Backends.http("POST", backends.elasticsearch() + "/gone/_refresh").statusCode())
        .isEqualTo(200);
    assertThat(Backends.http("GET", backends.elasticsearch() + "/gone/_count").body())
        .contains("\"count\":500");
  }

  // ---- consent

  @Test
  void whatLosesDataWaitsForTheAnnotationOfItsPlan() throws Exception {
    String field = ",{\"name\":\"n\",\"type\":\"%s\",\"default\":0}";
    apply(yaml("agrees", inline(field.formatted("int")), SINK.formatted("agrees")));
    untilReady("agrees");
    until("agrees", p -> condition(p, "Ready").getMessage().contains("arrived"));
    apply(yaml("agrees", inline(field.formatted("long")), SINK.formatted("agrees")));
    until("agrees", p -> p.getStatus().plan() != null);
    Pipeline waiting = pipeline("agrees");
    String hash = waiting.getStatus().plan().hash();
    assertThat(waiting.getStatus().plan().needs()).isEqualTo("data-loss");
    assertThat(condition(waiting, "Ready").getReason()).isEqualTo("NeedsConsent");
    assertThat(condition(waiting, "Ready").getMessage()).contains("millrace.dev/consent=" + hash);
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                events("agrees").stream()
                    .anyMatch(
                        e ->
                            e.getReason().equals("ConsentNeeded")
                                && e.getMessage().contains(hash)));
    annotate("agrees", "0000000000000000");
    awaitTurns("default", 2);
    assertThat(mapping("agrees")).contains("\"integer\"");
    assertThat(pipeline("agrees").getStatus().plan().hash()).isEqualTo(hash);
    annotate("agrees", hash);
    until("agrees", p -> p.getStatus().plan() == null && p.getStatus().consented() == null);
    untilReady("agrees");
    assertThat(mapping("agrees")).contains("\"long\"").doesNotContain("\"integer\"");
  }

  private static String mapping(String index) throws Exception {
    return Backends.http("GET", backends.elasticsearch() + "/" + index + "/_mapping").body();
  }

  private static void annotate(String name, String hash) {
    server
        .client()
        .resources(Pipeline.class)
        .inNamespace(NS)
        .withName(name)
        .patch(
            io.fabric8.kubernetes.client.dsl.base.PatchContext.of(
                io.fabric8.kubernetes.client.dsl.base.PatchType.JSON_MERGE),
            "{\"metadata\":{\"annotations\":{\"millrace.dev/consent\":\"" + hash + "\"}}}");
  }

  // ---- Spark

  private static final String TRANSFORM =
      """
      transforms:
        - name: v
          intervals: { from: events, by: [d], type: type, open: [start], timeout: %s }
          key: [d, started_at]
      """;

  private static GenericKubernetesResource application(String name) {
    return server
        .client()
        .genericKubernetesResources(KubeflowApplications.TYPE)
        .inNamespace(NS)
        .withName(name)
        .get();
  }

  /** What the Spark operator would write. */
  private static void sparkOperatorSays(String name, String state, String message) {
    server
        .client()
        .genericKubernetesResources(KubeflowApplications.TYPE)
        .inNamespace(NS)
        .withName(name)
        .subresource("status")
        .patch(
            io.fabric8.kubernetes.client.dsl.base.PatchContext.of(
                io.fabric8.kubernetes.client.dsl.base.PatchType.JSON_MERGE),
            "{\"status\":{\"applicationState\":{\"state\":\"%s\",\"errorMessage\":\"%s\"},\"driverInfo\":{\"podName\":\"%s-driver\"}}}"
                .formatted(state, message, name));
  }

  /** Sets a property of Spark's configuration, as JSON. */
  private static void platformSays(String value) {
    server
        .client()
        .resources(Platform.class)
        .inNamespace(NS)
        .withName("default")
        .patch(
            io.fabric8.kubernetes.client.dsl.base.PatchContext.of(
                io.fabric8.kubernetes.client.dsl.base.PatchType.JSON_MERGE),
            "{\"spec\":{\"spark\":{\"sparkConf\":{\"spark.ui.enabled\":" + value + "}}}}");
  }

  @Test
  void onlyTheKeysThatAPlatformNamesAreMountedIntoItsJobsPods() {
    Platform guarded = backends.platform(NS, "guarded", "guarded.", backends.connect());
    Platform.Spec open = guarded.getSpec();
    // The registry asks nobody, and passes over who we say that we are.
    guarded.setSpec(
        new Platform.Spec(
            open.prefix(),
            open.kafka(),
            new Platform.SchemaRegistry(
                open.schemaRegistry().url(),
                new Platform.BasicAuth(new Platform.LoginSecret("registry-login", "user", null)),
                null),
            open.connect(),
            open.elasticsearch(),
            open.spark(),
            null));
    create(guarded);
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(Conditions.find(conditions("guarded"), "ResolvedRefs"))
                    .hasValueSatisfying(
                        c ->
                            assertThat(c.getMessage())
                                .contains("spec.schemaRegistry.basicAuth.secretRef")
                                .contains("no Secret 'registry-login' in namespace 'team'")));
    apply(
        yaml("mounts", inline(""), TRANSFORM.formatted("30m") + "deletionPolicy: delete\n")
            .replaceFirst("spec:\n", "spec:\n  platform: guarded\n"));
    until("mounts", p -> "MissingReference".equals(condition(p, "ResolvedRefs").getReason()));
    assertThat(application("mounts")).isNull();
    server
        .client()
        .resource(
            new SecretBuilder()
                .withNewMetadata()
                .withName("registry-login")
                .withNamespace(NS)
                .endMetadata()
                .addToStringData(
                    Map.of("user", "somebody", "password", "t0p-secret", "other", "not ours"))
                .build())
        .create();
    await().atMost(PATIENCE).until(() -> application("mounts") != null);
    JsonNode spec = new ObjectMapper().valueToTree(application("mounts")).path("spec");
    assertThat(spec.at("/volumes/1/secret/secretName").asText()).isEqualTo("registry-login");
    assertThat(spec.at("/volumes/1/secret/items").findValuesAsText("key"))
        .containsExactly("password", "user");
    for (String pod : List.of("driver", "executor")) {
      assertThat(spec.at("/" + pod + "/volumeMounts/0/mountPath").asText())
          .as(pod)
          .isEqualTo("/etc/millrace/secrets/registry-login");
      assertThat(spec.at("/" + pod + "/volumeMounts/0/readOnly").asBoolean()).isTrue();
    }
    assertThat(spec.toString()).doesNotContain("t0p-secret");
    delete("mounts");
    untilGone("mounts");
    server.client().resources(Platform.class).inNamespace(NS).withName("guarded").delete();
  }

  @Test
  void anApplicationOfOnesOwnIsASparkApplicationOfItsOwn() {
    String app =
        """
        transforms:
          - name: %s
            app:
              file: %s
              args: [15 minutes]
              from: [events]
              schema: '{"type":"record","name":"A","fields":[{"name":"d","type":"string"}]}'
              image: registry.example.com/apps:1
            key: [d]
        """;
    apply(yaml("own", inline(""), app.formatted("my_scores", "scores.py")));
    String job = new SparkJobName("own", Optional.of("my_scores")).name();
    assertThat(job).matches("own-my-scores-[0-9a-f]{6}");
    await().atMost(PATIENCE).until(() -> application(job) != null);
    JsonNode application = new ObjectMapper().valueToTree(application(job));
    assertThat(application("own")).isNull();
    assertThat(application.at("/metadata/ownerReferences/0/name").asText()).isEqualTo("own");
    JsonNode spec = application.path("spec");
    assertThat(spec.path("type").asText()).isEqualTo("Python");
    assertThat(spec.has("mainClass")).isFalse();
    assertThat(spec.path("mainApplicationFile").asText())
        .isEqualTo("local:///opt/millrace/apps/scores.py");
    assertThat(spec.path("image").asText()).isEqualTo("registry.example.com/apps:1");
    assertThat(spec.at("/arguments/0").asText()).isEqualTo("15 minutes");
    assertThat(spec.at("/driver/env").toString())
        .contains("MILLRACE_PLAN")
        .contains("/etc/millrace/plan/plan.json");
    apply(
        yaml(
            "own",
            inline(""),
            app.formatted("my_scores", "target/apps.jar\n      mainClass: a.Scores")));
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              JsonNode now = new ObjectMapper().valueToTree(application(job)).path("spec");
              assertThat(now.path("type").asText()).isEqualTo("Java");
              assertThat(now.path("mainClass").asText()).isEqualTo("a.Scores");
              assertThat(now.path("mainApplicationFile").asText())
                  .isEqualTo("local:///opt/millrace/apps/target/apps.jar");
            });
    // Another one in its place: what is not in the Pipeline any more does not run.
    apply(yaml("own", inline(""), app.formatted("others", "scores.py")));
    await().atMost(PATIENCE).until(() -> application(job) == null);
    String other = new SparkJobName("own", Optional.of("others")).name();
    await().atMost(PATIENCE).until(() -> application(other) != null);
    delete("own");
    untilGone("own");
    assertThat(application(other)).isNull();
  }

  private static List<Condition> conditions(String platform) {
    Platform.Status status = platform(platform).getStatus();
    return status == null ? List.of() : status.conditions();
  }

  @Test
  void aJobIsASparkApplicationWhoseDriverIsAskedAndWhoseFailureIsExplained() throws Exception {
    apply(yaml("jobs", inline(""), TRANSFORM.formatted("30m") + "deletionPolicy: delete\n"));
    await().atMost(PATIENCE).until(() -> application("jobs") != null);
    JsonNode application = new ObjectMapper().valueToTree(application("jobs"));
    assertThat(application.at("/metadata/ownerReferences/0/kind").asText()).isEqualTo("Pipeline");
    assertThat(application.at("/metadata/ownerReferences/0/uid").asText())
        .isEqualTo(pipeline("jobs").getMetadata().getUid());
    assertThat(application.at("/spec/image").asText()).isEqualTo("millrace/spark-job:it");
    assertThat(application.at("/spec/driver/serviceAccount").asText()).isEqualTo("millrace-spark");
    String plan = application.at("/spec/volumes/0/configMap/name").asText();
    JsonNode document =
        new ObjectMapper()
            .readTree(
                server
                    .client()
                    .configMaps()
                    .inNamespace(NS)
                    .withName(plan)
                    .get()
                    .getData()
                    .get("plan.json"));
    assertThat(document.at("/transforms/0/name").asText()).isEqualTo("v");
    assertThat(document.at("/transforms/0/output/schemaId").asInt()).isPositive();
    until("jobs", p -> condition(p, "Ready").getMessage().contains("driver is being started"));
    sparkOperatorSays("jobs", "RUNNING", "");
    until("jobs", p -> condition(p, "Ready").getMessage().contains("does not answer yet"));
    driverSays =
        "{\"state\":\"running\",\"queries\":[{\"transform\":\"v\",\"state\":\"running\",\"lag\":{\"events\":7}}]}";
    untilReady("jobs");
    assertThat(metrics.scrape()).contains("millrace_pipeline_lag_records", "component=\"v\"");

    // It fails: what its last words were is said, not that it failed.
    driverSays = "";
    server
        .client()
        .resource(
            new PodBuilder()
                .withNewMetadata()
                .withName("jobs-driver")
                .withNamespace(NS)
                .endMetadata()
                .withNewSpec()
                .addNewContainer()
                .withName("spark-kubernetes-driver")
                .withImage("x")
                .endContainer()
                .endSpec()
                .build())
        .create();
    server
        .client()
        .pods()
        .inNamespace(NS)
        .withName("jobs-driver")
        .subresource("status")
        .patch(
            io.fabric8.kubernetes.client.dsl.base.PatchContext.of(
                io.fabric8.kubernetes.client.dsl.base.PatchType.JSON_MERGE),
            "{\"status\":{\"phase\":\"Failed\",\"containerStatuses\":[{\"name\":\"spark-kubernetes-driver\",\"image\":\"x\",\"imageID\":\"x\",\"ready\":false,\"restartCount\":0,\"state\":{\"terminated\":{\"exitCode\":1,\"reason\":\"Error\",\"message\":\"WARN x\\nException in thread \\\"main\\\" org.apache.spark.SparkException: Job aborted\\nCaused by: java.net.UnknownHostException: s3.nowhere\\n\\tat a.B.c(B.java:1)\\n\"}}}]}}");
    sparkOperatorSays("jobs", "FAILING", "driver container failed with ExitCode: 1, Reason: Error");
    until(
        "jobs",
        p ->
            condition(p, "Ready")
                .getMessage()
                .contains(
                    "the Spark driver failed: UnknownHostException: s3.nowhere (exit code 1)"));
    await()
        .atMost(PATIENCE)
        .until(() -> events("jobs").stream().anyMatch(e -> e.getReason().equals("NotReady")));
    server.client().pods().inNamespace(NS).withName("jobs-driver").withGracePeriod(0).delete();
    sparkOperatorSays("jobs", "SUBMITTED", "");
    until(
        "jobs", p -> condition(p, "Ready").getMessage().contains("it failed before: UnknownHost"));
    driverSays =
        "{\"state\":\"running\",\"queries\":[{\"transform\":\"v\",\"state\":\"running\",\"lag\":{\"events\":0}}]}";
    sparkOperatorSays("jobs", "RUNNING", "");
    untilReady("jobs");

    // What the Platform says of pods is part of what runs. The driver of before is still there, and
    // says that all is well: nothing is, until it has gone.
    server
        .client()
        .resource(
            new PodBuilder()
                .withNewMetadata()
                .withName("jobs-driver")
                .withNamespace(NS)
                .withAnnotations(application("jobs").getMetadata().getAnnotations())
                .endMetadata()
                .withNewSpec()
                .addNewContainer()
                .withName("spark-kubernetes-driver")
                .withImage("x")
                .endContainer()
                .endSpec()
                .build())
        .create();
    platformSays("\"false\"");
    until("jobs", p -> condition(p, "Ready").getMessage().contains("is about to be started again"));
    server.client().pods().inNamespace(NS).withName("jobs-driver").withGracePeriod(0).delete();
    untilReady("jobs");
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                new ObjectMapper()
                    .valueToTree(application("jobs"))
                    .at("/spec/sparkConf/spark.ui.enabled")
                    .asText()
                    .equals("false"));
    platformSays("null");
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                new ObjectMapper()
                    .valueToTree(application("jobs"))
                    .at("/spec/sparkConf/spark.ui.enabled")
                    .isMissingNode());

    // Paused, it is not there, and its plan is; deleted with all it had, nothing is.
    apply(
        yaml(
            "jobs",
            inline(""),
            TRANSFORM.formatted("30m") + "deletionPolicy: delete\nstate: paused\n"));
    await().atMost(PATIENCE).until(() -> application("jobs") == null);
    assertThat(server.client().configMaps().inNamespace(NS).withName(plan).get()).isNotNull();
    apply(
        yaml(
            "jobs",
            inline(""),
            TRANSFORM.formatted("30m") + "deletionPolicy: delete\nstate: running\n"));
    await().atMost(PATIENCE).until(() -> application("jobs") != null);
    assertThat(new ObjectMapper().valueToTree(application("jobs")).at("/spec/driver/env"))
        .isEqualTo(application.at("/spec/driver/env"));
    delete("jobs");
    untilGone("jobs");
    assertThat(application("jobs")).isNull();
    assertThat(server.client().configMaps().inNamespace(NS).withName(plan).get()).isNull();
    assertThat(server.client().services().inNamespace(NS).withName("jobs-status").get()).isNull();
  }

  /** With the operator's own permissions. */
  @Test
  void whatTheSparkOperatorSaysOfAnApplicationOfOursWakesItsPipeline() {
    Set<ResourceID> woken = ConcurrentHashMap.newKeySet();
    ResourceID pipeline = new ResourceID("watched", NS);
    try (SparkWatch watch = new SparkWatch(operatorClient, Set.of(NS), woken::add)) {
      watch.start();
      for (String name : List.of("watched", "foreign")) {
        GenericKubernetesResource application = new GenericKubernetesResource();
        application.setApiVersion("sparkoperator.k8s.io/v1beta2");
        application.setKind("SparkApplication");
        application.setMetadata(
            new ObjectMetaBuilder()
                .withName(name)
                .withLabels(
                    name.equals("watched")
                        ? Map.of(
                            "millrace.dev/pipeline",
                            name,
                            "app.kubernetes.io/managed-by",
                            "millrace")
                        : Map.of("millrace.dev/pipeline", name))
                .build());
        application.setAdditionalProperty("spec", Map.of("type", "Java"));
        server
            .client()
            .genericKubernetesResources(KubeflowApplications.TYPE)
            .inNamespace(NS)
            .resource(application)
            .create();
      }
      await().atMost(PATIENCE).until(() -> woken.contains(pipeline));
      for (String state : List.of("RUNNING", "FAILING")) {
        String before = watch.state(pipeline);
        woken.clear();
        sparkOperatorSays("watched", state, "");
        await().atMost(PATIENCE).until(() -> woken.contains(pipeline));
        assertThat(watch.state(pipeline)).isNotEqualTo(before).contains(state);
      }
      woken.clear();
      for (String name : List.of("foreign", "watched")) {
        server
            .client()
            .genericKubernetesResources(KubeflowApplications.TYPE)
            .inNamespace(NS)
            .withName(name)
            .delete();
      }
      await().atMost(PATIENCE).until(() -> woken.contains(pipeline));
      assertThat(watch.state(pipeline)).isEmpty();
      assertThat(woken).containsOnly(pipeline);
    }
  }
}
