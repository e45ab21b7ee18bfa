package dev.millrace.controller;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.engine.BackendException;
import dev.millrace.engine.ConnectApi;
import dev.millrace.planner.Hashes;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Connectors as {@code KafkaConnector} resources, which Strimzi's operator hands to a {@code
 * KafkaConnect} of the same namespace. What is asked for is written, by server-side apply, an edit
 * or an annotation; what came of it is read from the status, some time later.
 *
 * @see <a href="https://strimzi.io/docs/operators/latest/deploying#con-kafka-connector-config-str">
 *     Strimzi's documentation</a>
 */
final class StrimziConnect implements ConnectApi {
  private static final String GROUP = "kafka.strimzi.io";
  private static final String CLUSTER = "strimzi.io/cluster";
  private static final String OFFSETS = "strimzi.io/connector-offsets";
  private static final String RESTART = "strimzi.io/restart";
  private static final String OFFSETS_KEY = "offsets.json";

  /** The name that a resource stands for, where it can not have it itself. */
  private static final String NAME = "millrace.dev/connector";

  private static final String CLASS = "connector.class";
  private static final String TASKS = "tasks.max";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final KubernetesClient client;
  private final String namespace;
  private final String cluster;
  private final String fieldManager;
  private final Set<String> forgetting = ConcurrentHashMap.newKeySet();
  private volatile String version;

  /**
   * @param cluster name of the {@code KafkaConnect}
   */
  StrimziConnect(KubernetesClient client, String namespace, String cluster, String fieldManager) {
    this.client = client;
    this.namespace = namespace;
    this.cluster = cluster;
    this.fieldManager = fieldManager;
  }

  private interface Call<T> {
    T run() throws IOException;
  }

  private <T> T call(String what, Call<T> call) throws BackendException {
    try {
      return call.run();
    } catch (KubernetesClientException e) {
      String why =
          "Strimzi: "
              + what
              + ": "
              + (e.getStatus() == null || e.getStatus().getMessage() == null
                  ? e.getMessage()
                  : e.getStatus().getMessage());
      boolean refused = e.getCode() >= 400 && e.getCode() < 500 && e.getCode() != 409;
      throw refused ? BackendException.refused(why, e) : BackendException.transientFailure(why, e);
    } catch (IOException e) {
      throw BackendException.refused("Strimzi: " + what + ": " + e.getMessage(), e);
    }
  }

  /** The newest version that is served: since Strimzi 0.49 that is v1. */
  private ResourceDefinitionContext type(String kind, String plural) {
    if (version == null) {
      version = client.getApiResources(GROUP + "/v1") == null ? "v1beta2" : "v1";
    }
    return new ResourceDefinitionContext.Builder()
        .withGroup(GROUP)
        .withVersion(version)
        .withKind(kind)
        .withPlural(plural)
        .withNamespaced(true)
        .build();
  }

  private Resource<GenericKubernetesResource> resource(String connector) {
    return client
        .genericKubernetesResources(type("KafkaConnector", "kafkaconnectors"))
        .inNamespace(namespace)
        .withName(resourceName(connector));
  }

  /** A resource's name has no underscore; it is also the connector's name in Connect. */
  static String resourceName(String connector) {
    String plain = connector.replace('_', '-').toLowerCase(Locale.ROOT);
    return plain.equals(connector) ? connector : plain + "-" + Hashes.of(connector).substring(0, 8);
  }

  private static String offsetsMap(String connector) {
    return resourceName(connector) + "-offsets";
  }

  @Override
  public String group(String name) {
    return "connect-" + resourceName(name);
  }

