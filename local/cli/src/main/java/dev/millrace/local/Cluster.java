package dev.millrace.local;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.engine.DirectoryPlan;
import dev.millrace.engine.PlanExchange;
import dev.millrace.engine.Preview;
import dev.millrace.local.manifest.PipelineDirectory;
import dev.millrace.model.Pipeline;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.GenericKubernetesResourceList;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.ContainerResource;
import io.fabric8.kubernetes.client.dsl.LogWatch;
import io.fabric8.kubernetes.client.dsl.MixedOperation;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * The Pipelines of a namespace, by nothing but the API server: what this user may do there is what
 * Kubernetes lets him.
 */
final class Cluster implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String MANAGER = "millrace";
  private static final int TRIES = 8;
  private static final String OURS = "millrace.dev/";

  /** On what the operator makes for a Pipeline. */
  private static final String LABEL = "millrace.dev/pipeline";

  private static final String TRANSFORM = "millrace.dev/transform";

  /** What Spark calls a driver's container. */
  private static final String CONTAINER = "spark-kubernetes-driver";

  private static final ResourceDefinitionContext PIPELINES =
      new ResourceDefinitionContext.Builder()
          .withGroup("millrace.dev")
          .withVersion("v1alpha1")
          .withKind("Pipeline")
          .withPlural("pipelines")
          .withNamespaced(true)
          .build();

  private final KubernetesClient client;
  private final String namespace;

  Cluster(KubernetesClient client, String namespace) {
    this.client = client;
    this.namespace = namespace;
  }

  /** What a call of the API server may throw, as a line for people. */
  interface Call<T> {
    T run() throws IOException, Refusal;
  }

  private <T> T call(String what, Call<T> call) throws Refusal {
    try {
      return call.run();
    } catch (KubernetesClientException e) {
      String why =
          e.getStatus() != null && e.getStatus().getMessage() != null
              ? e.getStatus().getMessage()
              : "no answer from " + client.getMasterUrl() + ": " + cause(e);
      throw new Refusal(what + ": " + why);
    } catch (IOException e) {
      throw new Refusal(what + ": " + e.getMessage());
    }
  }

  private static String cause(Throwable e) {
    Throwable root = e;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return root.getMessage() == null ? root.toString() : root.getMessage();
  }

  private MixedOperation<
          GenericKubernetesResource,
          GenericKubernetesResourceList,
          Resource<GenericKubernetesResource>>
      pipelines() {
    return client.genericKubernetesResources(PIPELINES);
  }

  /**
   * What would happen if a directory were applied. Writes nothing: see {@link PlanExchange}.
   *
   * @throws Refusal with all problems, if the pipelines are wrong or a backend does not answer
   */
  DirectoryPlan plan(Pipelines of) throws Refusal {
    List<Preview> previews = new ArrayList<>();
    for (PipelineDirectory.Manifest manifest : of.directory().manifests()) {
      GenericKubernetesResource pipeline = resource(manifest);
      String name = pipeline.getMetadata().getName();
      previews.addAll(
          call(
                  "Pipeline " + name,
                  () -> {
                    annotate(
                        pipeline, PlanExchange.ASK, PlanExchange.ask(of.directory().configMaps()));
                    return planned(pipeline);
                  })
              .previews());
    }
    return Running.complete(DirectoryPlan.of(previews));
  }

  /** Of several processes of the operator, one leads; the API server asks any of them. */
  private DirectoryPlan planned(GenericKubernetesResource pipeline) throws IOException, Refusal {
    for (int left = TRIES; left > 0; left--) {
      Optional<String> planned = annotation(server(pipeline, true), PlanExchange.PLANNED);
      if (planned.isPresent()) {
        try {
          return PlanExchange.plan(planned.get());
        } catch (IOException e) {
          if (!PlanExchange.STANDS_BY.equals(e.getMessage())) {
            throw e;
          }
        }
      }
    }
    throw new Refusal(
        "no plan: nobody has answered in namespace "
            + namespace
            + ". Is the operator running, and was it installed with webhook.enabled=true"
            + " (helm/millrace)?");
  }

  /**
   * Applies a directory as {@code kubectl apply -k --server-side} would, and notes on its Pipelines
   * what was agreed to.
   *
   * @param agreed the hash of each Pipeline's plan, where it needs consent
   */
  void apply(Pipelines of, Map<String, String> agreed) throws Refusal {
    PipelineDirectory directory = of.directory();
    for (Map.Entry<String, Map<String, String>> one : directory.configMaps().entrySet()) {
      write(
          new ConfigMapBuilder()
              .withNewMetadata()
              .withName(one.getKey())
              .endMetadata()
              .withData(one.getValue())
              .build());
    }
    for (Map.Entry<String, Map<String, String>> one : directory.secrets().entrySet()) {
      write(
          new SecretBuilder()
              .withNewMetadata()
              .withName(one.getKey())
              .endMetadata()
              .withStringData(one.getValue())
              .build());
    }
    for (PipelineDirectory.Manifest manifest : directory.manifests()) {
      GenericKubernetesResource pipeline = resource(manifest);
      String hash = agreed.get(pipeline.getMetadata().getName());
      if (hash != null) {
        annotate(pipeline, PlanExchange.CONSENT, hash);
      }
      write(pipeline);
    }
  }

  private void write(HasMetadata resource) throws Refusal {
    resource.getMetadata().setNamespace(namespace);
    call(
        resource.getKind() + " " + resource.getMetadata().getName(),
        () -> client.resource(resource).patch(context(false), resource));
  }

  private GenericKubernetesResource server(GenericKubernetesResource pipeline, boolean dry) {
    return pipelines().inNamespace(namespace).resource(pipeline).patch(context(dry), pipeline);
  }

  private static PatchContext context(boolean dry) {
    PatchContext.Builder context =
        new PatchContext.Builder()
            .withPatchType(PatchType.SERVER_SIDE_APPLY)
            .withFieldManager(MANAGER)
            .withFieldValidation("Strict")
            .withForce(true);
    return (dry ? context.withDryRun(List.of("All")) : context).build();
  }

  private GenericKubernetesResource resource(PipelineDirectory.Manifest manifest) {
    GenericKubernetesResource resource =
        JSON.convertValue(manifest.document(), GenericKubernetesResource.class);
    resource.getMetadata().setNamespace(namespace);
    return resource;
  }

  private static void annotate(HasMetadata resource, String key, String value) {
    Map<String, String> annotations =
        new java.util.TreeMap<>(
            Optional.ofNullable(resource.getMetadata().getAnnotations()).orElse(Map.of()));
    annotations.put(key, value);
    resource.getMetadata().setAnnotations(annotations);
  }

  private static Optional<String> annotation(HasMetadata resource, String key) {
    return Optional.ofNullable(resource.getMetadata().getAnnotations()).map(a -> a.get(key));
  }

  /**
   * The Pipelines of these names as they are; all of the namespace if there are none.
   *
   * @throws Refusal if one is not there
   */
  List<JsonNode> get(List<String> names) throws Refusal {
    if (names.isEmpty()) {
      return call(
          "Pipelines",
          () ->
              pipelines().inNamespace(namespace).list().getItems().stream()
                  .map(p -> (JsonNode) JSON.valueToTree(p))
                  .toList());
    }
    List<JsonNode> found = new ArrayList<>();
    for (String name : names) {
      GenericKubernetesResource pipeline =
          call("Pipeline " + name, () -> pipelines().inNamespace(namespace).withName(name).get());
      if (pipeline == null) {
        throw new Refusal("there is no Pipeline '" + name + "' in namespace " + namespace);
      }
      found.add(JSON.valueToTree(pipeline));
    }
    return found;
  }

  /** Sets {@code spec.state} of a Pipeline. */
  void state(String name, String state) throws Refusal {
    JsonNode unused = get(List.of(name)).get(0);
    call(
        "Pipeline " + name,
        () ->
            pipelines()
                .inNamespace(namespace)
                .withName(name)
                .patch(
                    PatchContext.of(PatchType.JSON_MERGE),
                    "{\"spec\":{\"state\":\"" + state + "\"}}"));
  }

  /**
   * What was said of the Pipelines and Platforms of the namespace, or of one Pipeline.
   *
   * @throws Refusal if this user may not read Events
   */
  List<Event> events(Optional<String> pipeline) throws Refusal {
    return call(
        "Events",
        () ->
            client.v1().events().inNamespace(namespace).list().getItems().stream()
                .filter(e -> String.valueOf(e.getInvolvedObject().getApiVersion()).startsWith(OURS))
                .filter(
                    e ->
                        pipeline.isEmpty()
                            || (e.getInvolvedObject().getKind().equals("Pipeline")
                                && pipeline.get().equals(e.getInvolvedObject().getName())))
                .toList());
  }

  /**
   * The pod of a Spark driver: the newest, if there are several.
   *
   * @param job a Pipeline's name, or with a dot behind it that of a transform that is an
   *     application
   */
  Optional<Pod> driver(String job) throws Refusal {
    int dot = job.indexOf('.');
    String pipeline = dot < 0 ? job : job.substring(0, dot);
    String transform = dot < 0 ? null : job.substring(dot + 1);
    return call(
        "Spark driver of " + job,
        () ->
            client
                .pods()
                .inNamespace(namespace)
                .withLabels(Map.of(LABEL, pipeline, "spark-role", "driver"))
                .list()
                .getItems()
                .stream()
                .filter(p -> Objects.equals(p.getMetadata().getLabels().get(TRANSFORM), transform))
                .max(Comparator.comparing(p -> p.getMetadata().getCreationTimestamp())));
  }

  /** The last lines of a driver's log. */
  String log(Pod driver, int lines) throws Refusal {
    return call("log of " + name(driver), () -> container(driver).tailingLines(lines).getLog());
  }

  /** A driver's log from its last lines on; to be closed. */
  LogWatch follow(Pod driver, int lines) throws Refusal {
    return call("log of " + name(driver), () -> container(driver).tailingLines(lines).watchLog());
  }

  private static String name(Pod pod) {
    return "pod " + pod.getMetadata().getName();
  }

  private ContainerResource container(Pod driver) {
    return client
        .pods()
        .inNamespace(namespace)
        .withName(driver.getMetadata().getName())
        .inContainer(CONTAINER);
  }

  /** The names of the Pipelines in a directory. */
  static List<String> names(Pipelines of) {
    return of.pipelines().stream().map(Pipeline::name).toList();
  }

  String namespace() {
    return namespace;
  }

  @Override
  public void close() {
    client.close();
  }
}
