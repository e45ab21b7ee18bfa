package dev.millrace.spark.sql;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AnalyzerTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Analyzer ANALYZER = new Analyzer();

  private static final String VIEWINGS =
      "device_id STRING NOT NULL, channel_id INT NOT NULL, started_at TIMESTAMP NOT NULL, ended_at TIMESTAMP NOT NULL, opened_at TIMESTAMP NOT NULL, ended_by STRING NOT NULL";
  private static final String SCHEDULE =
      "schedule_id BIGINT NOT NULL, channel_id INT NOT NULL, show_id INT NOT NULL, starts_at TIMESTAMP NOT NULL, ends_at TIMESTAMP NOT NULL";
  private static final String USERS =
      "user_id INT NOT NULL, age INT, gender STRING, region STRING NOT NULL";

  private static SqlRequest.Stream stream(
      String kind, String eventTime, String ddl, String... key) {
    try {
      JsonNode schema =
          JSON.readTree(AvroTypes.avroSchema(StructType.fromDDL(ddl), "R", "t").toString());
      return new SqlRequest.Stream(kind, eventTime, schema, List.of(key), null, null);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static final Map<String, SqlRequest.Stream> STREAMS = new LinkedHashMap<>();

  static {
    STREAMS.put("viewings", stream("append", "started_at", VIEWINGS, "device_id", "started_at"));
    STREAMS.put("ad_views", stream("append", "started_at", VIEWINGS));
    STREAMS.put("clicks", stream("append", null, "device_id STRING NOT NULL, at TIMESTAMP"));
    STREAMS.put("schedule", stream("table", null, SCHEDULE, "schedule_id"));
    STREAMS.put("users", stream("table", null, USERS, "user_id"));
    STREAMS.put(
        "devices",
        stream("table", null, "device_id STRING NOT NULL, user_id INT, kind STRING", "device_id"));
  }

  private static SqlAnswer analyse(String sql) {
    return ANALYZER.analyse(
        new SqlRequest("1", sql, "show_views", "dev.millrace.tv", STREAMS, List.of()));
  }

  private static SqlAnswer good(String sql) {
    SqlAnswer answer = analyse(sql);
    assertThat(answer.errors()).as(sql).isNull();
    assertThat(answer.ok()).isTrue();
    return answer;
  }

  private static SqlAnswer.Problem bad(String sql) {
    SqlAnswer answer = analyse(sql);
    assertThat(answer.ok()).as(sql).isFalse();
    assertThat(answer.schema()).isNull();
    assertThat(answer.errors()).as(sql).isNotEmpty();
    return answer.errors().get(0);
  }

  private static String columns(SqlAnswer answer) {
    return AvroTypes.structType(new Schema.Parser().parse(answer.schema().toString())).toDDL();
  }

  @Test
  void tellsTypesNullabilityAndColumnsOfAnEnrichment() {
    SqlAnswer a =
        good(
            """
            SELECT v.device_id, v.started_at, s.schedule_id, u.region, u.age,
                   greatest(v.started_at, s.starts_at) AS from_at,
                   (unix_micros(least(v.ended_at, s.ends_at)) - unix_micros(greatest(v.started_at, s.starts_at))) / 1e6 AS seconds,
                   CASE WHEN u.age IS NULL THEN 'unknown' ELSE 'known' END AS age_group
            FROM viewings v
            JOIN schedule s ON s.channel_id = v.channel_id AND s.starts_at < v.ended_at AND s.ends_at > v.started_at
            LEFT JOIN devices d ON d.device_id = v.device_id
            LEFT JOIN users u ON u.user_id = d.user_id
            """);
    assertThat(a.kind()).isEqualTo("append");
    assertThat(a.groupKeys()).isEmpty();
    assertThat(columns(a))
        .isEqualTo(
            "device_id STRING NOT NULL,started_at TIMESTAMP NOT NULL,schedule_id BIGINT NOT NULL,region STRING,age INT,from_at TIMESTAMP NOT NULL,"
                + "seconds DOUBLE,age_group STRING NOT NULL");
    assertThat(a.schema().path("name").asText()).isEqualTo("ShowViews");
    assertThat(a.schema().path("namespace").asText()).isEqualTo("dev.millrace.tv");
    assertThat(a.reads())
        .containsExactly(
            new SqlAnswer.Read(
                "viewings", "drives", List.of("device_id", "channel_id", "started_at", "ended_at")),
            new SqlAnswer.Read(
                "schedule", "lookup", List.of("schedule_id", "channel_id", "starts_at", "ends_at")),
            new SqlAnswer.Read("devices", "lookup", List.of("device_id", "user_id")),
            new SqlAnswer.Read("users", "lookup", List.of("user_id", "age", "region")));
  }

  private static String identity(String sql) {
    List<SqlAnswer.Identifying> parts = good(sql).identity();
    return parts == null
        ? "unknown"
        : parts.stream()
            .map(p -> p.stream() + "." + p.column() + " as " + String.join("/", p.as()))
            .collect(java.util.stream.Collectors.joining(", "));
  }

  @Test
  void tellsWhatIdentifiesARow() {
    // Users are met one at a time: by their key. Programmes are not.
    assertThat(
            identity(
                """
                SELECT v.device_id AS device, v.started_at, s.schedule_id, u.region FROM viewings v
                JOIN schedule s ON s.channel_id = v.channel_id AND s.starts_at < v.ended_at
                LEFT JOIN devices d ON d.device_id = v.device_id
                LEFT JOIN users u ON u.user_id = d.user_id
                """))
        .isEqualTo(
            "viewings.device_id as device, viewings.started_at as started_at, schedule.schedule_id as schedule_id");
    // Not all of it is there.
    assertThat(identity("SELECT device_id, upper(ended_by) AS how FROM viewings"))
        .isEqualTo("viewings.device_id as device_id, viewings.started_at as ");
    // The other side of an equation will do, and a condition of WHERE; a constant is one value.
    assertThat(
            identity(
                "SELECT d.device_id, v.started_at FROM viewings v, devices d WHERE v.device_id = d.device_id"))
        .isEqualTo("viewings.device_id as device_id, viewings.started_at as started_at");
    assertThat(
            identity(
                "SELECT v.device_id, v.started_at, u.region FROM viewings v JOIN users u ON u.user_id = 7"))
        .isEqualTo("viewings.device_id as device_id, viewings.started_at as started_at");
    // One reading of a table by its key, the other by something else.
    assertThat(
            identity(
                """
                SELECT v.device_id, v.started_at, b.user_id AS other FROM viewings v
                JOIN devices d ON d.device_id = v.device_id JOIN users a ON a.user_id = d.user_id
                JOIN users b ON b.region = a.region
                """))
        .isEqualTo(
            "viewings.device_id as device_id, viewings.started_at as started_at, users.user_id as other");
    // An OR says nothing for sure. A semi join makes no rows.
    assertThat(
            identity(
                "SELECT v.device_id, v.started_at FROM viewings v JOIN users u ON u.user_id = 7 OR u.age = 3"))
        .endsWith("users.user_id as ");
    assertThat(
            identity(
                "SELECT v.device_id, v.started_at FROM viewings v LEFT SEMI JOIN users u ON u.age > 17"))
        .isEqualTo("viewings.device_id as device_id, viewings.started_at as started_at");
    // Records without a key, and what can not be seen.
    assertThat(identity("SELECT device_id, at FROM clicks")).isEqualTo("unknown");
    assertThat(
            identity(
                "SELECT v.device_id, v.started_at, x.n FROM viewings v JOIN (SELECT region, count(*) AS n FROM users GROUP BY region) x ON x.region = v.ended_by"))
        .isEqualTo("unknown");
    assertThat(
            good("SELECT window.start AS m, channel_id, count(*) AS n FROM viewings GROUP BY channel_id, window(started_at, '1 minute')")
                .identity())
        .isNull();
  }

  @Test
  void aWindowedGroupByIsATableKeyedByItsGroups() {
    SqlAnswer a =
        good(
            """
            SELECT window.start AS minute, channel_id, device_id AS device, count(*) AS views, sum(channel_id) AS total
            FROM viewings GROUP BY window(started_at, '1 minute'), channel_id, device_id""");
    assertThat(a.kind()).isEqualTo("table");
    assertThat(a.groupKeys()).containsExactly("minute", "channel_id", "device");
    assertThat(columns(a))
        .startsWith(
            "minute TIMESTAMP,channel_id INT NOT NULL,device STRING NOT NULL,views BIGINT NOT NULL,total BIGINT");
    assertThat(a.reads())
        .containsExactly(
            new SqlAnswer.Read(
                "viewings", "drives", List.of("device_id", "channel_id", "started_at")));
  }

  @Test
  void findsGroupKeysThroughSubqueriesWithAndRenames() {
    assertThat(
            good("WITH m AS (SELECT window.start AS w, upper(device_id) AS d, count(*) AS n FROM (SELECT started_at AS t, device_id FROM viewings) GROUP BY window(t, '1 minute'), upper(device_id))"
                    + " SELECT d AS device, w AS minute, n FROM m WHERE d <> 'X'")
                .groupKeys())
        .containsExactly("device", "minute");
    assertThat(
            good("SELECT window.end AS until, count(*) AS n FROM viewings GROUP BY window(started_at, '1 hour')")
                .groupKeys())
        .containsExactly("until");
    assertThat(
            good("SELECT window.start AS a, window.end AS b, count(*) AS n FROM viewings GROUP BY window(started_at, '10 minutes', '5 minutes')")
                .groupKeys())
        .containsExactly("a");
    assertThat(
            good("SELECT window.start AS m, u.region, count(*) AS n FROM viewings v JOIN users u ON u.user_id = v.channel_id GROUP BY window(v.started_at, '1 minute'), u.region")
                .groupKeys())
        .containsExactly("m", "region");
  }

  @Test
  void permitsWhatIsFinalAndDeterministic() {
    assertThat(good("SELECT * FROM viewings").reads().get(0).columns()).hasSize(6);
    assertThat(
            good("SELECT a.device_id FROM viewings a WHERE a.ended_by IN ('slice', 'stop')")
                .reads()
                .get(0)
                .columns())
        .containsExactly("device_id", "ended_by");
    assertThat(
            good("SELECT device_id, started_at FROM viewings UNION ALL SELECT device_id, opened_at FROM ad_views")
                .reads())
        .containsExactly(
            new SqlAnswer.Read("viewings", "drives", List.of("device_id", "started_at")),
            new SqlAnswer.Read("ad_views", "drives", List.of("device_id", "opened_at")));
    assertThat(
            good("SELECT device_id FROM viewings v WHERE EXISTS (SELECT 1 FROM devices d WHERE d.device_id = v.device_id AND d.kind = 'tv')")
                .reads()
                .get(1)
                .columns())
        .containsExactly("device_id", "kind");
    assertThat(
            good("SELECT device_id FROM viewings WHERE channel_id NOT IN (SELECT user_id FROM users WHERE age > 3)")
                .reads())
        .hasSize(2);
    good(
        "SELECT v.device_id, n FROM viewings v LEFT JOIN (SELECT user_id, count(*) AS n FROM devices GROUP BY user_id) d ON d.user_id = v.channel_id");
    good(
        "SELECT /*+ BROADCAST(u) */ v.device_id, u.region FROM users u RIGHT JOIN viewings v ON u.user_id = v.channel_id");
    good("SELECT device_id, explode(sequence(1, channel_id)) AS n FROM viewings");
    good(
        "SELECT device_id, date_trunc('hour', started_at) AS hour, hour(started_at) AS h FROM viewings;");
    good("SELECT device_id, kind FROM clicks JOIN devices USING (device_id)");
    assertThat(good("SELECT VIEWINGS.Device_Id FROM Viewings").reads().get(0).stream())
        .isEqualTo("viewings");
  }

  @Test
  void prunesColumnsThatOnlyASubqueryShows() {
    assertThat(good("SELECT device_id FROM (SELECT * FROM viewings) x").reads().get(0).columns())
        .containsExactly("device_id");
    assertThat(
            good("WITH x AS (SELECT *, channel_id + 1 AS c FROM viewings) SELECT c FROM x")
                .reads()
                .get(0)
                .columns())
        .containsExactly("channel_id");
  }

  @Test
  void pointsAtMisspeltNames() {
    assertThat(bad("SELECT device_id,\n       v.strated_at\nFROM viewings v"))
        .isEqualTo(
            new SqlAnswer.Problem(
                2,
                8,
                "unknown column v.strated_at; v has: device_id, channel_id, started_at, ended_at, opened_at, ended_by",
                "v.started_at"));
    SqlAnswer.Problem stream = bad("SELECT *\nFROM viewing");
    assertThat(stream.line()).isEqualTo(2);
    assertThat(stream.column()).isEqualTo(6);
    assertThat(stream.message())
        .isEqualTo(
            "unknown stream viewing; known: ad_views, clicks, devices, schedule, users, viewings");
    assertThat(stream.suggestion()).isEqualTo("viewings");
    assertThat(bad("SELECT x.device_id FROM viewings v").suggestion()).isEqualTo("v.device_id");
    assertThat(bad("SELECT device_di FROM viewings").suggestion()).isEqualTo("device_id");
    assertThat(bad("SELECT uper(device_id) AS d FROM viewings").suggestion()).isEqualTo("upper");
    assertThat(bad("SELECT zzzzzzzz FROM viewings").suggestion()).isNull();
  }

  @Test
  void reportsEveryErrorInOrder() {
    SqlAnswer a =
        analyse(
            "SELECT devic_id,\n  chanel_id,\n  nosuch(started_at) AS x\nFROM viewings JOIN devises ON true");
    assertThat(a.errors()).extracting(SqlAnswer.Problem::line).containsExactly(3, 4);
    SqlAnswer b =
        analyse(
            "SELECT devic_id,\n  chanel_id,\n rand() AS r FROM viewings WHERE strated_at IS NULL");
    assertThat(b.errors())
        .extracting(SqlAnswer.Problem::suggestion)
        .contains("device_id", "channel_id");
    SqlAnswer c =
        analyse(
            "SELECT device_id, rand() AS r,\n now() AS n FROM viewings ORDER BY device_id LIMIT 3");
    assertThat(c.errors()).hasSize(4);
  }

  @Test
  void reportsSyntaxAndTypeErrorsWithTheirPlace() {
    SqlAnswer.Problem syntax = bad("SELECT device_id\nFORM viewings WHERE");
    assertThat(syntax.line()).isEqualTo(2);
    assertThat(syntax.message()).startsWith("Syntax error").doesNotContain("== SQL");
    SqlAnswer.Problem type =
        bad("SELECT device_id,\n  date_trunc('hour', map(1, 2)) AS x FROM viewings");
    assertThat(type.line()).isEqualTo(2);
    assertThat(type.message())
        .contains("requires the \"TIMESTAMP\" type")
        .doesNotContain("DATATYPE_MISMATCH");
    assertThat(bad("INSERT INTO viewings SELECT 1").message()).contains("one SELECT");
    assertThat(bad("DROP TABLE viewings").message()).contains("one SELECT");
    assertThat(bad("  ").message()).contains("sql");
    assertThat(
            bad("SELECT device_id FROM viewings v JOIN devices d ON d.device_id = v.device_id")
                .message())
        .contains("ambiguous");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "SELECT user_id FROM users | reads only tables (users): nothing drives it",
        "SELECT 1 AS a | reads no stream",
        "SELECT count(*) AS n FROM viewings | an aggregate without a time window",
        "SELECT channel_id, count(*) AS n FROM viewings GROUP BY channel_id | add window(<event time>, '1 minute') to GROUP BY (event time: viewings.started_at)",
        "SELECT device_id FROM viewings ORDER BY device_id | ORDER BY: a stream has no end",
        "SELECT device_id FROM viewings LIMIT 10 | LIMIT or OFFSET",
        "SELECT device_id, row_number() OVER (PARTITION BY device_id ORDER BY started_at) AS n FROM viewings | a function OVER (...)",
        "SELECT device_id, lag(channel_id) OVER (PARTITION BY device_id ORDER BY started_at) AS p FROM viewings | intervals transform",
        "SELECT DISTINCT device_id FROM viewings | DISTINCT (also that of UNION without ALL)",
        "SELECT device_id FROM viewings UNION SELECT device_id FROM ad_views | DISTINCT (also that of UNION without ALL)",
        "SELECT device_id FROM viewings EXCEPT SELECT device_id FROM devices | INTERSECT and EXCEPT",
        "SELECT device_id FROM viewings UNION ALL SELECT device_id FROM devices | a branch of the UNION reads only tables",
        "SELECT device_id, rand() AS r FROM viewings | rand() is not deterministic",
        "SELECT device_id, uuid() AS r FROM viewings | uuid() is not deterministic",
        "SELECT device_id, current_timestamp() AS r FROM viewings | use the event time of the row (event time: viewings.started_at)",
        "SELECT device_id, now() AS r FROM viewings | now() yields another value",
        "SELECT device_id FROM viewings WHERE started_at < current_date | current_date() yields another value",
        "SELECT device_id, monotonically_increasing_id() AS r FROM viewings | is not deterministic",
        "SELECT a.device_id FROM viewings a JOIN ad_views b ON a.device_id = b.device_id AND b.started_at > a.started_at | a time-bounded join is not implemented in this version",
        "SELECT a.device_id FROM viewings a JOIN viewings b ON a.device_id = b.device_id | two append streams are joined (viewings)",
        "SELECT u.user_id FROM users u LEFT JOIN viewings v ON u.user_id = v.channel_id | write the stream first",
        "SELECT u.user_id FROM viewings v RIGHT JOIN users u ON u.user_id = v.channel_id | RIGHT JOIN keeps every row of the table",
        "SELECT u.user_id FROM viewings v FULL JOIN users u ON u.user_id = v.channel_id | FULL JOIN",
        "SELECT device_id FROM viewings WHERE device_id IN (SELECT device_id FROM ad_views) | subquery",
        "SELECT window.start AS m, count(*) AS n FROM viewings GROUP BY window(ended_at, '1 minute') | is not the event time of viewings",
        "SELECT window.start AS m, count(*) AS n FROM viewings GROUP BY window(date_trunc('hour', started_at), '1 minute') | which is computed",
        "SELECT window.start AS m, count(*) AS n FROM clicks GROUP BY window(at, '1 minute') | has no event time",
        "SELECT window.start AS m, count(*) AS n FROM viewings v JOIN schedule s USING (channel_id) GROUP BY window(s.starts_at, '1 minute') | a column of the table schedule",
        "SELECT count(*) AS n FROM viewings GROUP BY window(started_at, '1 minute') | the window is not in the SELECT list",
        "SELECT window.start AS m, count(*) AS n FROM viewings GROUP BY window(started_at, '1 minute'), channel_id | is not in the SELECT list",
        "SELECT window.start AS m, count(DISTINCT device_id) AS n FROM viewings GROUP BY window(started_at, '1 minute') | approx_count_distinct",
        "SELECT window.start AS m, first(device_id) AS n FROM viewings GROUP BY window(started_at, '1 minute') | min_by",
        "SELECT window.start AS m, collect_list(device_id) AS n FROM viewings GROUP BY window(started_at, '1 minute') | order of arrival",
        "SELECT window.start AS m, count(*) AS n FROM viewings GROUP BY window(started_at, '1 minute') HAVING count(*) > 3 | HAVING",
        "SELECT session_window.start AS m, count(*) AS n FROM viewings GROUP BY session_window(started_at, '1 minute') | intervals transform",
        "SELECT max(n) AS m FROM (SELECT window.start AS w, count(*) AS n FROM viewings GROUP BY window(started_at, '1 minute')) | GROUP BY over the result of another GROUP BY",
        "SELECT g.m, u.region FROM (SELECT window.start AS m, channel_id, count(*) AS n FROM viewings GROUP BY window(started_at, '1 minute'), channel_id) g JOIN users u ON u.user_id = g.channel_id | a JOIN after GROUP BY",
        "SELECT count(channel_id) FROM viewings | AS name",
        "SELECT device_id, channel_id AS device_id FROM viewings | two columns named device_id",
        "SELECT device_id, channel_id AS _tick FROM viewings | the engine uses that name",
        "SELECT device_id, null AS x FROM viewings | CAST(NULL AS",
        "SELECT device_id FROM viewings TABLESAMPLE (10 PERCENT) | TABLESAMPLE",
        "WITH users AS (SELECT 1 AS x) SELECT device_id FROM viewings, users | a stream has that name too",
      })
  void refusesWithReasonAndWayOut(String sql, String message) {
    SqlAnswer answer = analyse(sql);
    assertThat(answer.ok()).as(sql).isFalse();
    assertThat(answer.errors()).anySatisfy(p -> assertThat(p.message()).contains(message));
  }

  @Test
  void refusalsSayWhere() {
    assertThat(bad("SELECT device_id,\n  rand() AS r\nFROM viewings").line()).isEqualTo(2);
    assertThat(bad("SELECT device_id\nFROM viewings\nORDER BY device_id").line()).isEqualTo(3);
    assertThat(
            bad("SELECT a.device_id\nFROM viewings a\nJOIN ad_views b\nON a.device_id = b.device_id")
                .line())
        .isBetween(2, 4);
    assertThat(
            bad("SELECT window.start AS m, count(*) AS n FROM viewings\nGROUP BY window(ended_at, '1 minute')")
                .suggestion())
        .isEqualTo("started_at");
  }

  @Test
  void namesBadSchemas() {
    SqlAnswer a =
        ANALYZER.analyse(
            new SqlRequest(
                "7",
                "SELECT 1 AS x",
                "t",
                "n",
                Map.of(
                    "s",
                    new SqlRequest.Stream(
                        "append", null, JSON.createObjectNode(), null, null, null)),
                null));
    assertThat(a.id()).isEqualTo("7");
    assertThat(a.errors().get(0).message()).startsWith("stream s:");
  }

  private static SqlAnswer pending(String sql) {
    return ANALYZER.analyse(
        new SqlRequest("1", sql, "t", "n", STREAMS, List.of("orders", "shops")));
  }

  @Test
  void checksWhatItCanWhileSchemasAreNotKnownYet() {
    SqlAnswer waits =
        pending(
            "SELECT v.device_id, o.anything FROM viewings v JOIN orders o ON o.d = v.device_id");
    assertThat(waits.ok()).isTrue();
    assertThat(waits.pending()).containsExactly("orders");
    assertThat(waits.schema()).isNull();
    // What does not read them is analysed as ever.
    assertThat(pending("SELECT device_id FROM viewings").schema()).isNotNull();

    SqlAnswer unknown = pending("SELECT v.device_id FROM viewings v JOIN ordrs o ON o.d = v.x");
    assertThat(unknown.errors().get(0).message()).contains("unknown stream ordrs");
    assertThat(unknown.errors().get(0).suggestion()).isEqualTo("orders");

    SqlAnswer shadowed =
        pending("WITH orders AS (SELECT device_id FROM viewings) SELECT device_id FROM orders");
    assertThat(shadowed.errors().get(0).message())
        .isEqualTo("WITH orders: a stream has that name too; give the subquery another one");

    SqlAnswer misspelt =
        pending("SELECT v.device_id,\n  v.chanel_id FROM viewings v JOIN orders o ON o.d = v.x_id");
    assertThat(misspelt.errors()).hasSize(2);
    assertThat(misspelt.errors().get(0).line()).isEqualTo(2);
    assertThat(misspelt.errors().get(0).suggestion()).isEqualTo("channel_id");
    assertThat(misspelt.errors().get(1).message()).contains("v.x_id");
  }

  @Test
  void servesLinesAndSurvivesNonsense() throws Exception {
    String request =
        JSON.writeValueAsString(
            new SqlRequest("a", "SELECT device_id FROM viewings", "t", "n", STREAMS, null));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    AnalyzerMain.serve(
        new ByteArrayInputStream(
            ("{nonsense\n\n{\"id\":\"x\",\"nosuch\":1}\n" + request + "\n")
                .getBytes(StandardCharsets.UTF_8)),
        out);
    List<String> lines = out.toString(StandardCharsets.UTF_8).lines().toList();
    assertThat(lines).hasSize(3);
    assertThat(lines.get(0)).contains("\"ok\":false");
    assertThat(lines.get(1)).contains("nosuch");
    JsonNode good = JSON.readTree(lines.get(2));
    assertThat(good.path("id").asText()).isEqualTo("a");
    assertThat(good.path("ok").asBoolean()).isTrue();
    assertThat(good.has("errors")).isFalse();
    assertThat(good.path("reads").path(0).path("stream").asText()).isEqualTo("viewings");
  }

  private static String lineage(String sql) {
    StringBuilder out = new StringBuilder();
    good(sql)
        .lineage()
        .forEach(
            (column, from) ->
                out.append(column)
                    .append(
                        from.stream().map(c -> c.stream() + "." + c.column()).toList().toString())
                    .append(' '));
    return out.toString().strip();
  }

  @Test
  void tellsWhatEachColumnIsComputedFrom() {
    assertThat(
            lineage(
                """
                SELECT v.device_id AS box, greatest(v.started_at, s.starts_at) AS from_at,
                       CASE WHEN u.age < 18 THEN 'child' ELSE u.region END AS who, 1 AS one
                FROM viewings v
                JOIN schedule s ON s.channel_id = v.channel_id
                LEFT JOIN devices d ON d.device_id = v.device_id
                LEFT JOIN users u ON u.user_id = d.user_id
                WHERE v.ended_by <> 'timeout'
                """))
        .isEqualTo(
            "box[viewings.device_id] from_at[schedule.starts_at, viewings.started_at]"
                + " who[users.age, users.region] one[]");
  }

  @Test
  void followsLineageThroughGroupsSubqueriesUnionsAndGenerators() {
    assertThat(
            lineage(
                """
                SELECT window.start AS minute, channel_id, sum(secs) AS seconds, count(*) AS n
                FROM (SELECT channel_id, started_at,
                             unix_micros(ended_at) - unix_micros(started_at) AS secs FROM viewings)
                GROUP BY window(started_at, '1 minute'), channel_id
                """))
        .isEqualTo(
            "minute[viewings.started_at] channel_id[viewings.channel_id]"
                + " seconds[viewings.ended_at, viewings.started_at] n[]");
    assertThat(
            lineage("SELECT device_id AS d FROM viewings UNION ALL SELECT ended_by FROM ad_views"))
        .isEqualTo("d[ad_views.ended_by, viewings.device_id]");
    assertThat(
            lineage(
                "SELECT part FROM viewings LATERAL VIEW explode(split(ended_by, ',')) t AS part"))
        .isEqualTo("part[viewings.ended_by]");
    assertThat(lineage("WITH a AS (SELECT device_id AS x FROM viewings) SELECT x AS y FROM a"))
        .isEqualTo("y[viewings.device_id]");
  }
}
