package dev.millrace.benchmark.sources;

import dev.millrace.examples.apis.Answer;
import dev.millrace.examples.apis.ApiServer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Clock;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * A backfill, a window a request, a thousand records a window; the bare client asks for the same
 * and counts braces.
 */
final class RestSource implements Source {
  private static final int PER_WINDOW = 1000;
  private static final Instant FROM = Instant.parse("2026-01-01T00:00:00Z");

  private final int windows;
  private Stack stack;
  private ApiServer api;

  RestSource(int records) {
    this.windows = Math.max(1, records / PER_WINDOW);
  }

  @Override
  public String name() {
    return "rest";
  }

  @Override
  public int records() {
    return windows * PER_WINDOW;
  }

  @Override
  public void open(Stack given) {
    stack = given;
    StringBuilder body = new StringBuilder("[");
    for (int i = 0; i < PER_WINDOW; i++) {
      body.append(i == 0 ? "" : ",").append(new Event(i).json());
    }
    Answer answer = Answer.json(body.append(']').toString());
    api = new ApiServer(0, Clock.systemUTC()).on("/events", r -> answer);
  }

  @Override
  public Optional<Double> bare() throws Exception {
    HttpClient client = HttpClient.newHttpClient();
    HttpRequest request = HttpRequest.newBuilder(URI.create(api.url() + "/events")).build();
    long began = System.nanoTime();
    int found = 0;
    for (int window = 0; window < windows; window++) {
      byte[] body = client.send(request, HttpResponse.BodyHandlers.ofByteArray()).body();
      for (byte b : body) {
        found += b == '{' ? 1 : 0;
      }
    }
    double seconds = (System.nanoTime() - began) / 1e9;
    if (found != records()) {
      throw new IOException("found " + found + " records, " + records() + " expected");
    }
    return Optional.of(seconds);
  }

  @Override
  public Stack.Arrival connector(int round) throws Exception {
    String topic = "rest-" + round;
    stack.topics(topic, topic + ".dead");
    Map<String, String> config = stack.source(topic);
    config.put("connector.class", "dev.millrace.connect.rest.RestSourceConnector");
    config.put("url", api.url() + "/events?from={window.start}");
    config.put("backfill.from", FROM.toString());
    config.put("backfill.to", FROM.plusSeconds(60L * windows).toString());
    config.put("backfill.window.ms", "60000");
    stack.put(topic, config);
    Stack.Arrival arrival = stack.arrival(topic, 0, records());
    stack.delete(topic);
    stack.deleteTopics(topic);
    return arrival;
  }

  @Override
  public void close() {
    if (api != null) {
      api.close();
    }
  }
}
