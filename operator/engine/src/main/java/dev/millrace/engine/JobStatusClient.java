package dev.millrace.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Optional;

/** Asks Spark jobs how they are, at the address where each of them says so. Thread safe. */
public final class JobStatusClient {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration CONNECTS_IN = Duration.ofSeconds(1);

  private final HttpClient http = HttpClient.newBuilder().connectTimeout(CONNECTS_IN).build();
  private final Duration answersIn;

  /**
   * A client.
   *
   * @param answersIn what does not answer within this is taken not to answer
   */
  public JobStatusClient(Duration answersIn) {
    this.answersIn = answersIn;
  }

  /** What the job says; empty if it does not answer in time, or not with a status. */
  public Optional<JsonNode> ask(URI address) {
    try {
      HttpResponse<byte[]> response =
          http.send(
              HttpRequest.newBuilder(address).timeout(answersIn).build(),
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
}
