package dev.millrace.connect.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.examples.apis.Answer;
import dev.millrace.examples.apis.ApiServer.Request;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.connect.source.SourceRecord;
import org.junit.jupiter.api.Test;

/** A task and a server that answers, over sockets. */
class RestTaskTest {
  private static final String WEATHER =
      """
      {"type":"record","name":"Weather","fields":[
       {"name":"city_id","type":"long"},{"name":"region","type":"string"},{"name":"temp","type":"double"},
       {"name":"conditions","type":["null","string"],"default":null},
       {"name":"asked","type":["null","string"],"default":null},
       {"name":"at","type":{"type":"long","logicalType":"timestamp-micros"}}]}
      """;
  private static final String WEATHER_FIELDS =
      """
      {"city_id":"/id","region":"{city.region}","temp":"/main/temp","conditions":"/weather/0/description",
       "asked":"{request.url}","at":"/dt"}
      """;
  private static final String CITIES =
      "[{\"id\":2643743,\"region\":\"London\"},{\"id\":2950159,\"region\":\"Berlin\"},{\"id\":2988507,\"region\":\"Île-de-France\"}]";

  private static TaskBench weather() {
    return new TaskBench("/data/2.5/weather?id={city.id}&units=metric", WEATHER)
        .with("items", CITIES)
        .with("item.name", "city")
        .with("auth.type", "query")
        .with("auth.name", "appid")
        .with("auth.secret", "s3cr3t")
        .with("key.fields", "city_id")
        .with("fields", WEATHER_FIELDS);
  }

  private static final String ROW =
      """
      {"type":"record","name":"Row","fields":[{"name":"id","type":"long"},{"name":"v","type":["null","string"],"default":null}]}
      """;

  private static TaskBench rows(String path) {
    return new TaskBench(path, ROW);
  }

  @Test
  void asksForEachItemAndMapsFieldsItemAndRequest() throws Exception {
    try (TaskBench bench = weather()) {
      bench.run(TaskBench.records(9));
      assertThat(bench.records())
          .extracting(r -> r.get("region").toString())
          .contains("London", "Berlin", "Île-de-France");
      GenericRecord one = bench.records().get(0);
      assertThat(one.get("conditions").toString())
          .isIn("clear sky", "moderate rain", "broken clouds", "snow");
      assertThat((Long) one.get("at") / 1_000_000)
          .isBetween(Instant.now().getEpochSecond() - 60, Instant.now().getEpochSecond());
      assertThat(one.get("asked").toString())
          .isEqualTo(
              bench.api.url() + "/data/2.5/weather?id=" + one.get("city_id") + "&units=metric");
      assertThat(bench.api.requests("/data/2.5/weather"))
          .allSatisfy(r -> assertThat(r.query()).containsEntry("appid", "s3cr3t"));
      assertThat(bench.all)
          .allSatisfy(r -> assertThat(r.key()).isNotNull())
          .allSatisfy(r -> assertThat(r.sourcePartition()).hasSize(1));
      assertThat(bench.reasons()).isEmpty();
    }
  }

  @Test
  void spreadsItemsOverTheIntervalAndTasksShareThem() throws Exception {
    try (TaskBench bench = weather().with("every.ms", "900")) {
      bench.run(TaskBench.records(3));
      List<Long> due =
          bench.offsets.values().stream()
              .map(o -> ((Number) o.get("due")).longValue() % 900)
              .sorted()
              .toList();
      assertThat(due.get(1) - due.get(0)).isEqualTo(300);
      assertThat(due.get(2) - due.get(1)).isEqualTo(300);

      List<Map<String, String>> configs = bench.taskConfigs(2);
      assertThat(configs).hasSize(2);
      assertThat(bench.taskConfigs(50)).hasSize(3);
    }
  }

