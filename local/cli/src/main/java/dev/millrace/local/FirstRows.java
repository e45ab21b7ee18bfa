package dev.millrace.local;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.model.Pipeline;
import dev.millrace.services.ElasticsearchService;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Notices when an index first has a document that a search finds: when the page shows something.
 */
final class FirstRows {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final ElasticsearchService elasticsearch;
  private final Set<String> seen = new HashSet<>();
  private final HttpClient http =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(1)).build();

  FirstRows(ElasticsearchService elasticsearch) {
    this.elasticsearch = elasticsearch;
  }

  /** What to say of indices whose first rows are there now. */
  List<String> look(Pipeline pipeline) throws InterruptedException {
    List<String> lines = new ArrayList<>();
    for (Pipeline.Sink sink : pipeline.getSpec().sinks()) {
      String index = sink.elasticsearch().index();
      if (!seen.contains(index) && hasRows(index)) {
        seen.add(index);
        lines.add("rows in " + index);
      }
    }
    return lines;
  }

  private boolean hasRows(String index) throws InterruptedException {
    if (elasticsearch.endpoint().isEmpty()) {
      return false;
    }
    URI uri = URI.create(elasticsearch.endpoint().get() + "/" + index + "/_count");
    try {
      HttpResponse<byte[]> response =
          http.send(
              HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(2)).build(),
              HttpResponse.BodyHandlers.ofByteArray());
      return response.statusCode() == 200
          && JSON.readTree(response.body()).path("count").asLong() > 0;
    } catch (IOException e) {
      return false;
    }
  }
}
