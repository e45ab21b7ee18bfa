package dev.millrace.controller;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import dev.millrace.engine.DirectoryPlan;
import dev.millrace.engine.PlanExchange;
import dev.millrace.engine.Preview;
import dev.millrace.model.ManifestReader;
import dev.millrace.model.Pipeline;
import dev.millrace.planner.Changes;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers the API server's question on a dry run that asks for a plan: see {@link PlanExchange}. It
 * lets everything pass, and touches nothing but that one annotation of an object that is not kept;
 * without it, Pipelines are applied as ever. The requests are {@code AdmissionReview}s of {@code
 * admission.k8s.io/v1}.
 */
public final class PlanWebhook implements AutoCloseable {
  static final String PATH = "/plan";

  private static final Logger log = LoggerFactory.getLogger(PlanWebhook.class);
  private static final ObjectMapper JSON = new ObjectMapper();

  /** The API server takes no object of more than 3 MiB; a review holds it twice. */
  private static final int MOST_BYTES = 8 << 20;

  /** Makes plans. */
  interface Planning {
    /**
     * What would happen if the Pipeline were applied. Writes nothing.
     *
     * @param configMaps in place of those of the namespace
     * @throws IOException if that can not be said, in words for people
     */
    DirectoryPlan plan(Pipeline pipeline, Map<String, Map<String, String>> configMaps)
        throws IOException, InterruptedException;
  }

  private final Planning planning;
  private final TlsEndpoint endpoint;

  /**
   * Listens from now on.
   *
   * @param certificates as {@link Tls#of} takes them
   */
  PlanWebhook(InetSocketAddress address, Path certificates, Planning planning)
      throws IOException, GeneralSecurityException {
    this.planning = planning;
    this.endpoint = new TlsEndpoint(address, certificates, PATH, 4, this::handle);
  }

  /** The port it listens on. */
  public int port() {
    return endpoint.port();
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      byte[] body = exchange.getRequestBody().readNBytes(MOST_BYTES + 1);
      JsonNode request = body.length > MOST_BYTES ? null : JSON.readTree(body).get("request");
      if (!exchange.getRequestMethod().equals("POST") || request == null) {
        exchange.sendResponseHeaders(400, -1);
        return;
      }
      byte[] answer = JSON.writeValueAsBytes(review(request));
      exchange.getResponseHeaders().set("Content-Type", "application/json");
      exchange.sendResponseHeaders(200, answer.length);
      exchange.getResponseBody().write(answer);
    } catch (RuntimeException e) {
      log.error("a plan was asked for and could not be made", e);
      throw e;
    }
  }

  private ObjectNode review(JsonNode request) throws IOException {
    ObjectNode review = JSON.createObjectNode();
    review.put("apiVersion", "admission.k8s.io/v1").put("kind", "AdmissionReview");
    ObjectNode response = review.putObject("response");
    response.put("uid", request.path("uid").asText());
    response.put("allowed", true);
    JsonNode ask = request.at("/object/metadata/annotations").get(PlanExchange.ASK);
    if (ask == null || !request.path("dryRun").asBoolean()) {
      return review;
    }
    ArrayNode patch = JSON.createArrayNode();
    patch.addObject().put("op", "remove").put("path", pointer(PlanExchange.ASK));
    patch
        .addObject()
        .put("op", "add")
        .put("path", pointer(PlanExchange.PLANNED))
        .put("value", answer(request, ask.asText()));
    response.put("patchType", "JSONPatch");
    response.put("patch", Base64.getEncoder().encodeToString(JSON.writeValueAsBytes(patch)));
    return review;
  }

  private static String pointer(String annotation) {
    return "/metadata/annotations/" + annotation.replace("~", "~0").replace("/", "~1");
  }

  private String answer(JsonNode request, String ask) throws IOException {
    try {
      ManifestReader.Read<Pipeline> read = ManifestReader.pipeline(request.path("object"));
      if (!read.problems().isEmpty()) {
        return PlanExchange.planned(
            DirectoryPlan.of(
                List.of(
                    new Preview(
                        request.path("name").asText(), read.problems(), Map.of(), Changes.NONE))));
      }
      Pipeline pipeline = read.resource();
      pipeline.getMetadata().setNamespace(request.path("namespace").asText());
      return PlanExchange.planned(planning.plan(pipeline, PlanExchange.asked(ask)));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return PlanExchange.failed("the operator is stopping");
    } catch (IOException e) {
      return PlanExchange.failed(e.getMessage());
    }
  }

  @Override
  public void close() {
    endpoint.close();
  }
}
