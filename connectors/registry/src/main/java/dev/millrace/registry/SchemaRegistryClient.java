package dev.millrace.registry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import org.apache.avro.Schema;

/**
 * Client of a schema registry with Confluent's REST API (Confluent's own, Apicurio's {@code
 * /apis/ccompat/v7}, Karapace). What never changes, a schema by its id and the id of a schema under
 * a subject, is asked once.
 *
 * <p>Thread safe. Failures that may pass (no answer, 429, 5xx) are tried again, with jitter, until
 * the deadline.
 *
 * @see <a href="https://docs.confluent.io/platform/current/schema-registry/develop/api.html">the
 *     API</a>
 */
public final class SchemaRegistryClient {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String CONTENT_TYPE = "application/vnd.schemaregistry.v1+json";

  private final String url;
  private final Optional<String> authorization;
  private final Duration deadline;
  private final Duration rest;
  private final HttpClient http;
  private final Map<Integer, Schema> byId = new ConcurrentHashMap<>();
  private final Map<SubjectSchema, Integer> ids = new ConcurrentHashMap<>();

  /**
   * A subject's newest version.
   *
   * @param id of the schema, unique in the registry
   * @param version within the subject, from 1
   */
  public record Registered(int id, int version, Schema schema) {}

  /** Whether a schema may follow those of a subject, and if not, what the registry says. */
  public record Compatibility(boolean compatible, List<String> messages) {}

  private record SubjectSchema(String subject, Schema schema) {}

  /** A call that was not answered until its deadline. */
  private record Outage(RegistryException failure, long at) {}

  private volatile Outage outage;

  /** A client without credentials, with a deadline of 15 s for each call, retries included. */
  public SchemaRegistryClient(String url) {
    this(url, Optional.empty(), Duration.ofSeconds(15));
  }

  /**
   * A client.
   *
   * @param url base URL, such as {@code http://localhost:8080/apis/ccompat/v7}
   * @param userInfo {@code user:password} for basic authentication
   * @param deadline of each call, retries included
   */
  public SchemaRegistryClient(String url, Optional<String> userInfo, Duration deadline) {
    this(url, userInfo, Optional.empty(), deadline);
  }

  /**
   * A client of a registry that may speak TLS with a certificate of an authority of its own.
   *
   * @param url base URL, such as {@code https://registry:8443/apis/ccompat/v7}
   * @param userInfo {@code user:password} for basic authentication
   * @param trust whom it trusts; empty for the authorities that Java knows
   * @param deadline of each call, retries included
   */
  public SchemaRegistryClient(
      String url, Optional<String> userInfo, Optional<SSLContext> trust, Duration deadline) {
    this(url, userInfo, trust, deadline, Duration.ZERO);
  }

