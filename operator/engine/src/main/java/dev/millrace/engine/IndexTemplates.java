package dev.millrace.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.engine.StepResult.Failure;
import dev.millrace.planner.Resource.IndexTemplate;
import java.io.IOException;
import java.util.Optional;
import org.apache.http.HttpHost;
import org.elasticsearch.client.Request;
import org.elasticsearch.client.Response;
import org.elasticsearch.client.ResponseException;
import org.elasticsearch.client.RestClient;

/**
 * Elasticsearch's index templates. Which plan one follows stands in its {@code _meta}: it is put
 * only if that differs, and one without was not made by us.
 */
final class IndexTemplates implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String OWNER = "millrace_pipeline";
  private static final String HASH = "millrace_hash";

  private final RestClient client;

  IndexTemplates(String url) {
    this.client =
        RestClient.builder(HttpHost.create(url))
            .setRequestConfigCallback(c -> c.setConnectTimeout(2000).setSocketTimeout(8000))
            .build();
  }

  StepResult apply(IndexTemplate wanted, String owner) throws BackendException {
    Optional<JsonNode> now = get(wanted.name());
    if (now.isPresent()) {
      JsonNode meta = now.get().path("_meta");
      if (!owner.equals(meta.path(OWNER).asText(""))) {
        return StepResult.failed(
            Failure.CONFLICT,
            "index template "
                + wanted.name()
                + " is there already and was not made for pipeline "
                + owner);
      }
      if (wanted.hash().equals(meta.path(HASH).asText())) {
        return StepResult.READY;
      }
    }
    ObjectNode body = wanted.body().deepCopy();
    body.putObject("_meta").put(OWNER, owner).put(HASH, wanted.hash());
    Request request = new Request("PUT", "/_index_template/" + wanted.name());
    request.setJsonEntity(body.toString());
    send(request);
    return StepResult.READY;
  }

  private Optional<JsonNode> get(String name) throws BackendException {
    Request request = new Request("GET", "/_index_template/" + name);
    request.addParameter("ignore", "404");
    JsonNode found = send(request).at("/index_templates/0/index_template");
    return found.isMissingNode() ? Optional.empty() : Optional.of(found);
  }

  private JsonNode send(Request request) throws BackendException {
    String what = "Elasticsearch: " + request.getMethod() + " " + request.getEndpoint();
    try {
      Response response = client.performRequest(request);
      return JSON.readTree(response.getEntity().getContent());
    } catch (ResponseException e) {
      int status = e.getResponse().getStatusLine().getStatusCode();
      throw new BackendException(
          status == 429 || status >= 500 ? Failure.TRANSIENT : Failure.EXTERNAL,
          what + ": " + e.getMessage().lines().reduce((a, b) -> b).orElse(""),
          e);
    } catch (IOException e) {
      throw BackendException.transientFailure(
          what + ": no answer: " + (e.getMessage() == null ? e.toString() : e.getMessage()), e);
    }
  }

  @Override
  public void close() throws IOException {
    client.close();
  }
}