  /** One answers, one is refused, one has nothing: each has been asked for, and says so. */
  @Test
  void aTableAsksForAllItemsAtOnceAndSaysWhenItHas() throws Exception {
    try (TaskBench bench =
        rows("/f/{city.id}")
            .with("items", CITIES)
            .with("item.name", "city")
            .with("every.ms", "600000")
            .with("records", "/list")
            .with("snapshot.mark", "true")) {
      bench.api.on("/f/2643743", r -> Answer.json("{\"list\":[{\"id\":1}]}"));
      bench.api.on("/f/2950159", r -> Answer.status(404, "{}"));
      bench.api.on("/f/2988507", r -> Answer.json("{\"list\":[]}"));
      bench.run(kept -> kept.size() == 3);
      assertThat(bench.records()).hasSize(1);
      assertThat(bench.reasons())
          .hasSize(2)
          .anySatisfy(r -> assertThat(r).contains("404"))
          .anySatisfy(r -> assertThat(r).contains("what was asked for first had no records"));
      assertThat(bench.offsets.values())
          .hasSize(3)
          .allSatisfy(
              o ->
                  assertThat(o)
                      .containsEntry("snapshotComplete", true)
                      .containsEntry("partitions", 3));
      // From then on they are as far apart as else.
      List<Long> due =
          bench.offsets.values().stream()
              .map(o -> ((Number) o.get("due")).longValue() % 600_000)
              .sorted()
              .toList();
      assertThat(due.get(2) - due.get(1)).isEqualTo(200_000);
    }
  }

  @Test
  void aTableOfAServerThatIsAwayHasBeenAskedForOnceItIsGivenUp() throws Exception {
    try (TaskBench bench =
        rows("/f").with("every.ms", "600000").with("snapshot.mark", "true").with("retries", "2")) {
      bench.api.on("/f", r -> Answer.status(503, "{}"));
      bench.run(
          kept -> kept.stream().anyMatch(r -> r.sourceOffset().containsKey("snapshotComplete")));
      assertThat(bench.api.requests("/f")).hasSize(3);
      assertThat(bench.records()).isEmpty();
    }
  }

  @Test
  void aRestartWaitsUntilTheNextIsDue() throws Exception {
    try (TaskBench bench =
        weather().with("every.ms", "60000").with("items", "[{\"id\":2643743,\"region\":\"x\"}]")) {
      bench.run(TaskBench.records(1));
      RestSourceTask task = bench.start();
      assertThat(task.poll()).isNull();
      task.stop();
      assertThat(bench.api.requests("/data/2.5/weather")).hasSize(1);
      assertThat(((Number) bench.offsets.values().iterator().next().get("due")).longValue())
          .isBetween(System.currentTimeMillis() + 50_000, System.currentTimeMillis() + 60_000);
    }
  }

  @Test
  void columnsBecomeRowsAndEachWindowIsReadOnceWhateverTheRestarts() throws Exception {
    String schema =
        """
        {"type":"record","name":"Hour","fields":[
         {"name":"city","type":"string"},{"name":"latitude","type":"double"},
         {"name":"time","type":{"type":"long","logicalType":"timestamp-micros"}},
         {"name":"temperature_2m","type":["null","double"],"default":null}]}
        """;
    try (TaskBench bench =
        new TaskBench(
                "/v1/archive?latitude={city.lat}&longitude={city.lon}&start_date={window.start}&end_date={window.last}&hourly=temperature_2m",
                schema)
            .with(
                "items",
                "[{\"name\":\"Oslo\",\"lat\":59.9,\"lon\":10.7},{\"name\":\"Rome\",\"lat\":41.9,\"lon\":12.5}]")
            .with("item.name", "city")
            .with("records", "/hourly")
            .with("columns", "true")
            .with("fields", "{\"city\":\"{city.name}\",\"latitude\":\"$/latitude\"}")
            .with("backfill.from", "2026-01-01")
            .with("backfill.to", "2026-01-08")
            .with("backfill.window.ms", "172800000")) {
      // Restarted after each answer; what was asked for and not kept is asked for again.
      for (int i = 0; i < 50 && !done(bench); i++) {
        bench.run(kept -> !kept.isEmpty());
      }
      assertThat(done(bench)).isTrue();
      Set<String> distinct = new HashSet<>();
      for (GenericRecord hour : bench.records()) {
        distinct.add(hour.get("city") + " " + hour.get("time"));
      }
      assertThat(distinct).hasSize(2 * 7 * 24);
      assertThat(bench.records()).hasSize(2 * 7 * 24);
      assertThat(bench.reasons()).isEmpty();
      assertThat(bench.offsets.values())
          .hasSize(2)
          .allSatisfy(
              o -> assertThat(o).containsEntry("done", true).containsEntry("partitions", 2));
      // What is done asks no more.
      int asked = bench.api.requests().size();
      RestSourceTask task = bench.start();
      assertThat(task.poll()).isNull();
      task.stop();
      assertThat(bench.api.requests().size() - asked)
          .as("one to the registry")
          .isLessThanOrEqualTo(1);
    }
  }

