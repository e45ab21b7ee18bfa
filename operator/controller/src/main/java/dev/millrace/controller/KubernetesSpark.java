package dev.millrace.controller;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.millrace.controller.SparkApplications.Phase;
import dev.millrace.controller.SparkApplications.Seen;
import dev.millrace.controller.SparkApplications.Wanted;
import dev.millrace.engine.JobStatusClient;
import dev.millrace.engine.SparkLauncher;
import dev.millrace.model.Pipeline;
import dev.millrace.model.Platform;
import dev.millrace.planner.Hashes;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.io.IOException;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A Spark job of a pipeline as an application in its namespace: its plan in a ConfigMap that never
 * changes (another plan is another one), a Service for the driver's status, and the application.
 * Thread safe as the engine is, for different jobs at once. Calls to the API server have the
 * client's deadlines, the driver is given 2 s.
 *
 * <p>The ConfigMap outlives a Pipeline that is deleted with {@code retain}: made again, it goes on
 * from the checkpoints that the plan there names. With it goes the place of the checkpoints: a
 * pipeline that was deleted with all it had begins in another one.
 */
final class KubernetesSpark implements SparkLauncher {
  static final String PLAN = "plan.json";

  /** Where pods find their plan. */
  static final String FOLDER = "/etc/millrace/plan";

  static final String LABEL = "millrace.dev/pipeline";
  static final int STATUS_PORT = 4041;

  /** Labels of everything that is made here. */
  static final Map<String, String> OURS = Map.of("app.kubernetes.io/managed-by", "millrace");

  private static final String TRANSFORM = "millrace.dev/transform";
  private static final String JOB = "millrace.dev/job";
  private static final String PART = "millrace.dev/part";
  private static final String INCARNATION = "millrace.dev/checkpoints";
  private static final String HASH = "millrace.dev/hash";

