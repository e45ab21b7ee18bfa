package dev.millrace.benchmark;

import com.sun.net.httpserver.HttpServer;
import dev.millrace.controller.ApiServer;
import dev.millrace.model.Pipeline;
import dev.millrace.model.Platform;
import dev.millrace.services.Distribution;
import dev.millrace.services.KafkaService;
import dev.millrace.services.Supervisor;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * The operator, as a process of its own with the documented permissions, on a real API server and a
 * real Kafka; all else stands in. Times are those of a watch of our own, not of the operator.
 */
@Command(
    name = "operator-scale",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "How many Pipelines the operator makes ready, how soon, in how much memory, and what it costs",
      "when nothing changes. Starts etcd, kube-apiserver, Kafka, and stand-ins for Connect, schema",
      "registry, Elasticsearch and the Spark operator, which answer after a few milliseconds.",
      "A Pipeline is a datagen source and an Elasticsearch sink (3 topics, 2 connectors, 1 subject,",
      "1 template); some have a Spark job besides (2 topics and 1 subject more)."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  benchmarks/operator-scale --pipelines 100 --idle 40    a quick look",
      "  benchmarks/operator-scale                              1000 in a burst"
    })
public final class OperatorScale implements Callable<Integer> {
  private static final String NAMESPACE = "scale";
  private static final String PLATFORM = "default";

  /** Whose address is in no use by Spark's own page, which takes ports from 4040 on. */
  private static final String DRIVER = "127.0.0.2";

  private static final ResourceDefinitionContext APPLICATIONS =
      new ResourceDefinitionContext.Builder()
          .withGroup("sparkoperator.k8s.io")
          .withVersion("v1beta2")
          .withKind("SparkApplication")
          .withPlural("sparkapplications")
          .withNamespaced(true)
          .build();

  @Option(names = "--pipelines", paramLabel = "N", description = "Default: 1000.")
  private int pipelines = 1000;

  @Option(
      names = "--rate",
      paramLabel = "N",
      description = "Created a second, at most. Default: 80, which is the goal.")
  private int rate = 80;

  @Option(
      names = "--spark-every",
      paramLabel = "N",
      description = "Every N-th Pipeline has a Spark job; 0: none. Default: 10.")
  private int sparkEvery = 10;

  @Option(
      names = "--answer",
      paramLabel = "MS",
      description = "After how long the stand-ins answer. Default: 5.")
  private int answerAfter = 5;

  @Option(
      names = "--idle",
      paramLabel = "SECONDS",
      description = "How long nothing is changed, and requests are counted. Default: 75.")
  private int idle = 75;

  @Option(
      names = "--beside",
      paramLabel = "N",
      description =
          "Pipelines that are created, 5 a second, before and while the Connect of another Platform"
              + " hangs; 0: none. Default: 50.")
  private int beside = 50;

  @Option(
      names = "--patience",
      paramLabel = "SECONDS",
      description = "How long all may take to become ready. Default: 900.")
  private int patience = 900;

  @Option(
      names = "--java",
      paramLabel = "OPTIONS",
      description =
          "Of the operator's JVM. Default: -XX:+UseSerialGC -Xmx128m, and those of its image.")
  private String java = "-XX:+UseSerialGC -Xmx128m";

  @Option(
      names = "--keep",
      paramLabel = "DIR",
      description =
          "Where to work, and to leave logs. Default: a temporary folder that is removed.")
  private Path keep;

  private final Map<String, Long> created = new ConcurrentHashMap<>();
  private final Map<String, Long> ready = new ConcurrentHashMap<>();
  private final Deque<AutoCloseable> opened = new ConcurrentLinkedDeque<>();
  private Path work;
  private ApiServer server;
  private KafkaService kafka;
  private ConnectStandIn connect;
  private RegistryStandIn registry;
  private ElasticsearchStandIn elasticsearch;
  private Process operator;

  /** Exits with 0 if all became ready, 1 if not or if something could not be started. */
  public static void main(String[] args) {
    int code = new CommandLine(new OperatorScale()).execute(args);
    Runtime.getRuntime().halt(code);
  }

