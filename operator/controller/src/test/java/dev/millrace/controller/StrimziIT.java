package dev.millrace.controller;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.millrace.engine.BackendException;
import dev.millrace.engine.ConnectApi;
import io.fabric8.crdv2.generator.CRDGenerator;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.strimzi.api.kafka.model.connect.KafkaConnect;
import io.strimzi.api.kafka.model.connector.KafkaConnector;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Connectors as resources, on a real API server, as the operator's own user. The CRDs are generated
 * from the classes that Strimzi publishes ({@code io.strimzi:api}); what Strimzi's operator would
 * do is done by {@link StandIn}, as Strimzi documents it.
 */
class StrimziIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String NS = "team";
  private static final String NAME = "team.shop.orders_es";

  @TempDir static Path temporary;
  private static ApiServer server;

  /** Group and version that the published classes are of. */
  private static String version;

  private static KubernetesClient client;
  private static StrimziConnect strimzi;

  @BeforeAll
  static void start() throws Exception {
    server = new ApiServer(temporary.resolve("apiserver"));
    server.permissions();
    server.namespace(NS);
    Path folder = Files.createDirectories(temporary.resolve("crds"));
    new CRDGenerator()
        .inOutputDir(folder.toFile())
        .customResourceClasses(KafkaConnector.class, KafkaConnect.class)
        .generate();
    try (Stream<Path> files = Files.list(folder)) {
      for (File file : files.map(Path::toFile).toList()) {
        JsonNode generated = new YAMLMapper().readTree(file);
        free(generated);
        CustomResourceDefinition crd =
            Serialization.unmarshal(generated.toString(), CustomResourceDefinition.class);
        version = "kafka.strimzi.io/" + crd.getSpec().getVersions().get(0).getName();
        server.client().resource(crd).create();
      }
    }
    Awaitility.await()
        .atMost(Duration.ofMinutes(1))
        .untilAsserted(
            () ->
                assertThat(server.client().getApiResources(version).getResources())
                    .extracting(r -> r.getKind())
                    .contains("KafkaConnector", "KafkaConnect"));
    client = server.operatorClient();
    strimzi = new StrimziConnect(client, NS, "main", OperatorRuntime.FIELD_MANAGER);
  }

  /** A map of whatever is free in Strimzi's CRDs; the generator takes it for a map of maps. */
  private static void free(JsonNode schema) {
    for (JsonNode child : schema) {
      free(child);
    }
    if (schema instanceof ObjectNode map
        && map.at("/additionalProperties/type").asText().equals("object")) {
      map.remove("additionalProperties");
      map.put("x-kubernetes-preserve-unknown-fields", true);
    }
  }

  @AfterAll
  static void stop() {
    if (client != null) {
      client.close();
    }
    if (server != null) {
      server.close();
    }
  }

  /** What Strimzi's operator does, as far as it is documented: writes status, obeys annotations. */
  private static final class StandIn {
    private static Resource<GenericKubernetesResource> connector() {
      return server
          .client()
          .genericKubernetesResources(version, "KafkaConnector")
          .inNamespace(NS)
          .withName(StrimziConnect.resourceName(NAME));
    }

    static JsonNode sees() {
      return JSON.valueToTree(connector().get());
    }

    static void says(String status) {
      connector()
          .subresource("status")
          .patch(PatchContext.of(PatchType.JSON_MERGE), "{\"status\":" + status + "}");
    }

    /** Takes an annotation off, once it has done what it asks for. */
    static void hasDone(String annotation) {
      connector()
          .patch(
              PatchContext.of(PatchType.JSON_MERGE),
              "{\"metadata\":{\"annotations\":{\"" + annotation + "\":null}}}");
    }

    static void listed(String offsets) {
      server
          .client()
          .resource(
              new ConfigMapBuilder()
                  .withNewMetadata()
                  .withName(StrimziConnect.resourceName(NAME) + "-offsets")
                  .withNamespace(NS)
                  .endMetadata()
                  .addToData("offsets.json", offsets)
                  .build())
          .serverSideApply();
      hasDone("strimzi.io/connector-offsets");
    }
  }

  private static Map<String, String> config() {
    return new HashMap<>(
        Map.of(
            "name", NAME,
            "connector.class", "dev.millrace.connect.elasticsearch.ElasticsearchSinkConnector",
            "tasks.max", "2",
            "topics", "team.shop.orders",
            "connection.password", "${secrets:/secrets/es:password}",
            "millrace.pipeline", "team.shop"));
  }

  private static ConnectApi.Seen seen() throws BackendException {
    return strimzi.connectors().join().get(NAME);
  }

  @Test
  void aConnectorsLife() throws Exception {
    assertThat(strimzi.connectors().join()).isEmpty();
    assertThat(strimzi.config(NAME)).isEmpty();
    strimzi.configure(NAME, config());
    JsonNode resource = StandIn.sees();
    assertThat(resource.at("/metadata/name").asText()).startsWith("team.shop.orders-es-");
    assertThat(strimzi.group(NAME)).isEqualTo("connect-" + resource.at("/metadata/name").asText());
    assertThat(resource.at("/metadata/labels").path("strimzi.io/cluster").asText())
        .isEqualTo("main");
    assertThat(resource.at("/spec/tasksMax").asInt()).isEqualTo(2);
    assertThat(resource.at("/spec/config").path("connection.password").asText())
        .isEqualTo("${secrets:/secrets/es:password}");
    // Strimzi refuses what has a field of its own.
    assertThat(resource.at("/spec/config").has("connector.class")).isFalse();
    assertThat(resource.at("/spec/config").has("tasks.max")).isFalse();
    assertThat(resource.at("/spec/config").has("name")).isFalse();

    assertThat(seen().config()).isEqualTo(config());
    assertThat(seen().status().isMissingNode()).isTrue();
    StandIn.says(
        """
        {"observedGeneration":1,"conditions":[{"type":"Ready","status":"True"}],
         "connectorStatus":{"name":"x","connector":{"state":"RUNNING","worker_id":"w"},
           "tasks":[{"id":0,"state":"FAILED","trace":"java.io.IOException: no"}]}}""");
    assertThat(seen().status().at("/connector/state").asText()).isEqualTo("RUNNING");
    assertThat(seen().status().at("/tasks/0/trace").asText()).contains("IOException");
    String version = resource.at("/metadata/resourceVersion").asText();
    strimzi.configure(NAME, config());
    assertThat(StandIn.sees().at("/metadata/generation").asInt())
        .as("nothing differs")
        .isEqualTo(1);
    assertThat(version).isNotEmpty();

    strimzi.restart(NAME);
    assertThat(annotation("strimzi.io/restart")).isEqualTo("includeTasks,onlyFailed");
    strimzi.state(NAME, ConnectApi.State.PAUSED);
    assertThat(StandIn.sees().at("/spec/state").asText()).isEqualTo("paused");
    Map<String, String> other = config();
    other.put("topics", "team.shop.others");
    strimzi.configure(NAME, other);
    assertThat(StandIn.sees().at("/spec/state").asText())
        .as("another configuration lets it be as it is")
        .isEqualTo("paused");
    assertThat(seen().config()).containsEntry("topics", "team.shop.others");
    strimzi.delete(NAME);
    assertThat(strimzi.connectors().join()).isEmpty();
    strimzi.delete(NAME);
  }

  private static String annotation(String name) {
    return StandIn.sees().path("metadata").path("annotations").path(name).asText();
  }

  @Test
  void whatStrimziCouldNotHandOverIsAFailure() throws Exception {
    strimzi.configure(NAME, config());
    StandIn.says(
        """
        {"observedGeneration":1,"conditions":[{"type":"NotReady","status":"True","reason":"ConnectRestException",
          "message":"PUT /connectors/x/config returned 400 (Bad Request): topics is unknown"}]}""");
    assertThat(seen().status().at("/connector/state").asText()).isEqualTo("FAILED");
    assertThat(seen().status().at("/connector/trace").asText())
        .contains("ConnectRestException: PUT", "topics is unknown");
    strimzi.delete(NAME);
  }

  @Test
  void offsetsAreListedAndForgottenByAnnotations() throws Exception {
    strimzi.configure(NAME, config());
    assertThat(strimzi.offsets(NAME)).isEmpty();
    assertThat(annotation("strimzi.io/connector-offsets")).isEqualTo("list");
    assertThat(StandIn.sees().at("/spec/listOffsets/toConfigMap/name").asText())
        .isEqualTo(StrimziConnect.resourceName(NAME) + "-offsets");
    StandIn.listed("{\"offsets\":[{\"partition\":{\"p\":0},\"offset\":{\"o\":7}}]}");
    assertThat(strimzi.offsets(NAME).at("/0/offset/o").asInt()).isEqualTo(7);
    StandIn.hasDone("strimzi.io/connector-offsets");

    assertThat(strimzi.forgetOffsets(NAME)).isFalse();
    assertThat(annotation("strimzi.io/connector-offsets")).isEqualTo("reset");
    assertThat(strimzi.forgetOffsets(NAME)).as("Strimzi has not done it yet").isFalse();
    StandIn.hasDone("strimzi.io/connector-offsets");
    assertThat(strimzi.forgetOffsets(NAME)).isTrue();
    assertThat(strimzi.offsets(NAME)).as("what was listed before is of no use").isEmpty();
    strimzi.delete(NAME);
  }

  @Test
  void aClusterThatTakesNoConnectorsIsTold() {
    assertThatThrownBy(() -> strimzi.version())
        .hasMessage("there is no KafkaConnect 'main' in namespace 'team'");
    GenericKubernetesResource connect =
        server
            .client()
            .resource(
                Serialization.unmarshal(
                    """
                    apiVersion: %s
                    kind: KafkaConnect
                    metadata: { name: main, namespace: team }
                    spec: { bootstrapServers: "kafka:9092", version: 4.1.1, replicas: 1, groupId: main, configStorageTopic: c, offsetStorageTopic: o, statusStorageTopic: s }
                    """
                        .formatted(version),
                    GenericKubernetesResource.class))
            .create();
    assertThatThrownBy(() -> strimzi.version())
        .hasMessageContaining("annotate it with strimzi.io/use-connector-resources=true");
    connect.getMetadata().setManagedFields(null);
    server
        .client()
        .resource(connect)
        .patch(
            PatchContext.of(PatchType.JSON_MERGE),
            "{\"metadata\":{\"annotations\":{\"strimzi.io/use-connector-resources\":\"true\"}}}");
    assertThatThrownBy(() -> strimzi.version()).hasMessage("KafkaConnect 'main' is not ready");
  }
}