  private static final Logger log = LoggerFactory.getLogger(KubernetesSpark.class);
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS);

  /** An engine's turn asks several times for the same. */
  private static final Duration FRESH = Duration.ofMillis(500);

  private static final Duration FIRST_PAUSE = Duration.ofSeconds(10);
  private static final Duration LONGEST_PAUSE = Duration.ofMinutes(5);
  private static final Pattern CAUSE =
      Pattern.compile(
          "^(?:Caused by: |Exception in thread \"[^\"]*\" )?(?:[\\w$]+\\.)+([\\w$]+(?:Exception|Error)(?:: .*)?)$");

  private final KubernetesClient client;
  private final SparkApplications applications;
  private final Platform platform;
  private final Surroundings surroundings;
  private final Clock clock;
  private final JobStatusClient jobs = new JobStatusClient(Duration.ofSeconds(2));
  private final Map<String, Looked> looked = new ConcurrentHashMap<>();
  private final Map<String, String> failures = new ConcurrentHashMap<>();
  private final Map<String, String> lastWords = new ConcurrentHashMap<>();

  /** Hashes of applications whose drivers have been seen to be theirs, by name. */
  private final Map<String, String> followed = new ConcurrentHashMap<>();

  private final Map<String, Restart> restarts = new ConcurrentHashMap<>();
  private final Map<String, JsonNode> documents = new ConcurrentHashMap<>();

  private record Looked(Optional<Observed> observed, Instant at) {}

  private record Restart(int attempts, Instant notBefore) {}

  /**
   * What a launcher has to know of where it is.
   *
   * @param image for platforms that name none
   * @param fieldManager of what it applies
   * @param status where a driver's status is served, by namespace and name of its Service
   * @param pipeline the Pipeline of a namespace and name, which owns what is made for it
   */
  record Surroundings(
      String image,
      String fieldManager,
      BiFunction<String, String, URI> status,
      BiFunction<String, String, Optional<Pipeline>> pipeline) {

    /** As pods reach one another. */
    static URI inCluster(String namespace, String service) {
      return URI.create("http://" + service + "." + namespace + ".svc:" + STATUS_PORT + "/status");
    }
  }

  KubernetesSpark(
      KubernetesClient client,
      SparkApplications applications,
      Platform platform,
      Surroundings surroundings,
      Clock clock) {
    this.client = client;
    this.applications = applications;
    this.platform = platform;
    this.surroundings = surroundings;
    this.clock = clock;
  }

  private SparkJobName called(String job) {
    return SparkJobName.of(job, platform.getSpec().prefix());
  }

  private String name(String job) {
    return called(job).name();
  }

  private String namespace() {
    return platform.getMetadata().getNamespace();
  }

  private static String service(String name) {
    return name + "-status";
  }

  private Map<String, String> labels(SparkJobName job) {
    Map<String, String> labels = new LinkedHashMap<>(OURS);
    labels.put(LABEL, job.pipeline());
    labels.put(JOB, job.name());
    job.transform().ifPresent(t -> labels.put(TRANSFORM, t));
    return labels;
  }

  // ---- looking

  @Override
  public Optional<Observed> observe(String job) {
    Looked before = looked.get(job);
    Instant now = clock.instant();
    if (before != null && now.isBefore(before.at().plus(FRESH))) {
      return before.observed();
    }
    Optional<Observed> observed = look(name(job));
    looked.put(job, new Looked(observed, now));
    return observed;
  }

  private Optional<Observed> look(String name) {
    Optional<Seen> seen = applications.find(namespace(), name);
    if (seen.isEmpty()) {
      return Optional.ofNullable(failures.get(name))
          .map(why -> new Observed("", false, Optional.empty(), why));
    }
    Seen application = seen.get();
    boolean old = application.phase() == Phase.RUNNING && !follows(name, application);
    boolean running = application.phase() == Phase.RUNNING && !old;
    // One that runs while the one that is wanted can not be applied is not what it should be.
    Optional<JsonNode> status =
        running && !failures.containsKey(name)
            ? jobs.ask(surroundings.status().apply(namespace(), service(name)))
            : Optional.empty();
    if (status.isPresent()) {
      lastWords.remove(name);
    }
    return Optional.of(
        new Observed(
            application.hash(),
            running,
            status,
            old
                ? "the Spark driver is about to be started again"
                : message(name, application, status.isPresent())));
  }

  /**
   * Whether the driver is that of the application as it is now. The Spark operator notices an edit
   * some seconds later, and calls the one before running until then.
   */
  private boolean follows(String name, Seen application) {
    if (application.hash().equals(followed.get(name)) || application.driver().isEmpty()) {
      return true;
    }
    Pod driver = client.pods().inNamespace(namespace()).withName(application.driver()).get();
    boolean other =
        driver != null
            && driver.getMetadata().getAnnotations() != null
            && !application
                .hash()
                .equals(
                    driver.getMetadata().getAnnotations().getOrDefault(HASH, application.hash()));
    if (driver != null && !other) {
      followed.put(name, application.hash());
    }
    return !other;
  }

  private String message(String name, Seen application, boolean answers) {
    String failed = failures.get(name);
    if (failed != null) {
      return failed;
    }
    if (answers) {
      return "";
    }
    if (application.phase() == Phase.RESTARTING || application.phase() == Phase.ENDED) {
      String words =
          driver(application.driver())
              .orElseGet(
                  () ->
                      lastWords.getOrDefault(
                          name,
                          application.message().isEmpty()
                              ? "the Spark operator does not say why"
                              : application.message()));
      lastWords.put(name, words);
      return "the Spark driver failed: " + words;
    }
    String before = lastWords.get(name);
    return switch (application.phase()) {
          case GOING -> "the Spark application is being stopped";
          case RUNNING -> "the Spark driver runs and does not answer yet";
          default -> "the Spark driver is being started";
        }
        + (before == null ? "" : "; it failed before: " + before);
  }

  /** Why a driver's container ended: its last words, or what Kubernetes says. */
  private Optional<String> driver(String pod) {
    if (pod.isEmpty()) {
      return Optional.empty();
    }
    Pod driver = client.pods().inNamespace(namespace()).withName(pod).get();
    if (driver == null || driver.getStatus() == null) {
      return Optional.empty();
    }
    for (ContainerStatus container : driver.getStatus().getContainerStatuses()) {
      Optional<ContainerStateTerminated> ended =
          Stream.of(container.getState(), container.getLastState())
              .filter(Objects::nonNull)
              .map(s -> s.getTerminated())
              .filter(Objects::nonNull)
              .findFirst();
      if (ended.isPresent()) {
        return Optional.of(words(ended.get()));
      }
    }
    return Optional.ofNullable(driver.getStatus().getReason())
        .filter(r -> !r.isEmpty())
        .map(r -> "its pod is gone: " + r + ": " + driver.getStatus().getMessage());
  }

  private static String words(ContainerStateTerminated ended) {
    String reason = ended.getReason() == null ? "" : ended.getReason();
    String exit = "exit code " + ended.getExitCode();
    if (reason.equals("OOMKilled")) {
      return "it was killed for using more memory than it may (" + exit + ")";
    }
    return cause(ended.getMessage() == null ? "" : ended.getMessage())
        .map(c -> c + " (" + exit + ")")
        .orElse(exit + (reason.isEmpty() ? "" : ", " + reason));
  }

  /** The innermost exception in a log's last lines; without one, the last line. */
  static Optional<String> cause(String text) {
    String best = "";
    String last = "";
    for (String line : text.lines().map(String::strip).filter(l -> !l.isEmpty()).toList()) {
      Matcher matcher = CAUSE.matcher(line);
      if (matcher.matches()) {
        best = matcher.group(1);
      }
      last = line;
    }
    String found = best.isEmpty() ? last : best;
    return found.isEmpty() ? Optional.empty() : Optional.of(found);
  }

  @Override
  public Optional<JsonNode> document(String job) {
    Optional<ConfigMap> map = plan(called(job));
    if (map.isEmpty()) {
      return Optional.empty();
    }
    // It never changes, so that it need not be read again.
    String key = map.get().getMetadata().getUid();
    JsonNode known = documents.get(key);
    if (known == null) {
      try {
        known = JSON.readTree(map.get().getData().get(PLAN));
      } catch (IOException e) {
        log.warn("ConfigMap {}: {}", map.get().getMetadata().getName(), e.getMessage());
        return Optional.empty();
      }
      documents.put(key, known);
    }
    return Optional.of(known);
  }

  /** The plan that the application has; without an application, the newest. */
  private Optional<ConfigMap> plan(SparkJobName job) {
    List<ConfigMap> plans = plans(job);
    if (plans.size() <= 1) {
      return plans.stream().findFirst();
    }
    // Of one that goes, nothing is wanted any more: what was written down last is.
    Optional<Seen> seen =
        applications.find(namespace(), job.name()).filter(s -> s.phase() != Phase.GOING);
    return seen.flatMap(
            s ->
                plans.stream()
                    .filter(p -> p.getMetadata().getName().equals(s.configMap()))
                    .findFirst())
        .or(
            () ->
                plans.stream()
                    .max(
                        Comparator.comparing(
                            (ConfigMap p) -> p.getMetadata().getCreationTimestamp())));
  }

  private List<ConfigMap> plans(SparkJobName job) {
    return client
        .configMaps()
        .inNamespace(namespace())
        .withLabels(Map.of(LABEL, job.pipeline(), PART, "plan"))
        .list()
        .getItems()
        .stream()
        .filter(
            m ->
                Objects.equals(
                    m.getMetadata().getLabels().get(TRANSFORM), job.transform().orElse(null)))
        .toList();
  }

  // ---- running

  @Override
  public void ensureRunning(String job, JsonNode document, String hash) {
    SparkJobName called = called(job);
    String name = called.name();
    try {
      Optional<Seen> seen = applications.find(namespace(), name);
      String pods = pods(hash, document);
      boolean same = seen.map(s -> s.hash().equals(pods)).orElse(false);
      if (seen.isPresent() && seen.get().phase() == Phase.GOING) {
        // One of the same name can be made once it is gone; what it shall run is written down now.
        prune(called, plan(called, document, hash).name());
        return;
      }
      if (same && seen.get().phase() == Phase.ENDED) {
        startAgain(name);
        return;
      }
      if (same) {
        failures.remove(name);
        return;
      }
      start(called, document, hash);
      failures.remove(name);
    } catch (RuntimeException e) {
      log.warn("Spark application {}/{}: {}", namespace(), name, e.getMessage());
      failures.put(name, "the Spark application can not be applied: " + e.getMessage());
    } finally {
      looked.remove(job);
    }
  }

  /**
   * What runs is a plan, in pods as the Platform has them: another image is another application.
   */
  private String pods(String plan, JsonNode document) {
    try {
      return Hashes.of(
          plan
              + image(document)
              + JSON.writeValueAsString(JSON.valueToTree(platform.getSpec().spark())));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private String image(JsonNode document) {
    JsonNode own = app(document).path("image");
    return own.isTextual()
        ? own.asText()
        : Optional.ofNullable(platform.getSpec().spark().image()).orElse(surroundings.image());
  }

  /** What a plan says of an application; missing in that of our own job. */
  private static JsonNode app(JsonNode document) {
    return document.at("/transforms/0/app");
  }

  private static SparkApplications.Program program(JsonNode document) {
    JsonNode app = app(document);
    if (app.isMissingNode()) {
      return new SparkApplications.Program(
          "Java",
          Optional.of("dev.millrace.spark.job.PipelineJob"),
          "/opt/millrace/job/pipeline-job.jar",
          List.of(FOLDER + "/" + PLAN));
    }
    List<String> arguments = new ArrayList<>();
    app.path("args").forEach(a -> arguments.add(a.asText()));
    Optional<String> mainClass = Optional.ofNullable(app.path("mainClass").textValue());
    return new SparkApplications.Program(
        mainClass.isPresent() ? "Java" : "Python", mainClass, app.path("file").asText(), arguments);
  }

  /** One that nobody else starts again is deleted; the next turn makes it anew. */
  private void startAgain(String name) {
    Restart before = restarts.get(name);
    Instant now = clock.instant();
    if (before != null && now.isBefore(before.notBefore())) {
      return;
    }
    int attempts = before == null ? 1 : before.attempts() + 1;
    long pause =
        Math.min(LONGEST_PAUSE.toMillis(), FIRST_PAUSE.toMillis() << Math.min(attempts - 1, 10));
    restarts.put(name, new Restart(attempts, now.plusMillis(pause)));
    applications.delete(namespace(), name);
  }

  private record Planned(String name, String incarnation) {}

  /** Writes a plan down, unless it is there. */
  private Planned plan(SparkJobName job, JsonNode document, String hash) {
    List<ConfigMap> before = plans(job);
    String incarnation =
        before.stream()
            .map(m -> m.getMetadata().getAnnotations())
            .filter(Objects::nonNull)
            .map(a -> a.get(INCARNATION))
            .filter(Objects::nonNull)
            .findFirst()
            .orElseGet(() -> Long.toString(clock.millis(), 36));
    String planName = job.name() + "-plan-" + hash;
    if (before.stream().noneMatch(m -> m.getMetadata().getName().equals(planName))) {
      Map<String, String> labels = labels(job);
      labels.put(PART, "plan");
      apply(
          new ConfigMapBuilder()
              .withNewMetadata()
              .withName(planName)
              .withNamespace(namespace())
              .withLabels(labels)
              .withAnnotations(Map.of(HASH, hash, INCARNATION, incarnation))
              .endMetadata()
              .withData(Map.of(PLAN, document.toString()))
              .withImmutable(true)
              .build());
    }
    return new Planned(planName, incarnation);
  }

  private void prune(SparkJobName job, String but) {
    plans(job).stream()
        .filter(m -> !m.getMetadata().getName().equals(but))
        .forEach(m -> client.resource(m).delete());
  }

  private void start(SparkJobName job, JsonNode document, String hash) {
    String name = job.name();
    Optional<OwnerReference> owner =
        surroundings.pipeline().apply(namespace(), job.pipeline()).map(KubernetesSpark::owner);
    Planned plan = plan(job, document, hash);
    Service status =
        new ServiceBuilder()
            .withNewMetadata()
            .withName(service(name))
            .withNamespace(namespace())
            .withLabels(labels(job))
            .withOwnerReferences(owner.map(List::of).orElse(List.of()))
            .endMetadata()
            .withNewSpec()
            .withSelector(Map.of(JOB, name, "spark-role", "driver"))
            .addNewPort()
            .withName("status")
            .withPort(STATUS_PORT)
            .withNewTargetPort(STATUS_PORT)
            .endPort()
            .endSpec()
            .build();
    apply(status);
    Map<String, String> environment = new LinkedHashMap<>();
    if (job.transform().isPresent()) {
      environment.put("MILLRACE_PLAN", FOLDER + "/" + PLAN);
    }
    environment.put("MILLRACE_STATUS_LISTEN", "0.0.0.0:" + STATUS_PORT);
    environment.put(
        "MILLRACE_CHECKPOINT_DIR",
        document.path("checkpointDir").asText() + "/" + plan.incarnation());
    Platform.Spark spark = platform.getSpec().spark();
    applications.apply(
        new Wanted(
            namespace(),
            name,
            labels(job),
            owner,
            pods(hash, document),
            plan.name(),
            environment,
            image(document),
            program(document),
            JobSecrets.of(platform.getSpec()),
            spark));
    log.info("Spark application {}/{} runs plan {}", namespace(), name, hash);
    prune(job, plan.name());
  }

  private <T extends HasMetadata> void apply(T resource) {
    client
        .resource(resource)
        .patch(
            new PatchContext.Builder()
                .withPatchType(PatchType.SERVER_SIDE_APPLY)
                .withFieldManager(surroundings.fieldManager())
                .withForce(true)
                .build());
  }

  private static OwnerReference owner(Pipeline pipeline) {
    return new OwnerReferenceBuilder()
        .withApiVersion(pipeline.getApiVersion())
        .withKind(pipeline.getKind())
        .withName(pipeline.name())
        .withUid(pipeline.getMetadata().getUid())
        .withController(true)
        .build();
  }

  @Override
  public void stop(String job) {
    String name = name(job);
    applications.delete(namespace(), name);
    failures.remove(name);
    followed.remove(name);
    looked.remove(job);
  }

  @Override
  public void forget(String job) {
    stop(job);
    String name = name(job);
    plans(called(job)).forEach(m -> client.resource(m).delete());
    client.services().inNamespace(namespace()).withName(service(name)).delete();
    lastWords.remove(name);
    restarts.remove(name);
  }
}