  @Override
  public Integer call() throws Exception {
    work =
        keep == null ? Files.createTempDirectory("operator-scale") : Files.createDirectories(keep);
    Runtime.getRuntime().addShutdownHook(new Thread(this::stop, "stop"));
    try {
      start();
      measure(rss());
      if (beside > 0) {
        hang();
      }
      return 0;
    } catch (ConditionTimeoutException e) {
      System.err.println(e.getMessage() + "; --keep DIR leaves logs");
      return 1;
    } finally {
      stop();
    }
  }

  private void start() throws Exception {
    Duration delay = Duration.ofMillis(answerAfter);
    server = opened(new ApiServer(work.resolve("apiserver")));
    Supervisor supervisor =
        opened(new Supervisor(work.resolve("services"), Clock.systemUTC(), s -> {}));
    kafka = new KafkaService(Distribution.locate());
    supervisor.start(kafka);
    supervisor.awaitReady(kafka.name(), Duration.ofMinutes(2));
    connect = opened(new ConnectStandIn(delay));
    registry = opened(new RegistryStandIn(delay));
    elasticsearch = opened(new ElasticsearchStandIn(delay));
    HttpServer driver = driver();
    opened(() -> driver.stop(0));
    server.crds();
    server.permissions();
    server.namespace(NAMESPACE);
    watch();
    startOperator();
    opened(
        () -> {
          operator.destroy();
          operator.waitFor(30, TimeUnit.SECONDS);
        });
    platform(PLATFORM, connect.url());
    await("the Platform", 120, () -> platformReady(PLATFORM));
  }

  private <T extends AutoCloseable> T opened(T one) {
    opened.push(one);
    return one;
  }

