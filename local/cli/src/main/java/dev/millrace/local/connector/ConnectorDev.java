package dev.millrace.local.connector;

import dev.millrace.engine.BackendException;
import dev.millrace.engine.ConnectApi.Seen;
import dev.millrace.engine.ConnectRest;
import dev.millrace.engine.RecordDecoder;
import dev.millrace.engine.Redactor;
import dev.millrace.planner.Hashes;
import dev.millrace.registry.SchemaRegistryClient;
import dev.millrace.services.ConnectService;
import dev.millrace.services.Distribution;
import dev.millrace.services.KafkaService;
import dev.millrace.services.RegistryService;
import dev.millrace.services.Room;
import dev.millrace.services.ServiceState;
import dev.millrace.services.ServiceState.Phase;
import dev.millrace.services.Supervisor;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs a connector that is worked on: a worker of its own that has a copy of the plugin's files,
 * and another one with other files whenever a build has left such. The connector's offsets outlive
 * both.
 */
public final class ConnectorDev {
  private static final Logger log = LoggerFactory.getLogger(ConnectorDev.class);
  private static final long TURN_MS = 200;
  private static final Duration LOOK_EVERY = Duration.ofSeconds(1);
  private static final Duration PATIENCE = Duration.ofSeconds(120);
  private static final Duration REBALANCE = Duration.ofSeconds(30);
  private static final String WORKER = "connect";

  private final DevSettings settings;
  private final Lines lines;
  private final Clock clock;
  private final CountDownLatch stop = new CountDownLatch(1);
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final Settling settling;
  private final String workerName;
  private ConnectorConfig config;
  private Map<String, String> places = Map.of();
  private Distribution distribution;
  private Supervisor supervisor;
  private Admin admin;
  private ProducedRecords produced;
  private ConsumedRecords consumed;
  private Optional<Attempt> attempt = Optional.empty();
  private int copies;
  private Instant looked = Instant.EPOCH;

  /** A worker with a plugin, and what is to be seen of the connector in it. */
  private static final class Attempt {
    final ConnectRest connect;
    final WorkerLog log;
    ConnectorState state;
    boolean sink;
    boolean made;

    Attempt(ConnectRest connect, WorkerLog log, ConnectorState state) {
      this.connect = connect;
      this.log = log;
      this.state = state;
    }
  }

  /**
   * Reads what is to be tried.
   *
   * @throws ConnectorException if it can not be tried whatever is built
   */
  public ConnectorDev(DevSettings settings, PrintWriter out, Clock clock)
      throws ConnectorException {
    this.settings = settings;
    this.clock = clock;
    List<String> hidden = new ArrayList<>(settings.secrets().values());
    settings
        .client()
        .forEach((k, v) -> hidden.add(k.matches("(?i).*(password|jaas|secret|\\.key).*") ? v : ""));
    this.lines = new Lines(out, new Redactor(hidden));
    this.config = ConnectorConfig.read(settings.config());
    settings.secrets().resolve(config, settings.state());
    this.settling = new Settling(settings.plugins(), clock);
    this.workerName =
        "millrace-dev-" + config.name() + "-" + Hashes.of(identity(settings)).substring(0, 8);
  }

  /** The same one at each start, and another one for anybody else. */
  private static String identity(DevSettings settings) {
    return settings.state()
        + " "
        + System.getProperty("user.name")
        + " "
        + System.getenv().getOrDefault("HOSTNAME", "");
  }

  /**
   * Runs until a signal, or until it has been tried once.
   *
   * @return the exit code
   */
  public int run() throws ConnectorException, IOException, InterruptedException {
    Runtime.getRuntime().addShutdownHook(new Thread(this::stopAndWait, "shutdown"));
    distribution = Distribution.locate();
    KafkaService kafka = new KafkaService(distribution);
    RegistryService registry = new RegistryService(distribution);
    boolean own = settings.kafka().isEmpty();
    try (Supervisor started = new Supervisor(settings.state(), clock, this::service)) {
      supervisor = started;
      writeSecrets();
      if (own) {
        started.start(kafka);
      }
      if (own && settings.registry().isEmpty()) {
        started.start(registry);
      }
      if (own && !(ready("kafka") && (settings.registry().isPresent() || ready("registry")))) {
        return 1;
      }
      places = new TreeMap<>();
      places.put(
          ConnectorConfig.KAFKA, settings.kafka().orElseGet(() -> kafka.endpoint().orElseThrow()));
      settings
          .registry()
          .or(() -> own ? registry.endpoint() : Optional.empty())
          .ifPresent(url -> places.put(ConnectorConfig.REGISTRY, url));
      return connected();
    } finally {
      delete(settings.state().resolve("secrets"));
      delete(settings.state().resolve("plugins"));
      // What clients were given stands in it.
      Files.deleteIfExists(
          settings.state().resolve("services").resolve(WORKER).resolve("connect.properties"));
      stopped.countDown();
    }
  }

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

