package dev.millrace.console;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * What the page of a cluster shows: what the operator has observed of one Platform's pipelines. It
 * is asked by HTTP with a token, and only while somebody looks; no permission in the cluster and no
 * credentials of a backend are needed for it. The documents are those of the operator's {@code
 * ObservedEndpoint}.
 */
public final class OperatorData implements ConsoleData {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration FRESH = Duration.ofSeconds(1);
  private static final Duration DEADLINE = Duration.ofSeconds(9);
  private static final int MISDIRECTED = 421;
  private static final int TRIES = 8;

  private final URI observed;
  private final Path token;
  private final HttpClient http;
  private final ShortMemory memory = new ShortMemory();

  /** All that is shown without being asked for by name, and the dashboards in it. */
  private record Overview(JsonNode document, SavedObjects.Dashboards dashboards) {
    Stream<JsonNode> pipelines() {
      return all(document.path("pipelines"));
    }
  }

  /**
   * Asks an operator.
   *
   * @param observed such as {@code https://HOST:8444/observed/NAMESPACE/PLATFORM}
   * @param token a file with what the operator knows us by; read again for each question
   * @param http verifies the operator's certificate
   */
  public OperatorData(URI observed, Path token, HttpClient http) {
    this.observed = observed;
    this.token = token;
    this.http = http;
  }

  @Override
  public JsonNode status() throws Unavailable {
    ObjectNode status = JSON.createObjectNode();
    ArrayNode services = status.putArray("services");
    for (JsonNode backend : overview().document().path("backends")) {
      services
          .addObject()
          .put("name", backend.path("name").asText())
          .put("state", backend.path("state").asText())
          .put("endpoint", backend.path("version").asText())
          .put("message", backend.path("message").asText());
    }
    return status;
  }

  @Override
  public JsonNode graph() throws Unavailable {
    ObjectNode graphs = JSON.createObjectNode();
    ArrayNode out = graphs.putArray("pipelines");
    overview()
        .pipelines()
        .forEach(
            pipeline -> {
              ObjectNode graph = pipeline.path("graph").deepCopy();
              for (JsonNode entry : pipeline.path("dashboards")) {
                DashboardNodes.add(
                    graph,
                    SavedObjects.parse(entry.path("export").asText()),
                    entry.path("state").asText(),
                    entry.path("message").asText());
              }
              out.add(graph);
            });
    return graphs;
  }

  @Override
  public SavedObjects.Dashboards dashboards() throws Unavailable {
    return overview().dashboards();
  }

  @Override
  public Set<String> indices() throws Unavailable {
    return overview()
        .pipelines()
        .flatMap(p -> all(p.at("/graph/nodes")))
        .filter(n -> n.path("type").asText().equals("sink"))
        .map(n -> n.path("index").asText())
        .collect(Collectors.toCollection(TreeSet::new));
  }

  @Override
  public Optional<URI> elasticsearch() throws Unavailable {
    return Optional.of(URI.create(overview().document().path("elasticsearch").asText()));
  }

  @Override
  public Optional<JsonNode> component(String pipeline, String name) throws Unavailable {
    return ask("pipelines", pipeline, "components", name);
  }

  @Override
  public Optional<JsonNode> stream(String pipeline, String name) throws Unavailable {
    return ask("pipelines", pipeline, "streams", name);
  }

  @Override
  public Optional<JsonNode> lineage(String pipeline) throws Unavailable {
    return ask("pipelines", pipeline, "lineage");
  }

  @Override
  public JsonNode connectors() throws Unavailable {
    ArrayNode out = JSON.createArrayNode();
    overview().pipelines().flatMap(p -> all(p.path("connectors"))).forEach(out::add);
    return out;
  }

  @Override
  public JsonNode jobs() throws Unavailable {
    ArrayNode out = JSON.createArrayNode();
    overview().pipelines().filter(p -> p.has("job")).map(p -> p.path("job")).forEach(out::add);
    return out;
  }

  @Override
  public JsonNode topics() throws Unavailable {
    return ask("topics").orElseGet(JSON::createArrayNode);
  }

  @Override
  public Optional<JsonNode> records(String topic, int limit) throws Unavailable {
    return ask("topics", topic, "records", Integer.toString(limit));
  }

  /** Logs are the pods', which only the cluster's own permissions open: this says how. */
  @Override
  public Optional<JsonNode> log(String pipeline, String component, boolean whole)
      throws Unavailable {
    Optional<JsonNode> node =
        overview()
            .pipelines()
            .flatMap(p -> all(p.at("/graph/nodes")))
            .filter(n -> n.path("name").asText().equals(component))
            .filter(n -> !n.path("type").asText().equals("stream"))
            .findFirst();
    if (node.isEmpty()) {
      return Optional.empty();
    }
    boolean transform = node.get().path("type").asText().equals("transform");
    ObjectNode out = JSON.createObjectNode();
    out.put("service", transform ? "Spark's driver" : "Connect");
    out.put("whole", whole);
    String namespace = observed.getPath().split("/")[2];
    out.putArray("lines")
        .add(
            transform
                ? "kubectl -n "
                    + namespace
                    + " logs -l millrace.dev/pipeline="
                    + pipeline
                    + ",spark-role=driver"
                : "It is in the log of Connect's pods.");
    return Optional.of(out);
  }

  private Overview overview() throws Unavailable {
    try {
      return memory.get(
          "",
          FRESH,
          () -> {
            JsonNode document =
                ask()
                    .orElseThrow(
                        () ->
                            new Unavailable(
                                "the operator does not look at " + observed.getPath(), null));
            return new Overview(
                document,
                SavedObjects.parse(
                    all(document.path("pipelines"))
                        .flatMap(p -> all(p.path("dashboards")))
                        .map(d -> d.path("export").asText())
                        .collect(Collectors.joining("\n"))));
          });
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Unavailable unavailable) {
        throw unavailable;
      }
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Unavailable("the console is stopping", e);
    }
  }

  private static Stream<JsonNode> all(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false);
  }

  /** Of several processes of the operator, one leads; a Service asks any of them. */
  private Optional<JsonNode> ask(String... path) throws Unavailable {
    String uri =
        Stream.concat(
                Stream.of(observed.toString()),
                Stream.of(path).map(p -> URLEncoder.encode(p, StandardCharsets.UTF_8)))
            .collect(Collectors.joining("/"));
    try {
      HttpRequest request =
          HttpRequest.newBuilder(URI.create(uri))
              .timeout(DEADLINE)
              .header("Authorization", "Bearer " + Files.readString(token).strip())
              .build();
      HttpResponse<byte[]> response = null;
      for (int left = TRIES; left > 0; left--) {
        response = http.send(request, HttpResponse.BodyHandlers.ofByteArray());
        if (response.statusCode() != MISDIRECTED) {
          break;
        }
      }
      return switch (response.statusCode()) {
        case 200 -> Optional.of(JSON.readTree(response.body()));
        case 404 -> Optional.empty();
        case 401 -> throw new Unavailable("the operator does not know the token of " + token, null);
        case MISDIRECTED -> throw new Unavailable("no operator leads at the moment", null);
        default -> throw new Unavailable(new String(response.body(), StandardCharsets.UTF_8), null);
      };
    } catch (IOException e) {
      throw new Unavailable("the operator does not answer: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Unavailable("the console is stopping", e);
    }
  }
}
