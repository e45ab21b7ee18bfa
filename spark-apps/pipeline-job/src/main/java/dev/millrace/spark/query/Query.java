package dev.millrace.spark.query;

import dev.millrace.spark.sql.Problems;
import dev.millrace.spark.sql.SqlAnswer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.analysis.UnsupportedOperationChecker;
import org.apache.spark.sql.catalyst.parser.CatalystSqlParser;
import org.apache.spark.sql.catalyst.plans.logical.Aggregate;
import org.apache.spark.sql.catalyst.plans.logical.Command;
import org.apache.spark.sql.catalyst.plans.logical.GlobalLimit;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.ParsedStatement;
import org.apache.spark.sql.execution.ExplainMode;
import org.apache.spark.sql.streaming.OutputMode;
import org.apache.spark.sql.streaming.StreamingQuery;
import org.apache.spark.sql.streaming.StreamingQueryException;
import org.apache.spark.sql.streaming.Trigger;
import org.apache.spark.sql.types.StructField;

/** One question, from its text to its rows. */
final class Query {
  /** By the estimates of {@link dev.millrace.spark.stream.RowsProvider}: some 100,000 rows. */
  private static final long FEW_BYTES = 16L << 20;

  /** So many rows fit into memory. */
  private static final long COLLECTED = 10_000;

  private final QueryDocument query;
  private final StreamReads reads;
  private final RowOutput out;
  private final String checkpoint;
  private volatile RowOutput.Closed closed;

  /**
   * @param checkpoint an empty folder
   */
  Query(QueryDocument query, StreamReads reads, RowOutput out, String checkpoint) {
    this.query = query;
    this.reads = reads;
    this.out = out;
    this.checkpoint = checkpoint;
  }

  /** What does not need a Spark to be seen to be wrong. */
  static void check(String sql) {
    LogicalPlan parsed;
    try {
      parsed = spark(() -> new CatalystSqlParser().parsePlan(sql));
    } catch (AnalysisException e) {
      throw new QueryException(text(e));
    }
    if (parsed instanceof Command || parsed instanceof ParsedStatement) {
      throw new QueryException(
          text(
              Problems.of(
                  parsed.origin(),
                  "a query is one SELECT; " + parsed.nodeName() + " is not",
                  null)));
    }
  }

  /** A call of Scala code, whose checked exceptions Java's compiler can not see. */
  private interface SparkCall<T, E extends Exception> {
    T run() throws AnalysisException, E;
  }

  private static <T, E extends Exception> T spark(SparkCall<T, E> call)
      throws AnalysisException, E {
    return call.run();
  }

  /**
   * What the SQL yields.
   *
   * @throws QueryException with the place of what is wrong
   */
  Dataset<Row> analyse(SparkSession session) {
    try {
      Dataset<Row> rows = spark(() -> session.sql(query.sql()));
      if (query.follow() && !rows.isStreaming()) {
        if (reads.read().size() != 1) {
          throw new QueryException(
              "--follow needs an append stream, whose records drive; "
                  + (reads.read().isEmpty() ? "none is read" : "these are tables: " + names())
                  + ". One table alone can be followed as it changes");
        }
        reads.followTables();
        rows = spark(() -> session.sql(query.sql()));
      }
      if (query.limit() != null && !query.follow()) {
        rows = rows.limit((int) Math.min(Integer.MAX_VALUE, query.limit()));
      }
      return rows;
    } catch (AnalysisException e) {
      throw new QueryException(text(e));
    }
  }

  private String names() {
    return String.join(", ", reads.read().stream().map(QueryDocument.Stream::name).toList());
  }

