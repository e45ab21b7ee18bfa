package dev.millrace.controller;

import dev.millrace.engine.ConnectApi;
import dev.millrace.engine.Engine;
import dev.millrace.engine.ProcessSqlAnalyser;
import dev.millrace.engine.References;
import dev.millrace.engine.SparkLauncher;
import dev.millrace.engine.SqlAnalyser;
import dev.millrace.model.Platform;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.Operator;
import io.javaoperatorsdk.operator.api.config.ControllerConfigurationOverrider;
import io.javaoperatorsdk.operator.api.config.LeaderElectionConfiguration;
import io.javaoperatorsdk.operator.monitoring.micrometer.MicrometerMetricsV2;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.retry.GenericRetry;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The operator as a whole, from its start to its end. */
public final class OperatorRuntime implements AutoCloseable {
  /** Who owns the fields that we apply. */
  public static final String FIELD_MANAGER = "millrace-operator";

  private static final Logger log = LoggerFactory.getLogger(OperatorRuntime.class);
  private static final Duration STOP = Duration.ofSeconds(10);
  private static final Duration PLANNING = Duration.ofSeconds(20);

  /** Reconciles wait for nothing but the API server: a few at a time are enough. */
  private static final int THREADS = 8;

  private final Operator operator;
  private final PlatformRooms rooms;
  private final ReferencedObjects objects;
  private final ExecutorService lanes;
  private final SqlAnalyser analyser;
  private final SparkWatch sparkWatch;
  private final Reconcilers reconcilers = new Reconcilers();

  /**
   * What the operator is started with.
   *
   * @param namespaces that are looked at; all, if empty
   * @param spark makes the launcher of a platform's jobs; null for Spark applications in pods
   * @param sparkImage of drivers and executors, for platforms that name none
   * @param lease of the leader; empty where there is only one process
   */
  public record Settings(
      Set<String> namespaces,
      Pace pace,
      Function<Platform, SparkLauncher> spark,
      String sparkImage,
      Optional<LeaderElectionConfiguration> lease) {}

