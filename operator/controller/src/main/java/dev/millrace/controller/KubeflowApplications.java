package dev.millrace.controller;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import java.net.HttpURLConnection;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** {@code SparkApplication} of Kubeflow's Spark operator, version 2 ({@code v1beta2}). */
final class KubeflowApplications implements SparkApplications {
  static final ResourceDefinitionContext TYPE =
      new ResourceDefinitionContext.Builder()
          .withGroup("sparkoperator.k8s.io")
          .withVersion("v1beta2")
          .withKind("SparkApplication")
          .withPlural("sparkapplications")
          .withNamespaced(true)
          .build();

  private static final String HASH = "millrace.dev/hash";
  private static final String CONFIG_MAP = "millrace.dev/plan";
  private static final int RETRY_SECONDS = 10;

  /** Names of volumes begin so: a Secret's own name may be longer than a volume's. */
  private static final String SECRET = "secret-";

  /** What the Spark operator and Spark itself call the container of a driver. */
  private static final String DRIVER = "spark-kubernetes-driver";

  private static final String EXECUTOR = "spark-kubernetes-executor";

  private final KubernetesClient client;
  private final String fieldManager;

  KubeflowApplications(KubernetesClient client, String fieldManager) {
    this.client = client;
    this.fieldManager = fieldManager;
  }

  private Resource<GenericKubernetesResource> resource(String namespace, String name) {
    return client.genericKubernetesResources(TYPE).inNamespace(namespace).withName(name);
  }

  @Override
  public Optional<Seen> find(String namespace, String name) {
    return Optional.ofNullable(resource(namespace, name).get()).map(KubeflowApplications::seen);
  }

  private static Seen seen(GenericKubernetesResource application) {
    ObjectMeta metadata = application.getMetadata();
    Map<String, String> annotations =
        metadata.getAnnotations() == null ? Map.of() : metadata.getAnnotations();
    String state = text(application.get("status", "applicationState", "state"));
    return new Seen(
        annotations.getOrDefault(HASH, ""),
        annotations.getOrDefault(CONFIG_MAP, ""),
        metadata.getDeletionTimestamp() != null ? Phase.GOING : phase(state),
        text(application.get("status", "driverInfo", "podName")),
        text(application.get("status", "applicationState", "errorMessage")));
  }

  private static Phase phase(String state) {
    return switch (state) {
      case "RUNNING" -> Phase.RUNNING;
      case "FAILING", "PENDING_RERUN", "SUBMISSION_FAILED", "INVALIDATING", "UNKNOWN" ->
          Phase.RESTARTING;
      case "FAILED", "COMPLETED", "SUCCEEDING" -> Phase.ENDED;
      default -> Phase.STARTING;
    };
  }

  private static String text(Object value) {
    return value == null ? "" : value.toString();
  }

  @Override
  public void apply(Wanted wanted) {
    GenericKubernetesResource application = new GenericKubernetesResource();
    application.setApiVersion(TYPE.getGroup() + "/" + TYPE.getVersion());
    application.setKind(TYPE.getKind());
    application.setMetadata(
        new ObjectMetaBuilder()
            .withName(wanted.name())
            .withNamespace(wanted.namespace())
            .withLabels(wanted.labels())
            .withAnnotations(Map.of(HASH, wanted.hash(), CONFIG_MAP, wanted.configMap()))
            .withOwnerReferences(wanted.owner().map(List::of).orElse(List.of()))
            .build());
    application.setAdditionalProperty("spec", spec(wanted));
    try {
      client
          .genericKubernetesResources(TYPE)
          .inNamespace(wanted.namespace())
          .resource(application)
          .patch(
              new PatchContext.Builder()
                  .withPatchType(PatchType.SERVER_SIDE_APPLY)
                  .withFieldManager(fieldManager)
                  .withForce(true)
                  .build());
    } catch (KubernetesClientException e) {
      if (e.getCode() == HttpURLConnection.HTTP_NOT_FOUND) {
        throw new IllegalStateException(
            "this cluster has no SparkApplication (sparkoperator.k8s.io/v1beta2):"
                + " the Spark operator is not installed",
            e);
      }
      throw e;
    }
  }