  @Test
  void timesComeInManyForms() throws Exception {
    String schema =
        """
        {"type":"record","name":"R","fields":[
         {"name":"at","type":{"type":"long","logicalType":"timestamp-micros"}}]}
        """;
    try (TaskBench bench = new TaskBench("/t", schema).with("every.ms", "60000")) {
      bench.api.on(
          "/t",
          r ->
              Answer.json(
                  """
                  [{"at":"2026-01-31T12:30:00Z"}, {"at":"2026-01-31T12:30:00.000000Z"},
                   {"at":" 2026-01-31T12:30:00Z "}, {"at":"2026-01-31 12:30:00Z"},
                   {"at":"2026-01-31T13:30:00+01:00"}, {"at":"2026-01-31T12:30Z"},
                   {"at":"2026-01-31T12:30:00"}, {"at":1769862600},
                   {"at":"2026-01-32T12:30:00Z"}]"""));
      bench.run(kept -> kept.size() == 9);
      assertThat(bench.records())
          .hasSize(8)
          .allSatisfy(r -> assertThat(r.get("at")).isEqualTo(1_769_862_600_000_000L));
      assertThat(bench.reasons())
          .containsExactly(
              "field 'at': '2026-01-32T12:30:00Z': expected an instant such as"
                  + " 2026-01-31T12:30:00Z, or a number of microseconds");
    }
  }

  private static boolean done(TaskBench bench) {
    return !bench.offsets.isEmpty()
        && bench.offsets.values().stream().filter(o -> Boolean.TRUE.equals(o.get("done"))).count()
            >= ((Number) bench.offsets.values().iterator().next().get("partitions")).intValue();
  }

  @Test
  void aBackfillSaysThatItIsDoneThoughItsLastWindowsAreEmpty() throws Exception {
    try (TaskBench bench =
        rows("/b?from={window.start:epoch}&to={window.end:millis}")
            .with("backfill.from", "2026-01-01T00:00:00Z")
            .with("backfill.to", "2026-01-01T05:00:00Z")
            .with("backfill.window.ms", "3600000")) {
      AtomicInteger asked = new AtomicInteger();
      bench.api.on(
          "/b", r -> Answer.json(asked.getAndIncrement() < 2 ? "[{\"id\":" + asked + "}]" : "[]"));
      bench.run(kept -> done(bench));
      assertThat(bench.records()).extracting(r -> r.get("id")).containsExactly(1L, 2L);
      assertThat(bench.reasons()).isEmpty();
      assertThat(bench.api.requests("/b").get(4).query())
          .containsEntry("from", "1767240000")
          .containsEntry("to", "1767243600000");

      bench.offsets.clear();
      bench.all.clear();
      bench.run(kept -> done(bench));
      assertThat(bench.reasons()).hasSize(1).first().asString().contains("had no records");
    }
  }