  private void service(ServiceState state) {
    if (stop.getCount() == 0) {
      return;
    }
    if (state.phase() == Phase.READY) {
      lines.say(
          state.name(),
          String.format(
              Locale.ROOT,
              "%s after %.1f s",
              state.endpoint().orElse(""),
              state.elapsed().toMillis() / 1000.0));
    } else if (state.phase() == Phase.FAILED) {
      lines.say(state.name(), state.message() + " (is started again)");
    }
  }

  /** Waits; false if it is told to stop meanwhile. */
  private boolean ready(String service) throws InterruptedException, ConnectorException {
    Instant until = clock.instant().plus(PATIENCE);
    while (stop.getCount() > 0) {
      ServiceState state = supervisor.state(service).orElseThrow();
      if (state.phase() == Phase.READY) {
        return true;
      }
      if (clock.instant().isAfter(until)) {
        throw new ConnectorException(
            service + " is not ready after " + PATIENCE.toSeconds() + " s: " + state.message());
      }
      stop.await(50, TimeUnit.MILLISECONDS);
    }
    return false;
  }

  private void writeSecrets() throws IOException {
    for (Map.Entry<String, Map<String, String>> secret : settings.secrets().all().entrySet()) {
      Room folder = new Room(secrets().resolve(secret.getKey()));
      for (Map.Entry<String, String> key : secret.getValue().entrySet()) {
        folder.writeSecret(key.getKey(), key.getValue());
      }
    }
  }

  private Path secrets() {
    return settings.state().resolve("secrets");
  }

  private int connected() throws ConnectorException, IOException, InterruptedException {
    Map<String, Object> client = new HashMap<>(settings.client());
    client.put("bootstrap.servers", places.get(ConnectorConfig.KAFKA));
    client.put("client.id", workerName);
    client.put("default.api.timeout.ms", "10000");
    client.put("request.timeout.ms", "8000");
    Optional<SchemaRegistryClient> registry =
        Optional.ofNullable(places.get(ConnectorConfig.REGISTRY)).map(SchemaRegistryClient::new);
    try (Admin opened = Admin.create(client)) {
      admin = opened;
      InternalTopics internal = new InternalTopics(admin, workerName);
      if (settings.fresh()) {
        internal.delete();
      }
      Map<TopicPartition, Long> before = ProducedRecords.ends(admin);
      consumed = new ConsumedRecords(admin, internal.group(), lines);
      try (ProducedRecords records =
          new ProducedRecords(
              client, new RecordDecoder(registry), before, settings.show(), lines, clock)) {
        produced = records;
        return serve();
      } finally {
        end();
        if (settings.kafka().isPresent() && !settings.keep()) {
          internal.delete();
        }
      }
    } catch (ExecutionException e) {
      throw kafka(e.getCause());
    } catch (KafkaException e) {
      throw kafka(e.getCause() == null ? e : e.getCause());
    }
  }

  private ConnectorException kafka(Throwable cause) {
    log.warn("Kafka", cause);
    return new ConnectorException(
        "Kafka at " + places.get(ConnectorConfig.KAFKA) + ": " + cause.getMessage());
  }

  /** The connector goes before its worker, and the worker before its Kafka. */
  private void end() {
    stop.countDown();
    lines.say("stopping", "");
    unload();
    lines.say(
        "stopped",
        settings.kafka().isPresent() && !settings.keep()
            ? "offsets are forgotten: --keep leaves them on that Kafka"
            : "the next start goes on from here");
  }

