package dev.millrace.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import dev.millrace.controller.ApiServer;
import dev.millrace.controller.Backends;
import dev.millrace.controller.OperatorRuntime;
import dev.millrace.controller.Pace;
import dev.millrace.local.guarded.Certificate;
import dev.millrace.local.guarded.GuardedConnect;
import dev.millrace.local.guarded.GuardedElasticsearch;
import dev.millrace.local.guarded.GuardedKafka;
import dev.millrace.local.guarded.GuardedProxy;
import dev.millrace.local.guarded.Login;
import dev.millrace.model.Pipeline;
import dev.millrace.model.Platform;
import dev.millrace.registry.Authorities;
import dev.millrace.services.ConnectService;
import dev.millrace.services.Distribution;
import dev.millrace.services.ElasticsearchService;
import dev.millrace.services.KafkaService;
import dev.millrace.services.RegistryService;
import dev.millrace.services.Service;
import dev.millrace.services.Supervisor;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/**
 * A Platform whose backends all ask who one is: Kafka by SASL_SSL and SCRAM, Connect by its own
 * basic authentication and https, Elasticsearch with its security on, the registry behind a proxy
 * that asks; a real API server with the operator in this process, and a real Spark job.
 */
class SecureIT {
  private static final String NS = "team";
  private static final Duration PATIENCE = Duration.ofMinutes(3);

  /** Each backend has a password of its own, so that a leak says whose. */
  private static final Map<String, String> PASSWORDS =
      Map.of(
          "kafka", "kafka-Pa55-of-the-test",
          "registry", "registry-Pa55-of-the-test",
          "connect", "connect-Pa55-of-the-test",
          "elasticsearch", "elastic-Pa55-of-the-test");

  private static final String WRONG = "wrong-Pa55-of-the-test";

  @TempDir static Path temporary;
  private static StateDirectory state;
  private static Supervisor supervisor;
  private static GuardedKafka kafka;
  private static GuardedConnect connect;
  private static GuardedElasticsearch elasticsearch;
  private static GuardedProxy registry;
  private static Certificate certificate;
  private static SSLContext trust;
  private static ApiServer server;
  private static KubernetesClient client;
  private static OperatorRuntime operator;
  private static final ConcurrentLinkedQueue<String> LOG = new ConcurrentLinkedQueue<>();

  @BeforeAll
  static void start() throws Exception {
    AppenderBase<ILoggingEvent> appender =
        new AppenderBase<>() {
          @Override
          protected void append(ILoggingEvent event) {
            LOG.add(
                event.getFormattedMessage()
                    + (event.getThrowableProxy() == null
                        ? ""
                        : event.getThrowableProxy().getMessage()));
          }
        };
    appender.start();
    ((Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME)).addAppender(appender);
    certificate = new Certificate(temporary);
    trust = Authorities.of(certificate.authority());
    server = new ApiServer(temporary.resolve("apiserver"));
    server.crds();
    server.permissions();
    server.namespace(NS);
    backends();
    client = server.operatorClient();
    Checkout checkout = new Checkout(ApiServer.ROOT);
    operator =
        new OperatorRuntime(
            client,
            Backends.NO_SQL,
            new SimpleMeterRegistry(),
            new OperatorRuntime.Settings(
                Set.of(),
                new Pace(Duration.ofMillis(300), Duration.ofSeconds(2), Duration.ofSeconds(20)),
                platform -> new LocalSpark(supervisor, checkout, new KeptJobs(state)),
                "none",
                Optional.empty()),
            Clock.systemUTC());
    operator.start();
  }

  private static void backends() throws Exception {
    Distribution distribution = Distribution.locate();
    state = new StateDirectory(Files.createDirectories(temporary.resolve("backends")));
    state.create();
    supervisor = new Supervisor(state.path(), Clock.systemUTC(), s -> {});
    KafkaService open = new KafkaService(distribution);
    kafka = new GuardedKafka(open, certificate);
    RegistryService openRegistry = new RegistryService(distribution);
    elasticsearch =
        new GuardedElasticsearch(
            new ElasticsearchService(distribution), certificate, login("elasticsearch"));
    connect =
        new GuardedConnect(
            new ConnectService(
                distribution, open, new Checkout(ApiServer.ROOT).plugins(), state.secrets()),
            certificate,
            login("connect"));
    List<Service> all = List.of(kafka, openRegistry, elasticsearch, connect);
    for (Service service : all) {
      supervisor.start(service);
    }
    for (Service service : all) {
      supervisor.awaitReady(service.name(), PATIENCE);
    }
    kafka.user("millrace", PASSWORDS.get("kafka"));
    registry =
        new GuardedProxy(openRegistry.endpoint().orElseThrow(), certificate, login("registry"));
  }