  private static Map<String, Object> spec(Wanted wanted) {
    Map<String, Object> spec = new LinkedHashMap<>();
    spec.put("type", wanted.program().type());
    spec.put("mode", "cluster");
    spec.put("image", wanted.image());
    spec.put("imagePullPolicy", "IfNotPresent");
    spec.put("sparkVersion", "3.5.7");
    wanted.program().mainClass().ifPresent(main -> spec.put("mainClass", main));
    spec.put("mainApplicationFile", "local://" + wanted.program().file());
    if (!wanted.program().arguments().isEmpty()) {
      spec.put("arguments", wanted.program().arguments());
    }
    Map<String, String> conf = ObjectStore.configuration(wanted.spark());
    conf.putAll(wanted.spark().sparkConf());
    if (!conf.isEmpty()) {
      spec.put("sparkConf", conf);
    }
    spec.put(
        "restartPolicy",
        Map.of(
            "type", "Always",
            "onFailureRetryInterval", RETRY_SECONDS,
            "onSubmissionFailureRetryInterval", RETRY_SECONDS));
    spec.put("volumes", volumes(wanted));
    spec.put("driver", driver(wanted));
    spec.put("executor", executor(wanted));
    return spec;
  }

  private static List<Map<String, Object>> volumes(Wanted wanted) {
    List<Map<String, Object>> volumes = new ArrayList<>();
    volumes.add(Map.of("name", "plan", "configMap", Map.of("name", wanted.configMap())));
    int count = 0;
    for (Map.Entry<String, Set<String>> secret : wanted.secrets().entrySet()) {
      List<Map<String, String>> items = new ArrayList<>();
      secret.getValue().forEach(key -> items.add(Map.of("key", key, "path", key)));
      volumes.add(
          Map.of(
              "name",
              SECRET + count++,
              "secret",
              Map.of("secretName", secret.getKey(), "items", items)));
    }
    return volumes;
  }

  /** A folder for each Secret, named like it: plans refer to their files. */
  private static List<Map<String, Object>> secretMounts(Wanted wanted) {
    List<Map<String, Object>> mounts = new ArrayList<>();
    int count = 0;
    for (String secret : wanted.secrets().keySet()) {
      mounts.add(
          Map.of(
              "name", SECRET + count++,
              "mountPath", wanted.spark().secretsPath().replaceAll("/+$", "") + "/" + secret,
              "readOnly", true));
    }
    return mounts;
  }

  private static Map<String, Object> driver(Wanted wanted) {
    var resources = Optional.ofNullable(wanted.spark().driver());
    List<Map<String, Object>> environment =
        new ArrayList<>(ObjectStore.environment(wanted.spark()));
    wanted
        .environment()
        .forEach((name, value) -> environment.add(Map.of("name", name, "value", value)));
    Map<String, Object> driver = new LinkedHashMap<>();
    driver.put("cores", resources.map(r -> r.cores()).orElse(1));
    driver.put("memory", resources.map(r -> r.memory()).orElse("1g"));
    driver.put(
        "serviceAccount",
        Optional.ofNullable(wanted.spark().serviceAccount()).orElse("millrace-spark"));
    driver.put("labels", wanted.labels());
    // Another plan is another driver: the Spark operator starts it again when its spec differs.
    driver.put("annotations", Map.of(HASH, wanted.hash()));
    driver.put("env", environment);
    List<Map<String, Object>> mounts = new ArrayList<>(secretMounts(wanted));
    mounts.add(Map.of("name", "plan", "mountPath", KubernetesSpark.FOLDER));
    driver.put("volumeMounts", mounts);
    // A driver's last words are in its pod's status then.
    driver.put(
        "template", template(DRIVER, Map.of("terminationMessagePolicy", "FallbackToLogsOnError")));
    return driver;
  }

  /** A pod that a namespace of the restricted Pod Security Standard takes. */
  private static Map<String, Object> template(String name, Map<String, Object> more) {
    Map<String, Object> container = new LinkedHashMap<>(more);
    container.put("name", name);
    container.put(
        "securityContext",
        Map.of("allowPrivilegeEscalation", false, "capabilities", Map.of("drop", List.of("ALL"))));
    return Map.of(
        "spec",
        Map.of(
            "securityContext",
            Map.of("runAsNonRoot", true, "seccompProfile", Map.of("type", "RuntimeDefault")),
            "containers",
            List.of(container)));
  }

  private static Map<String, Object> executor(Wanted wanted) {
    var resources = Optional.ofNullable(wanted.spark().executor());
    Map<String, Object> executor = new LinkedHashMap<>();
    executor.put("instances", resources.map(r -> r.instances()).orElse(1));
    executor.put("cores", resources.map(r -> r.cores()).orElse(1));
    executor.put("memory", resources.map(r -> r.memory()).orElse("1g"));
    executor.put("labels", wanted.labels());
    if (!wanted.secrets().isEmpty()) {
      executor.put("volumeMounts", secretMounts(wanted));
    }
    List<Map<String, Object>> environment = ObjectStore.environment(wanted.spark());
    if (!environment.isEmpty()) {
      executor.put("env", environment);
    }
    executor.put("template", template(EXECUTOR, Map.of()));
    return executor;
  }

  @Override
  public void delete(String namespace, String name) {
    resource(namespace, name).delete();
  }
}