  @Test
  void onlyWhatChangedAlsoAfterARestart() throws Exception {
    AtomicInteger version = new AtomicInteger(1);
    try (TaskBench bench =
        new TaskBench(
                "/list",
                ROW.replace(
                    "\"fields\":[", "\"fields\":[{\"name\":\"asked\",\"type\":\"string\"},"))
            .with("key.fields", "id")
            .with("only.changed", "true")
            .with("fields", "{\"asked\":\"{request.time}\"}")) {
      bench.api.on(
          "/list",
          r -> Answer.json("[{\"id\":1,\"v\":\"same\"},{\"id\":2,\"v\":\"" + version + "\"}]"));
      bench.run(kept -> bench.api.requests("/list").size() >= 4);
      assertThat(bench.records()).extracting(r -> r.get("id")).containsExactly(1L, 2L);
      version.incrementAndGet();
      bench.run(TaskBench.records(1));
      assertThat(bench.records()).extracting(r -> r.get("id")).containsExactly(1L, 2L, 2L);
      int before = bench.api.requests("/list").size();
      bench.run(kept -> bench.api.requests("/list").size() >= before + 2);
      assertThat(bench.records()).hasSize(3);
    }
  }

  @Test
  void remembersSoManyKeysAndNoMore() {
    Changes changes = new Changes(3000);
    for (int i = 0; i < 5000; i++) {
      assertThat(changes.changed("k" + i, "a")).isTrue();
    }
    assertThat(changes.changed("k4999", "a")).isFalse();
    assertThat(changes.changed("k0", "a")).as("forgotten").isTrue();
    Changes resumed = new Changes(3000);
    resumed.resume(changes.text());
    assertThat(resumed.changed("k0", "a")).isFalse();
    assertThat(resumed.changed("k3500", "a")).isFalse();
    assertThat(resumed.changed("k2500", "a")).as("not stored").isTrue();
    assertThat(changes.text()).hasSizeLessThan(44_000);
  }

  @Test
  void pagesByNumberCursorAndLink() throws Exception {
    try (TaskBench bench =
        rows("/n?q=%20x")
            .with("every.ms", "60000")
            .with("pages.type", "number")
            .with("pages.size", "2")) {
      bench.api.on("/n", r -> page(Integer.parseInt(r.query().get("page"))));
      bench.run(TaskBench.records(5));
      assertThat(bench.records())
          .extracting(r -> r.get("id"))
          .containsExactly(11L, 12L, 21L, 22L, 31L);
      assertThat(bench.api.requests("/n")).hasSize(3);
      assertThat(bench.api.requests("/n").get(0).query()).containsEntry("q", " x");
    }
    try (TaskBench bench =
        rows("/c")
            .with("every.ms", "60000")
            .with("records", "/list")
            .with("pages.type", "cursor")
            .with("pages.parameter", "after")
            .with("pages.cursor", "/meta/next")) {
      bench.api.on(
          "/c",
          r ->
              switch (r.query().getOrDefault("after", "")) {
                case "" -> Answer.json("{\"list\":[{\"id\":1}],\"meta\":{\"next\":\"a/b=\"}}");
                case "a/b=" -> Answer.json("{\"list\":[{\"id\":2}],\"meta\":{\"next\":\"c\"}}");
                default -> Answer.json("{\"list\":[{\"id\":3}],\"meta\":{\"next\":null}}");
              });
      // A restart goes on in the middle of the pages.
      bench.run(TaskBench.records(1));
      bench.run(TaskBench.records(2));
      assertThat(bench.records()).extracting(r -> r.get("id")).containsExactly(1L, 2L, 3L);
    }
    try (TaskBench bench =
        rows("/l")
            .with("every.ms", "60000")
            .with("auth.type", "query")
            .with("auth.name", "api_key")
            .with("auth.secret", "s3cr3t")
            .with("pages.type", "link")) {
      bench.api.on(
          "/l",
          r -> {
            int page = Integer.parseInt(r.query().getOrDefault("page", "1"));
            String next =
                "</l?page="
                    + (page + 1)
                    + "&api_key="
                    + r.query().get("api_key")
                    + ">; title=\"a, b\"; rel=\"last next\", </l>; rel=first";
            return Answer.of(
                200,
                page < 3 ? Map.of("Link", next) : Map.of("Link", "</l>; rel=\"first\""),
                "[{\"id\":" + page + "}]");
          });
      bench.run(TaskBench.records(3));
      assertThat(bench.records()).extracting(r -> r.get("id")).containsExactly(1L, 2L, 3L);
      assertThat(bench.api.requests("/l"))
          .allSatisfy(r -> assertThat(r.query()).containsEntry("api_key", "s3cr3t"));
      assertThat(bench.all.toString()).doesNotContain("s3cr3t");
    }
  }