  private static Login login(String backend) {
    return new Login("millrace", PASSWORDS.get(backend), trust);
  }

  @AfterAll
  static void stop() {
    if (operator != null) {
      operator.close();
      client.close();
    }
    if (registry != null) {
      registry.close();
    }
    if (supervisor != null) {
      supervisor.close();
    }
    if (server != null) {
      server.close();
    }
  }

  private static void platform() {
    apply(
        """
        apiVersion: millrace.dev/v1alpha1
        kind: Platform
        metadata: { name: default, namespace: team }
        spec:
          kafka:
            bootstrapServers: %s
            partitions: 2
            tls: { caSecretRef: { name: ca } }
            sasl: { mechanism: SCRAM-SHA-512, secretRef: { name: kafka } }
          schemaRegistry:
            url: %s
            basicAuth: { secretRef: { name: registry } }
            tls: { caSecretRef: { name: ca } }
          connect:
            url: %s
            secretsPath: %s
            basicAuth: { secretRef: { name: connect } }
            tls: { caSecretRef: { name: ca } }
          elasticsearch:
            url: %s
            basicAuth: { secretRef: { name: elasticsearch } }
            tls: { caSecretRef: { name: ca } }
          spark:
            checkpointDir: %s
            secretsPath: %s
            settings: { master: 'local[2]', shufflePartitions: '2' }
        """
            .formatted(
                kafka.guarded().orElseThrow(),
                registry.endpoint(),
                connect.endpoint().orElseThrow(),
                state.secrets(),
                elasticsearch.endpoint().orElseThrow(),
                LocalPlatform.checkpoints(state),
                state.secrets()));
  }

  private static final String PIPELINE =
      """
      apiVersion: millrace.dev/v1alpha1
      kind: Pipeline
      metadata: { name: visits, namespace: team }
      spec:
        sources:
          - name: clicks
            datagen:
              schema: '{"type":"record","name":"Click","fields":[{"name":"session","type":"string"},{"name":"type","type":{"type":"string","arg.properties":{"options":["start","stop"]}}},{"name":"at","type":{"type":"long","logicalType":"timestamp-micros"}}]}'
              count: 2000
              rate: max
              clock: simulated
            eventTime: { field: at }
        transforms:
          - name: stays
            intervals: { from: clicks, by: [session], type: type, open: [start], close: [stop], timeout: 1h }
            key: [session, started_at]
        sinks:
          - { name: clicks-es, from: clicks, elasticsearch: { index: clicks } }
          - { name: stays-es, from: stays, elasticsearch: { index: stays } }
      """;

  private static void apply(String yaml) {
    server
        .client()
        .resource(Serialization.unmarshal(yaml, GenericKubernetesResource.class))
        .forceConflicts()
        .fieldManager("somebody")
        .serverSideApply();
  }

  /** A Secret, and the files that a kubelet would make of it for Connect and for the job. */
  private static void secret(String name, Map<String, String> keys) throws IOException {
    server
        .client()
        .resource(
            new SecretBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace(NS)
                .endMetadata()
                .withStringData(keys)
                .build())
        .forceConflicts()
        .fieldManager("somebody")
        .serverSideApply();
    Path folder = Files.createDirectories(state.secrets().resolve(name));
    for (Map.Entry<String, String> key : keys.entrySet()) {
      Files.writeString(folder.resolve(key.getKey()), key.getValue());
    }
  }

  private static void logins(Map<String, String> passwords) throws IOException {
    for (Map.Entry<String, String> password : passwords.entrySet()) {
      secret(password.getKey(), Map.of("username", "millrace", "password", password.getValue()));
    }
  }

  private static Condition condition(List<Condition> conditions, String type) {
    return conditions == null
        ? new Condition()
        : conditions.stream()
            .filter(c -> c.getType().equals(type))
            .findFirst()
            .orElseGet(Condition::new);
  }

  private static Condition ofPlatform(String type) {
    Platform.Status status =
        server
            .client()
            .resources(Platform.class)
            .inNamespace(NS)
            .withName("default")
            .get()
            .getStatus();
    return condition(status == null ? null : status.conditions(), type);
  }

  private static Condition ofPipeline(String type) {
    Pipeline.Status status =
        server
            .client()
            .resources(Pipeline.class)
            .inNamespace(NS)
            .withName("visits")
            .get()
            .getStatus();
    return condition(status == null ? null : status.conditions(), type);
  }

