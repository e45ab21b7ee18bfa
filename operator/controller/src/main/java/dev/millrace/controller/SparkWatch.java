package dev.millrace.controller;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How far the Spark operator says that our applications are, so that a pipeline is looked at as
 * soon as its driver ends and not when its turn comes. What is decided rests on what the turn then
 * finds. Thread safe.
 */
final class SparkWatch implements ResourceEventHandler<GenericKubernetesResource>, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(SparkWatch.class);

  private final Consumer<ResourceID> wake;
  private final Map<ResourceID, SortedMap<String, String>> states = new ConcurrentHashMap<>();
  private final List<SharedIndexInformer<GenericKubernetesResource>> informers;
  private volatile String failure = "";

  /**
   * Watches nothing yet.
   *
   * @param namespaces all, if empty
   * @param wake is told of a pipeline whose application is not as it was; must not wait
   */
  SparkWatch(KubernetesClient client, Set<String> namespaces, Consumer<ResourceID> wake) {
    this.wake = wake;
    var applications = client.genericKubernetesResources(KubeflowApplications.TYPE);
    this.informers =
        namespaces.isEmpty()
            ? List.of(
                applications.inAnyNamespace().withLabels(KubernetesSpark.OURS).runnableInformer(0))
            : namespaces.stream()
                .map(
                    n ->
                        applications
                            .inNamespace(n)
                            .withLabels(KubernetesSpark.OURS)
                            .runnableInformer(0))
                .toList();
  }

  void start() {
    for (SharedIndexInformer<GenericKubernetesResource> informer : informers) {
      informer.addEventHandler(this);
      // Tried again, whatever it is: the Spark operator may be installed later.
      informer.exceptionHandler(
          (started, failed) -> {
            if (!failure.equals(String.valueOf(failed.getMessage()))) {
              failure = String.valueOf(failed.getMessage());
              log.warn("Spark applications are not watched, but looked at: {}", failure);
            }
            return true;
          });
      informer.start();
    }
  }

  /** What is known of a pipeline's applications, in no particular form; empty if there is none. */
  String state(ResourceID pipeline) {
    SortedMap<String, String> applications = states.get(pipeline);
    return applications == null ? "" : String.join(" ", applications.values());
  }

  @Override
  public void onAdd(GenericKubernetesResource application) {
    String state =
        text(application.get("status", "applicationState", "state"))
            + text(application.get("status", "executionAttempts"));
    ResourceID pipeline = pipeline(application);
    String before =
        states
            .computeIfAbsent(pipeline, p -> new ConcurrentSkipListMap<>())
            .put(application.getMetadata().getName(), state);
    if (!state.equals(before)) {
      wake.accept(pipeline);
    }
  }

  @Override
  public void onUpdate(GenericKubernetesResource before, GenericKubernetesResource now) {
    onAdd(now);
  }

  @Override
  public void onDelete(GenericKubernetesResource application, boolean unknown) {
    ResourceID pipeline = pipeline(application);
    states.computeIfPresent(
        pipeline,
        (p, applications) -> {
          applications.remove(application.getMetadata().getName());
          return applications.isEmpty() ? null : applications;
        });
    wake.accept(pipeline);
  }

  private static ResourceID pipeline(GenericKubernetesResource application) {
    return new ResourceID(
        application.getMetadata().getLabels().getOrDefault(KubernetesSpark.LABEL, ""),
        application.getMetadata().getNamespace());
  }

  private static String text(Object value) {
    return value == null ? "" : value.toString();
  }

  @Override
  public void close() {
    informers.forEach(SharedIndexInformer::stop);
  }
}