  private static Answer page(int number) {
    return Answer.json(
        IntStream.rangeClosed(1, number < 3 ? 2 : 1)
            .mapToObj(i -> "{\"id\":" + number + i + "}")
            .collect(Collectors.joining(",", "[", "]")));
  }

  @Test
  void pagesThatNeverEndAreNamed() throws Exception {
    try (TaskBench bench =
        rows("/c")
            .with("pages.type", "cursor")
            .with("pages.cursor", "/next")
            .with("records", "/r")) {
      bench.api.on("/c", r -> Answer.json("{\"r\":{\"id\":1},\"next\":\"again\"}"));
      bench.run(TaskBench.letters(1));
      assertThat(bench.reasons().get(0)).contains("page 2 leads to again").contains("loop");
    }
  }

  @Test
  void asksWhetherItHasChanged() throws Exception {
    try (TaskBench bench = rows("/e")) {
      bench.api.on(
          "/e",
          r ->
              "\"v1\"".equals(r.headers().get("If-none-match"))
                  ? Answer.of(304, Map.of("ETag", "\"v1\""), "")
                  : Answer.of(
                      200,
                      Map.of("ETag", "\"v1\"", "Last-Modified", "Wed, 21 Oct 2026 07:28:00 GMT"),
                      "{\"id\":1}"));
      bench.run(kept -> bench.api.requests("/e").size() >= 3);
      int before = bench.api.requests("/e").size();
      bench.run(kept -> bench.api.requests("/e").size() >= before + 2);
      assertThat(bench.records()).hasSize(1);
      assertThat(bench.api.requests("/e").get(before + 1).headers())
          .containsEntry("If-modified-since", "Wed, 21 Oct 2026 07:28:00 GMT");
    }
  }

  // ---- credentials

  @Test
  void givesCredentialsInEachWay() throws Exception {
    Map<String, Map<String, String>> ways =
        Map.of(
            "X-Api-Key: s3cr3t", Map.of("auth.type", "header", "auth.name", "X-Api-Key"),
            "Authorization: Bearer s3cr3t", Map.of("auth.type", "bearer"),
            "Authorization: Basic bWU6czNjcjN0",
                Map.of("auth.type", "basic", "auth.username", "me"));
    for (Map.Entry<String, Map<String, String>> way : ways.entrySet()) {
      try (TaskBench bench =
          rows("/a").with("auth.secret", "s3cr3t\n").with("headers", "{\"X-Own\":\"yes\"}")) {
        bench.config.putAll(way.getValue());
        bench.api.on("/a", r -> Answer.json("{\"id\":1}"));
        bench.run(TaskBench.records(1));
        String[] header = way.getKey().split(": ", 2);
        Map<String, String> sent = new HashMap<>();
        bench.api.requests("/a").get(0).headers().forEach((k, v) -> sent.put(k.toLowerCase(), v));
        assertThat(sent)
            .containsEntry(header[0].toLowerCase(), header[1])
            .containsEntry("x-own", "yes");
      }
    }
  }

