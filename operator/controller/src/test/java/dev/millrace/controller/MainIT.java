package dev.millrace.controller;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.model.Pipeline;
import dev.millrace.operator.Main;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The operator's process: two of them on a real API server, of which one leads. */
class MainIT {
  private static final Duration PATIENCE = Duration.ofMinutes(1);
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  @TempDir private Path temporary;
  private final List<Process> processes = new ArrayList<>();

  private record Running(Process process, String name, int port, Path log) {
    int status(String path) throws InterruptedException {
      return answer(path).statusCode();
    }

    HttpResponse<String> answer(String path) throws InterruptedException {
      try {
        return HTTP.send(
            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).build(),
            HttpResponse.BodyHandlers.ofString());
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  @AfterEach
  void stop() {
    processes.forEach(Process::destroyForcibly);
  }

  private Running start(String name, Path kubeConfig) throws IOException {
    int port;
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    Path log = temporary.resolve(name + ".log");
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-Xmx128m",
                // The process's own logging, not the tests'.
                "-Dlogback.configurationFile=logback.xml",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                "--listen",
                "127.0.0.1:" + port,
                "--namespaces",
                "team",
                "--lease",
                "millrace",
                "--lease-namespace",
                "team")
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder.environment().put("KUBECONFIG", kubeConfig.toString());
    builder.environment().put("KUBERNETES_IMPERSONATE_USERNAME", ApiServer.OPERATOR);
    builder.environment().put("HOSTNAME", name);
    Process process = builder.start();
    processes.add(process);
    return new Running(process, name, port, log);
  }

  @Test
  void oneLeadsAndWhenItEndsTheOtherDoes() throws Exception {
    try (ApiServer server = new ApiServer(temporary.resolve("apiserver"))) {
      server.crds();
      server.permissions();
      server.namespace("team");
      Path kubeConfig = temporary.resolve("kubeconfig");
      Files.writeString(kubeConfig, server.kubeConfig());
      Running first = start("first", kubeConfig);
      await().atMost(PATIENCE).until(() -> holder(server).equals("first"));
      await().atMost(PATIENCE).ignoreExceptions().until(() -> first.status("/readyz") == 200);
      Running second = start("second", kubeConfig);
      await().atMost(PATIENCE).ignoreExceptions().until(() -> second.status("/readyz") == 200);
      assertThat(first.status("/healthz")).isEqualTo(200);
      assertThat(second.status("/healthz")).isEqualTo(200);
      assertThat(first.status("/healthz/more")).isEqualTo(404);

      create(server, "one");
      untilLookedAt(server, "one");
      assertThat(holder(server)).isEqualTo("first");
      assertThat(first.answer("/metrics").body())
          .contains("millrace_turns_waiting", "reconciliations_success");

      // SIGTERM.
      first.process().destroy();
      assertThat(first.process().waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(first.process().exitValue()).isZero();
      await().atMost(PATIENCE).until(() -> holder(server).equals("second"));
      create(server, "two");
      untilLookedAt(server, "two");
      assertThat(server.requests()).isNotEmpty().noneMatch(r -> r.status() == 403);
      second.process().destroy();
      assertThat(second.process().waitFor(60, TimeUnit.SECONDS)).isTrue();

      for (String line : Files.readAllLines(first.log())) {
        JsonNode logged = new ObjectMapper().readTree(line);
        assertThat(logged.path("level").asText()).as(line).isIn("INFO", "WARN");
      }
      assertThat(Files.readString(first.log())).contains("\"stopping\"");
    }
  }

  private static String holder(ApiServer server) {
    Lease lease = server.client().leases().inNamespace("team").withName("millrace").get();
    return lease == null || lease.getSpec().getHolderIdentity() == null
        ? ""
        : lease.getSpec().getHolderIdentity();
  }

  private static void create(ApiServer server, String name) {
    server
        .client()
        .resource(
            Serialization.unmarshal(
                """
                apiVersion: millrace.dev/v1alpha1
                kind: Pipeline
                metadata: { name: %s, namespace: team }
                spec:
                  platform: nowhere
                  sources: [ { name: s, topic: { name: t } } ]
                """
                    .formatted(name),
                GenericKubernetesResource.class))
        .create();
  }

  private static void untilLookedAt(ApiServer server, String name) {
    await(name)
        .atMost(PATIENCE)
        .until(
            () -> {
              Pipeline pipeline =
                  server
                      .client()
                      .resources(Pipeline.class)
                      .inNamespace("team")
                      .withName(name)
                      .get();
              return pipeline.getStatus() != null
                  && pipeline.getStatus().conditions().stream()
                      .anyMatch(c -> "PlatformNotFound".equals(c.getReason()));
            });
  }
}
