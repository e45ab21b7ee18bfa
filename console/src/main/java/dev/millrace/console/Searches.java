package dev.millrace.console;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Searches for the page: only {@code _search}, only in the pipelines' own indices. */
final class Searches {
  static final int MAX_QUERY_BYTES = 64 * 1024;
  private static final int MAX_ANSWER_BYTES = 16 * 1024 * 1024;
  private static final Duration DEADLINE = Duration.ofSeconds(10);
  private static final Duration REMEMBERED = Duration.ofSeconds(2);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final ConsoleData data;
  private final ShortMemory memory = new ShortMemory();
  private final HttpClient http;

  /** What goes back to the page. */
  record Answer(int status, String type, byte[] body) {
    static Answer text(int status, String text) {
      return new Answer(status, "text/plain", text.getBytes(StandardCharsets.UTF_8));
    }
  }

  private record Question(URI uri, String body) {}

  Searches(ConsoleData data) {
    this.data = data;
    // With threads of its own: those that serve wait for it.
    this.http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(2))
            .build();
  }

  /** How many searches went to Elasticsearch. */
  long asked() {
    return memory.asked();
  }

  /**
   * Searches.
   *
   * @param pattern the index pattern that a dashboard names
   * @param body of at most {@link #MAX_QUERY_BYTES}
   */
  Answer search(String pattern, byte[] body) throws InterruptedException {
    try {
      return known(pattern, body);
    } catch (ConsoleData.Unavailable e) {
      return Answer.text(503, e.getMessage());
    }
  }

  private Answer known(String pattern, byte[] body)
      throws InterruptedException, ConsoleData.Unavailable {
    if (!data.dashboards().indices().contains(pattern)) {
      return Answer.text(403, "no dashboard reads this index");
    }
    List<String> indices = indices(pattern);
    if (indices.isEmpty()) {
      return Answer.text(403, "no sink of the pipelines writes to an index '" + pattern + "'");
    }
    String text;
    try {
      JsonNode query = JSON.readTree(body);
      if (leadsElsewhere(query)) {
        return Answer.text(403, "this query reads a document of another index");
      }
      text = query.toString();
    } catch (IOException e) {
      return Answer.text(
          400,
          "the query is not JSON: "
              + (e instanceof JsonProcessingException p ? p.getOriginalMessage() : ""));
    }
    Optional<URI> base = data.elasticsearch();
    if (base.isEmpty()) {
      return Answer.text(503, "Elasticsearch is not up yet");
    }
    String path =
        indices.stream()
            .map(i -> URLEncoder.encode(i, StandardCharsets.UTF_8))
            .collect(Collectors.joining(","));
    URI uri =
        URI.create(
            base.get().toString().replaceAll("/+$", "")
                + "/"
                + path
                + "/_search?ignore_unavailable=true&allow_no_indices=true&timeout=8s");
    try {
      return memory.get(new Question(uri, text), REMEMBERED, () -> send(uri, text));
    } catch (ExecutionException e) {
      return Answer.text(503, "Elasticsearch does not answer");
    }
  }

  /** A pattern is searched as the pipelines' indices that it means, and so leads to no others. */
  private List<String> indices(String pattern) throws ConsoleData.Unavailable {
    Pattern regex =
        Pattern.compile(
            Arrays.stream(pattern.split(","))
                .map(
                    one ->
                        Arrays.stream(one.strip().split("\\*", -1))
                            .map(Pattern::quote)
                            .collect(Collectors.joining(".*")))
                .collect(Collectors.joining("|")));
    return data.indices().stream().filter(i -> regex.matcher(i).matches()).sorted().toList();
  }

  /**
   * Terms lookups, indexed shapes and the like name a document by index and id; a PIT, an index.
   */
  private static boolean leadsElsewhere(JsonNode node) {
    if (node.isObject()
        && (node.has("pit")
            || node.path("index").isTextual() && node.has("id")
            || node.has("_index"))) {
      return true;
    }
    for (JsonNode child : node) {
      if (leadsElsewhere(child)) {
        return true;
      }
    }
    return false;
  }

  private Answer send(URI uri, String body) throws IOException, InterruptedException {
    HttpResponse<InputStream> response =
        http.send(
            HttpRequest.newBuilder(uri)
                .timeout(DEADLINE)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build(),
            HttpResponse.BodyHandlers.ofInputStream());
    try (InputStream in = response.body()) {
      byte[] answer = in.readNBytes(MAX_ANSWER_BYTES + 1);
      return answer.length > MAX_ANSWER_BYTES
          ? Answer.text(502, "the answer is larger than 16 MB: ask for less")
          : new Answer(response.statusCode(), "application/json", answer);
    }
  }
}
