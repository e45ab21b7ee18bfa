package dev.millrace.spark.job;

import static dev.millrace.spark.job.SparkFixture.spark;
import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Timestamp;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.execution.streaming.StreamingQueryWrapper;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.streaming.StreamingQuery;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Joins by overlap give what Spark's own joins give. */
class OverlapJoinsTest {
  private static final String PLANNED = "OverlapJoin";
  private static final String SLICES =
      "id INT, channel STRING, region INT, began TIMESTAMP, ended TIMESTAMP, micros LONG";
  private static final String SHOWS =
      "show INT, on_channel STRING, for_region INT, starts TIMESTAMP, ends TIMESTAMP, from_micros LONG, to_micros LONG";

  private static final String OVERLAP = "on_channel = channel AND starts < ended AND ends > began";

  /** Some channels, regions and times are missing, some intervals are empty or turned. */
  private static List<Row> rows(int count, boolean shows, long seed) {
    Random random = new Random(seed);
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      String channel = random.nextInt(20) == 0 ? null : "channel " + random.nextInt(6);
      Integer region = random.nextInt(20) == 0 ? null : random.nextInt(3);
      long at = random.nextInt(1000) * 1000L;
      long length = random.nextInt(10) == 0 ? random.nextInt(3) - 1 : random.nextInt(60);
      Timestamp from = random.nextInt(20) == 0 ? null : new Timestamp(at);
      Timestamp to = random.nextInt(20) == 0 ? null : new Timestamp(at + length * 1000);
      rows.add(
          shows
              ? RowFactory.create(i, channel, region, from, to, at, at + length * 1000)
              : RowFactory.create(i, channel, region, from, to, at));
    }
    return rows;
  }

  private static Dataset<Row> slices(SparkSession session) {
    return session.createDataFrame(rows(500, false, 1), StructType.fromDDL(SLICES));
  }

  private static Dataset<Row> shows(SparkSession session) {
    return session.createDataFrame(rows(400, true, 2), StructType.fromDDL(SHOWS));
  }

  private static List<String> sorted(Dataset<Row> rows) {
    return rows.collectAsList().stream().map(Row::toString).sorted().toList();
  }

  private static String plan(Dataset<Row> rows) {
    return rows.queryExecution().executedPlan().toString();
  }

  private static Dataset<Row> joined(String sql, boolean lookup) {
    SparkSession session = spark().newSession();
    slices(session).createOrReplaceTempView("slices");
    (lookup ? functions.broadcast(shows(session)) : shows(session))
        .createOrReplaceTempView("shows");
    return session.sql(sql);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SELECT * FROM slices JOIN shows ON " + OVERLAP,
        "SELECT * FROM slices LEFT JOIN shows ON " + OVERLAP,
        "SELECT id, show FROM slices JOIN shows ON channel = on_channel AND ended >= starts AND began <= ends",
        // A moment in an interval: a price that was valid then.
        "SELECT * FROM slices LEFT JOIN shows ON on_channel = channel AND began >= starts AND began < ends",
        "SELECT * FROM slices JOIN shows ON on_channel = channel AND micros BETWEEN from_micros AND to_micros",
        "SELECT * FROM slices JOIN shows ON on_channel = channel AND for_region = region AND starts < ended AND ends > began",
        "SELECT * FROM slices JOIN shows ON on_channel = channel AND starts < ended AND ends > began AND (show % 2 = id % 2 OR show < 9)",
        "SELECT * FROM slices JOIN shows ON upper(on_channel) = upper(channel) AND starts - INTERVAL 5 SECONDS <= ended AND ends > began + INTERVAL 1 SECOND",
        "SELECT * FROM slices JOIN shows ON "
            + OVERLAP
            + " WHERE region = 1 AND for_region IS NULL",
        "SELECT channel, count(*), max(show) FROM slices JOIN shows ON "
            + OVERLAP
            + " GROUP BY channel",
        // The other way round, and the keys that are times themselves.
        "SELECT * FROM slices JOIN shows ON micros = from_micros AND starts <= began AND ends >= began",
        "SELECT * FROM slices JOIN shows a ON a.on_channel = channel AND a.starts < ended AND a.ends > began JOIN shows b ON b.on_channel = channel AND b.starts <= began AND b.ends >= began AND b.show <> a.show",
      })
  void givesWhatSparksOwnJoinsGive(String sql) {
    Dataset<Row> ours = joined(sql, true);
    Dataset<Row> sparks = joined(sql, false);
    assertThat(plan(ours)).contains(PLANNED);
    assertThat(plan(sparks)).doesNotContain(PLANNED);
    assertThat(sorted(ours)).isEqualTo(sorted(sparks)).hasSizeGreaterThan(5);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        // One bound, none, no key, days, and rows of the table that find nothing.
        "SELECT * FROM slices JOIN shows ON on_channel = channel AND starts < ended",
        "SELECT * FROM slices JOIN shows ON on_channel = channel AND show > id",
        "SELECT * FROM slices JOIN shows ON starts < ended AND ends > began",
        "SELECT * FROM slices JOIN shows ON on_channel = channel AND date(starts) <= date(ended) AND date(ends) >= date(began)",
        "SELECT * FROM slices RIGHT JOIN shows ON " + OVERLAP,
        "SELECT * FROM slices LEFT ANTI JOIN shows ON " + OVERLAP,
      })
  void othersAreLeftToSpark(String sql) {
    assertThat(plan(joined(sql, true))).doesNotContain(PLANNED);
  }

  @Test
  void aStreamFindsTheTableAsItIsInEachBatch() throws Exception {
    SparkSession session = spark().newSession();
    SparkFixture.Stream stream = new SparkFixture.Stream(SLICES);
    List<Row> rows = rows(300, false, 3);
    functions.broadcast(shows(session)).createOrReplaceTempView("shows");
    stream.rows(session).createOrReplaceTempView("slices");
    List<String> found = java.util.Collections.synchronizedList(new ArrayList<>());
    String sql = "SELECT id, show FROM slices JOIN shows ON " + OVERLAP;
    StreamingQuery query =
        session
            .sql(sql)
            .writeStream()
            .foreachBatch(
                (Dataset<Row> batch, Long id) ->
                    batch.collectAsList().forEach(r -> found.add(r.toString())))
            .start();
    try {
      for (int half = 0; half < 2; half++) {
        stream.batch(
            SparkFixture.at("00:00:00"),
            rows.subList(half * 150, half * 150 + 150).stream()
                .map(r -> new Object[] {r.get(0), r.get(1), r.get(2), r.get(3), r.get(4), r.get(5)})
                .toArray(Object[][]::new));
        query.processAllAvailable();
      }
      assertThat(
              ((StreamingQueryWrapper) query)
                  .streamingQuery()
                  .lastExecution()
                  .executedPlan()
                  .toString())
          .contains(PLANNED);
    } finally {
      query.stop();
    }
    SparkSession other = spark().newSession();
    shows(other).createOrReplaceTempView("shows");
    other.createDataFrame(rows, StructType.fromDDL(SLICES)).createOrReplaceTempView("slices");
    assertThat(found)
        .containsExactlyInAnyOrderElementsOf(sorted(other.sql(sql)))
        .hasSizeGreaterThan(5);
  }
}
