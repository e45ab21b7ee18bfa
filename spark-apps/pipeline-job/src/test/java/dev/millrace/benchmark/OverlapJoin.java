package dev.millrace.benchmark;

import dev.millrace.spark.lookup.OverlapJoins;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import scala.runtime.BoxedUnit;

/**
 * Slices of viewings that are joined with the programmes of their channel: rows a second by {@link
 * OverlapJoins}, and by Spark's own join with a table that is broadcast, in turns and on one core.
 * Both must find the same. Arguments: the number of slices, and of rounds.
 */
public final class OverlapJoin {
  private static final int CHANNELS = 20;
  private static final int[] PROGRAMMES = {1, 10, 24, 240, 760, 5000};

  private OverlapJoin() {}

  public static void main(String[] args) {
    long slices = args.length > 0 ? Long.parseLong(args[0]) : 100_000;
    int rounds = args.length > 1 ? Integer.parseInt(args[1]) : 5;
    SparkSession session =
        SparkSession.builder()
            .master("local[1]")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.sql.adaptive.enabled", "false")
            .config("spark.sql.shuffle.partitions", "1")
            .config("spark.sql.autoBroadcastJoinThreshold", "1g")
            .withExtensions(
                extensions -> {
                  extensions.injectPlannerStrategy(any -> new OverlapJoins());
                  return BoxedUnit.UNIT;
                })
            .getOrCreate();
    session.sparkContext().setLogLevel("ERROR");
    System.out.printf("%,d slices, %d channels, median of %d%n%n", slices, CHANNELS, rounds);
    System.out.println(
        "| programmes of a channel | Spark's, slices/s | ours, slices/s | ours : Spark's |");
    System.out.println("|---|---|---|---|");
    for (int programmes : PROGRAMMES) {
      measure(session, slices, programmes, rounds);
    }
    session.stop();
  }

  private static void measure(SparkSession session, long slices, int programmes, int rounds) {
    // A day, in seconds: programmes fill it, a slice is of at most one minute.
    int length = 86_400 / programmes;
    Dataset<Row> table =
        session
            .range(0, (long) CHANNELS * programmes, 1, 1)
            .selectExpr(
                "concat('channel ', id % " + CHANNELS + ") AS on_channel",
                "id AS programme",
                "timestamp_seconds(id DIV " + CHANNELS + " * " + length + ") AS starts",
                "timestamp_seconds((id DIV " + CHANNELS + " + 1) * " + length + ") AS ends");
    session
        .range(0, slices, 1, 1)
        .selectExpr(
            "concat('channel ', id % " + CHANNELS + ") AS channel",
            "timestamp_seconds(id * 7919 % 86000) AS began",
            "timestamp_seconds(id * 7919 % 86000 + 1 + id % 59) AS ended")
        .createOrReplaceTempView("slices");
    String sql =
        "SELECT count(*), sum(programme), sum(unix_micros(least(ended, ends)) -"
            + " unix_micros(greatest(began, starts))) FROM slices JOIN %s"
            + " ON on_channel = channel AND starts < ended AND ends > began";
    table.createOrReplaceTempView("sparks");
    functions.broadcast(table).createOrReplaceTempView("ours");
    List<Double> sparks = new ArrayList<>();
    List<Double> ours = new ArrayList<>();
    for (int round = -1; round < rounds; round++) {
      double theirs = run(session, sql.formatted("sparks"), "BroadcastHashJoin", slices);
      double mine = run(session, sql.formatted("ours"), "OverlapJoin", slices);
      if (round >= 0) {
        sparks.add(theirs);
        ours.add(mine);
      }
    }
    if (!session
        .sql(sql.formatted("sparks"))
        .first()
        .equals(session.sql(sql.formatted("ours")).first())) {
      throw new AssertionError("they do not find the same");
    }
    System.out.printf(
        Locale.ROOT,
        "| %,d | %,.0f | %,.0f | %.2f |%n",
        programmes,
        median(sparks),
        median(ours),
        median(ours) / median(sparks));
  }

  private static double run(SparkSession session, String sql, String planned, long slices) {
    Dataset<Row> rows = session.sql(sql);
    String plan = rows.queryExecution().executedPlan().toString();
    if (!plan.contains(planned)) {
      throw new AssertionError(planned + " is not in the plan:\n" + plan);
    }
    long began = System.nanoTime();
    Row unused = rows.first();
    return slices * 1e9 / (System.nanoTime() - began);
  }

  private static double median(List<Double> values) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).toArray();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }
}
