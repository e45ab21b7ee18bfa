package dev.millrace.operator;

import dev.millrace.controller.OperatorEndpoints;
import dev.millrace.controller.OperatorRuntime;
import dev.millrace.controller.Pace;
import dev.millrace.engine.ProcessSqlAnalyser;
import dev.millrace.engine.SqlAnalyser;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.javaoperatorsdk.operator.api.config.LeaderElectionConfiguration;
import io.javaoperatorsdk.operator.api.config.LeaderElectionConfigurationBuilder;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.File;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The operator's process: runs until SIGTERM. */
@Command(
    name = "millrace-operator",
    mixinStandardHelpOptions = true,
    description = {
      "Keeps Kafka topics, schemas, connectors, Spark jobs, indices and dashboards as Pipelines say.",
      "Finds the cluster as kubectl does: by the ServiceAccount of its pod, else by KUBECONFIG."
    },
    sortOptions = false,
    footerHeading = "%nExamples:%n",
    footer = {
      "  millrace-operator --listen 0.0.0.0:8080 --lease millrace-operator",
      "      as in a pod: all namespaces, probes and metrics on port 8080, one leader",
      "  millrace-operator --namespaces team-a,team-b",
      "      two namespaces only, from a laptop, with the current kubeconfig",
      "",
      "Each option can also be set by the environment variable that it names."
    })
public final class Main implements Callable<Integer> {
  private static final Logger log = LoggerFactory.getLogger(Main.class);
  private static final Duration STOP = Duration.ofSeconds(25);

  @Spec private CommandLine.Model.CommandSpec spec;

  @Option(
      names = "--namespaces",
      split = ",",
      paramLabel = "NAME",
      defaultValue = "${MILLRACE_NAMESPACES:-}",
      description = "Namespaces to look at, separated by commas. Default: all. MILLRACE_NAMESPACES")
  private List<String> namespaces = List.of();

  @Option(
      names = "--listen",
      paramLabel = "HOST:PORT",
      defaultValue = "${MILLRACE_LISTEN:-127.0.0.1:8080}",
      description =
          "Where /healthz, /readyz and /metrics are served; a pod needs 0.0.0.0:PORT. Default:"
              + " 127.0.0.1:8080. MILLRACE_LISTEN")
  private String listen;

  @Option(
      names = "--lease",
      paramLabel = "NAME",
      defaultValue = "${MILLRACE_LEASE:-}",
      description =
          "Name of the Lease by which one of several processes leads. Default: none, there is only"
              + " this one. MILLRACE_LEASE")
  private String lease;

  @Option(
      names = "--lease-namespace",
      paramLabel = "NAME",
      defaultValue = "${MILLRACE_LEASE_NAMESPACE:-}",
      description = "Where the Lease is. Default: the pod's namespace. MILLRACE_LEASE_NAMESPACE")
  private String leaseNamespace;

  @Option(
      names = "--sql-analyser",
      paramLabel = "COMMAND",
      defaultValue = "${MILLRACE_SQL_ANALYSER:-}",
      description =
          "Command line of the SQL analyser, separated by spaces: a process that answers on its"
              + " standard output what it is asked on its standard input. Without one, Pipelines"
              + " with SQL wait. MILLRACE_SQL_ANALYSER")
  private String analyser;

  @Option(
      names = "--spark-image",
      paramLabel = "IMAGE",
      defaultValue = "${MILLRACE_SPARK_IMAGE:-millrace/spark-job:latest}",
      description =
          "Image of Spark drivers and executors, for Platforms that name none. MILLRACE_SPARK_IMAGE")
  private String sparkImage;

  @Option(
      names = "--webhook-listen",
      paramLabel = "HOST:PORT",
      defaultValue = "${MILLRACE_WEBHOOK_LISTEN:-}",
      description =
          "Where 'millrace plan' on a cluster is answered, by TLS. Default: nowhere."
              + " MILLRACE_WEBHOOK_LISTEN")
  private String webhook;

  @Option(
      names = "--webhook-certificates",
      paramLabel = "DIR",
      defaultValue = "${MILLRACE_WEBHOOK_CERTIFICATES:-/etc/millrace/webhook}",
      description =
          "Folder with tls.crt and tls.key. Default: /etc/millrace/webhook."
              + " MILLRACE_WEBHOOK_CERTIFICATES")
  private Path certificates;

  @Option(
      names = "--console-listen",
      paramLabel = "HOST:PORT",
      defaultValue = "${MILLRACE_CONSOLE_LISTEN:-}",
      description =
          "Where the console is told what is observed, by TLS with the same certificates. Default:"
              + " nowhere. MILLRACE_CONSOLE_LISTEN")
  private String console;

  @Option(
      names = "--console-token",
      paramLabel = "FILE",
      defaultValue = "${MILLRACE_CONSOLE_TOKEN:-/etc/millrace/console/token}",
      description =
          "File with the token that the console has to send. Default: /etc/millrace/console/token."
              + " MILLRACE_CONSOLE_TOKEN")
  private Path consoleToken;