  @Override
  public CompletableFuture<Map<String, Seen>> connectors() {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return list();
          } catch (BackendException e) {
            throw new CompletionException(e);
          }
        });
  }

  private Map<String, Seen> list() throws BackendException {
    return call(
        "KafkaConnectors",
        () -> {
          Map<String, Seen> all = new TreeMap<>();
          client
              .genericKubernetesResources(type("KafkaConnector", "kafkaconnectors"))
              .inNamespace(namespace)
              .withLabel(CLUSTER, cluster)
              .list()
              .getItems()
              .stream()
              .filter(r -> r.getMetadata().getDeletionTimestamp() == null)
              .forEach(
                  r -> {
                    JsonNode document = JSON.valueToTree(r);
                    all.put(name(document), new Seen(config(document), status(document)));
                  });
          return all;
        });
  }

  private static String name(JsonNode connector) {
    return connector
        .path("metadata")
        .path("annotations")
        .path(NAME)
        .asText(connector.at("/metadata/name").asText());
  }

  private static Map<String, String> config(JsonNode connector) {
    Map<String, String> config = new TreeMap<>();
    connector
        .at("/spec/config")
        .properties()
        .forEach(e -> config.put(e.getKey(), e.getValue().asText()));
    config.put("name", name(connector));
    config.put(CLASS, connector.at("/spec/class").asText());
    config.put(TASKS, connector.at("/spec/tasksMax").asText());
    return config;
  }

  /** As Connect's REST API has it; where Strimzi's operator could not hand it over, its reason. */
  private static JsonNode status(JsonNode connector) {
    for (JsonNode condition : connector.at("/status/conditions")) {
      boolean failed =
          condition.path("type").asText().equals("NotReady")
              && condition.path("status").asText().equals("True");
      if (failed
          && connector.at("/status/observedGeneration").asLong()
              == connector.at("/metadata/generation").asLong()
          && !connector.at("/status/connectorStatus/connector/state").isTextual()) {
        ObjectNode status = JSON.createObjectNode();
        status
            .putObject("connector")
            .put("state", "FAILED")
            .put(
                "trace",
                condition.path("reason").asText() + ": " + condition.path("message").asText());
        return status;
      }
    }
    return connector.at("/status/connectorStatus");
  }

  @Override
  public Optional<Map<String, String>> config(String name) throws BackendException {
    return call(
        "KafkaConnector " + resourceName(name),
        () ->
            Optional.ofNullable(resource(name).get())
                .filter(r -> r.getMetadata().getDeletionTimestamp() == null)
                .map(r -> config(JSON.valueToTree(r))));
  }

  @Override
  public void configure(String name, Map<String, String> config) throws BackendException {
    Map<String, String> rest = new TreeMap<>(config);
    rest.remove("name");
    ObjectNode document = JSON.createObjectNode();
    ObjectNode metadata = document.putObject("metadata");
    metadata.put("name", resourceName(name)).put("namespace", namespace);
    metadata.putObject("labels").put(CLUSTER, cluster);
    metadata.putObject("annotations").put(NAME, name);
    ObjectNode spec = document.putObject("spec");
    spec.put("class", rest.remove(CLASS));
    spec.put("tasksMax", Integer.parseInt(rest.remove(TASKS)));
    spec.putObject("listOffsets").putObject("toConfigMap").put("name", offsetsMap(name));
    ObjectNode own = spec.putObject("config");
    rest.forEach(own::put);
    call(
        "KafkaConnector " + resourceName(name),
        () -> {
          ResourceDefinitionContext type = type("KafkaConnector", "kafkaconnectors");
          document.put("apiVersion", GROUP + "/" + type.getVersion()).put("kind", type.getKind());
          return client
              .genericKubernetesResources(type)
              .inNamespace(namespace)
              .resource(JSON.convertValue(document, GenericKubernetesResource.class))
              .patch(
                  new PatchContext.Builder()
                      .withPatchType(PatchType.SERVER_SIDE_APPLY)
                      .withFieldManager(fieldManager)
                      .withForce(true)
                      .build());
        });
  }

  @Override
  public void state(String name, State state) throws BackendException {
    merge(
        name,
        JSON.createObjectNode()
            .set(
                "spec",
                JSON.createObjectNode().put("state", state.name().toLowerCase(Locale.ROOT))));
  }

  @Override
  public void restart(String name) throws BackendException {
    annotate(name, RESTART, "includeTasks,onlyFailed");
  }

  private void annotate(String name, String annotation, String value) throws BackendException {
    merge(
        name,
        JSON.createObjectNode()
            .set(
                "metadata",
                JSON.createObjectNode()
                    .set("annotations", JSON.createObjectNode().put(annotation, value))));
  }

  private void merge(String name, JsonNode patch) throws BackendException {
    call(
        "KafkaConnector " + resourceName(name),
        () -> resource(name).patch(PatchContext.of(PatchType.JSON_MERGE), patch.toString()));
  }

  @Override
  public void delete(String name) throws BackendException {
    forgetting.remove(name);
    call(
        "KafkaConnector " + resourceName(name),
        () -> {
          ignoringAbsence(() -> resource(name).delete());
          ignoringAbsence(
              () -> client.configMaps().inNamespace(namespace).withName(offsetsMap(name)).delete());
          return null;
        });
  }

  private static void ignoringAbsence(Runnable call) {
    try {
      call.run();
    } catch (KubernetesClientException e) {
      if (e.getCode() != HttpURLConnection.HTTP_NOT_FOUND) {
        throw e;
      }
    }
  }

  /** What was listed when it was asked for last; and asks for the next time. */
  @Override
  public JsonNode offsets(String name) throws BackendException {
    JsonNode listed =
        call(
            "offsets of KafkaConnector " + resourceName(name),
            () -> {
              ConfigMap map =
                  client.configMaps().inNamespace(namespace).withName(offsetsMap(name)).get();
              return map == null || map.getData() == null || !map.getData().containsKey(OFFSETS_KEY)
                  ? JsonNodeFactory.instance.arrayNode()
                  : JSON.readTree(map.getData().get(OFFSETS_KEY)).path("offsets");
            });
    if (!asked(name)) {
      annotate(name, OFFSETS, "list");
    }
    return listed;
  }

  /** Whether something about offsets is under way: Strimzi's operator takes the annotation off. */
  private boolean asked(String name) throws BackendException {
    return call(
        "KafkaConnector " + resourceName(name),
        () -> {
          GenericKubernetesResource there = resource(name).get();
          return there != null
              && there.getMetadata().getAnnotations() != null
              && there.getMetadata().getAnnotations().containsKey(OFFSETS);
        });
  }

  @Override
  public boolean forgetOffsets(String name) throws BackendException {
    if (forgetting.add(name)) {
      annotate(name, OFFSETS, "reset");
      return false;
    }
    if (asked(name)) {
      return false;
    }
    forgetting.remove(name);
    call(
        "offsets of KafkaConnector " + resourceName(name),
        () -> {
          ignoringAbsence(
              () -> client.configMaps().inNamespace(namespace).withName(offsetsMap(name)).delete());
          return null;
        });
    return true;
  }

  /** The {@code KafkaConnect}'s, once Strimzi's operator says that it is ready. */
  @Override
  public Optional<String> version() throws BackendException {
    GenericKubernetesResource connect =
        call(
            "KafkaConnect " + cluster,
            () ->
                client
                    .genericKubernetesResources(type("KafkaConnect", "kafkaconnects"))
                    .inNamespace(namespace)
                    .withName(cluster)
                    .get());
    if (connect == null) {
      throw BackendException.refused(
          "there is no KafkaConnect '" + cluster + "' in namespace '" + namespace + "'", null);
    }
    JsonNode document = JSON.valueToTree(connect);
    if (!document
        .path("metadata")
        .path("annotations")
        .path("strimzi.io/use-connector-resources")
        .asText()
        .equals("true")) {
      throw BackendException.refused(
          "KafkaConnect '"
              + cluster
              + "' takes no KafkaConnectors: annotate it with"
              + " strimzi.io/use-connector-resources=true",
          null);
    }
    for (JsonNode condition : document.at("/status/conditions")) {
      if (condition.path("type").asText().equals("Ready")
          && condition.path("status").asText().equals("True")) {
        return Optional.ofNullable(document.at("/spec/version").textValue());
      }
    }
    throw BackendException.refused("KafkaConnect '" + cluster + "' is not ready", null);
  }
}