  private int serve() throws IOException, InterruptedException, ExecutionException {
    Instant until = clock.instant().plus(settings.within());
    ConfigFile file = new ConfigFile(settings.config());
    do {
      Optional<PluginFiles> built = settling.next();
      boolean good = true;
      if (built.isPresent()) {
        unload();
        good = load(built.get());
        until = clock.instant().plus(settings.within());
      } else if (file.changed() && attempt.isPresent()) {
        reconfigure();
      }
      if (attempt.isPresent()) {
        look(attempt.get());
      }
      if (settings.once()) {
        Optional<Integer> code = outcome(good, clock.instant().isAfter(until));
        if (code.isPresent()) {
          return code.get();
        }
      } else if (!good) {
        lines.say("waiting", "for the next build, or another configuration");
      }
    } while (!stop.await(TURN_MS, TimeUnit.MILLISECONDS));
    return 0;
  }

  private Optional<Integer> outcome(boolean good, boolean late) {
    if (!good || attempt.map(a -> a.state.failed()).orElse(false)) {
      return Optional.of(1);
    }
    boolean sink = attempt.map(a -> a.sink).orElse(false);
    boolean running = attempt.map(a -> a.state.running()).orElse(false);
    boolean seen = sink ? consumed.all() : produced.shown() >= Math.max(1, settings.show());
    if (running && (seen || (!sink && settings.show() == 0))) {
      return Optional.of(0);
    }
    if (late) {
      lines.say(
          "wrong",
          "within "
              + settings.within().toSeconds()
              + " s there were "
              + (sink ? "records that were not taken" : produced.shown() + " records")
              + "; --within says how long is waited");
      return Optional.of(1);
    }
    return Optional.empty();
  }

  /** Has a worker load the files and makes the connector; false if something is wrong with them. */
  private boolean load(PluginFiles files) throws IOException, InterruptedException {
    List<String> problems = files.problems(settings.plugins());
    if (!problems.isEmpty()) {
      lines.wrong(problems);
      return false;
    }
    Path folder = settings.state().resolve("plugins");
    delete(folder);
    Path copy = folder.resolve(Integer.toString(copies++));
    if (!files.copyTo(copy)) {
      settling.again();
      return true;
    }
    lines.say("plugin", files.toString());
    if (!files.named()) {
      lines.say(
          "note",
          "no META-INF/services/org.apache.kafka.connect.source.SourceConnector (or sink.SinkConnector) names the"
              + " connector: workers with plugin.discovery=service_load, such as those of millrace run, do not find it");
    }
    List<Path> path = new ArrayList<>(settings.converters());
    path.add(copy);
    supervisor.start(
        ConnectService.apart(
            distribution,
            settings.kafka().isPresent() ? List.of() : List.of("kafka"),
            () -> places.get(ConnectorConfig.KAFKA),
            path,
            secrets(),
            new ConnectService.Apart(
                workerName,
                settings.kafka().isPresent() ? -1 : 1,
                workerSettings(),
                settings.level())));
    try {
      if (!ready(WORKER)) {
        return true;
      }
    } catch (ConnectorException e) {
      lines.wrong(e.lines());
      return false;
    }
    Attempt now =
        new Attempt(
            ConnectRest.open(supervisor.state(WORKER).orElseThrow().endpoint().orElseThrow()),
            new WorkerLog(supervisor.log(WORKER), lines, settings.verbose()),
            new ConnectorState(lines));
    attempt = Optional.of(now);
    return make(now);
  }

  /** Records of Connect's own types become Avro where there is a registry, else JSON. */
  private Map<String, String> workerSettings() {
    Map<String, String> all = new TreeMap<>();
    String registry = places.get(ConnectorConfig.REGISTRY);
    for (String side : List.of("key.converter", "value.converter")) {
      if (registry != null) {
        all.put(side, "dev.millrace.registry.connect.AvroConverter");
        all.put(side + ".schema.registry.url", registry);
      } else {
        all.put(side, "org.apache.kafka.connect.json.JsonConverter");
        all.put(side + ".schemas.enable", "false");
      }
    }
    settings
        .client()
        .forEach(
            (key, value) ->
                List.of("", "producer.", "consumer.", "admin.")
                    .forEach(prefix -> all.put(prefix + key, value)));
    return all;
  }

