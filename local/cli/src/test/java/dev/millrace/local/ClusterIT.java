package dev.millrace.local;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.millrace.console.ConsoleServer;
import dev.millrace.console.OperatorData;
import dev.millrace.controller.ApiServer;
import dev.millrace.controller.Backends;
import dev.millrace.controller.ObservedEndpoint;
import dev.millrace.controller.OperatorRuntime;
import dev.millrace.controller.Pace;
import dev.millrace.controller.PlanWebhook;
import dev.millrace.local.guarded.Certificate;
import dev.millrace.model.ManifestReader;
import dev.millrace.model.Pipeline;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhookConfigurationBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The command on a cluster: a real API server with the operator in this process, as a user that has
 * only the documented permissions, and real Kafka, Connect, registry and Elasticsearch.
 */
class ClusterIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String NS = "shop";

  @TempDir static Path temporary;
  private static ApiServer server;
  private static Backends backends;
  private static KubernetesClient client;
  private static OperatorRuntime operator;
  private static AutoCloseable webhook;
  private static Path certificates;
  private static ObservedEndpoint observed;
  private static Path kubeconfig;
  private static Path directory;

  @BeforeAll
  static void start() throws Exception {
    server = new ApiServer(temporary.resolve("apiserver"));
    backends = new Backends(temporary.resolve("services"));
    server.crds();
    server.permissions();
    server.namespace(NS);
    backends.await();
    client = server.operatorClient();
    operator =
        new OperatorRuntime(
            client,
            Backends.NO_SQL,
            new SimpleMeterRegistry(),
            new OperatorRuntime.Settings(
                Set.of(),
                new Pace(Duration.ofMillis(200), Duration.ofSeconds(2), Duration.ofSeconds(20)),
                null,
                "millrace/spark-job:it",
                Optional.empty()),
            Clock.systemUTC());
    operator.start();
    webhook();
    Files.writeString(certificates.resolve("token"), "it-is-me\n");
    observed =
        operator.observed(
            new InetSocketAddress("127.0.0.1", 0), certificates, certificates.resolve("token"));
    server.client().resource(backends.platform(NS, "default", "", backends.connect())).create();
    kubeconfig = temporary.resolve("kubeconfig");
    Files.writeString(kubeconfig, server.kubeConfig());
    directory = Files.createDirectories(temporary.resolve("orders"));
    write(
        "kustomization.yaml",
        """
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources: [pipeline.yaml]
        configMapGenerator:
          - name: schemas
            files: [order.avsc]
        generatorOptions: { disableNameSuffixHash: true }
        """);
    write(
        "order.avsc",
        """
        { "type": "record", "name": "Order", "fields": [
          { "name": "id", "type": "string" },
          { "name": "at", "type": { "type": "long", "logicalType": "timestamp-micros" } } ] }
        """);
    write(
        "pipeline.yaml",
        """
        apiVersion: millrace.dev/v1alpha1
        kind: Pipeline
        metadata: { name: orders }
        spec:
          sources:
            - name: orders
              datagen: { schemaFrom: { configMap: schemas, key: order.avsc }, count: 500, rate: max, clock: simulated }
              eventTime: { field: at }
          sinks:
            - { name: to-es, from: orders, elasticsearch: { index: it-orders } }
        """);
  }

  /** As the chart does it, but by address: an API server without nodes reaches no Service. */
  private static void webhook() throws Exception {
    certificates = Files.createDirectories(temporary.resolve("certificates"));
    Certificate certificate = new Certificate(certificates);
    Files.writeString(certificates.resolve("tls.crt"), certificate.authority());
    Files.writeString(certificates.resolve("tls.key"), certificate.key());
    PlanWebhook plans = operator.serve(new InetSocketAddress("127.0.0.1", 0), certificates);
    webhook = plans;
    server
        .client()
        .resource(
            new MutatingWebhookConfigurationBuilder()
                .withNewMetadata()
                .withName("millrace-plan")
                .endMetadata()
                .addNewWebhook()
                .withName("plan.millrace.dev")
                .withAdmissionReviewVersions("v1")
                .withSideEffects("None")
                .withFailurePolicy("Ignore")
                .withTimeoutSeconds(30)
                .withNewClientConfig()
                .withUrl("https://127.0.0.1:" + plans.port() + "/plan")
                .withCaBundle(
                    Base64.getEncoder()
                        .encodeToString(certificate.authority().getBytes(StandardCharsets.UTF_8)))
                .endClientConfig()
                .addNewRule()
                .withApiGroups("millrace.dev")
                .withApiVersions("v1alpha1")
                .withOperations("CREATE", "UPDATE")
                .withResources("pipelines")
                .endRule()
                .addNewMatchCondition()
                .withName("asks-for-a-plan")
                .withExpression(
                    "request.dryRun == true && has(object.metadata.annotations) &&"
                        + " 'millrace.dev/plan-with' in object.metadata.annotations")
                .endMatchCondition()
                .endWebhook()
                .build())
        .create();
  }

  @AfterAll
  static void stop() throws Exception {
    if (webhook != null) {
      webhook.close();
    }
    if (observed != null) {
      observed.close();
    }
    if (operator != null) {
      operator.close();
      client.close();
    }
    if (server != null) {
      server.close();
    }
    if (backends != null) {
      backends.close();
    }
  }

  @Test
  void fromAPlanToAPipelineAndBack() throws Exception {
    // A plan of what is not there yet; and nothing is there after it.
    await()
        .atMost(Duration.ofMinutes(2))
        .untilAsserted(
            () ->
                assertThat(millrace("plan", directory.toString()).output())
                    .contains("+ in-place    Topic shop.orders.orders (orders)")
                    .contains("+ in-place    Connector shop.orders.to-es (to-es)"));
    assertThat(server.client().resources(Pipeline.class).inNamespace(NS).withName("orders").get())
        .isNull();
    assertThat(backends.topics()).doesNotContain("shop.orders.orders");
    assertThat(server.kept("millrace")).isEmpty();

    JsonNode plan = plan();
    Installation.Result applied = apply(plan);
    assertThat(applied.output()).contains("applied: all of it is ready");
    assertThat(applied.exitCode()).isZero();
    assertThat(server.kept("millrace")).hasSize(2); // The ConfigMap and the Pipeline.
    assertThat(backends.topics()).contains("shop.orders.orders");
    assertThat(millrace("plan", directory.toString()).output()).contains("nothing to do");
    assertThat(millrace("diff", directory.toString()).exitCode()).isZero();
    await()
        .atMost(Duration.ofMinutes(1))
        .untilAsserted(
            () -> {
              Installation.Result status = millrace("status", "orders");
              assertThat(status.exitCode()).isZero();
              assertThat(status.output())
                  .contains("pipeline orders: ready")
                  .containsPattern("to-es +elast");
            });

    // A ConfigMap that is edited too; and a plan that is not the one that was looked at.
    write(
        "order.avsc",
        Files.readString(directory.resolve("order.avsc")).replace("\"Order\"", "\"Sale\""));
    Installation.Result stale =
        millrace("apply", directory.toString(), "--plan", plan.path("hash").asText());
    assertThat(stale.exitCode()).isEqualTo(1);
    assertThat(stale.output()).contains("is stale");
    write(
        "order.avsc",
        Files.readString(directory.resolve("order.avsc")).replace("\"Sale\"", "\"Order\""));

    // What loses state needs consent, here as there.
    write(
        "pipeline.yaml",
        Files.readString(directory.resolve("pipeline.yaml")).replace("it-orders", "it-orders-2"));
    assertThat(millrace("diff", directory.toString()).exitCode()).isEqualTo(1);
    plan = plan();
    assertThat(plan.at("/pipelines/0/impact").asText()).isEqualTo("state-loss");
    Installation.Result refused = apply(plan);
    assertThat(refused.exitCode()).isEqualTo(1);
    assertThat(refused.output()).contains("needs consent: --allow state-loss");
    assertThat(index("it-orders-2")).isEqualTo(404);
    Installation.Result agreed = apply(plan, "--allow", "state-loss");
    assertThat(agreed.output()).contains("applied: all of it is ready");
    await().atMost(Duration.ofMinutes(1)).until(() -> index("it-orders-2") == 200);

    assertThat(millrace("pause", "orders").exitCode()).isZero();
    await()
        .atMost(Duration.ofMinutes(1))
        .untilAsserted(
            () ->
                assertThat(millrace("status", "orders").output())
                    .containsPattern("to-es .*paused"));
    assertThat(millrace("resume", "orders").exitCode()).isZero();
    await()
        .atMost(Duration.ofMinutes(1))
        .untilAsserted(
            () -> assertThat(millrace("status", "orders").output()).contains("orders: ready"));
  }

  /**
   * A stand-in for a kubelet, which an API server without nodes asks for a container's log: answers
   * with lines, and goes on with what is added until it is closed.
   */
  private static final class Kubelet implements AutoCloseable {
    final List<String> lines = new CopyOnWriteArrayList<>();
    private final HttpsServer https;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private volatile boolean closed;

    Kubelet() throws Exception {
      https = HttpsServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
      https.setHttpsConfigurator(
          new HttpsConfigurator(
              new Certificate(Files.createDirectories(temporary.resolve("kubelet"))).server()));
      https.createContext("/containerLogs/" + NS + "/", this::answer);
      https.setExecutor(threads);
      https.start();
    }

    private void answer(HttpExchange exchange) throws IOException {
      boolean follow = exchange.getRequestURI().toString().contains("follow=true");
      try (exchange) {
        exchange.sendResponseHeaders(200, 0);
        int shown = 0;
        do {
          for (; shown < lines.size(); shown++) {
            exchange.getResponseBody().write((lines.get(shown) + "\n").getBytes(UTF_8));
            exchange.getResponseBody().flush();
          }
          LockSupport.parkNanos(20_000_000);
        } while (follow && !closed);
      }
    }

    int port() {
      return https.getAddress().getPort();
    }

    @Override
    public void close() {
      closed = true;
      https.stop(0);
      threads.shutdownNow();
    }
  }

  private static void driverOn(Kubelet kubelet) {
    server
        .client()
        .resource(
            new NodeBuilder()
                .withNewMetadata()
                .withName("stand-in")
                .endMetadata()
                .withNewStatus()
                .addNewAddress("127.0.0.1", "InternalIP")
                .withNewDaemonEndpoints()
                .withNewKubeletEndpoint(kubelet.port())
                .endDaemonEndpoints()
                .endStatus()
                .build())
        .create();
    server
        .client()
        .resource(
            new PodBuilder()
                .withNewMetadata()
                .withName("logged-driver")
                .withNamespace(NS)
                .withLabels(Map.of("millrace.dev/pipeline", "logged", "spark-role", "driver"))
                .endMetadata()
                .withNewSpec()
                .withNodeName("stand-in")
                .withServiceAccountName("default")
                .withAutomountServiceAccountToken(false)
                .addNewContainer()
                .withName("spark-kubernetes-driver")
                .withImage("spark")
                .endContainer()
                .endSpec()
                .build())
        .create();
  }

  @Test
  void logsHaveTheNamesOfALaptop() throws Exception {
    server
        .client()
        .resource(
            new ServiceAccountBuilder()
                .withNewMetadata()
                .withName("default")
                .withNamespace(NS)
                .endMetadata()
                .build())
        .createOr(r -> r.update());
    server
        .client()
        .resource(
            Serialization.unmarshal(
                """
                apiVersion: millrace.dev/v1alpha1
                kind: Pipeline
                metadata: { name: logged, namespace: shop }
                spec:
                  sources:
                    - name: clicks
                      datagen: { schema: '{"type":"record","name":"C","fields":[{"name":"a","type":"string"}]}', rate: 10/s }
                  sinks:
                    - { name: to-es, from: clicks, elasticsearch: { index: logged } }
                """,
                GenericKubernetesResource.class))
        .create();
    await()
        .atMost(Duration.ofMinutes(2))
        .untilAsserted(
            () ->
                assertThat(millrace("logs", "millrace").output())
                    .containsPattern("Normal Ready logged: "));
    assertThat(millrace("logs", "connect").output()).contains("logged/to-es is ready");
    assertThat(millrace("logs", "spark-logged").output())
        .startsWith("millrace: there is no Spark driver of 'logged' in namespace shop");
    Installation.Result unknown = millrace("logs", "kafka");
    assertThat(unknown.exitCode()).isEqualTo(1);
    assertThat(unknown.output())
        .contains("no log of 'kafka' in namespace shop; there are: millrace, connect,")
        .contains("spark-logged");
    assertThat(millrace("logs", directory.toString(), "connect").output())
        .contains("on a cluster a log has a name only");

    try (Kubelet kubelet = new Kubelet()) {
      kubelet.lines.add("INFO the job began");
      driverOn(kubelet);
      assertThat(millrace("logs", "spark-logged").output()).isEqualTo("INFO the job began\n");
      StringWriter shown = new StringWriter();
      ClusterOptions options = new ClusterOptions();
      options.kubeconfig = kubeconfig.toFile();
      options.namespace = NS;
      Thread following =
          new Thread(
              () -> {
                try (Cluster there = options.connect()) {
                  new ClusterLogs(there, new PrintWriter(shown), 10, true).show("logged");
                } catch (Refusal e) {
                  shown.write(e.toString());
                } catch (InterruptedException e) {
                  // As by Ctrl-C.
                }
              });
      following.start();
      await()
          .atMost(Duration.ofMinutes(1))
          .untilAsserted(
              () ->
                  assertThat(shown.toString())
                      .contains("spark-logged | INFO the job began")
                      .contains("connect | logged/to-es is ready")
                      .containsPattern("millrace \\| .* Ready logged"));
      kubelet.lines.add("WARN something happened");
      await()
          .atMost(Duration.ofMinutes(1))
          .until(() -> shown.toString().contains("spark-logged | WARN something happened"));
      following.interrupt();
      following.join(10_000);
      assertThat(following.isAlive()).isFalse();
      assertThat(shown.toString().lines().filter(l -> l.contains("the job began"))).hasSize(1);
    }
  }

  @Test
  void thePageShowsWhatTheOperatorHasObserved() throws Exception {
    String spec =
        "{\"data\":{\"url\":{\"index\":\"it-sh*\",\"body\":{\"size\":0,\"track_total_hits\":true}}}}";
    ObjectNode panel = JSON.createObjectNode();
    panel.put("panelIndex", "1").putObject("gridData").put("x", 0);
    panel
        .putObject("embeddableConfig")
        .putObject("savedVis")
        .put("type", "vega")
        .putObject("params")
        .put("spec", spec);
    ObjectNode dashboard = JSON.createObjectNode().put("type", "dashboard").put("id", "shown");
    dashboard
        .putObject("attributes")
        .put("title", "Shown")
        .put("panelsJSON", JSON.createArrayNode().add(panel).toString());
    server
        .client()
        .resource(
            new ConfigMapBuilder()
                .withNewMetadata()
                .withName("shown")
                .withNamespace(NS)
                .endMetadata()
                .addToData("shown.ndjson", dashboard.toString())
                .build())
        .create();
    Pipeline pipeline =
        ManifestReader.pipeline(
                new YAMLMapper()
                    .readTree(
                        """
                        apiVersion: millrace.dev/v1alpha1
                        kind: Pipeline
                        metadata: { name: shown }
                        spec:
                          sources:
                            - name: clicks
                              datagen:
                                schema: |
                                  { "type": "record", "name": "Click", "fields": [
                                    { "name": "id", "type": "string" },
                                    { "name": "at", "type": { "type": "long", "logicalType": "timestamp-micros" } } ] }
                                count: 200
                                rate: max
                                clock: simulated
                              eventTime: { field: at }
                          sinks:
                            - { name: clicks-to-es, from: clicks, elasticsearch: { index: it-shown } }
                          dashboards:
                            - { name: shown, configMap: { name: shown } }
                        """))
            .resource();
    pipeline.getMetadata().setNamespace(NS);
    server.client().resource(pipeline).create();
    HttpClient operatorOnly =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .sslContext(dev.millrace.console.Main.trusting(certificates.resolve("tls.crt")))
            .build();
    URI base = URI.create("https://127.0.0.1:" + observed.port() + "/observed/" + NS + "/default");
    try (ConsoleServer console =
        new ConsoleServer(0, new OperatorData(base, certificates.resolve("token"), operatorOnly))) {
      String page = console.address().toString();
      await()
          .atMost(Duration.ofMinutes(2))
          .untilAsserted(
              () ->
                  assertThat(node(page, "sink:clicks-to-es").path("state").asText())
                      .isEqualTo("ready"));
      assertThat(node(page, "dashboard:shown").path("name").asText()).isEqualTo("Shown");
      assertThat(JSON.readTree(get(page + "api/graph")).findValues("to"))
          .contains(JSON.valueToTree("dashboard:shown"));
      assertThat(get(page + "api/connectors")).contains("shop.shown.clicks-to-es", "running");
      assertThat(get(page + "api/topics")).contains("shop.shown.clicks");
      await()
          .atMost(Duration.ofMinutes(1))
          .untilAsserted(
              () ->
                  assertThat(get(page + "api/topics/shop.shown.clicks/records?limit=2"))
                      .contains("\"id\""));
      assertThat(get(page + "api/pipelines/shown/streams/clicks")).contains("timestamp-micros");
      assertThat(get(page + "api/pipelines/shown/components/clicks")).contains("datagen");
      assertThat(get(page + "api/pipelines/shown/lineage")).contains("it-shown");
      assertThat(get(page + "api/status")).contains("kafka", "elasticsearch");
      assertThat(get(page + "api/dashboards")).contains("\"Shown\"");
      await()
          .atMost(Duration.ofMinutes(1))
          .untilAsserted(
              () ->
                  assertThat(
                          Backends.http(
                                  "POST",
                                  page + "api/search/it-sh*",
                                  "{\"size\":0,\"track_total_hits\":true}")
                              .body())
                      .contains("\"value\":200"));
      // Not of the pipelines; not there.
      assertThat(Backends.http("POST", page + "api/search/_all", "{}").statusCode()).isEqualTo(403);
      assertThat(Backends.http("GET", page + "api/topics/__consumer_offsets/records").statusCode())
          .isEqualTo(404);
      assertThat(Backends.http("GET", page + "api/pipelines/no/lineage").statusCode())
          .isEqualTo(404);
    }
    for (String[] wrong :
        new String[][] {{"", "401"}, {"Bearer it-is-you", "401"}, {"Bearer it-is-me", "200"}}) {
      HttpRequest.Builder request = HttpRequest.newBuilder(base);
      if (!wrong[0].isEmpty()) {
        request.header("Authorization", wrong[0]);
      }
      assertThat(
              operatorOnly.send(request.build(), HttpResponse.BodyHandlers.ofString()).statusCode())
          .hasToString(wrong[1]);
    }
    Files.writeString(temporary.resolve("other-token"), "it-is-you");
    try (ConsoleServer console =
        new ConsoleServer(
            0, new OperatorData(base, temporary.resolve("other-token"), operatorOnly))) {
      HttpResponse<String> refused = Backends.http("GET", console.address() + "api/graph");
      assertThat(refused.statusCode()).isEqualTo(503);
      assertThat(refused.body()).startsWith("the operator does not know the token of");
    }
  }

  private static String get(String address) throws Exception {
    HttpResponse<String> answer = Backends.http("GET", address);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return answer.body();
  }

  private static JsonNode node(String page, String id) throws Exception {
    for (JsonNode graph : JSON.readTree(get(page + "api/graph")).path("pipelines")) {
      for (JsonNode node : graph.path("nodes")) {
        if (node.path("id").asText().equals(id)) {
          return node;
        }
      }
    }
    return JSON.createObjectNode();
  }

  @Test
  void whatIsWrongIsSaid() throws Exception {
    assertThat(millrace("status", "nothing").output())
        .isEqualTo("millrace: there is no Pipeline 'nothing' in namespace shop\n");
    assertThat(millrace("pause", "nothing").exitCode()).isEqualTo(1);

    Path wrong = Files.createDirectories(temporary.resolve("wrong"));
    Files.writeString(wrong.resolve("kustomization.yaml"), "resources: [pipeline.yaml]\n");
    Files.writeString(
        wrong.resolve("pipeline.yaml"),
        """
        apiVersion: millrace.dev/v1alpha1
        kind: Pipeline
        metadata: { name: wrong }
        spec:
          platform: nowhere
          sources:
            - { name: a, topic: { name: some.topic, kind: append } }
          sinks:
            - { name: to-es, from: a, elasticsearch: { index: wrong } }
        """);
    Installation.Result nowhere = millrace("plan", wrong.toString());
    assertThat(nowhere.exitCode()).isEqualTo(1);
    assertThat(nowhere.output()).contains("there is no Platform 'nowhere' in namespace shop");

    // Who may not apply a Pipeline does not learn what it would do.
    Path other = temporary.resolve("kubeconfig-other");
    Files.writeString(
        other,
        server
            .kubeConfig()
            .replaceFirst("(?m)^(\\s*)client-key", "$1as: \"somebody\"\n$1client-key"));
    Installation.Result forbidden =
        run("plan", directory.toString(), "--kubeconfig", other, "-n", NS);
    assertThat(forbidden.exitCode()).isEqualTo(1);
    assertThat(forbidden.output()).contains("\"somebody\" cannot patch resource \"pipelines\"");
  }

  private static void write(String file, String text) throws IOException {
    Files.writeString(directory.resolve(file), text);
  }

  private static int index(String name) throws Exception {
    return Backends.http("GET", backends.elasticsearch() + "/" + name).statusCode();
  }

  private static JsonNode plan() throws Exception {
    Installation.Result plan = millrace("plan", directory.toString(), "-o", "json");
    assertThat(plan.exitCode()).as(plan.output()).isZero();
    return JSON.readTree(plan.output());
  }

  private static Installation.Result apply(JsonNode plan, String... more) throws Exception {
    String[] arguments = new String[more.length + 4];
    System.arraycopy(
        new String[] {"apply", directory.toString(), "--plan", plan.path("hash").asText()},
        0,
        arguments,
        0,
        4);
    System.arraycopy(more, 0, arguments, 4, more.length);
    return millrace(arguments);
  }

  private static Installation.Result millrace(String... arguments) throws Exception {
    String[] all = new String[arguments.length + 4];
    System.arraycopy(arguments, 0, all, 0, arguments.length);
    System.arraycopy(
        new String[] {"--kubeconfig", kubeconfig.toString(), "--namespace", NS},
        0,
        all,
        arguments.length,
        4);
    return new Installation(temporary).run(300, all);
  }

  private static Installation.Result run(Object... arguments) throws Exception {
    return new Installation(temporary)
        .run(60, List.of(arguments).stream().map(Object::toString).toArray(String[]::new));
  }
}