  @Test
  void aPlatformThatAsksWhoOneIs() throws Exception {
    platform();
    apply(PIPELINE);
    await().atMost(PATIENCE).until(() -> "False".equals(ofPlatform("ResolvedRefs").getStatus()));
    assertThat(ofPlatform("ResolvedRefs").getMessage())
        .contains("spec.kafka.tls.caSecretRef: no Secret 'ca' in namespace 'team'");
    await()
        .atMost(PATIENCE)
        .until(() -> "MissingReference".equals(ofPipeline("ResolvedRefs").getReason()));
    assertThat(ofPipeline("Ready").getMessage()).contains("no Secret 'ca'");

    secret("ca", Map.of("ca.crt", certificate.authority()));
    secret("kafka", Map.of("username", "millrace"));
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                ofPlatform("ResolvedRefs")
                    .getMessage()
                    .contains("Secret 'kafka' has no key 'password'; it has [username]"));
    assertThat(topics()).as("nothing is touched").doesNotContain("team.visits.clicks");

    logins(Map.of("kafka", WRONG, "registry", WRONG, "connect", WRONG, "elasticsearch", WRONG));
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              assertThat(ofPlatform("Ready").getReason()).isEqualTo("BackendsNotReady");
              assertThat(ofPlatform("ResolvedRefs").getStatus()).isEqualTo("True");
              assertThat(ofPlatform("Ready").getMessage())
                  .contains("kafka: Authentication failed")
                  .contains("is the Secret 'kafka' right?")
                  .contains("schemaRegistry: answers 401; is the Secret 'registry' right")
                  .contains("connect: Kafka Connect: GET /: 401")
                  .contains("is the Secret 'connect' right")
                  .contains("elasticsearch: answers 401; is the Secret 'elasticsearch' right");
            });
    await()
        .atMost(PATIENCE)
        .until(() -> String.valueOf(ofPipeline("Ready").getMessage()).contains("Kafka"));

    logins(PASSWORDS);
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(ofPlatform("Ready").getStatus())
                    .as(() -> ofPlatform("Ready").getMessage())
                    .isEqualTo("True"));
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(ofPipeline("Ready").getMessage())
                    .as(() -> ofPipeline("Ready").toString())
                    .contains("arrived"));
    assertThat(count("clicks")).isEqualTo(2000);
    assertThat(count("stays")).isGreaterThan(0);
    nobodyReads();
  }

  private static Set<String> topics() throws Exception {
    try (var admin =
        org.apache.kafka.clients.admin.Admin.create(
            Map.of("bootstrap.servers", kafka.endpoint().orElseThrow()))) {
      return admin.listTopics().names().get();
    }
  }

  private static long count(String index) throws Exception {
    String es = elasticsearch.endpoint().orElseThrow();
    login("elasticsearch").http("POST", es + "/" + index + "/_refresh");
    String body = login("elasticsearch").http("GET", es + "/" + index + "/_count").body();
    return Long.parseLong(body.replaceAll(".*\"count\":(\\d+).*", "$1"));
  }

  /** Everything that is written down, but for the Secrets themselves, is searched. */
  private static void nobodyReads() throws Exception {
    List<String> passwords = new ArrayList<>(PASSWORDS.values());
    passwords.add(WRONG);
    List<String> read = new ArrayList<>();
    for (Class<? extends io.fabric8.kubernetes.api.model.HasMetadata> type :
        List.of(Platform.class, Pipeline.class)) {
      server.client().resources(type).inNamespace(NS).list().getItems().stream()
          .map(Serialization::asJson)
          .forEach(read::add);
    }
    server.client().v1().events().inNamespace(NS).list().getItems().stream()
        .map(Serialization::asJson)
        .forEach(read::add);
    String url = connect.endpoint().orElseThrow();
    read.add(login("connect").http("GET", url + "/connectors?expand=info&expand=status").body());
    read.add(login("connect").http("GET", url + "/connectors/team.visits.clicks-es/tasks").body());
    read.addAll(LOG);
    ProcessHandle.allProcesses().flatMap(p -> p.info().commandLine().stream()).forEach(read::add);
    try (Stream<Path> files = Files.walk(state.path().resolve("services"), 2)) {
      for (Path file :
          files
              .filter(f -> f.getFileName().toString().matches("log|log\\.1|plan\\.json"))
              .toList()) {
        read.add(Files.readString(file));
      }
    }
    assertThat(read).as("there is something to search").anyMatch(t -> t.contains("${secrets:"));
    assertThat(read).anyMatch(t -> t.contains("stays") && t.contains("\"checkpointDir\""));
    for (String text : read) {
      assertThat(text).doesNotContain(passwords);
    }
  }
}
