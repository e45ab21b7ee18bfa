package dev.millrace.local;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.engine.JobStatusClient;
import dev.millrace.engine.SparkLauncher;
import dev.millrace.services.JavaService;
import dev.millrace.services.Room;
import dev.millrace.services.Service;
import dev.millrace.services.ServiceState;
import dev.millrace.services.Supervisor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Spark jobs as supervised processes: one for each pipeline, one for each application. */
final class LocalSpark implements SparkLauncher {
  private static final Pattern PORT = Pattern.compile("millrace-status-port=(\\d+)");
  private static final int HEAP_MB = 1536;
  private static final int APP_HEAP_MB = 1024;

  private final Supervisor supervisor;
  private final Checkout checkout;
  private final JobStatusClient jobs = new JobStatusClient(Duration.ofSeconds(3));
  private final Map<String, String> hashes = new ConcurrentHashMap<>();
  private final KeptJobs kept;

  LocalSpark(Supervisor supervisor, Checkout checkout, KeptJobs kept) {
    this.supervisor = supervisor;
    this.kept = kept;
    this.checkout = checkout;
  }

  /** Name of the service that runs a job. */
  static String service(String job) {
    return "spark-" + job;
  }

  @Override
  public Optional<Observed> observe(String job) {
    String hash = hashes.get(job);
    Optional<ServiceState> state = supervisor.state(service(job));
    if (hash == null || state.isEmpty()) {
      return Optional.empty();
    }
    boolean running = state.get().phase() == ServiceState.Phase.READY;
    if (!running) {
      String why =
          "its process is "
              + state.get().phase()
              + (state.get().message().isEmpty()
                  ? ""
                  : ": " + state.get().message().replace('\n', ' '));
      return Optional.of(new Observed(hash, false, Optional.empty(), why));
    }
    Optional<JsonNode> status = address(job).flatMap(jobs::ask);
    return Optional.of(
        new Observed(hash, true, status, status.isEmpty() ? "the Spark job is starting" : ""));
  }

  /** Where the job tells how it is: its process has printed the port. */
  private Optional<URI> address(String job) {
    try (var lines = Files.lines(supervisor.log(service(job)))) {
      return lines
          .map(PORT::matcher)
          .filter(Matcher::find)
          .map(m -> URI.create("http://127.0.0.1:" + m.group(1) + "/status"))
          .findFirst();
    } catch (IOException | UncheckedIOException e) {
      return Optional.empty();
    }
  }

  @Override
  public Optional<JsonNode> document(String job) {
    return kept.document(job);
  }

  @Override
  public void ensureRunning(String job, JsonNode document, String hash) {
    if (hash.equals(hashes.get(job)) && supervisor.state(service(job)).isPresent()) {
      return;
    }
    try {
      kept.keep(job, document);
      supervisor.start(
          new JavaService(
              service(job),
              List.of("kafka", "registry"),
              room -> launch(room, kept.file(job), document.at("/transforms/0/app")),
              () -> address(job).isPresent()));
      hashes.put(job, hash);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * What is run: an application if there is one, otherwise all other transforms of the pipeline.
   */
  private Service.Launch launch(Room room, Path plan, JsonNode app) throws IOException {
    Path logging =
        room.write(
            "log4j2.properties",
            """
            status = warn
            appender.console.type = Console
            appender.console.name = STDOUT
            appender.console.layout.type = PatternLayout
            appender.console.layout.pattern = %d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %-5p [%t] %c{1}: %m%n
            rootLogger.level = warn
            rootLogger.appenderRef.console.ref = STDOUT
            # It warns at each question for the ends of partitions that are not read.
            logger.offsets.name = org.apache.kafka.clients.consumer.internals.OffsetFetcherUtils
            logger.offsets.level = error
            logger.millrace.name = dev.millrace
            logger.millrace.level = info
            """);
    List<String> options = new ArrayList<>(Checkout.sparkOptions());
    options.add("-Dlog4j2.configurationFile=" + logging);
    options.add("-Djava.io.tmpdir=" + room.folder("tmp"));
    options.add("-Dspark.local.dir=" + room.folder("tmp"));
    options.add("-XX:ReservedCodeCacheSize=128m");
    String libraries = checkout.jobLibraries() + "/*";
    Map<String, String> environment = new HashMap<>(Map.of("SPARK_LOCAL_IP", "127.0.0.1"));
    if (app.isMissingNode()) {
      return JavaService.java(
          HEAP_MB,
          options,
          List.of(libraries),
          "dev.millrace.spark.job.PipelineJob",
          List.of(plan.toString()),
          environment,
          room.path());
    }
    environment.put("MILLRACE_PLAN", plan.toString());
    List<String> args = new ArrayList<>();
    app.path("args").forEach(a -> args.add(a.asText()));
    Path file = Path.of(app.path("file").asText());
    if (!app.has("mainClass")) {
      environment.putAll(PySpark.of(checkout).environment());
      // The JVM starts the program, and waits for it; what is between them are other programs that
      // it could bring.
      args.addAll(0, List.of(file.toString(), ""));
      return JavaService.java(
          APP_HEAP_MB,
          options,
          List.of(libraries),
          "dev.millrace.spark.job.PythonProgram",
          args,
          environment,
          room.path());
    }
    // A build may put another in its place while it runs: that one is for the next start.
    Path jar = room.path().resolve("app.jar");
    Files.copy(file, jar, StandardCopyOption.REPLACE_EXISTING);
    return JavaService.java(
        APP_HEAP_MB,
        options,
        List.of(jar.toString(), libraries),
        app.path("mainClass").asText(),
        args,
        environment,
        room.path());
  }

  @Override
  public void stop(String job) {
    hashes.remove(job);
    supervisor.stop(service(job));
  }
}
