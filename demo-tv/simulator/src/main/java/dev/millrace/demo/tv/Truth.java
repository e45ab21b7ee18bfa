package dev.millrace.demo.tv;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
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
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.function.LongFunction;
import java.util.function.ToLongFunction;
import org.apache.avro.generic.GenericRecord;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Compares what Elasticsearch says was viewed with the truth: a {@link Sweep} over the event list
 * as it was written to Kafka, and the schedule and the ad slots as they are in the database. Exits
 * with 1 if any sum by show, by user, by channel and minute, by ad, or by user and ad differs by a
 * microsecond, if an ad has another number of complete or partial views, or if a stream holds an
 * identity twice.
 */
@Command(
    name = "truth",
    mixinStandardHelpOptions = true,
    description = "Compares Elasticsearch's totals with an independent sweep over the events.",
    exitCodeOnInvalidInput = 2)
public final class Truth implements Callable<Integer> {
  private static final LongFunction<String> SECONDS = micros -> "%,.6f s".formatted(micros / 1e6);
  private static final LongFunction<String> VIEWS = "%,d views"::formatted;

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

  @Option(names = "--ads-index", description = "default: ${DEFAULT-VALUE}")
  String adsIndex = "tv-ad-views";

  @Option(names = "--timeout-minutes", description = "of a viewing (default: ${DEFAULT-VALUE})")
  long timeoutMinutes = 30;

  @Option(
      names = "--without-event",
      description = "leave the Nth event out of the truth, to see the comparison fail")
  Integer withoutEvent;

  @Option(
      names = "--without-ad-event",
      description = "likewise the Nth that turned to a channel while an ad was on")
  Integer withoutAdEvent;

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
    Map<String, Integer> users;
    Plan schedule;
    Plan slots;
    try (Connection connection = Database.open(Files.readString(databaseUrlFile))) {
      users = users(connection);
      schedule = plan(connection, "schedule", "schedule_id", "show_id");
      slots = plan(connection, "ad_slots", "slot_id", "ad_id");
    }
    if (withoutAdEvent != null) {
      Event event =
          events.stream()
              .filter(e -> e.opens() && slots.on(e.channel(), e.at()))
              .skip(withoutAdEvent)
              .findFirst()
              .orElseThrow(() -> new IOException("there are not so many such events"));
      events.remove(event);
      System.out.println("left out of the truth: " + event);
    }
    ShowTotals shows = new ShowTotals(users, schedule);
    AdTotals ads = new AdTotals(users, slots);
    new Sweep(Duration.ofMinutes(timeoutMinutes).toMillis() * 1000)
        .viewings(
            events,
            viewing -> {
              shows.add(viewing);
              ads.add(viewing);
            });
    System.out.printf("events written: %,d, of them late: %,d%n", written, lateCount);
    System.out.printf("viewed, by the truth: %,.6f s%n", shows.all() / 1e6);

    request("POST", "/" + showIndex + "," + minutesIndex + "," + adsIndex + "/_refresh", null);
    compare("show", shows.byShow(), sums(showIndex, "show_id"), SECONDS);
    compare("user", shows.byUser(), sums(showIndex, "user_id"), SECONDS);
    compare(
        "channel and minute",
        shows.byChannelMinute(),
        sums(minutesIndex, "channel_id", "minute"),
        SECONDS);
    compare("ad", ads.byAd(), sums(adsIndex, "ad_id"), SECONDS);
    compare("user and ad", ads.byUserAndAd(), sums(adsIndex, "user_id", "ad_id"), SECONDS);
    compare("ad, complete or not", ads.counts(), counts(adsIndex, "ad_id", "complete"), VIEWS);
    for (String stream : List.of("viewings", "show_views", "ad_slices")) {
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

  private static Map<String, Integer> users(Connection connection) throws SQLException {
    Map<String, Integer> users = new HashMap<>();
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("SELECT device_id, user_id FROM devices")) {
      while (rows.next()) {
        users.put(rows.getString(1), rows.getInt(2));
      }
    }
    return users;
  }

  private static Plan plan(Connection connection, String table, String id, String shown)
      throws SQLException {
    List<Plan.Entry> entries = new ArrayList<>();
    String sql =
        "SELECT %s, channel_id, %s, starts_at, ends_at FROM %s".formatted(id, shown, table);
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      while (rows.next()) {
        entries.add(
            new Plan.Entry(
                rows.getInt(1),
                rows.getString(2),
                rows.getInt(3),
                micros(rows, 4),
                micros(rows, 5)));
      }
    }
    return new Plan(entries);
  }

  private static long micros(ResultSet rows, int column) throws SQLException {
    return rows.getObject(column, LocalDateTime.class).toEpochSecond(ZoneOffset.UTC) * 1_000_000;
  }

  /** Microseconds by the values of the fields. */
  private Map<String, Long> sums(String index, String... fields)
      throws IOException, InterruptedException {
    return grouped(
        index, bucket -> Math.round(bucket.at("/seconds/value").asDouble() * 1e6), fields);
  }

  /** Documents by the values of the fields. */
  private Map<String, Long> counts(String index, String... fields)
      throws IOException, InterruptedException {
    return grouped(index, bucket -> bucket.path("doc_count").asLong(), fields);
  }

  private Map<String, Long> grouped(String index, ToLongFunction<JsonNode> figure, String... fields)
      throws IOException, InterruptedException {
    ObjectNode body = json.createObjectNode().put("size", 0);
    ObjectNode by = body.putObject("aggs").putObject("by");
    ObjectNode composite = by.putObject("composite").put("size", 10_000);
    ArrayNode sources = composite.putArray("sources");
    for (String field : fields) {
      // Without the value there is a row, too.
      sources
          .addObject()
          .putObject(field)
          .putObject("terms")
          .put("field", field)
          .put("missing_bucket", true);
    }
    by.putObject("aggs").putObject("seconds").putObject("sum").put("field", "seconds");
    Map<String, Long> figures = new TreeMap<>();
    while (true) {
      JsonNode answer =
          request("POST", "/" + index + "/_search", body.toString()).at("/aggregations/by");
      for (JsonNode bucket : answer.path("buckets")) {
        List<String> key = new ArrayList<>();
        bucket.path("key").forEach(value -> key.add(value.asText()));
        figures.put(String.join(" ", key), figure.applyAsLong(bucket));
      }
      if (!answer.has("after_key")) {
        return figures;
      }
      composite.set("after", answer.get("after_key"));
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

  private void compare(
      String what, Map<String, Long> truth, Map<String, Long> found, LongFunction<String> unit) {
    Set<String> keys = new TreeSet<>(truth.keySet());
    keys.addAll(found.keySet());
    int wrong = 0;
    for (String key : keys) {
      long expected = truth.getOrDefault(key, 0L);
      long actual = found.getOrDefault(key, 0L);
      if (expected != actual) {
        if (wrong++ < 5) {
          System.out.printf(
              "  %s %s: truth %s, Elasticsearch %s%n",
              what, key, unit.apply(expected), unit.apply(actual));
        }
      }
    }
    differences += wrong;
    System.out.printf(
        "by %s: %,d sums, %s in Elasticsearch, %s%n",
        what,
        found.size(),
        unit.apply(found.values().stream().mapToLong(Long::longValue).sum()),
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
}