  @Test
  void takesATokenOnceAndAnotherWhenItEndsOrIsRefused() throws Exception {
    AtomicInteger tokens = new AtomicInteger();
    try (TaskBench bench =
        rows("/o")
            .with("auth.type", "oauth2")
            .with("auth.username", "client:1")
            .with("auth.secret", "s3/cr3t")
            .with("auth.scope", "read all")) {
      bench.with("auth.token.url", bench.api.url() + "/token");
      bench.api.on(
          "/token",
          r ->
              Answer.json(
                  "{\"access_token\":\"t" + tokens.incrementAndGet() + "\",\"expires_in\":3600}"));
      bench.api.on(
          "/o",
          r ->
              r.headers().get("Authorization").equals("Bearer t" + tokens)
                  ? Answer.json("{\"id\":1}")
                  : Answer.status(401, "{}"));
      bench.run(TaskBench.records(3));
      assertThat(tokens).hasValue(1);
      Request token = bench.api.requests("/token").get(0);
      assertThat(token.body()).isEqualTo("grant_type=client_credentials&scope=read%20all");
      assertThat(token.headers().get("Authorization"))
          .isEqualTo(Credentials.basic("client%3A1", "s3%2Fcr3t"));

      // Refused before its time: another one is taken, and nothing is lost or said.
      RestSourceTask task = bench.start();
      try {
        List<SourceRecord> kept = new ArrayList<>();
        while (kept.isEmpty()) {
          bench.keep(task.poll(), kept);
        }
        tokens.incrementAndGet();
        kept.clear();
        while (!TaskBench.records(3).test(kept)) {
          bench.keep(task.poll(), kept);
        }
      } finally {
        task.stop();
      }
      assertThat(bench.reasons()).isEmpty();
      // Good for no time at all: one for each request.
      bench.api.on(
          "/token",
          r ->
              Answer.json(
                  "{\"access_token\":\"t" + tokens.incrementAndGet() + "\",\"expires_in\":0}"));
      int before = bench.api.requests("/token").size();
      bench.run(TaskBench.records(3));
      assertThat(bench.api.requests("/token").size() - before).isGreaterThanOrEqualTo(3);
      assertThat(bench.all.toString()).doesNotContain("cr3t");
    }
  }

  @Test
  void credentialsGoToNoOtherHost() throws Exception {
    try (TaskBench other = rows("/");
        TaskBench bench =
            rows("/r?x=1")
                .with("auth.type", "query")
                .with("auth.name", "key")
                .with("auth.secret", "s3cr3t")
                .with("headers", "{\"X-Tenant\":\"private\"}")) {
      other.api.on("/there", r -> Answer.json("{\"id\":5}"));
      bench.api.on("/r", r -> Answer.redirect(302, "/r2?key=" + r.query().get("key")));
      bench.api.on(
          "/r2",
          r ->
              Answer.redirect(
                  307, other.api.url() + "/there?y=2&key=" + r.query().get("key") + "&z=3"));
      bench.run(TaskBench.records(1));
      assertThat(bench.records().get(0).get("id")).isEqualTo(5L);
      assertThat(bench.api.requests("/r2").get(0).query()).containsEntry("key", "s3cr3t");
      assertThat(bench.api.requests("/r2").get(0).headers()).containsEntry("X-tenant", "private");
      Request there = other.api.requests("/there").get(0);
      assertThat(there.query()).containsOnlyKeys("y", "z");
      assertThat(there.headers()).doesNotContainKeys("X-tenant", "Authorization");

      for (String target : List.of("/r", "file:///etc/passwd", "ftp://127.0.0.1/x", "http:///x")) {
        bench.all.clear();
        bench.api.on("/r", r -> Answer.redirect(301, target));
        bench.with("fail.after.ms", "60000").run(TaskBench.letters(1));
        assertThat(bench.reasons().get(0))
            .containsAnyOf("more than 3 redirects", "leads to a URL that is not followed");
      }
      assertThat(bench.all.toString()).doesNotContain("s3cr3t");
    }
  }

  // ---- what goes wrong

