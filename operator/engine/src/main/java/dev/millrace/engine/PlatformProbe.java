package dev.millrace.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.model.Platform;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeClusterOptions;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.SslAuthenticationException;

/** Asks each backend of a platform how it is, each with a deadline. Writes nothing. Thread safe. */
public final class PlatformProbe {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration DEADLINE = Duration.ofSeconds(5);

  /** Elasticsearch's own page says more, but not every distribution has it. */
  private static final String NODES = "/_nodes/_local?filter_path=nodes.*.version";

  private final Platform.Spec platform;
  private final Admin admin;
  private final ConnectApi connect;
  private final Credentials credentials;

  PlatformProbe(Platform.Spec platform, Admin admin, ConnectApi connect, Credentials credentials) {
    this.connect = connect;
    this.platform = platform;
    this.admin = admin;
    this.credentials = credentials;
  }

  /** What each backend answered, in a fixed order. */
  public List<Platform.Backend> look() {
    List<CompletableFuture<Platform.Backend>> asked = new ArrayList<>();
    asked.add(
        http(
            "schemaRegistry",
            credentials.registry(),
            platform.schemaRegistry().url() + "/config",
            answer -> null));
    asked.add(
        http(
            "elasticsearch",
            credentials.elasticsearch(),
            platform.elasticsearch().url() + NODES,
            a -> text(a.path("nodes").findPath("version"))));
    List<Platform.Backend> backends = new ArrayList<>();
    backends.add(kafka());
    backends.add(asked.get(0).join());
    backends.add(connect());
    backends.add(asked.get(1).join());
    if (platform.kibana() != null) {
      backends.add(kibana());
    }
    return List.copyOf(backends);
  }

  private Platform.Backend kafka() {
    try {
      admin
          .describeCluster(new DescribeClusterOptions().timeoutMs((int) DEADLINE.toMillis()))
          .nodes()
          .get(DEADLINE.toMillis() + 1000, TimeUnit.MILLISECONDS);
      return new Platform.Backend("kafka", "ready", null, null);
    } catch (ExecutionException e) {
      return failed(
          "kafka",
          e.getCause() instanceof AuthenticationException
              ? e.getCause().getMessage() + hint(e.getCause())
              : "no answer from " + platform.kafka().bootstrapServers());
    } catch (TimeoutException e) {
      return failed("kafka", "no answer from " + platform.kafka().bootstrapServers());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return failed("kafka", "interrupted");
    }
  }

  private String hint(Throwable refusal) {
    if (refusal instanceof SslAuthenticationException) {
      return "; is the authority of the brokers' certificates that of spec.kafka.tls.caSecretRef?";
    }
    Platform.Sasl sasl = platform.kafka().sasl();
    return sasl == null
        ? "; the Platform's spec.kafka.sasl names no Secret"
        : "; is the Secret '" + sasl.secretRef().name() + "' right?";
  }

  private Platform.Backend connect() {
    try {
      return new Platform.Backend("connect", "ready", connect.version().orElse(null), null);
    } catch (BackendException e) {
      return failed("connect", e.getMessage());
    }
  }

  private Platform.Backend kibana() {
    try {
      String version =
          new KibanaClient(platform.kibana().url(), credentials.kibana().orElseThrow())
              .version()
              .orElse(null);
      return new Platform.Backend("kibana", "ready", version, null);
    } catch (BackendException e) {
      return failed("kibana", e.getMessage());
    }
  }

  private CompletableFuture<Platform.Backend> http(
      String name, Access access, String url, Function<JsonNode, String> version) {
    HttpRequest request =
        access
            .sign(HttpRequest.newBuilder(URI.create(url.replaceAll("(?<!:)/{2,}", "/"))))
            .timeout(DEADLINE)
            .header("Accept", "application/json")
            .build();
    return access
        .client()
        .sendAsync(request, HttpResponse.BodyHandlers.ofString())
        .handle(
            (response, failure) -> {
              if (failure != null) {
                Throwable cause = failure.getCause() == null ? failure : failure.getCause();
                return failed(name, "no answer: " + access.why(cause));
              }
              if (response.statusCode() / 100 != 2) {
                return failed(
                    name, "answers " + response.statusCode() + access.hint(response.statusCode()));
              }
              try {
                return new Platform.Backend(
                    name, "ready", version.apply(JSON.readTree(response.body())), null);
              } catch (IOException e) {
                return failed(name, "answers something that is no JSON");
              }
            });
  }

  private static String text(JsonNode node) {
    return node.isTextual() ? node.asText() : null;
  }

  private static Platform.Backend failed(String name, String why) {
    return new Platform.Backend(name, "failed", null, new Redactor(List.of()).redact(why));
  }
}