  /**
   * An operator that is not started yet.
   *
   * @param analyser is closed with it; the client is not
   */
  public OperatorRuntime(
      KubernetesClient client,
      SqlAnalyser analyser,
      MeterRegistry registry,
      Settings settings,
      Clock clock) {
    this.analyser = analyser;
    AtomicInteger count = new AtomicInteger();
    this.lanes =
        Executors.newCachedThreadPool(
            task -> {
              Thread thread = new Thread(task, "platform-" + count.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            });
    OperatorMetrics metrics = new OperatorMetrics(registry, clock);
    this.objects = new ReferencedObjects(client, reconcilers::wake);
    metrics.watched(objects);
    Function<Platform, SparkLauncher> spark =
        settings.spark() != null
            ? settings.spark()
            : platform ->
                new KubernetesSpark(
                    client,
                    new KubeflowApplications(client, FIELD_MANAGER),
                    platform,
                    new KubernetesSpark.Surroundings(
                        settings.sparkImage(),
                        FIELD_MANAGER,
                        KubernetesSpark.Surroundings::inCluster,
                        (namespace, name) ->
                            reconcilers.pipelines.known(new ResourceID(name, namespace))),
                    clock);
    this.sparkWatch = new SparkWatch(client, settings.namespaces(), reconcilers::wake);
    this.rooms =
        new PlatformRooms(
            lanes,
            (platform, references) ->
                engine(
                    client, platform, references, analyser, spark, settings.pace().shared(), clock),
            objects);
    metrics.lanes(rooms);
    EventRecorder events = new EventRecorder(client, clock);
    PipelineTurns turns = new PipelineTurns(analyser, clock, reconcilers::wake, metrics);
    reconcilers.pipelines =
        new PipelineReconciler(
            rooms, objects, turns, sparkWatch::state, events, settings.pace(), clock);
    reconcilers.platforms =
        new PlatformReconciler(
            rooms, objects, reconcilers.pipelines, events, metrics, settings.pace(), clock);
    this.operator =
        new Operator(
            overrider -> {
              overrider
                  .withKubernetesClient(client)
                  .withCloseClientOnStop(false)
                  .withConcurrentReconciliationThreads(THREADS)
                  .withReconciliationTerminationTimeout(STOP)
                  .withStopOnInformerErrorDuringStartup(false)
                  .withMetrics(MicrometerMetricsV2.newBuilder(registry).build());
              settings.lease().ifPresent(overrider::withLeaderElectionConfiguration);
            });
    operator.register(reconcilers.pipelines, c -> configure(c, settings));
    operator.register(reconcilers.platforms, c -> configure(c, settings));
  }

  /** The two know one another, and are woken by what they are made with. */
  private static final class Reconcilers {
    PipelineReconciler pipelines;
    PlatformReconciler platforms;
    volatile boolean closed;

    void wake(ResourceID pipeline) {
      if (!closed) {
        pipelines.wake(pipeline);
      }
    }

    void wake(ReferencedObjects.User user) {
      if (user.kind().equals("Pipeline")) {
        wake(new ResourceID(user.name(), user.namespace()));
      } else if (!closed) {
        // Which wakes its Pipelines, once there is an engine with what has changed.
        platforms.wake(new ResourceID(user.name(), user.namespace()));
      }
    }
  }

  private static Engine engine(
      KubernetesClient client,
      Platform platform,
      References references,
      SqlAnalyser analyser,
      Function<Platform, SparkLauncher> spark,
      Duration interval,
      Clock clock) {
    Platform named = Prefixes.complete(platform);
    Optional<ConnectApi> connect =
        Optional.ofNullable(named.getSpec().connect().strimzi())
            .map(
                strimzi ->
                    new StrimziConnect(
                        client,
                        named.getMetadata().getNamespace(),
                        strimzi.cluster(),
                        FIELD_MANAGER));
    return new Engine(named, references, analyser, spark.apply(named), connect, interval, clock);
  }

  private static void configure(ControllerConfigurationOverrider<?> controller, Settings settings) {
    controller
        .withFieldManager(FIELD_MANAGER)
        .withRetry(
            new GenericRetry()
                .setInitialInterval(1000)
                .setIntervalMultiplier(2)
                .setMaxInterval(60_000)
                .withoutMaxAttempts());
    if (settings.namespaces().isEmpty()) {
      controller.watchingAllNamespaces();
    } else {
      controller.settingNamespaces(settings.namespaces());
    }
  }

  /**
   * Answers dry runs that ask for a plan.
   *
   * @param certificates folder with {@code tls.crt} and {@code tls.key}
   * @return what has to be closed before this is
   */
  public PlanWebhook serve(InetSocketAddress address, Path certificates)
      throws IOException, GeneralSecurityException {
    SqlAnalyser patient =
        analyser instanceof ProcessSqlAnalyser process ? process.patient(PLANNING) : analyser;
    return new PlanWebhook(
        address,
        certificates,
        new PlanRequests(rooms, objects, patient, reconcilers.pipelines::pipelines, this::leads));
  }

  /**
   * Tells the console what is observed.
   *
   * @param certificates folder with {@code tls.crt} and {@code tls.key}
   * @param token a file with what whoever asks has to send
   * @return what has to be closed before this is
   */
  public ObservedEndpoint observed(InetSocketAddress address, Path certificates, Path token)
      throws IOException, GeneralSecurityException {
    return new ObservedEndpoint(
        address,
        certificates,
        token,
        new ObservedPipelines(rooms, objects, reconcilers.pipelines::pipelines),
        this::leads);
  }

  /**
   * Starts it; returns once it runs, or, where others may lead, once it takes part in the election.
   */
  public void start() {
    sparkWatch.start();
    operator.start();
    log.info("started");
  }

  /** Whether it does its work, or stands by. */
  public boolean healthy() {
    return !reconcilers.closed
        && (!leads() || operator.getRuntimeInfo().allEventSourcesAreHealthy());
  }

  /** Whether it reconciles; one that stands by does not. */
  public boolean leads() {
    return operator.getRuntimeInfo().isStarted();
  }

  /** Stops: turns that are under way are given ten seconds. */
  @Override
  public void close() {
    reconcilers.closed = true;
    rooms.close();
    sparkWatch.close();
    operator.stop();
    objects.close();
    lanes.shutdown();
    try {
      if (!lanes.awaitTermination(STOP.toSeconds(), TimeUnit.SECONDS)) {
        log.warn("a platform's engine did not end within {} s", STOP.toSeconds());
        lanes.shutdownNow();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    analyser.close();
  }
}