  /**
   * A client for who asks for much at a time, and would wait for the deadline each time.
   *
   * @param rest for so long after a call that was not answered until its deadline, others fail at
   *     once, with what it failed with
   */
  public SchemaRegistryClient(
      String url,
      Optional<String> userInfo,
      Optional<SSLContext> trust,
      Duration deadline,
      Duration rest) {
    this.rest = rest;
    this.url = url.replaceAll("/+$", "");
    this.authorization =
        userInfo.map(
            u -> "Basic " + Base64.getEncoder().encodeToString(u.getBytes(StandardCharsets.UTF_8)));
    this.deadline = deadline;
    HttpClient.Builder client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(3));
    trust.ifPresent(client::sslContext);
    this.http = client.build();
  }

  /**
   * The schema of an id.
   *
   * @throws RegistryException with status 404 if no schema has it
   */
  public Schema byId(int id) {
    Schema known = byId.get(id);
    if (known != null) {
      return known;
    }
    JsonNode answer = send("GET", "/schemas/ids/" + id, null);
    Schema schema = parse(answer.path("schema").asText(), "schema id " + id);
    byId.put(id, schema);
    return schema;
  }

  /**
   * Registers a schema under a subject, unless it is there already.
   *
   * @return its id
   * @throws RegistryException with status 409 if the subject's compatibility level forbids it
   */
  public int register(String subject, Schema schema) {
    SubjectSchema key = new SubjectSchema(subject, schema);
    Integer known = ids.get(key);
    if (known != null) {
      return known;
    }
    int id =
        send("POST", "/subjects/" + encode(subject) + "/versions", body(schema)).path("id").asInt();
    ids.put(key, id);
    byId.putIfAbsent(id, schema);
    return id;
  }

  /** The newest version of a subject, if the subject exists. */
  public Optional<Registered> latest(String subject) {
    try {
      JsonNode answer = send("GET", "/subjects/" + encode(subject) + "/versions/latest", null);
      int id = answer.path("id").asInt();
      Schema schema = byId.computeIfAbsent(id, i -> parse(answer.path("schema").asText(), subject));
      return Optional.of(new Registered(id, answer.path("version").asInt(), schema));
    } catch (RegistryException e) {
      if (e.status() == 404) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** Asks, without registering, whether a schema may follow those of the subject. */
  public Compatibility test(String subject, Schema schema) {
    try {
      JsonNode answer =
          send(
              "POST",
              "/compatibility/subjects/" + encode(subject) + "/versions/latest?verbose=true",
              body(schema));
      List<String> messages = new ArrayList<>();
      answer.path("messages").forEach(m -> messages.add(m.asText()));
      return new Compatibility(answer.path("is_compatible").asBoolean(), messages);
    } catch (RegistryException e) {
      if (e.status() == 404) {
        return new Compatibility(true, List.of());
      }
      throw e;
    }
  }

  /** The subject's own compatibility level, such as {@code BACKWARD}, if it has one. */
  public Optional<String> compatibilityLevel(String subject) {
    try {
      return Optional.of(
          send("GET", "/config/" + encode(subject), null).path("compatibilityLevel").asText());
    } catch (RegistryException e) {
      if (e.status() == 404) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** Sets the subject's compatibility level; the subject need not exist. */
  public void setCompatibilityLevel(String subject, String level) {
    ObjectNode body = JSON.createObjectNode().put("compatibility", level);
    send("PUT", "/config/" + encode(subject), body.toString());
  }

  /** Deletes a subject with all its versions; nothing happens if it does not exist. */
  public void delete(String subject) {
    ids.keySet().removeIf(k -> k.subject().equals(subject));
    for (String permanent : List.of("", "?permanent=true")) {
      try {
        send("DELETE", "/subjects/" + encode(subject) + permanent, null);
      } catch (RegistryException e) {
        if (e.status() != 404) {
          throw e;
        }
      }
    }
  }

  private static String body(Schema schema) {
    return JSON.createObjectNode().put("schema", schema.toString()).toString();
  }

  private static Schema parse(String text, String what) {
    try {
      return new Schema.Parser().parse(text);
    } catch (RuntimeException e) {
      throw new RegistryException(
          what + ": the registry's answer is not an Avro schema: " + e.getMessage(), 200, false, e);
    }
  }

  private static String encode(String subject) {
    return URLEncoder.encode(subject, StandardCharsets.UTF_8).replace("+", "%20");
  }

  private JsonNode send(String method, String path, String body) {
    Outage before = outage;
    if (before != null && System.nanoTime() - before.at() < rest.toNanos()) {
      throw before.failure();
    }
    long until = System.nanoTime() + deadline.toNanos();
    long pause = 50;
    while (true) {
      RegistryException failure;
      try {
        return once(method, path, body, until);
      } catch (RegistryException e) {
        failure = e;
      }
      long wait = pause / 2 + ThreadLocalRandom.current().nextLong(pause);
      if (!failure.retryable()
          || System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(wait) >= until) {
        if (failure.status() == 0 && failure.retryable()) {
          outage = new Outage(failure, System.nanoTime());
        }
        throw failure;
      }
      try {
        TimeUnit.MILLISECONDS.sleep(wait);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw failure;
      }
      pause = Math.min(2000, pause * 2);
    }
  }

  private JsonNode once(String method, String path, String body, long until) {
    Duration left = Duration.ofNanos(Math.max(1_000_000, until - System.nanoTime()));
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(url + path))
            .timeout(left)
            .header("Accept", CONTENT_TYPE + ", application/json")
            .method(
                method,
                body == null
                    ? HttpRequest.BodyPublishers.noBody()
                    : HttpRequest.BodyPublishers.ofString(body));
    if (body != null) {
      request.header("Content-Type", CONTENT_TYPE);
    }
    authorization.ifPresent(a -> request.header("Authorization", a));
    String what = "schema registry " + url + ": " + method + " " + path;
    HttpResponse<String> response;
    try {
      response = http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      String reason = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
      throw new RegistryException(what + ": no answer: " + reason, 0, true, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RegistryException(what + ": interrupted", 0, false, e);
    }
    int status = response.statusCode();
    if (status / 100 != 2) {
      throw new RegistryException(
          what + ": " + status + " " + message(response.body()),
          status,
          status == 429 || status >= 500,
          null);
    }
    try {
      return JSON.readTree(response.body());
    } catch (IOException e) {
      throw new RegistryException(what + ": the answer is not JSON", status, false, e);
    }
  }

  private static String message(String body) {
    try {
      String message = JSON.readTree(body).path("message").asText("");
      return message.isEmpty() ? body.strip() : message;
    } catch (IOException e) {
      return body.strip();
    }
  }
}
