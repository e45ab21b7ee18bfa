package dev.millrace.benchmark;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.stream.Collectors;

/** Kafka Connect's REST API, as far as the operator uses it: what is configured runs at once. */
public final class ConnectStandIn extends StandIn {
  /** Counted so: a look at all connectors. */
  public static final String LIST = "list";

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Map<String, Entry> connectors = new ConcurrentSkipListMap<>();

  private record Entry(String config, String state) {
    String expanded(String name) {
      String tasks =
          state.equals("STOPPED")
              ? ""
              : "{\"id\":0,\"state\":\"" + state + "\",\"worker_id\":\"127.0.0.1:8083\"}";
      return "\""
          + name
          + "\":{\"info\":{\"name\":\""
          + name
          + "\",\"config\":"
          + config
          + ",\"tasks\":[],\"type\":\"source\"},\"status\":{\"name\":\""
          + name
          + "\",\"connector\":{\"state\":\""
          + state
          + "\",\"worker_id\":\"127.0.0.1:8083\"},\"tasks\":["
          + tasks
          + "],\"type\":\"source\"}}";
    }
  }

  /** Listens from now on, and answers after a delay. */
  public ConnectStandIn(Duration delay) throws IOException {
    super(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), delay);
  }

  @Override
  String kind(String method, String path) {
    return method.equals("GET") && path.equals("/connectors") ? LIST : method;
  }

  @Override
  Answer answer(String method, String path, Optional<String> query, String body)
      throws IOException {
    if (path.equals("/")) {
      return Answer.ok("{\"version\":\"4.1.0\",\"commit\":\"0\",\"kafka_cluster_id\":\"c\"}");
    }
    if (path.equals("/connectors")) {
      return Answer.ok(
          connectors.entrySet().stream()
              .map(e -> e.getValue().expanded(e.getKey()))
              .collect(Collectors.joining(",", "{", "}")));
    }
    String[] parts = path.split("/");
    String name = parts[2];
    String of = parts.length > 3 ? parts[3] : "";
    Entry now = connectors.get(name);
    if (method.equals("PUT") && of.equals("config")) {
      connectors.put(name, new Entry(JSON.readTree(body).toString(), "RUNNING"));
      return new Answer(201, "{}");
    }
    if (now == null) {
      return Answer.missing();
    }
    switch (method + " " + of) {
      case "DELETE " -> connectors.remove(name);
      case "PUT stop" -> connectors.put(name, new Entry(now.config(), "STOPPED"));
      case "PUT pause" -> connectors.put(name, new Entry(now.config(), "PAUSED"));
      case "PUT resume" -> connectors.put(name, new Entry(now.config(), "RUNNING"));
      case "GET config" -> {
        return Answer.ok(now.config());
      }
      case "GET offsets" -> {
        return Answer.ok("{\"offsets\":[]}");
      }
      default -> {}
    }
    return Answer.ok("{}");
  }
}