  /** What was started last first, also after SIGINT. */
  private synchronized void stop() {
    while (!opened.isEmpty()) {
      try {
        opened.pop().close();
      } catch (Exception e) {
        System.err.println("while stopping: " + e.getMessage());
      }
    }
    if (keep == null) {
      try (Stream<Path> all = Files.walk(work)) {
        for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
          Files.deleteIfExists(path);
        }
      } catch (IOException e) {
        System.err.println(work + " was not removed: " + e.getMessage());
      }
    }
  }

  // ---- what is measured

  private void measure(long before) throws Exception {
    System.out.printf(
        "%d pipelines, created at %d/s, every %s with a Spark job; stand-ins answer after %d ms%n",
        pipelines, rate, sparkEvery == 0 ? "none" : sparkEvery + "th", answerAfter);
    long began = System.nanoTime();
    long cpu = cpu();
    List<String> names = create("p", pipelines, rate, PLATFORM, sparkEvery);
    double creating = seconds(began);
    await(
        "all to be ready",
        patience,
        () -> {
          if (!operator.isAlive()) {
            throw new IllegalStateException("the operator has ended: see " + work);
          }
          return names.stream().allMatch(ready::containsKey);
        });
    double all = seconds(names);
    line("created", "%.1f/s", pipelines / creating);
    line("made ready", "%.1f/s (all after %.1f s)", pipelines / all, all);
    line("from creation to Ready", times(names));
    line("operator's CPU", "%.1f ms a pipeline", (cpu() - cpu) * 1000.0 / pipelines / hertz());
    line(
        "operator's RSS",
        "%d MB (before: %d MB), %d threads",
        rss() >> 20,
        before >> 20,
        threads());
    line("looks at all of Connect", "%d", connect.count(ConnectStandIn.LIST));
    line(
        "requests to stand-ins",
        "%d Connect, %d registry, %d Elasticsearch",
        connect.count(),
        registry.count(),
        elasticsearch.count());
    line("requests to the API server", requests(server.requests()));

    // The last statuses and Events are written a moment after.
    int[] writes = {-1};
    await(
        "the writes to end",
        180,
        Duration.ofSeconds(6),
        () -> {
          int now = server.writes().size();
          boolean same = now == writes[0];
          writes[0] = now;
          return same;
        });
    int asked = server.requests().size();
    long looks = connect.count(ConnectStandIn.LIST);
    long http = connect.count() + registry.count() + elasticsearch.count();
    cpu = cpu();
    began = System.nanoTime();
    TimeUnit.SECONDS.sleep(idle);
    double window = seconds(began);
    List<ApiServer.Request> more = server.requests();
    more = more.subList(asked, more.size());
    System.out.printf("unchanged for %.0f s:%n", window);
    line("writes to the API server", "%d", more.stream().filter(ApiServer.Request::writes).count());
    line("reads of the API server", requests(more.stream().filter(r -> !r.writes()).toList()));
    line(
        "looks at all of Connect",
        "%d (one every %.1f s)",
        connect.count(ConnectStandIn.LIST) - looks,
        window / Math.max(1, connect.count(ConnectStandIn.LIST) - looks));
    line(
        "requests to stand-ins",
        "%.1f/s",
        (connect.count() + registry.count() + elasticsearch.count() - http) / window);
    line("operator's CPU", "%.1f%% of one processor", (cpu() - cpu) * 100.0 / hertz() / window);
    line("operator's RSS", "%d MB, %d threads", rss() >> 20, threads());
  }

  private void hang() throws Exception {
    ServerSocket hangs = opened(new ServerSocket(0, 1000, InetAddress.getLoopbackAddress()));
    System.out.printf(
        "%d more, 5 a second, while the Connect of another Platform hangs:%n", beside);
    List<String> without = create("w", beside, 5, PLATFORM, 0);
    await("those beside nothing", patience, () -> without.stream().allMatch(ready::containsKey));
    line("beside nothing", times(without));
    platform("hangs", "http://127.0.0.1:" + hangs.getLocalPort());
    create("h", beside, 1000, "hangs", 0);
    await("the hanging Platform to be noticed", 60, () -> backendFailed("hangs"));
    List<String> with = create("x", beside, 5, PLATFORM, 0);
    await("those beside it", patience, () -> with.stream().allMatch(ready::containsKey));
    line("beside " + beside + " that hang", times(with));
    line("operator's RSS", "%d MB, %d threads", rss() >> 20, threads());
  }

  private static void line(String what, String format, Object... values) {
    System.out.printf(
        Locale.ROOT,
        "  %-28s %s%n",
        what,
        values.length == 0 ? format : String.format(Locale.ROOT, format, values));
  }

  private static String requests(List<ApiServer.Request> requests) {
    Map<String, Long> counts =
        requests.stream()
            .collect(
                Collectors.groupingBy(
                    r -> r.verb() + " " + r.resource(), TreeMap::new, Collectors.counting()));
    return counts.entrySet().stream()
        .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
        .map(e -> e.getValue() + " " + e.getKey())
        .collect(Collectors.joining(", "));
  }

  private static double seconds(long began) {
    return (System.nanoTime() - began) / 1e9;
  }

  /** From the first creation to the last that is ready. */
  private double seconds(List<String> names) {
    long first = names.stream().mapToLong(created::get).min().orElseThrow();
    long last = names.stream().mapToLong(ready::get).max().orElseThrow();
    return (last - first) / 1e9;
  }

  private String times(List<String> names) {
    double[] all =
        names.stream().mapToDouble(n -> (ready.get(n) - created.get(n)) / 1e9).sorted().toArray();
    return String.format(
        Locale.ROOT,
        "p50 %.2f s, p90 %.2f s, p99 %.2f s, longest %.2f s",
        at(all, 0.5),
        at(all, 0.9),
        at(all, 0.99),
        all[all.length - 1]);
  }

  private static double at(double[] sorted, double part) {
    return sorted[Math.min(sorted.length - 1, (int) Math.ceil(sorted.length * part) - 1)];
  }

  // ---- the operator's process

  private void startOperator() throws IOException {
    Path kubeConfig = work.resolve("kubeconfig");
    Files.writeString(kubeConfig, server.kubeConfig());
    Path hosts = work.resolve("hosts");
    StringBuilder names = new StringBuilder("127.0.0.1 localhost\n");
    for (int i = 0; sparkEvery > 0 && i < pipelines; i += sparkEvery) {
      names.append(DRIVER + " " + name("p", i) + "-status." + NAMESPACE + ".svc\n");
    }
    Files.writeString(hosts, names);
    List<String> command =
        new ArrayList<>(
            List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
    command.addAll(Arrays.asList(java.strip().split("\\s+")));
    command.addAll(
        List.of(
            "-XX:+ExitOnOutOfMemoryError",
            "-Djdk.net.hosts.file=" + hosts,
            "-Dlogback.configurationFile=logback.xml",
            "-cp",
            System.getProperty("millrace.operator.classpath"),
            "dev.millrace.operator.Main",
            "--listen",
            "127.0.0.1:0"));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(work.resolve("operator.log").toFile());
    builder.environment().put("KUBECONFIG", kubeConfig.toString());
    builder.environment().put("KUBERNETES_IMPERSONATE_USERNAME", ApiServer.OPERATOR);
    operator = builder.start();
  }

  private long rss() throws IOException {
    return status("VmRSS:") << 10;
  }

  private long threads() throws IOException {
    return status("Threads:");
  }

  private long status(String field) throws IOException {
    return Files.readAllLines(Path.of("/proc/" + operator.pid() + "/status")).stream()
        .filter(l -> l.startsWith(field))
        .map(l -> l.substring(field.length()).strip().split("\\s+")[0])
        .mapToLong(Long::parseLong)
        .findFirst()
        .orElseThrow();
  }

  /** Ticks of the processor that the operator has had. */
  private long cpu() throws IOException {
    String stat = Files.readString(Path.of("/proc/" + operator.pid() + "/stat"));
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    return Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
  }

  private static long hertz() {
    return 100;
  }

  // ---- what it works on

  private static String name(String prefix, int i) {
    return String.format(Locale.ROOT, "%s-%05d", prefix, i);
  }

  private List<String> create(String prefix, int count, int perSecond, String platform, int spark)
      throws InterruptedException {
    List<String> names = new ArrayList<>();
    long began = System.nanoTime();
    var threads = Executors.newFixedThreadPool(8);
    for (int i = 0; i < count; i++) {
      String name = name(prefix, i);
      names.add(name);
      String yaml = yaml(name, platform, spark > 0 && i % spark == 0);
      long due = began + i * 1_000_000_000L / perSecond;
      TimeUnit.NANOSECONDS.sleep(due - System.nanoTime());
      threads.execute(() -> create(yaml));
    }
    threads.shutdown();
    if (!threads.awaitTermination(patience, TimeUnit.SECONDS)) {
      throw new IllegalStateException("the API server does not take the Pipelines");
    }
    return names;
  }

  private void create(String yaml) {
    try {
      client().resource(Serialization.unmarshal(yaml, GenericKubernetesResource.class)).create();
    } catch (RuntimeException e) {
      // Figures with some missing would be wrong.
      System.err.println("a Pipeline was not created: " + e.getMessage());
      Runtime.getRuntime().exit(1);
    }
  }

  private KubernetesClient client() {
    return server.client();
  }

  private static String yaml(String name, String platform, boolean spark) {
    return """
    apiVersion: millrace.dev/v1alpha1
    kind: Pipeline
    metadata: { name: %1$s, namespace: %2$s }
    spec:
      platform: %3$s
      sources:
        - name: events
          datagen:
            schema: '{"type":"record","name":"E","fields":[{"name":"d","type":"string"},{"name":"at","type":{"type":"long","logicalType":"timestamp-micros"}},{"name":"type","type":"string"}]}'
            rate: 1/s
          eventTime: { field: at }
      sinks:
        - { name: to-es, from: events, elasticsearch: { index: %1$s } }
    %4$s
    """
        .formatted(
            name,
            NAMESPACE,
            platform,
            spark
                ? """
                  transforms:
                    - name: v
                      intervals: { from: events, by: [d], type: type, open: [start], timeout: 30m }
                      key: [d, started_at]
                """
                : "");
  }

  private void platform(String name, String connectUrl) {
    Platform platform =
        Platform.of(
            name,
            new Platform.Spec(
                name + ".",
                new Platform.Kafka(kafka.endpoint().orElseThrow(), 1, 1),
                new Platform.SchemaRegistry(registry.url()),
                new Platform.Connect(connectUrl, work.resolve("secrets").toString()),
                new Platform.Elasticsearch(elasticsearch.url()),
                new Platform.Spark("file:///nowhere", Map.of())));
    platform.getMetadata().setNamespace(NAMESPACE);
    client().resource(platform).create();
  }

  private Platform.Status platformStatus(String name) {
    return client()
        .resources(Platform.class)
        .inNamespace(NAMESPACE)
        .withName(name)
        .get()
        .getStatus();
  }

  private boolean platformReady(String name) {
    Platform.Status status = platformStatus(name);
    return status != null
        && status.conditions().stream()
            .anyMatch(c -> c.getType().equals("Ready") && c.getStatus().equals("True"));
  }

  private boolean backendFailed(String name) {
    Platform.Status status = platformStatus(name);
    return status != null
        && status.backends() != null
        && status.backends().stream().anyMatch(b -> "failed".equals(b.state()));
  }

  /** Notes when Pipelines appear and become ready, and has Spark applications run. */
  private void watch() {
    client()
        .resources(Pipeline.class)
        .inNamespace(NAMESPACE)
        .watch(
            watcher(
                (action, pipeline) -> {
                  String name = pipeline.getMetadata().getName();
                  long now = System.nanoTime();
                  created.putIfAbsent(name, now);
                  if (pipeline.getStatus() != null
                      && pipeline.getStatus().conditions().stream()
                          .anyMatch(
                              c -> c.getType().equals("Ready") && c.getStatus().equals("True"))) {
                    ready.putIfAbsent(name, now);
                  }
                }));
    client()
        .genericKubernetesResources(APPLICATIONS)
        .inNamespace(NAMESPACE)
        .watch(
            watcher(
                (action, application) -> {
                  if (action == Watcher.Action.ADDED) {
                    CompletableFuture.delayedExecutor(answerAfter, TimeUnit.MILLISECONDS)
                        .execute(() -> run(application.getMetadata().getName()));
                  }
                }));
  }

  /** As the Spark operator says it. */
  private void run(String application) {
    client()
        .genericKubernetesResources(APPLICATIONS)
        .inNamespace(NAMESPACE)
        .withName(application)
        .subresource("status")
        .patch(
            PatchContext.of(PatchType.JSON_MERGE),
            "{\"status\":{\"applicationState\":{\"state\":\"RUNNING\"}}}");
  }

  private interface Handler<T> {
    void handle(Watcher.Action action, T resource);
  }

  private static <T> Watcher<T> watcher(Handler<T> handler) {
    return new Watcher<>() {
      @Override
      public void eventReceived(Action action, T resource) {
        handler.handle(action, resource);
      }

      @Override
      public void onClose(WatcherException cause) {
        System.err.println("the watch has ended, figures are wrong: " + cause.getMessage());
      }
    };
  }

  /** The status of every driver. */
  private static HttpServer driver() throws IOException {
    byte[] says =
        "{\"state\":\"running\",\"queries\":[{\"transform\":\"v\",\"state\":\"running\",\"lag\":{\"events\":0}}]}"
            .getBytes(StandardCharsets.UTF_8);
    HttpServer driver = HttpServer.create(new InetSocketAddress(DRIVER, 4041), 0);
    driver.createContext(
        "/status",
        exchange -> {
          try (exchange) {
            exchange.sendResponseHeaders(200, says.length);
            exchange.getResponseBody().write(says);
          }
        });
    driver.start();
    return driver;
  }

  // ---- small things

  private static void await(String what, int seconds, BooleanSupplier holds) {
    await(what, seconds, Duration.ofMillis(100), holds);
  }

  private static void await(String what, int seconds, Duration every, BooleanSupplier holds) {
    Awaitility.await(what)
        .atMost(Duration.ofSeconds(seconds))
        .pollDelay(Duration.ZERO)
        .pollInterval(every)
        .until(holds::getAsBoolean);
  }
}
