package dev.millrace.local;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.console.ConsoleServer;
import dev.millrace.engine.DirectoryPlan;
import dev.millrace.engine.Engine;
import dev.millrace.engine.PipelineStatus;
import dev.millrace.engine.ProcessSqlAnalyser;
import dev.millrace.local.manifest.LocalEnvironment;
import dev.millrace.model.Pipeline;
import dev.millrace.planner.Consent;
import dev.millrace.services.ConnectService;
import dev.millrace.services.DevelopmentService;
import dev.millrace.services.Distribution;
import dev.millrace.services.ElasticsearchService;
import dev.millrace.services.JavaService;
import dev.millrace.services.KafkaService;
import dev.millrace.services.MariaDbService;
import dev.millrace.services.MqttService;
import dev.millrace.services.PostgresService;
import dev.millrace.services.RegistryService;
import dev.millrace.services.Room;
import dev.millrace.services.S3Service;
import dev.millrace.services.Service;
import dev.millrace.services.ServiceState;
import dev.millrace.services.Supervisor;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.LoggerFactory;

/** A run: the services, the engine that is called again and again, and the page. */
final class LocalRun {
  private static final org.slf4j.Logger log = LoggerFactory.getLogger(LocalRun.class);
  private static final long TURN_MS = 500;

  private Pipelines pipelines;
  private final StateDirectory state;
  private final Checkout checkout;
  private final Clock clock;
  private final Progress progress;
  private final LocalReferences references;
  private final ProcessSqlAnalyser analyser;
  private final CountDownLatch stop = new CountDownLatch(1);
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final Map<String, DevelopmentService> yielding = new LinkedHashMap<>();

  /** Ports of processes by the Secrets that tell them; services are prepared by several threads. */
  private final Map<String, Served> ports = new ConcurrentHashMap<>();

  private final Map<String, PipelineStatus> statuses = new LinkedHashMap<>();
  private volatile JsonNode status = new ObjectMapper().createObjectNode();
  private String page = "";
  private Consent consent = Consent.NONE;

  LocalRun(
      Pipelines pipelines,
      StateDirectory state,
      Checkout checkout,
      Progress progress,
      LocalReferences references,
      ProcessSqlAnalyser analyser,
      Clock clock) {
    this.pipelines = pipelines;
    this.state = state;
    this.checkout = checkout;
    this.progress = progress;
    this.references = references;
    this.analyser = analyser;
    this.clock = clock;
  }

  /**
   * Runs until it is told to stop, by a signal or by what it was given.
   *
   * @param untilDrained stop when everything that ends has arrived
   * @param atMost stop after this, if it is given
   * @param given what was agreed to, of what has changed since the last run
   * @return the exit code
   */
  int run(boolean untilDrained, Optional<Duration> atMost, Consent given)
      throws IOException, InterruptedException, Refusal {
    CommandLog.toFile(state.log());
    this.consent = given;
    Runtime.getRuntime().addShutdownHook(new Thread(this::stopAndWait, "shutdown"));
    try {
      for (Map.Entry<String, Map<String, String>> secret : references.secrets().entrySet()) {
        state.writeSecret(secret.getKey(), secret.getValue());
      }
      return supervised(untilDrained, atMost.map(d -> clock.instant().plus(d)));
    } finally {
      state.stopped();
      stopped.countDown();
    }
  }

