package dev.millrace.spark.job;

import static dev.millrace.spark.job.SparkFixture.at;
import static dev.millrace.spark.job.SparkFixture.schema;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.StateOperatorProgress;
import org.apache.spark.sql.streaming.StreamingQuery;
import org.apache.spark.sql.streaming.StreamingQueryProgress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * That Spark's watermark is our progress: nothing that lags is lost, state goes by event time, and
 * the tick alone moves both.
 */
class ProgressTest {
  private static final String EVENTS = "device STRING, type STRING, channel INT, at TIMESTAMP";

  @TempDir Path temporary;

  private final SparkFixture.MemoryBackends backends = new SparkFixture.MemoryBackends();
  private final SparkFixture.Stream events = new SparkFixture.Stream(EVENTS);

  private StreamingQuery start(PlanDocument.Transform transform) throws Exception {
    backends.streams.put("events", events);
    PlanDocument plan =
        new PlanDocument(
            1,
            "tv",
            Map.of(),
            null,
            temporary.toUri().toString(),
            "tv.millrace-marks",
            0,
            new PlanDocument.Settings(2, null, "local[2]"),
            List.of(
                new PlanDocument.Stream(
                    "events",
                    "tv.events",
                    "append",
                    null,
                    schema(EVENTS),
                    null,
                    new PlanDocument.EventTime("at", 10_000, null),
                    false,
                    null,
                    null),
                new PlanDocument.Stream(
                    "users",
                    "tv.users",
                    "table",
                    null,
                    schema("device STRING, since TIMESTAMP"),
                    null,
                    null,
                    false,
                    null,
                    null)),
            List.of(transform));
    SparkSession session = SparkFixture.spark().newSession();
    return TransformQuery.build(
            session, plan, transform, backends, temporary.resolve("c").toUri().toString())
        .start();
  }

  private static PlanDocument.Transform sql(String sql, String kind, long lateness) {
    return new PlanDocument.Transform(
        "t",
        "h",
        null,
        null,
        null,
        sql,
        lateness,
        List.of(
            new PlanDocument.Read("events", "drives", null),
            new PlanDocument.Read("users", "lookup", null)),
        new PlanDocument.Output("t", "tv.t", kind, null, null, null, null, 1, 2));
  }

  private static PlanDocument.Transform intervals(Long sliceMs) {
    return new PlanDocument.Transform(
        "t",
        "h",
        null,
        null,
        new PlanDocument.Intervals(
            "events",
            List.of("device"),
            "type",
            List.of("start", "switch"),
            List.of("stop"),
            List.of("channel"),
            1_800_000,
            sliceMs),
        null,
        null,
        null,
        new PlanDocument.Output("t", "tv.t", "append", null, null, null, null, 1, 2));
  }

  private static Object[] event(String device, String type, Integer channel, String time) {
    return new Object[] {device, type, channel, at(time)};
  }

