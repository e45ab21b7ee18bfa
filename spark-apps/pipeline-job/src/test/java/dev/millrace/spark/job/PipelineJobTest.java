package dev.millrace.spark.job;

import static dev.millrace.spark.job.SparkFixture.at;
import static dev.millrace.spark.job.SparkFixture.schema;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.registry.StreamMarks;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PipelineJobTest {
  private static final String EVENTS = "device STRING, n INT, at TIMESTAMP";
  private static final String USERS = "device STRING, name STRING";
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final TransformRunner.Backoff SOON =
      new TransformRunner.Backoff(Duration.ofMillis(50), Duration.ofMillis(200));

  @TempDir Path temporary;

  private final SparkFixture.MemoryBackends backends = new SparkFixture.MemoryBackends();
  private final SparkFixture.MemoryMarks marks = new SparkFixture.MemoryMarks();

  private PlanDocument plan(PlanDocument.Transform... transforms) {
    return new PlanDocument(
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
                new PlanDocument.EventTime("at", 0, null),
                false,
                null,
                null),
            new PlanDocument.Stream(
                "more",
                "tv.more",
                "append",
                null,
                schema(EVENTS),
                null,
                new PlanDocument.EventTime("at", 0, null),
                false,
                null,
                null),
            // Nothing here reads it; it says how far behind its input it may be.
            new PlanDocument.Stream(
                "named",
                "tv.named",
                "append",
                null,
                null,
                null,
                new PlanDocument.EventTime("at", 2000, null),
                false,
                null,
                null),
            new PlanDocument.Stream(
                "users",
                "tv.users",
                "table",
                null,
                schema(USERS),
                schema("device STRING"),
                null,
                true,
                null,
                null)),
        List.of(transforms));
  }

  private static PlanDocument.Transform sql(
      String name, String sql, String driver, String... lookups) {
    List<PlanDocument.Read> reads = new java.util.ArrayList<>();
    for (String d : driver.split(",")) {
      reads.add(new PlanDocument.Read(d, "drives", null));
    }
    for (String l : lookups) {
      reads.add(new PlanDocument.Read(l, "lookup", null));
    }
    return new PlanDocument.Transform(
        name,
        "h",
        null,
        null,
        null,
        sql,
        null,
        reads,
        new PlanDocument.Output(name, "tv." + name, "append", null, null, null, null, 1, 2));
  }

  private static JobStatus.Query query(PipelineJob job, String transform) {
    return job.status().queries().stream()
        .filter(q -> q.transform().equals(transform))
        .findFirst()
        .orElseThrow();
  }

  private static Object[] event(String device, int n, String time) {
    return new Object[] {device, n, at(time)};
  }

  @Test
  void waitsForSnapshotsRunsTellsProgressAndEnds() throws Exception {
    backends.streams.put("events", new SparkFixture.Stream(EVENTS));
    backends.tables.put("users", List.of(RowFactory.create("a", "Ann")));
    PlanDocument plan =
        plan(
            sql(
                "named",
                "SELECT e.device, e.at, u.name FROM events e LEFT JOIN users u ON u.device = e.device",
                "events",
                "users"));
    try (PipelineJob job = PipelineJob.started(plan, SparkFixture.spark(), backends, marks, SOON)) {
      await()
          .atMost(PATIENCE)
          .until(
              () ->
                  "the first snapshot of users is not complete"
                      .equals(query(job, "named").cause()));
      assertThat(query(job, "named").state()).isEqualTo("waiting");
      marks.change("users", StreamMarks::withSnapshotComplete);
      backends
          .streams
          .get("events")
          .batch(at("00:00:05"), event("a", 1, "00:00:06"), event("b", 2, "00:00:07"));
      await()
          .atMost(PATIENCE)
          .untilAsserted(() -> assertThat(backends.written.get("named")).hasSize(2));
      assertThat(backends.written.get("named").toString()).contains("Ann").contains("null");
      await()
          .atMost(PATIENCE)
          .untilAsserted(() -> assertThat(marks.of("named").progress()).isPresent());
      assertThat(marks.of("named").progress().orElseThrow().at())
          .isEqualTo(at("00:00:03").getTime() * 1000);
      assertThat(query(job, "named").progress()).isEqualTo("2026-01-01T00:00:05Z");
      assertThat(marks.of("named").end()).isEmpty();
      marks.change("events", m -> m.withEnd(Map.of(0, 2L)));
      backends.streams.get("events").end();
      await().atMost(PATIENCE).until(() -> query(job, "named").state().equals("ended"));
      assertThat(marks.of("named").end()).contains(Map.of(0, 7L, 1, 8L));
      assertThat(job.status().state()).isEqualTo("ended");
    }
    // Started again: still ended, and a mark that was lost is written again.
    marks.change("named", m -> StreamMarks.none("named"));
    try (PipelineJob job = PipelineJob.started(plan, SparkFixture.spark(), backends, marks, SOON)) {
      await().atMost(PATIENCE).until(() -> query(job, "named").state().equals("ended"));
      assertThat(marks.of("named").end()).isPresent();
      // The input goes on: so does the transform.
      marks.change("events", m -> StreamMarks.none("events"));
      backends.streams.get("events").batch(at("00:00:05"), event("c", 1, "00:00:06"));
      await()
          .atMost(PATIENCE)
          .untilAsserted(() -> assertThat(backends.written.get("named")).hasSize(3));
      assertThat(marks.of("named").end()).isEmpty();
    }
  }

  @Test
  void aTransformThatFailsLeavesTheOthersRunningAndComesBack() throws Exception {
    backends.streams.put("events", new SparkFixture.Stream(EVENTS));
    backends.streams.put("more", new SparkFixture.Stream(EVENTS));
    PlanDocument plan =
        plan(
            sql("bad", "SELECT device, if(n = 0, raise_error('n is 0'), n) AS n FROM more", "more"),
            sql("wrong", "SELECT nosuch FROM events", "events"),
            sql("good", "SELECT device FROM events", "events"));
    try (PipelineJob job = PipelineJob.started(plan, SparkFixture.spark(), backends, marks, SOON)) {
      backends.streams.get("more").batch(at("00:00:05"), event("a", 0, "00:00:06"));
      await()
          .atMost(PATIENCE)
          .untilAsserted(() -> assertThat(query(job, "bad").cause()).contains("n is 0"));
      await().atMost(PATIENCE).until(() -> query(job, "wrong").state().equals("failed"));
      assertThat(query(job, "wrong").cause()).contains("nosuch");
      for (int i = 1; i <= 3; i++) {
        int rows = i;
        backends.streams.get("events").batch(at("00:00:05"), event("a", 0, "00:00:06"));
        await()
            .atMost(PATIENCE)
            .untilAsserted(() -> assertThat(backends.written.get("good")).hasSize(rows));
      }
      assertThat(query(job, "good").state()).isEqualTo("running");
      await().atMost(PATIENCE).until(() -> job.status().state().equals("failed"));
      assertThat(query(job, "bad").cause()).as("stays visible over restarts").contains("n is 0");
    }
  }

  @Test
  void nothingIsStartedAnyMoreOnceItIsClosed() throws Exception {
    CountDownLatch building = new CountDownLatch(1);
    backends.streams.put(
        "events",
        new SparkFixture.Stream(EVENTS) {
          @Override
          Dataset<Row> rows(SparkSession spark) {
            building.countDown();
            LockSupport.parkNanos(Duration.ofSeconds(1).toNanos());
            return super.rows(spark);
          }
        });
    PlanDocument plan = plan(sql("slow", "SELECT device FROM events", "events"));
    try (PipelineJob job = PipelineJob.started(plan, SparkFixture.spark(), backends, marks, SOON)) {
      assertThat(building.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
      assertThat(query(job, "slow").state()).isEqualTo("waiting");
    }
    assertThat(Thread.getAllStackTraces().keySet())
        .noneMatch(thread -> thread.getName().equals("transform-slow"));
  }

  @Test
  void aUnionEndsWhenAllItsStreamsHave() throws Exception {
    backends.streams.put("events", new SparkFixture.Stream(EVENTS));
    backends.streams.put("more", new SparkFixture.Stream(EVENTS));
    PlanDocument plan =
        plan(
            sql(
                "both",
                "SELECT device FROM events UNION ALL SELECT device FROM more",
                "events,more"));
    try (PipelineJob job = PipelineJob.started(plan, SparkFixture.spark(), backends, marks, SOON)) {
      backends.streams.get("events").batch(at("00:00:05"), event("a", 0, "00:00:06"));
      backends.streams.get("more").batch(at("00:00:03"), event("b", 0, "00:00:06"));
      await()
          .atMost(PATIENCE)
          .untilAsserted(
              () -> assertThat(query(job, "both").progress()).isEqualTo("2026-01-01T00:00:03Z"));
      backends.streams.get("events").end();
      backends.streams.get("more").batch(at("00:00:08"), event("b", 0, "00:00:09"));
      await()
          .atMost(PATIENCE)
          .untilAsserted(
              () -> assertThat(query(job, "both").progress()).isEqualTo("2026-01-01T00:00:08Z"));
      assertThat(query(job, "both").state()).isEqualTo("running");
      backends.streams.get("more").end();
      await().atMost(PATIENCE).until(() -> query(job, "both").state().equals("ended"));
      assertThat(backends.written.get("both")).hasSize(3);
    }
  }

  @Test
  void servesStatusOnLoopback() throws Exception {
    JobStatus status =
        JobStatus.of(List.of(new QueryNumbers(List.of("a")).status("t", "waiting", "x")));
    try (StatusServer server = new StatusServer(0, () -> status);
        HttpClientCloser http = new HttpClientCloser()) {
      HttpResponse<String> answer = http.get(server.port(), "/status");
      JsonNode body = SparkFixture.JSON.readTree(answer.body());
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(body.path("state").asText()).isEqualTo("running");
      assertThat(body.path("queries").path(0).fieldNames())
          .toIterable()
          .containsExactly(
              "transform",
              "state",
              "cause",
              "inputRowsPerSecond",
              "processedRowsPerSecond",
              "batchId",
              "batchMs",
              "lag",
              "progress",
              "stateRows",
              "late",
              "dead",
              "rowsWritten");
      assertThat(http.get(server.port(), "/other").statusCode()).isEqualTo(404);
    }
  }

  private record HttpClientCloser(HttpClient client) implements AutoCloseable {
    HttpClientCloser() {
      this(HttpClient.newHttpClient());
    }

    HttpResponse<String> get(int port, String path) throws IOException, InterruptedException {
      return client.send(
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).build(),
          HttpResponse.BodyHandlers.ofString());
    }

    @Override
    public void close() {}
  }

  @Test
  void readsPlansStrictly() throws Exception {
    String good =
        """
        {"version":1,"pipeline":"tv","kafka":{"bootstrap.servers":"x:1"},"registry":{"url":"http://r"},"checkpointDir":"file:///c","marksTopic":"tv.millrace-marks",
         "statusPort":0,"settings":{"shufflePartitions":2},
         "streams":[{"name":"events","topic":"tv.events","kind":"append","schema":{},"keySchema":null,"eventTime":{"field":"at","outOfOrderMs":1,"idleMs":3},"snapshotMark":false}],
         "transforms":[{"name":"v","stateHash":"a","lateTopic":"l","deadTopic":"d",
           "intervals":{"from":"events","by":["d"],"type":"t","open":["o"],"close":["c"],"carry":[],"timeoutMs":1,"sliceMs":2},
           "output":{"stream":"v","topic":"tv.v","kind":"append","schema":{},"keySchema":{},"partitionBy":["d"],"schemaId":1,"keySchemaId":2}}]}
        """;
    PlanDocument plan = PlanDocument.parse(good);
    assertThat(plan.settings().maxOffsetsPerTrigger()).isEqualTo(200_000);
    assertThat(plan.transforms().get(0).drivers())
        .containsExactly(new PlanDocument.Read("events", "drives", null));
    assertThatThrownBy(
            () ->
                PlanDocument.parse(
                    good.replace(
                        "\"kind\":\"append\",\"schema\":{},\"keySchema\":null", "\"kid\":1")))
        .hasMessageContaining("kid");
    assertThatThrownBy(() -> PlanDocument.parse(good.replace("\"version\":1", "\"version\":2")))
        .hasMessageContaining("version: 2");
    assertThatThrownBy(
            () -> PlanDocument.parse(good.replace("\"from\":\"events\"", "\"from\":\"evnts\"")))
        .hasMessageContaining("evnts");
    assertThatThrownBy(
            () -> PlanDocument.parse(good.replace("\"lateTopic\":\"l\",", "\"sql\":\"SELECT 1\",")))
        .hasMessageContaining("exactly one of intervals, sql and app");
    assertThatThrownBy(() -> PlanDocument.parse(good.replace("\"timeoutMs\":1", "\"timeoutMs\":0")))
        .hasMessageContaining("timeoutMs");
  }
}