  /** A signal: the run ends as if it had been told to, and the process waits for it. */
  private void stopAndWait() {
    stop.countDown();
    try {
      if (!stopped.await(60, TimeUnit.SECONDS)) {
        log.warn("not stopped within 60 s");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private int supervised(boolean untilDrained, Optional<Instant> until)
      throws IOException, InterruptedException {
    Distribution distribution = Distribution.locate();
    KafkaService kafka = new KafkaService(distribution);
    RegistryService registry = new RegistryService(distribution);
    ElasticsearchService elasticsearch = new ElasticsearchService(distribution);
    ConnectService connect =
        new ConnectService(distribution, kafka, checkout.plugins(), state.secrets());
    List<Service> services = new ArrayList<>(List.of(kafka, registry, elasticsearch, connect));
    services.addAll(development(distribution));
    try (Supervisor supervisor =
        new Supervisor(
            state.path(),
            clock,
            s -> {
              if (stop.getCount() > 0) {
                progress.service(s);
              }
            })) {
      for (Service service : services) {
        supervisor.start(service);
      }
      LocalConsole shown =
          new LocalConsole(
              pipelines, state, () -> status, () -> elasticsearch.endpoint().map(URI::create));
      try (ConsoleServer console =
          new ConsoleServer(new Room(state.folder("console")).port("http"), shown)) {
        page = console.address().toString();
        progress.line(String.format("  %-16s %-8s %8s  %s", "page", "ready", "", page));
        publish(supervisor, "starting");
        await(supervisor, List.of(kafka, registry), elasticsearch, connect);
        if (stop.getCount() == 0) {
          return stopping(supervisor, 0);
        }
        LocalSpark spark = new LocalSpark(supervisor, checkout, new KeptJobs(state));
        try (Engine engine =
            new Engine(
                LocalPlatform.of(
                    kafka.endpoint().orElseThrow(),
                    registry.endpoint().orElseThrow(),
                    connect.endpoint().orElseThrow(),
                    elasticsearch.endpoint().orElseThrow(),
                    state),
                references,
                analyser,
                spark,
                clock)) {
          shown.engine(engine);
          return stopping(
              supervisor,
              turns(supervisor, engine, shown, new FirstRows(elasticsearch), untilDrained, until));
        }
      }
    }
  }

  private List<Service> development(Distribution distribution) {
    List<Service> services = new ArrayList<>();
    Path root = pipelines.directory().root().toAbsolutePath();
    LocalEnvironment environment =
        pipelines.directory().environment().orElse(new LocalEnvironment(List.of(), List.of()));
    for (LocalEnvironment.DevService service : environment.services()) {
      DevelopmentService started = development(distribution, root, service);
      yielding.put(service.secret(), started);
      services.add(started);
    }
    for (LocalEnvironment.DevProcess process : environment.processes()) {
      services.add(
          new JavaService(
              process.name(),
              environment.services().stream().map(LocalEnvironment.DevService::name).toList(),
              room -> launch(process, room, root),
              () -> process.port().map(p -> serves(p.secret())).orElse(true)));
    }
    return services;
  }

  private static DevelopmentService development(
      Distribution distribution, Path root, LocalEnvironment.DevService service) {
    if (service.kind() instanceof LocalEnvironment.MariaDb mariaDb) {
      return new MariaDbService(
          distribution,
          service.name(),
          mariaDb.database(),
          mariaDb.seed().stream().map(root::resolve).toList());
    }
    if (service.kind() instanceof LocalEnvironment.Postgres postgres) {
      return new PostgresService(
          distribution,
          service.name(),
          postgres.database(),
          postgres.seed().stream().map(root::resolve).toList());
    }
    if (service.kind() instanceof LocalEnvironment.S3 s3) {
      return new S3Service(
          distribution,
          service.name(),
          List.of(s3.bucket()),
          s3.seed().stream().map(root::resolve).toList());
    }
    return new MqttService(distribution, service.name());
  }

  private Service.Launch launch(LocalEnvironment.DevProcess process, Room room, Path root)
      throws IOException {
    Map<String, String> env =
        new LinkedHashMap<>(LocalEnvironment.resolve(process.env(), secrets()));
    if (process.port().isPresent()) {
      int port = room.port("http");
      ports.put(process.port().get().secret(), new Served(process.port().get(), port));
      env.put(process.port().get().env(), Integer.toString(port));
    }
    return JavaService.java(
        128,
        List.of("-XX:TieredStopAtLevel=1"),
        process.classPath().stream().map(p -> root.resolve(p).toString()).toList(),
        process.mainClass(),
        process.args(),
        env,
        root);
  }

  private boolean serves(String secret) {
    Served served = ports.get(secret);
    return served != null && served.listening();
  }

  /** Where a process serves. */
  private record Served(LocalEnvironment.DevPort as, int port) {
    Map<String, String> keys() {
      return as.keys(port);
    }

    boolean listening() {
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 200);
        return true;
      } catch (IOException notYet) {
        return false;
      }
    }
  }

  private Map<String, Map<String, String>> secrets() throws IOException {
    for (Map.Entry<String, Served> port : ports.entrySet()) {
      // Once it serves; then its address stays, whatever becomes of the process.
      Map<String, String> keys = port.getValue().keys();
      if (!keys.equals(references.secrets().get(port.getKey())) && port.getValue().listening()) {
        references.yield(port.getKey(), keys);
      }
    }
    for (Map.Entry<String, DevelopmentService> service : yielding.entrySet()) {
      if (service.getValue().endpoint().isPresent()) {
        references.yield(service.getKey(), service.getValue().credentials());
      }
    }
    return references.secrets();
  }

  private void await(Supervisor supervisor, List<Service> ready, Service... placed)
      throws InterruptedException {
    while (!stopped(100)) {
      publish(supervisor, "starting");
      boolean all =
          ready.stream()
              .allMatch(
                  s ->
                      supervisor
                          .state(s.name())
                          .map(x -> x.phase() == ServiceState.Phase.READY)
                          .orElse(false));
      for (Service service : placed) {
        all &= service.endpoint().isPresent();
      }
      if (all) {
        return;
      }
    }
  }

  private boolean stopped(long waitMs) throws InterruptedException {
    return stop.await(waitMs, TimeUnit.MILLISECONDS);
  }

  private int turns(
      Supervisor supervisor,
      Engine engine,
      LocalConsole shown,
      FirstRows firstRows,
      boolean untilDrained,
      Optional<Instant> until)
      throws InterruptedException, IOException {
    Edits edits = new Edits(pipelines, references, engine, analyser, new ApplyDesk(state), clock);
    boolean accepted = false;
    do {
      edits.look();
      if (pipelines != edits.pipelines()) {
        pipelines = edits.pipelines();
        shown.use(pipelines);
      }
      statuses.keySet().retainAll(pipelines.pipelines().stream().map(Pipeline::name).toList());
      for (Map.Entry<String, Map<String, String>> secret : secrets().entrySet()) {
        if (ports.containsKey(secret.getKey())
            || (yielding.containsKey(secret.getKey())
                && ready(supervisor, yielding.get(secret.getKey())))) {
          state.writeSecret(secret.getKey(), secret.getValue());
        }
      }
      boolean connecting =
          supervisor
              .state("connect")
              .map(s -> s.restarts() == 0 && s.phase() != ServiceState.Phase.READY)
              .orElse(true);
      for (Pipeline pipeline : pipelines.pipelines()) {
        PipelineStatus now = engine.reconcile(pipeline, edits.consent().orElse(consent));
        statuses.put(pipeline.name(), now);
        // What fails while its service has not started yet has not failed.
        if (!connecting || !now.problems().isEmpty()) {
          progress.pipeline(now);
        }
        firstRows.look(pipeline).forEach(progress::once);
      }
      publish(supervisor, "running");
      edits.turned(statuses);
      if (!accepted && needsConsent(engine)) {
        return refused(engine);
      }
      if (statuses.values().stream().allMatch(PipelineStatus::ready)) {
        accepted = true;
        consent = Consent.NONE;
      }
      Optional<PipelineStatus> wrong =
          statuses.values().stream().filter(s -> !s.problems().isEmpty()).findFirst();
      if (wrong.isPresent() && !accepted) {
        progress.line(
            "Pipeline " + wrong.get().name() + " is not applied. Nothing of it was changed.");
        return Main.FAILED;
      }
      if (untilDrained && statuses.values().stream().allMatch(PipelineStatus::drained)) {
        progress.line("  drained after " + progress.elapsed());
        return 0;
      }
      if (until.isPresent() && clock.instant().isAfter(until.get())) {
        progress.line("  stopping after " + progress.elapsed());
        return 0;
      }
    } while (!stopped(TURN_MS));
    return 0;
  }

  /** Whether the files were edited since the last run in a way that nobody has agreed to. */
  private boolean needsConsent(Engine engine) {
    return pipelines.pipelines().stream()
        .map(Pipeline::name)
        .anyMatch(p -> engine.waitsForConsent(p) || !engine.changes(p).refused().isEmpty());
  }

  private int refused(Engine engine) {
    DirectoryPlan plan =
        DirectoryPlan.of(
            pipelines.pipelines(), engine.previews(), analyser.patient(ValidateCommand.PATIENCE));
    PlanText.of(plan).forEach(progress::line);
    String directory = pipelines.directory().root().toString();
    progress.line(
        plan.refused().isEmpty()
            ? "This is not applied without consent. To agree: millrace run "
                + directory
                + " "
                + plan.lacking(Consent.NONE)
            : "This can not be applied: see the lines with x.");
    return Main.FAILED;
  }

  private static boolean ready(Supervisor supervisor, Service service) {
    return supervisor
        .state(service.name())
        .map(s -> s.phase() == ServiceState.Phase.READY)
        .orElse(false);
  }

  private int stopping(Supervisor supervisor, int code) {
    Instant began = clock.instant();
    stop.countDown();
    progress.line("stopping ...");
    publish(supervisor, "stopping");
    supervisor.close();
    publish(supervisor, "stopped");
    progress.line(
        "stopped after "
            + Duration.between(began, clock.instant()).toMillis() / 1000
            + " s. The next run goes on from here.");
    return code;
  }

  private void publish(Supervisor supervisor, String phase) {
    status = StatusDocument.of(phase, page, supervisor.states(), List.copyOf(statuses.values()));
    state.writeStatus(status);
  }
}
