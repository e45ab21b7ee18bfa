package dev.millrace.demo.tv;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.apache.avro.generic.GenericRecord;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Compares what Elasticsearch says was viewed with the truth: a {@link Sweep} over the event list
 * as it was written to Kafka and the schedule as it is in the database. Exits with 1 if any sum by
 * show, by user, or by channel and minute differs by a microsecond, or if a stream holds an
 * identity twice.
 */
@Command(
    name = "truth",
    mixinStandardHelpOptions = true,
    description = "Compares Elasticsearch's totals with an independent sweep over the events.",
    exitCodeOnInvalidInput = 2)
public final class Truth implements Callable<Integer> {
  @Option(names = "--bootstrap-servers", required = true, description = "Kafka")
  String bootstrapServers;

  @Option(names = "--registry", required = true, description = "Confluent-compatible base URL")
  String registry;

  @Option(names = "--elasticsearch", required = true, description = "base URL")
  String elasticsearch;

  @Option(
      names = "--database-url-file",
      required = true,
      description = "file holding mariadb://...")
  Path databaseUrlFile;

  @Option(
      names = "--prefix",
      description = "what the topics begin with (default: ${DEFAULT-VALUE})")
  String prefix = "tv.";

  @Option(names = "--show-index", description = "default: ${DEFAULT-VALUE}")
  String showIndex = "tv-show-views";

  @Option(names = "--minutes-index", description = "default: ${DEFAULT-VALUE}")
  String minutesIndex = "tv-viewing-minutes";

  @Option(names = "--timeout-minutes", description = "of a viewing (default: ${DEFAULT-VALUE})")
  long timeoutMinutes = 30;

  @Option(
      names = "--without-event",
      description = "leave the Nth event out of the truth, to see the comparison fail")
  Integer withoutEvent;

  private final ObjectMapper json = new ObjectMapper();
  private final HttpClient http = HttpClient.newHttpClient();
  private int differences;

  public static void main(String[] args) {
    System.exit(new CommandLine(new Truth()).execute(args));
  }

  @Override
  public Integer call() throws IOException, SQLException, InterruptedException {
    Topics topics = new Topics(bootstrapServers, registry);
    List<Event> events = new ArrayList<>();
    topics.readAll(prefix + "events", r -> events.add(event(topics.decode(r.value()))));
    Map<Event, Integer> late = new HashMap<>();
    topics.readAll(
        prefix + "viewings.late",
        r -> late.merge(event(topics.decode(r.value())), 1, Integer::sum));
    int written = events.size();
    int lateCount = late.values().stream().mapToInt(Integer::intValue).sum();
    // One occurrence for each late record: an event may be there twice and late once.
    events.removeIf(
        event -> {
          int left = late.getOrDefault(event, 0);
          late.put(event, left - 1);
          return left > 0;
        });
    if (withoutEvent != null) {
      System.out.println("left out of the truth: " + events.remove((int) withoutEvent));
    }
    Sweep.Totals truth = sweep().totals(events);
    System.out.printf("events written: %,d, of them late: %,d%n", written, lateCount);
    System.out.printf("viewed, by the truth: %,.6f s%n", truth.all() / 1e6);

    request("POST", "/" + showIndex + "," + minutesIndex + "/_refresh", null);
    compare("show", asText(truth.byShow()), sums(showIndex, "show_id"));
    compare("user", asText(truth.byUser()), sums(showIndex, "user_id"));
    compare("channel and minute", truth.byChannelMinute(), minutes());
    for (String stream : List.of("viewings", "show_views")) {
      identities(topics, prefix + stream);
    }
    System.out.println(differences == 0 ? "EQUAL" : "DIFFERENT: " + differences + " differences");
    return differences == 0 ? 0 : 1;
  }

  private static Event event(GenericRecord r) {
    Object channel = r.get("channel_id");
    return new Event(
        r.get("device_id").toString(),
        r.get("type").toString(),
        channel == null ? null : channel.toString(),
        (Long) r.get("at"));
  }

  private Sweep sweep() throws IOException, SQLException {
    Map<String, Integer> userOfDevice = new HashMap<>();
    List<Sweep.Programme> programmes = new ArrayList<>();
    try (Connection connection = Database.open(Files.readString(databaseUrlFile));
        Statement statement = connection.createStatement()) {
      try (ResultSet rows = statement.executeQuery("SELECT device_id, user_id FROM devices")) {
        while (rows.next()) {
          userOfDevice.put(rows.getString(1), rows.getInt(2));
        }
      }
      try (ResultSet rows =
          statement.executeQuery(
              "SELECT schedule_id, channel_id, show_id, starts_at, ends_at FROM schedule")) {
        while (rows.next()) {
          programmes.add(
              new Sweep.Programme(
                  rows.getInt(1),
                  rows.getString(2),
                  rows.getInt(3),
                  micros(rows, 4),
                  micros(rows, 5)));
        }
      }
    }
    return new Sweep(
        userOfDevice, programmes, Duration.ofMinutes(timeoutMinutes).toMillis() * 1000);
  }