  private List<String> written() {
    List<String> out = new ArrayList<>();
    for (Row row : backends.written.get("t")) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < row.size(); i++) {
        Object value = row.get(i);
        line.append(i == 0 ? "" : " ")
            .append(
                value instanceof Timestamp t ? t.toInstant().toString().substring(11, 19) : value);
      }
      out.add(line.toString());
    }
    return out;
  }

  private static long dropped(StreamingQuery query) {
    long out = 0;
    for (StreamingQueryProgress p : query.recentProgress()) {
      for (StateOperatorProgress op : p.stateOperators()) {
        out += op.numRowsDroppedByWatermark();
      }
    }
    return out;
  }

  @Test
  void intervalsLoseNothingOfAPartitionThatLags() throws Exception {
    StreamingQuery query = start(intervals(60_000L));
    // One partition is hours ahead; progress is what the other one allows, and stays the same over
    // batches.
    events.batch(
        at("00:00:00"),
        event("ahead", "start", 1, "03:00:10"),
        event("lags", "start", 2, "00:00:10"));
    query.processAllAvailable();
    events.batch(
        at("00:00:00"),
        event("ahead", "stop", null, "03:00:50"),
        event("lags", "switch", 3, "00:01:20"));
    query.processAllAvailable();
    assertThat(written()).isEmpty();
    events.batch(
        at("00:01:00"),
        event("lags", "stop", null, "00:01:30"),
        event("lags", "other", null, "00:01:25"));
    query.processAllAvailable();
    events.batch(at("00:01:00"), event("lags", "switch", 3, "00:01:20"));
    query.processAllAvailable();
    assertThat(written()).as("00:01:00 is not passed").isEmpty();
    events.batch(at("00:01:01"));
    query.processAllAvailable();
    assertThat(written()).containsExactly("lags 2 00:00:10 00:01:00 00:00:10 slice");
    events.batch(at("02:00:00"));
    query.processAllAvailable();
    assertThat(written())
        .contains(
            "lags 2 00:01:00 00:01:20 00:00:10 switch", "lags 3 00:01:20 00:01:30 00:01:20 stop")
        .hasSize(3);
    events.batch(at("02:00:00"), event("new", "start", 4, "04:00:00"));
    events.end();
    query.processAllAvailable();
    assertThat(written())
        .contains(
            "ahead 1 03:00:10 03:00:50 03:00:10 stop", "new 4 04:29:00 04:30:00 04:00:00 timeout");
    assertThat(written()).hasSize(4 + 30).doesNotHaveDuplicates();
    assertThat(dropped(query)).isZero();
    assertThat(Instant.parse(query.lastProgress().eventTime().get("watermark")))
        .as("all is written: the end is seen")
        .isEqualTo(Progress.END);
    assertThat(query.lastProgress().stateOperators()[0].numRowsTotal()).isZero();
    query.stop();
  }

  @Test
  void intervalsCarryEveryFlatTypeAndNulls() throws Exception {
    StreamingQuery query = start(intervals(null));
    events.batch(
        at("00:00:00"),
        event("d", "start", null, "00:00:10"),
        event("d", "start", 5, "00:00:20"),
        event(null, "start", 6, "00:00:20"));
    events.end();
    query.processAllAvailable();
    assertThat(written())
        .containsExactlyInAnyOrder(
            "d null 00:00:10 00:00:20 00:00:10 start",
            "d 5 00:00:20 00:30:20 00:00:20 timeout",
            "null 6 00:00:20 00:30:20 00:00:20 timeout");
    query.stop();
  }

  @Test
  void intervalsGoOnFromTheirCheckpoint() throws Exception {
    StreamingQuery query = start(intervals(60_000L));
    events.batch(at("00:00:00"), event("d", "start", 1, "00:00:10"));
    events.batch(at("00:00:30"), event("d", "switch", 2, "00:03:10"));
    query.processAllAvailable();
    query.stop();
    query = start(intervals(60_000L));
    events.batch(at("00:02:30"));
    query.processAllAvailable();
    assertThat(written())
        .containsExactly(
            "d 1 00:00:10 00:01:00 00:00:10 slice", "d 1 00:01:00 00:02:00 00:00:10 slice");
    query.stop();
  }

  @Test
  void windowsLoseNothingOfAPartitionThatLagsAndGoByEventTime() throws Exception {
    StreamingQuery query =
        start(
            sql(
                "SELECT window.start AS minute, channel, count(*) AS n FROM events GROUP BY window(at, '1 minute'), channel",
                "table",
                60_000));
    events.batch(at("00:00:00"), event("a", "x", 1, "05:00:00"), event("b", "x", 1, "00:00:01"));
    query.processAllAvailable();
    events.batch(at("00:00:00"), event("a", "x", 1, "05:00:10"), event("b", "x", 1, "00:00:02"));
    query.processAllAvailable();
    assertThat(written()).contains("00:00:00 1 1", "00:00:00 1 2", "05:00:00 1 2").hasSize(4);
    assertThat(query.lastProgress().stateOperators()[0].numRowsTotal()).isEqualTo(2);
    events.batch(at("00:02:00"), event("b", "x", 1, "00:01:59"));
    query.processAllAvailable();
    // Progress 00:02:00 less a minute of lateness: the window that ends at 00:01:00 goes, by event
    // time, although all rows came with one progress.
    events.batch(at("00:02:00"), event("b", "x", 1, "00:01:58"));
    query.processAllAvailable();
    assertThat(written()).contains("00:01:00 1 2");
    assertThat(query.lastProgress().stateOperators()[0].numRowsTotal()).isEqualTo(2);
    assertThat(dropped(query)).isZero();
    events.end();
    query.processAllAvailable();
    assertThat(query.lastProgress().stateOperators()[0].numRowsTotal()).isZero();
    query.stop();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SELECT * FROM events",
        "SELECT device FROM events WHERE device = 'a' AND at IS NOT NULL",
        "SELECT device FROM events WHERE device IN (SELECT device FROM users)",
        "SELECT device FROM events WHERE NOT EXISTS (SELECT 1 FROM users WHERE users.device <> events.device)",
        "SELECT e.device FROM events e JOIN users u ON u.device = e.device AND u.since < e.at",
        "SELECT device, explode(sequence(1, channel)) AS n FROM events WHERE channel = 1",
        "SELECT device FROM events WHERE channel = 1 UNION ALL SELECT device FROM events WHERE channel = 2"
      })
  void theTickIsSeenByTheWatermarkButByNoSql(String sql) throws Exception {
    backends.tables.put("users", List.of(RowFactory.create("a", at("00:00:00"))));
    StreamingQuery query = start(sql(sql, "append", 0));
    events.batch(at("00:00:07"));
    query.processAllAvailable();
    assertThat(backends.written.get("t")).isEmpty();
    assertThat(query.lastProgress().eventTime().get("max")).startsWith("2026-01-01T00:00:07");
    events.batch(at("00:00:08"), event("a", "x", 1, "00:00:09"));
    query.processAllAvailable();
    assertThat(backends.written.get("t")).hasSize(1);
    assertThat(backends.written.get("t").get(0).schema().fieldNames())
        .doesNotContain(Progress.COLUMN, Progress.TICK);
    query.stop();
  }
}