  /** Writes all rows; followed, until nobody wants more. */
  void run(Dataset<Row> rows) throws RowOutput.Closed, StreamingQueryException, TimeoutException {
    if (query.follow()) {
      follow(rows);
      return;
    }
    out.begin(rows.schema());
    LogicalPlan plan = rows.queryExecution().optimizedPlan();
    if (plan.collectLeaves().forall(leaf -> leaf.stats().sizeInBytes().toLong() < FEW_BYTES)) {
      // To compile whole stages costs more than it saves on a few rows.
      rows.sparkSession().conf().set("spark.sql.codegen.wholeStage", false);
    }
    // A limit looks at few partitions first if it is collected.
    Iterator<Row> all =
        plan instanceof GlobalLimit && (Long) plan.maxRows().get() <= COLLECTED
            ? rows.collectAsList().iterator()
            : rows.toLocalIterator();
    while (all.hasNext() && out.more()) {
      out.row(all.next());
    }
  }

  private void follow(Dataset<Row> rows)
      throws RowOutput.Closed, StreamingQueryException, TimeoutException {
    boolean grouped =
        rows.queryExecution()
            .analyzed()
            .exists(node -> node instanceof Aggregate && node.isStreaming());
    OutputMode mode = grouped ? OutputMode.Update() : OutputMode.Append();
    StreamingQuery running;
    try {
      spark(
          () -> {
            UnsupportedOperationChecker.checkForStreaming(rows.queryExecution().analyzed(), mode);
            return mode;
          });
      out.begin(rows.schema());
      out.pause();
      running =
          spark(
              () ->
                  rows.writeStream()
                      .foreachBatch(this::batch)
                      .outputMode(mode)
                      .option("checkpointLocation", checkpoint)
                      .trigger(Trigger.ProcessingTime(0))
                      .start());
    } catch (AnalysisException e) {
      throw new QueryException("--follow: " + text(e));
    }
    while (out.more() && closed == null && !running.awaitTermination(50)) {
      // Until the next look.
    }
    if (closed != null) {
      throw closed;
    }
  }

  private void batch(Dataset<Row> rows, Long id) {
    try {
      Iterator<Row> all = rows.toLocalIterator();
      while (all.hasNext() && out.more()) {
        out.row(all.next());
      }
      out.pause();
    } catch (RowOutput.Closed e) {
      closed = e;
    }
  }

  /** What would be read, what comes out, and how Spark goes about it. */
  String explain(Dataset<Row> rows) {
    StringBuilder text = new StringBuilder("reads\n");
    for (QueryDocument.Stream stream : reads.read()) {
      text.append(
          String.format(
              "  %-24s %-7s topic %s%n",
              stream.pipeline() + "." + stream.name(), stream.kind(), stream.topic()));
    }
    text.append("yields\n");
    for (StructField column : rows.schema().fields()) {
      text.append(
          String.format(
              "  %-24s %s%s%n",
              column.name(), column.dataType().sql(), column.nullable() ? "" : " NOT NULL"));
    }
    return text.append(rows.queryExecution().explainString(ExplainMode.fromString("simple")))
        .toString();
  }

  private static String text(AnalysisException e) {
    Optional<String> column = unknownColumn(e);
    SqlAnswer.Problem problem = Problems.of(e);
    return text(
        column.isEmpty()
            ? problem
            : new SqlAnswer.Problem(problem.line(), problem.column(), column.get(), null));
  }

  /** As the planner says it of a transform. */
  private static Optional<String> unknownColumn(AnalysisException e) {
    if (!"UNRESOLVED_COLUMN.WITH_SUGGESTION".equals(e.getErrorClass())) {
      return Optional.empty();
    }
    Map<String, String> said = e.getMessageParameters();
    List<String> near = new ArrayList<>();
    for (String name : said.getOrDefault("proposal", "").split(", ")) {
      near.add(name.replace("`", ""));
    }
    return Optional.of(
        "unknown column "
            + said.getOrDefault("objectName", "").replace("`", "")
            + " (did you mean '"
            + near.get(0)
            + "'?); near: "
            + String.join(", ", near));
  }

  /** What is wrong, with its place. */
  static String text(SqlAnswer.Problem problem) {
    return (problem.line() == null
            ? ""
            : "line " + problem.line() + ", column " + problem.column() + ": ")
        + problem.message();
  }
}