  private static long micros(ResultSet rows, int column) throws SQLException {
    return rows.getObject(column, LocalDateTime.class).toEpochSecond(ZoneOffset.UTC) * 1_000_000;
  }

  private Map<String, Long> sums(String index, String field)
      throws IOException, InterruptedException {
    JsonNode answer =
        request(
            "POST",
            "/" + index + "/_search",
            "{\"size\":0,\"aggs\":{\"by\":{\"terms\":{\"field\":\""
                + field
                + "\",\"size\":60000},"
                + "\"aggs\":{\"seconds\":{\"sum\":{\"field\":\"seconds\"}}}}}}");
    Map<String, Long> sums = new TreeMap<>();
    for (JsonNode bucket : answer.at("/aggregations/by/buckets")) {
      sums.put(
          bucket.get("key").asText(), Math.round(bucket.at("/seconds/value").asDouble() * 1e6));
    }
    return sums;
  }

  private Map<String, Long> minutes() throws IOException, InterruptedException {
    Map<String, Long> sums = new TreeMap<>();
    String after = "";
    while (true) {
      JsonNode answer =
          request(
              "POST",
              "/" + minutesIndex + "/_search",
              "{\"size\":0,\"aggs\":{\"by\":{\"composite\":{\"size\":10000,\"sources\":["
                  + "{\"channel\":{\"terms\":{\"field\":\"channel_id\"}}},"
                  + "{\"minute\":{\"terms\":{\"field\":\"minute\"}}}]"
                  + after
                  + "},\"aggs\":{\"seconds\":{\"sum\":{\"field\":\"seconds\"}}}}}}");
      JsonNode by = answer.at("/aggregations/by");
      for (JsonNode bucket : by.get("buckets")) {
        String key = bucket.at("/key/channel").asText() + " " + bucket.at("/key/minute").asText();
        sums.put(key, Math.round(bucket.at("/seconds/value").asDouble() * 1e6));
      }
      if (!by.has("after_key")) {
        return sums;
      }
      after = ",\"after\":" + by.get("after_key");
    }
  }

  private JsonNode request(String method, String path, String body)
      throws IOException, InterruptedException {
    HttpRequest.BodyPublisher publisher =
        body == null
            ? HttpRequest.BodyPublishers.noBody()
            : HttpRequest.BodyPublishers.ofString(body);
    HttpResponse<String> response =
        http.send(
            HttpRequest.newBuilder(URI.create(elasticsearch + path))
                .header("Content-Type", "application/json")
                .method(method, publisher)
                .build(),
            HttpResponse.BodyHandlers.ofString());
    if (response.statusCode() != 200) {
      throw new IOException(path + " answers " + response.statusCode() + ": " + response.body());
    }
    return json.readTree(response.body());
  }

  private void compare(String what, Map<String, Long> truth, Map<String, Long> found) {
    Set<String> keys = new HashSet<>(truth.keySet());
    keys.addAll(found.keySet());
    int wrong = 0;
    for (String key : keys) {
      long expected = truth.getOrDefault(key, 0L);
      long actual = found.getOrDefault(key, 0L);
      if (expected != actual) {
        if (wrong++ < 5) {
          System.out.printf(
              "  %s %s: truth %,.6f s, Elasticsearch %,.6f s%n",
              what, key, expected / 1e6, actual / 1e6);
        }
      }
    }
    differences += wrong;
    System.out.printf(
        "by %s: %,d sums, %,.6f s in Elasticsearch, %s%n",
        what,
        found.size(),
        found.values().stream().mapToLong(Long::longValue).sum() / 1e6,
        wrong == 0 ? "all equal" : wrong + " differ");
  }

  private void identities(Topics topics, String topic) {
    Set<String> seen = new HashSet<>();
    int[] counts = new int[2];
    topics.readAll(
        topic,
        r -> {
          counts[0]++;
          if (!seen.add(HexFormat.of().formatHex(r.key()))) {
            counts[1]++;
          }
        });
    differences += counts[1];
    System.out.printf("%s: %,d records, %,d duplicate identities%n", topic, counts[0], counts[1]);
  }

  private static Map<String, Long> asText(Map<Integer, Long> sums) {
    Map<String, Long> text = new TreeMap<>();
    sums.forEach((k, v) -> text.put(Integer.toString(k), v));
    return text;
  }
}