  @Test
  void allThatGoesWrongIsNamedNothingIsFatalAndNothingRepeated() throws Exception {
    AtomicInteger id = new AtomicInteger();
    try (TaskBench bench = rows("/f").with("response.max.bytes", "100000")) {
      bench.api.on("/f", r -> Answer.json("{\"list\":[{\"id\":" + id.incrementAndGet() + "}]}"));
      bench.with("records", "/list");
      bench.api.next(
          "/f",
          Answer.json("{\"list\":[{\"id\":1001}]}"),
          Answer.slowDown("1"),
          Answer.status(500, "{\"message\":\"oops\"}"),
          Answer.never(),
          Answer.stalled(),
          Answer.json("{\"list\":[{\"id\":1002}]}"),
          Answer.json("{\"list\":[{\"id\":10"),
          Answer.of(200, Map.of("Content-Type", "text/html"), "<html>we are back soon</html>"),
          Answer.huge(200L << 20, false),
          Answer.huge(200L << 20, true),
          Answer.json("{\"items\":[{\"id\":1}]}"),
          Answer.json(
              "{\"list\":[{\"id\":\"seven\"},{\"id\":1003},{\"id\":null},{\"id\":1004,\"v\":[1]}]}"));
      long before = used();
      bench.run(kept -> id.get() >= 3 && TaskBench.records(6).test(kept));
      assertThat(used() - before).as("bytes kept of 400 MB").isLessThan(30L << 20);
      List<Object> ids = bench.records().stream().map(r -> r.get("id")).toList();
      assertThat(new TreeSet<>(ids.stream().map(Object::toString).toList())).hasSize(ids.size());
      assertThat(ids).startsWith(1001L, 1002L, 1003L, 1L, 2L);
      String reasons = String.join("\n", bench.reasons());
      assertThat(reasons)
          .contains("429 (too many requests), Retry-After 1 s; asked again in 1 s")
          .contains("500 (internal server error); asked again in")
          .contains("no whole answer within 400 ms; asked again in")
          .contains(
              "the answer (application/json; charset=utf-8, 17 bytes) is not JSON: Unexpected end-of-input")
          .contains("text/html")
          .contains("goes on after")
          .contains("is of 209715200 bytes; at most 100000 bytes are read")
          .contains("has nothing at '/list'")
          .contains("field 'id': 'seven'")
          .contains("field 'id'")
          .contains("field 'v': an array");
      // What could not be used is there to be looked at.
      assertThat(bench.all)
          .filteredOn(r -> r.topic().equals("t.dead"))
          .extracting(r -> new String((byte[]) r.value(), java.nio.charset.StandardCharsets.UTF_8))
          .contains("{\"list\":[{\"id\":10", "<html>we are back soon</html>", "{\"id\":\"seven\"}");
      Request slowed = bench.api.requests("/f").get(1);
      assertThat(bench.api.requests("/f").get(2).atMillis() - slowed.atMillis())
          .isGreaterThanOrEqualTo(990);
    }
  }

  private static long used() {
    System.gc();
    return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
  }

  @Test
  void oneItemThatIsRefusedLeavesTheOthersAloneAndIsNamedOnce() throws Exception {
    try (TaskBench bench = weather().with("items", CITIES.replace("2950159", "\"nowhere\""))) {
      bench.run(TaskBench.records(12));
      assertThat(bench.reasons()).hasSize(1);
      assertThat(bench.reasons().get(0)).contains("404 (not found)").doesNotContain("s3cr3t");
      SourceRecord letter =
          bench.all.stream().filter(r -> r.topic().equals("t.dead")).findFirst().orElseThrow();
      assertThat(TaskBench.headers(letter))
          .containsEntry(
              "millrace.source", bench.api.url() + "/data/2.5/weather?id=nowhere&units=metric")
          .containsEntry("millrace.item", "{\"id\":\"nowhere\",\"region\":\"Berlin\"}");
      assertThat(new String((byte[]) letter.value(), java.nio.charset.StandardCharsets.UTF_8))
          .contains("city not found");
    }
  }

