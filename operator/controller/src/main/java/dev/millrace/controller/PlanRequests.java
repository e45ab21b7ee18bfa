package dev.millrace.controller;

import dev.millrace.controller.PlatformRooms.Room;
import dev.millrace.controller.ReferencedObjects.Key;
import dev.millrace.controller.ReferencedObjects.State;
import dev.millrace.controller.ReferencedObjects.User;
import dev.millrace.engine.DirectoryPlan;
import dev.millrace.engine.PlanExchange;
import dev.millrace.engine.Preview;
import dev.millrace.engine.References;
import dev.millrace.engine.SqlAnalyser;
import dev.millrace.model.Pipeline;
import dev.millrace.planner.Known;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/**
 * Plans Pipelines that are not applied yet, each on its platform's lane, between the turns of those
 * that are. Its threads are the webhook's own: they may wait.
 */
final class PlanRequests implements PlanWebhook.Planning {
  /** Within the 30 s that the API server waits for a webhook at most. */
  private static final Duration PATIENCE = Duration.ofSeconds(25);

  private static final Duration READ = Duration.ofSeconds(5);
  private static final Duration BETWEEN_LOOKS = Duration.ofMillis(50);

  private final PlatformRooms rooms;
  private final ReferencedObjects objects;
  private final SqlAnalyser patient;
  private final Function<ResourceID, Collection<Pipeline>> pipelines;
  private final BooleanSupplier leads;

  /**
   * @param patient waits for its answers
   * @param pipelines those that there are of a Platform
   * @param leads whether this process does the operator's work: one that stands by has no engines
   */
  PlanRequests(
      PlatformRooms rooms,
      ReferencedObjects objects,
      SqlAnalyser patient,
      Function<ResourceID, Collection<Pipeline>> pipelines,
      BooleanSupplier leads) {
    this.rooms = rooms;
    this.objects = objects;
    this.patient = patient;
    this.pipelines = pipelines;
    this.leads = leads;
  }

  @Override
  public DirectoryPlan plan(Pipeline pipeline, Map<String, Map<String, String>> configMaps)
      throws IOException, InterruptedException {
    if (!leads.getAsBoolean()) {
      throw new IOException(PlanExchange.STANDS_BY);
    }
    String namespace = pipeline.getMetadata().getNamespace();
    ResourceID platform = PlatformRooms.id(namespace, pipeline.getSpec().platform());
    Room room =
        rooms
            .find(platform)
            .orElseThrow(
                () ->
                    new IOException(
                        "there is no Platform '"
                            + platform.getName()
                            + "' in namespace "
                            + namespace
                            + ", or this operator does not look there"));
    User user = new User("Plan", namespace, UUID.randomUUID().toString());
    Set<Key> refers = Referring.of(pipeline);
    objects.refer(user, refers);
    try {
      awaitRead(refers);
      CompletableFuture<Preview> preview = new CompletableFuture<>();
      room.turn(
          user,
          engine -> {
            try {
              preview.complete(
                  engine
                      .previews()
                      .preview(
                          pipeline,
                          patient,
                          new Edited(new ClusterReferences(namespace, objects), configMaps),
                          () -> with(pipeline, pipelines.apply(platform))));
            } catch (RuntimeException e) {
              preview.completeExceptionally(e);
            }
          },
          failure ->
              preview.completeExceptionally(
                  new IOException("the platform can not be used: " + failure.why())));
      return DirectoryPlan.of(List.of(preview.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)));
    } catch (TimeoutException e) {
      throw new IOException(
          "Platform '"
              + platform.getName()
              + "' has not answered within "
              + PATIENCE.toSeconds()
              + " s",
          e);
    } catch (ExecutionException e) {
      throw new IOException(String.valueOf(e.getCause().getMessage()), e.getCause());
    } finally {
      objects.refer(user, Set.of());
    }
  }

  /** What nobody referred to before has to be read first. */
  private void awaitRead(Set<Key> refers) throws InterruptedException {
    long deadline = System.nanoTime() + READ.toNanos();
    while (System.nanoTime() < deadline
        && refers.stream().anyMatch(k -> objects.state(k) instanceof State.Unknown)) {
      LockSupport.parkNanos(BETWEEN_LOOKS.toNanos());
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
    }
  }

  private static List<Pipeline> with(Pipeline candidate, Collection<Pipeline> there) {
    List<Pipeline> all = new ArrayList<>(List.of(candidate));
    there.stream().filter(p -> !p.name().equals(candidate.name())).forEach(all::add);
    return all;
  }

  /** The references of a namespace, some of its ConfigMaps as they are about to be. */
  private record Edited(References there, Map<String, Map<String, String>> configMaps)
      implements References {
    @Override
    public Known<Map<String, String>> secret(String name) {
      return there.secret(name);
    }

    @Override
    public Known<Map<String, String>> configMap(String name) {
      return configMaps.containsKey(name)
          ? new Known.Yes<>(configMaps.get(name))
          : there.configMap(name);
    }
  }
}