  @Option(
      names = "--resync",
      paramLabel = "SECONDS",
      defaultValue = "${MILLRACE_RESYNC:-30}",
      description =
          "How often a pipeline that is ready is looked at, 20%% more or less. Default: 30."
              + " MILLRACE_RESYNC")
  private int resync;

  @Option(
      names = "--deletion-deadline",
      paramLabel = "SECONDS",
      defaultValue = "${MILLRACE_DELETION_DEADLINE:-300}",
      description =
          "How long the deletion of a Pipeline may take before it is let go with an Event. Default:"
              + " 300. MILLRACE_DELETION_DEADLINE")
  private int deletionDeadline;

  /** Runs the operator; exits with 0 after SIGTERM, 1 if it can not start, 2 for wrong options. */
  public static void main(String[] args) {
    int code = new CommandLine(new Main()).execute(args);
    // By a signal, handlers are running, which wait for this: an exit would wait for them.
    Runtime.getRuntime().halt(code);
  }

  @Override
  public Integer call() throws Exception {
    InetSocketAddress address = address("--listen", listen);
    CountDownLatch stop = new CountDownLatch(1);
    AtomicBoolean started = new AtomicBoolean();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stopAndWait(stop), "shutdown"));
    PrometheusMeterRegistry metrics = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    try (KubernetesClient client = new KubernetesClientBuilder().build();
        OperatorRuntime runtime =
            new OperatorRuntime(client, analyser(), metrics, settings(), Clock.systemUTC());
        OperatorEndpoints endpoints =
            new OperatorEndpoints(
                address, runtime::healthy, () -> started.get() && runtime.healthy(), metrics);
        AutoCloseable plans = plans(runtime);
        AutoCloseable observed = observed(runtime)) {
      log.info("listening on port {}", endpoints.port());
      Thread starting =
          new Thread(
              () -> {
                // Where another one leads, this returns only once we do.
                started.set(true);
                runtime.start();
              },
              "start");
      starting.setDaemon(true);
      starting.setUncaughtExceptionHandler(
          (thread, failure) -> {
            log.error("can not start: {}", failure.getMessage(), failure);
            Runtime.getRuntime().halt(1);
          });
      starting.start();
      stop.await();
      log.info("stopping");
    }
    return 0;
  }

  /** The process ends while this waits, or, if it can not, after it. */
  private static void stopAndWait(CountDownLatch stop) {
    stop.countDown();
    try {
      TimeUnit.SECONDS.sleep(STOP.toSeconds());
      log.warn("not stopped within {} s", STOP.toSeconds());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private AutoCloseable plans(OperatorRuntime runtime)
      throws IOException, GeneralSecurityException {
    return webhook.isBlank()
        ? () -> {}
        : runtime.serve(address("--webhook-listen", webhook), certificates);
  }

  private AutoCloseable observed(OperatorRuntime runtime)
      throws IOException, GeneralSecurityException {
    if (console.isBlank()) {
      return () -> {};
    }
    if (!Files.isReadable(consoleToken)) {
      throw new ParameterException(
          spec.commandLine(), "--console-token '" + consoleToken + "': there is no such file");
    }
    return runtime.observed(address("--console-listen", console), certificates, consoleToken);
  }

  private InetSocketAddress address(String option, String value) {
    int colon = value.lastIndexOf(':');
    try {
      return new InetSocketAddress(
          value.substring(0, colon), Integer.parseInt(value.substring(colon + 1)));
    } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
      throw new ParameterException(
          spec.commandLine(), option + " '" + value + "': expected host:port");
    }
  }

  private SqlAnalyser analyser() {
    if (analyser.isBlank()) {
      return NoSqlAnalyser.INSTANCE;
    }
    return new ProcessSqlAnalyser(
            Arrays.asList(analyser.strip().split("\\s+")),
            new File(System.getProperty("java.io.tmpdir"), "sql-analyser.log"))
        // On a lane, a wait holds up nobody else; without one, each restart would make every
        // Pipeline with SQL wait for a moment, and say so.
        .unhurried(Duration.ofSeconds(30));
  }

  private OperatorRuntime.Settings settings() {
    Set<String> names = new LinkedHashSet<>(namespaces);
    names.remove("");
    return new OperatorRuntime.Settings(
        names,
        new Pace(
            Pace.DEFAULT.soon(), Duration.ofSeconds(resync), Duration.ofSeconds(deletionDeadline)),
        null,
        sparkImage,
        election());
  }

  private Optional<LeaderElectionConfiguration> election() {
    if (lease.isBlank()) {
      return Optional.empty();
    }
    LeaderElectionConfigurationBuilder election =
        LeaderElectionConfigurationBuilder.aLeaderElectionConfiguration(lease);
    if (!leaseNamespace.isBlank()) {
      election.withLeaseNamespace(leaseNamespace);
    }
    return Optional.of(election.build());
  }
}