  /** Makes the connector, or gives it another configuration; false if that is wrong. */
  private boolean make(Attempt now) throws IOException, InterruptedException {
    try {
      ConnectorConfig given = settings.secrets().resolve(config, secrets()).placed(places);
      ConfigCheck check = patiently(() -> checked(now.connect, given));
      check.doubts().forEach(doubt -> lines.say("note", doubt));
      if (!check.problems().isEmpty()) {
        now.log.show();
        lines.wrong(check.problems());
        now.log.unloadable().forEach(why -> lines.say("", why));
        return false;
      }
      Map<String, String> all = new TreeMap<>(given.values());
      all.put("name", given.name());
      if (check.sink()) {
        // Not the group of a connector of this name that is in use.
        all.putIfAbsent(
            "consumer.override.group.id", new InternalTopics(admin, workerName).group());
      } else {
        all.putIfAbsent("topic.creation.default.partitions", "1");
        all.putIfAbsent("topic.creation.default.replication.factor", "-1");
      }
      now.sink = check.sink();
      now.state = new ConnectorState(lines);
      produced.started();
      patiently(
          () -> {
            configured(now.connect, given.name(), all);
            return true;
          });
      now.made = true;
      return true;
    } catch (ConnectorException e) {
      lines.wrong(e.lines());
      return false;
    } catch (CompletionException e) {
      lines.say("wrong", e.getCause().getMessage());
      now.log.show();
      return false;
    }
  }

  private ConfigCheck checked(ConnectRest connect, ConnectorConfig given) {
    try {
      return ConfigCheck.of(connect, config, given);
    } catch (BackendException e) {
      throw new CompletionException(e);
    }
  }

  private static void configured(ConnectRest connect, String name, Map<String, String> all) {
    try {
      connect.configure(name, all);
    } catch (BackendException e) {
      throw new CompletionException(e);
    }
  }

  /** A worker that is still joining its group refuses at first. */
  private <T> T patiently(Supplier<T> question) throws InterruptedException {
    Instant until = clock.instant().plus(REBALANCE);
    while (true) {
      try {
        return question.get();
      } catch (CompletionException e) {
        boolean passes = e.getCause() instanceof BackendException b && b.passes();
        if (!passes || clock.instant().isAfter(until) || stop.getCount() == 0) {
          throw e;
        }
      }
      stop.await(TURN_MS, TimeUnit.MILLISECONDS);
    }
  }

  private void reconfigure() throws IOException, InterruptedException {
    try {
      ConnectorConfig read = ConnectorConfig.read(settings.config());
      if (!read.name().equals(config.name())) {
        throw new ConnectorException(
            read.file()
                + ": name '"
                + read.name()
                + "' was '"
                + config.name()
                + "': start again for a connector of another name");
      }
      if (read.equals(config) && attempt.get().made) {
        return;
      }
      config = read;
      lines.say("config", read.file() + " has changed");
      make(attempt.get());
    } catch (ConnectorException e) {
      lines.wrong(e.lines());
    }
  }

  private void look(Attempt now) throws IOException, InterruptedException, ExecutionException {
    now.log.show();
    boolean ready = supervisor.state(WORKER).map(s -> s.phase() == Phase.READY).orElse(false);
    if (!now.made || !ready) {
      return;
    }
    List<String> topics = List.of();
    if (Duration.between(looked, clock.instant()).compareTo(LOOK_EVERY) >= 0) {
      looked = clock.instant();
      try {
        Seen seen = now.connect.connectors().join().get(config.name());
        if (seen != null) {
          now.state.see(config.name(), seen.status());
          topics = now.sink ? List.of() : now.connect.topics(config.name());
        }
      } catch (BackendException | CompletionException e) {
        log.debug("the worker does not answer", e);
      }
      if (now.sink) {
        consumed.look();
      }
    }
    produced.read(topics);
  }

  /** Has the connector stop where it is, and its worker end. */
  private void unload() {
    if (attempt.isPresent()) {
      try {
        if (attempt.get().made) {
          attempt.get().connect.delete(config.name());
        }
      } catch (BackendException e) {
        log.info("the connector was not deleted: {}", e.getMessage());
      }
      attempt = Optional.empty();
    }
    supervisor.stop(WORKER);
  }

  private static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }
}
