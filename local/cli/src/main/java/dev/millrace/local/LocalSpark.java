package dev.millrace.local;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.engine.SparkLauncher;
import dev.millrace.services.JavaService;
import dev.millrace.services.Room;
import dev.millrace.services.ServiceState;
import dev.millrace.services.Supervisor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Spark jobs as supervised processes, one for each pipeline. */
final class LocalSpark implements SparkLauncher {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern PORT = Pattern.compile("millrace-status-port=(\\d+)");
  private static final int HEAP_MB = 1536;

  private final Supervisor supervisor;
  private final Checkout checkout;
  private final HttpClient http =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(1)).build();
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
    Optional<JsonNode> status = port(job).flatMap(this::ask);
    return Optional.of(
        new Observed(hash, true, status, status.isEmpty() ? "the Spark job is starting" : ""));
  }

  /** The port that the job's process has printed. */
  private Optional<Integer> port(String job) {
    try (var lines = Files.lines(supervisor.log(service(job)))) {
      return lines
          .map(PORT::matcher)
          .filter(Matcher::find)
          .map(m -> Integer.parseInt(m.group(1)))
          .findFirst();
    } catch (IOException | UncheckedIOException e) {
      return Optional.empty();
    }
  }

  private Optional<JsonNode> ask(int port) {
    try {
      HttpResponse<byte[]> response =
          http.send(
              HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/status"))
                  .timeout(Duration.ofSeconds(3))
                  .build(),
              HttpResponse.BodyHandlers.ofByteArray());
      return response.statusCode() == 200
          ? Optional.of(JSON.readTree(response.body()))
          : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
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
              room -> launch(room, kept.file(job)),
              () -> port(job).isPresent()));
      hashes.put(job, hash);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private dev.millrace.services.Service.Launch launch(Room room, Path plan) throws IOException {
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
    List<String> options = new java.util.ArrayList<>(Checkout.sparkOptions());
    options.add("-Dlog4j2.configurationFile=" + logging);
    options.add("-Djava.io.tmpdir=" + room.folder("tmp"));
    options.add("-Dspark.local.dir=" + room.folder("tmp"));
    options.add("-XX:ReservedCodeCacheSize=128m");
    return JavaService.java(
        HEAP_MB,
        options,
        List.of(checkout.jobLibraries() + "/*"),
        "dev.millrace.spark.job.PipelineJob",
        List.of(plan.toString()),
        Map.of("SPARK_LOCAL_IP", "127.0.0.1"),
        room.path());
  }

  @Override
  public void stop(String job) {
    hashes.remove(job);
    supervisor.stop(service(job));
  }
}
