package dev.millrace.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.model.Pipeline;
import dev.millrace.model.Pipeline.SecretRef;
import dev.millrace.planner.Known;
import dev.millrace.planner.SchemaCatalog.ConnectionFacts;
import dev.millrace.planner.SchemaCatalog.SqlAnalysis;
import dev.millrace.planner.SchemaCatalog.SqlRequest;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What needs no backend. Offsets are as Connect's REST API gives them. */
class PartsTest {
  private static JsonNode json(String text) throws IOException {
    return new ObjectMapper().readTree(text);
  }

  @Test
  void aSnapshotOfConnectorsOfOursIsCompleteWhenAllPartitionsSaySo() throws IOException {
    String said = "{\"offset\":{\"snapshotComplete\":true,\"partitions\":2}}";
    assertThat(SourceMarks.snapshotSaid(json("[]"))).isFalse();
    assertThat(SourceMarks.snapshotSaid(json("[{\"offset\":{\"due\":5}}," + said + "]"))).isFalse();
    assertThat(SourceMarks.snapshotSaid(json("[" + said + "," + said + "]"))).isTrue();
    assertThat(
            SourceMarks.snapshotSaid(
                json("[" + said + ",{\"offset\":{\"done\":true,\"partitions\":2}}]")))
        .isTrue();
  }

  @Test
  void aSnapshotIsCompleteOnlyWhenItsOffsetsSaySo() throws IOException {
    assertThat(SourceMarks.snapshotComplete(json("[]"))).isFalse();
    assertThat(
            SourceMarks.snapshotComplete(
                json(
                    "[{\"partition\":{\"server\":\"tv\"},\"offset\":{\"file\":\"b.1\",\"pos\":4,\"snapshot\":\"INITIAL\",\"snapshot_completed\":false}}]")))
        .isFalse();
    assertThat(
            SourceMarks.snapshotComplete(
                json("[{\"offset\":{\"file\":\"b.1\",\"pos\":4,\"snapshot\":true}}]")))
        .isFalse();
    assertThat(SourceMarks.snapshotComplete(json("[{\"offset\":null}]"))).isFalse();
    assertThat(
            SourceMarks.snapshotComplete(
                json(
                    "[{\"offset\":{\"file\":\"b.1\",\"pos\":4,\"snapshot\":\"INITIAL\",\"snapshot_completed\":true}}]")))
        .isTrue();
    assertThat(
            SourceMarks.snapshotComplete(
                json(
                    "[{\"partition\":{\"server\":\"tv.tv_db\"},\"offset\":{\"ts_sec\":1,\"file\":\"b.1\",\"pos\":846028}}]")))
        .isTrue();
    // PostgreSQL's.
    assertThat(
            SourceMarks.snapshotComplete(
                json(
                    "[{\"offset\":{\"lsn\":24,\"txId\":7,\"snapshot\":\"INITIAL\",\"snapshot_completed\":false}}]")))
        .isFalse();
    assertThat(
            SourceMarks.snapshotComplete(
                json(
                    "[{\"offset\":{\"lsn\":24,\"lsn_proc\":24,\"messageType\":\"INSERT\",\"ts_usec\":1}}]")))
        .isTrue();
  }

  @Test
  void aBoundedSourceIsDoneWhenAllItsPartitionsAre() throws IOException {
    String done = "{\"offset\":{\"emitted\":5,\"done\":true,\"partitions\":2}}";
    String more = "{\"offset\":{\"emitted\":3,\"done\":false,\"partitions\":2}}";
    assertThat(SourceMarks.done(json("[" + done + "]"))).as("the other has not begun").isFalse();
    assertThat(SourceMarks.done(json("[" + done + "," + more + "]"))).isFalse();
    assertThat(SourceMarks.done(json("[" + done + "," + done + "]"))).isTrue();
    assertThat(SourceMarks.done(json("[]"))).isFalse();
  }

  @Test
  void messagesHoldNoSecret() {
    Redactor redactor = new Redactor(List.of("s3cret-word", "abc"));
    assertThat(redactor.redact("login with s3cret-word failed at mariadb://u:p%40ss@db:3306/tv"))
        .isEqualTo("login with *** failed at mariadb://***@db:3306/tv");
    assertThat(redactor.redact("abc is too short to be one")).startsWith("abc");
  }

