package dev.millrace.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.engine.StepResult.Failure;
import dev.millrace.planner.Diff;
import dev.millrace.planner.Observed;
import dev.millrace.planner.Resource.IndexTemplate;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.http.Header;
import org.apache.http.HttpHost;
import org.apache.http.message.BasicHeader;
import org.elasticsearch.client.Request;
import org.elasticsearch.client.Response;
import org.elasticsearch.client.ResponseException;
import org.elasticsearch.client.RestClient;

/**
 * Elasticsearch's index templates and the indices that are made from them. Whose they are stands in
 * their {@code _meta}: what has none was not made by us.
 */
final class IndexTemplates implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String OWNER = "millrace_pipeline";
  private static final String HASH = "millrace_hash";

  private final Access access;
  private final RestClient client;
  private final Map<String, Object> claims = new ConcurrentHashMap<>();

  IndexTemplates(String url, Access access) {
    this.access = access;
    this.client =
        RestClient.builder(HttpHost.create(url))
            .setRequestConfigCallback(c -> c.setConnectTimeout(2000).setSocketTimeout(8000))
            .setHttpClientConfigCallback(
                c -> access.trust().isPresent() ? c.setSSLContext(access.trust().get()) : c)
            .setDefaultHeaders(
                access.authorization().stream()
                    .map(a -> new BasicHeader("Authorization", a))
                    .toArray(Header[]::new))
            .build();
  }

  /** The template of a name, if there is one. */
  Optional<Observed.Template> template(String name) throws BackendException {
    return get(name)
        .map(
            t ->
                new Observed.Template(
                    t,
                    t.path("_meta").path(OWNER).asText(""),
                    t.path("_meta").path(HASH).asText("")));
  }

  /** The index of a name, if there is one. */
  Optional<Observed.Index> index(String name) throws BackendException {
    Request request = new Request("GET", "/" + name);
    request.addParameter("ignore", "404");
    request.addParameter("ignore_unavailable", "true");
    request.addParameter("flat_settings", "true");
    JsonNode index = send(request).path(name);
    if (index.isMissingNode()) {
      return Optional.empty();
    }
    Map<String, String> settings = new TreeMap<>();
    index
        .path("settings")
        .properties()
        .forEach(
            e -> settings.put(e.getKey().replaceFirst("^index\\.", ""), e.getValue().asText()));
    return Optional.of(
        new Observed.Index(
            index.at("/mappings/properties"),
            settings,
            index.at("/mappings/_meta").path(OWNER).asText("")));
  }

  /**
   * Puts a template, and has the index that is there already follow it.
   *
   * @param before whose it may be besides: who owned it when it was looked at
   * @throws BackendException a conflict, if another pipeline has made one of the name since
   */
  void put(IndexTemplate wanted, String owner, boolean index, String before)
      throws BackendException {
    // Pipelines have their turns at the same time, and may want the same name.
    synchronized (claims.computeIfAbsent(wanted.name(), n -> new Object())) {
      Optional<String> now = template(wanted.name()).map(Observed.Template::owner);
      if (now.isPresent() && !now.get().equals(owner) && !now.get().equals(before)) {
        throw new BackendException(
            Failure.CONFLICT,
            "index template "
                + wanted.name()
                + (now.get().isEmpty()
                    ? " was made by somebody else"
                    : " was made by pipeline " + now.get())
                + " meanwhile; name the index differently",
            null);
      }
      put(wanted, owner, index);
    }
  }

  private void put(IndexTemplate wanted, String owner, boolean index) throws BackendException {
    ObjectNode body = wanted.body().deepCopy();
    body.putObject("_meta").put(OWNER, owner).put(HASH, Diff.templateHash(wanted));
    body.withObject("/template/mappings/_meta").put(OWNER, owner);
    Request request = new Request("PUT", "/_index_template/" + wanted.name());
    request.setJsonEntity(body.toString());
    send(request);
    if (index) {
      ObjectNode mapping = JSON.createObjectNode();
      mapping.set("_meta", body.at("/template/mappings/_meta"));
      mapping.set("properties", body.at("/template/mappings/properties"));
      Request fields = new Request("PUT", "/" + wanted.name() + "/_mapping");
      fields.setJsonEntity(mapping.toString());
      send(fields);
      ObjectNode settings = body.at("/template/settings/index").deepCopy();
      settings.remove("number_of_shards");
      Request dynamic = new Request("PUT", "/" + wanted.name() + "/_settings");
      dynamic.setJsonEntity(JSON.createObjectNode().set("index", settings).toString());
      send(dynamic);
    }
  }

  void delete(String name) throws BackendException {
    Request request = new Request("DELETE", "/_index_template/" + name);
    request.addParameter("ignore", "404");
    send(request);
  }

  /** Makes an index from its template; nothing happens if a writer was faster. */
  void createIndex(String name) throws BackendException {
    Request request = new Request("PUT", "/" + name);
    request.addParameter("ignore", "400");
    send(request);
  }

  void deleteIndex(String name) throws BackendException {
    Request request = new Request("DELETE", "/" + name);
    request.addParameter("ignore", "404");
    request.addParameter("ignore_unavailable", "true");
    send(request);
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
          what + ": " + reason(e) + access.hint(status),
          e);
    } catch (IOException e) {
      throw BackendException.transientFailure(what + ": no answer: " + access.why(e), e);
    }
  }

  /** The last line is Elasticsearch's own; there is none if something else has answered. */
  private static String reason(ResponseException e) {
    return e.getMessage().lines().reduce((a, b) -> b).orElse("");
  }

  @Override
  public void close() throws IOException {
    client.close();
  }
}