  @Test
  void aTaskAllOfWhoseItemsAreRefusedFailsAndSaysWhy() throws Exception {
    try (TaskBench bench = weather().with("auth.secret", "wrong").with("every.ms", "600000")) {
      assertThatThrownBy(() -> bench.run(TaskBench.records(1)))
          .hasMessageContaining("all 3 items are refused")
          .hasMessageContaining("401 (unauthorized: are the credentials right?)")
          .hasMessageNotContaining("wrong");
      assertThat(bench.reasons()).hasSize(3).allSatisfy(r -> assertThat(r).contains("401"));
      assertThat(bench.all.toString()).doesNotContain("appid=wrong");
      // It is started again, with another key.
      bench.with("auth.secret", "right").with("every.ms", "100").run(TaskBench.records(3));
    }
  }

  @Test
  void aTaskThatReachesNobodyFailsAfterAWhileAndAtOnceWhenItIsStartedAgain() throws Exception {
    try (TaskBench bench = rows("/f").with("fail.after.ms", "500").with("every.ms", "100")) {
      bench.api.on("/f", r -> Answer.status(503, "{}"));
      assertThatThrownBy(() -> bench.run(TaskBench.records(1)))
          .hasMessageContaining("no request has succeeded for 0 s or more")
          .hasMessageContaining("503 (service unavailable)");
      int before = bench.api.requests("/f").size();
      bench.with("fail.after.ms", "60000");
      assertThatThrownBy(() -> bench.run(TaskBench.records(1))).hasMessageContaining("503");
      assertThat(bench.api.requests("/f")).hasSize(before + 1);
      bench.api.on("/f", r -> Answer.json("{\"id\":1}"));
      bench.run(TaskBench.records(1));
    }
  }

  @Test
  void aBackfillLeavesNoWindowOutWhileAllAreRefusedAndNamesOneThatIs() throws Exception {
    AtomicInteger status = new AtomicInteger(404);
    try (TaskBench bench =
        rows("/b?day={window.start}")
            .with("backfill.from", "2026-01-01")
            .with("backfill.to", "2026-01-04")) {
      bench.api.on(
          "/b",
          r ->
              status.get() != 200 || r.query().get("day").equals("2026-01-02")
                  ? Answer.status(404, "{}")
                  : Answer.json("{\"id\":" + r.query().get("day").substring(9) + "}"));
      assertThatThrownBy(() -> bench.run(TaskBench.records(1))).hasMessageContaining("refused: ");
      status.set(200);
      bench.all.clear();
      bench.run(kept -> done(bench));
      assertThat(bench.records()).extracting(r -> r.get("id")).containsExactly(1L, 3L);
      assertThat(bench.reasons()).hasSize(1);
      assertThat(
              bench.all.stream()
                  .filter(r -> r.topic().equals("t.dead"))
                  .map(TaskBench::headers)
                  .toList())
          .allSatisfy(
              h -> assertThat(h).containsEntry("millrace.window", "2026-01-02 to 2026-01-03"));
    }
  }

  @Test
  void aBackfillWaitsForAServerThatIsAway() throws Exception {
    try (TaskBench bench =
        rows("/b?day={window.start}")
            .with("retries", "0")
            .with("backfill.from", "2026-01-01")
            .with("backfill.to", "2026-01-04")) {
      bench.api.on("/b", r -> Answer.json("{\"id\":" + r.query().get("day").substring(9) + "}"));
      Answer away = Answer.status(502, "");
      bench.api.next("/b", away, away, Answer.never(), away);
      bench.run(kept -> done(bench));
      assertThat(bench.records()).extracting(r -> r.get("id")).containsExactly(1L, 2L, 3L);
    }
  }

  @Test
  void stopsAtOnceWhateverItWaitsFor() throws Exception {
    try (TaskBench bench = rows("/f").with("request.timeout.ms", "600000")) {
      bench.api.on("/f", r -> Answer.never());
      RestSourceTask task = bench.start();
      assertThat(task.poll()).isNull();
      long before = System.nanoTime();
      task.stop();
      assertThat(task.poll()).isNull();
      assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(5));
    }
  }
}