  private static Catalog catalog(Map<String, String> secret) {
    References references =
        new References() {
          @Override
          public Known<Map<String, String>> secret(String name) {
            return name.equals("db") ? new Known.Yes<>(secret) : new Known.No<>("no Secret");
          }

          @Override
          public Known<Map<String, String>> configMap(String name) {
            return new Known.No<>("none");
          }
        };
    SqlAnalyser none =
        new SqlAnalyser() {
          @Override
          public Known<SqlAnalysis> analyse(SqlRequest request) {
            return new Known.Waiting<>("");
          }

          @Override
          public void close() {}
        };
    return new Catalog(Optional.empty(), references, none);
  }

  private static String no(Map<String, String> secret) {
    return ((Known.No<ConnectionFacts>) catalog(secret).connection(new SecretRef("db", "url")))
        .why();
  }

  @Test
  void connectionsAreReadFromTheirUrlAndErrorsDoNotShowIt() {
    Known<ConnectionFacts> facts =
        catalog(
                Map.of(
                    "url", "mysql://u:p@db.example/tv", "username", "u", "password", "hunter2222"))
            .connection(new SecretRef("db", "url"));
    assertThat(facts)
        .isEqualTo(new Known.Yes<>(new ConnectionFacts("mysql", "db.example", 3306, "tv")));
    assertThat(no(Map.of("uri", "x"))).contains("no key 'url'").contains("[uri]");
    assertThat(no(Map.of("url", "mysql://h/d", "username", "u"))).contains("no key 'password'");
    String bad =
        no(Map.of("url", "mysql://u:hunter 2222@h/d", "username", "u", "password", "hunter 2222"));
    assertThat(bad).contains("is no URL").doesNotContain("hunter");
  }

  /** A clock that shows what stands in the array. */
  private static Clock clock(Instant[] now) {
    return new Clock() {
      @Override
      public ZoneId getZone() {
        return ZoneOffset.UTC;
      }

      @Override
      public Clock withZone(ZoneId zone) {
        return this;
      }

      @Override
      public Instant instant() {
        return now[0];
      }
    };
  }

  @Test
  void conditionsRememberWhenTheyChanged() {
    Instant[] now = {Instant.parse("2026-01-01T00:00:00Z")};
    Statuses statuses = new Statuses(clock(now));
    Pipeline pipeline = new Pipeline();
    pipeline.getMetadata().setName("tv");
    PipelineStatus.Component ready = new PipelineStatus.Component("a", "datagen", "ready", -1, "");
    PipelineStatus.Component failed = new PipelineStatus.Component("b", "sql", "failed", -1, "no");
    assertThat(
            statuses
                .observed(pipeline, List.of(ready), List.of(), false, Map.of(), List.of())
                .ready())
        .isTrue();
    now[0] = now[0].plus(Duration.ofMinutes(1));
    PipelineStatus later =
        statuses.observed(pipeline, List.of(ready), List.of(), false, Map.of(), List.of());
    assertThat(later.conditions().get(3).lastTransitionTime())
        .isEqualTo(Instant.parse("2026-01-01T00:00:00Z"));
    PipelineStatus broken =
        statuses.observed(pipeline, List.of(ready, failed), List.of(), false, Map.of(), List.of());
    assertThat(broken.ready()).isFalse();
    assertThat(broken.conditions().get(3).message()).isEqualTo("b");
    assertThat(broken.conditions().get(3).lastTransitionTime()).isEqualTo(now[0]);
  }

  @Test
  void ratesAreOfTheLastSeconds() {
    Instant[] now = {Instant.EPOCH};
    StreamRates rates = new StreamRates(clock(now));
    assertThat(rates.note("t", 100)).isZero();
    now[0] = now[0].plusSeconds(2);
    assertThat(rates.note("t", 300)).isEqualTo(100.0);
    for (int i = 0; i < 30; i++) {
      now[0] = now[0].plusSeconds(1);
      assertThat(rates.note("t", 300)).isNotNegative();
    }
    assertThat(rates.note("t", 300)).isZero();
  }
}
