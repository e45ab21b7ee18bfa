package dev.millrace.spark.lookup;

import static dev.millrace.spark.sql.Plans.seq;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.catalyst.expressions.And;
import org.apache.spark.sql.catalyst.expressions.BinaryComparison;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.GreaterThan;
import org.apache.spark.sql.catalyst.expressions.GreaterThanOrEqual;
import org.apache.spark.sql.catalyst.expressions.LessThan;
import org.apache.spark.sql.catalyst.expressions.LessThanOrEqual;
import org.apache.spark.sql.catalyst.planning.ExtractEquiJoinKeys;
import org.apache.spark.sql.catalyst.plans.Inner$;
import org.apache.spark.sql.catalyst.plans.JoinType;
import org.apache.spark.sql.catalyst.plans.LeftOuter$;
import org.apache.spark.sql.catalyst.plans.logical.BROADCAST$;
import org.apache.spark.sql.catalyst.plans.logical.Join;
import org.apache.spark.sql.catalyst.plans.logical.JoinHint;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.execution.SparkPlan;
import org.apache.spark.sql.execution.SparkStrategy;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.LongType;
import org.apache.spark.sql.types.TimestampNTZType;
import org.apache.spark.sql.types.TimestampType;
import scala.Option;
import scala.Tuple8;
import scala.collection.Seq;

/**
 * Plans a join with a table that is broadcast, by equal keys and by times that are within each
 * other: {@code t.key = s.key AND t.starts_at < s.ended_at AND t.ends_at > s.started_at}. Spark
 * would look at every row of the key; a programme of weeks has thousands. What else the condition
 * says, and the comparisons themselves, are asked of the rows that are found.
 */
public final class OverlapJoins extends SparkStrategy {
  /**
   * A comparison of the two sides, said of the table's: at most, or at least.
   *
   * @param table of the table's columns
   * @param stream of the stream's
   */
  private record Bound(boolean atMost, Expression table, Expression stream) {}

  @Override
  public Seq<SparkPlan> apply(LogicalPlan plan) {
    List<SparkPlan> planned = new ArrayList<>();
    if (plan instanceof Join join) {
      plan(join).ifPresent(planned::add);
    }
    return seq(planned);
  }

  private Optional<SparkPlan> plan(Join join) {
    Option<
            Tuple8<
                JoinType,
                Seq<Expression>,
                Seq<Expression>,
                Option<Expression>,
                Option<Expression>,
                LogicalPlan,
                LogicalPlan,
                JoinHint>>
        parts = ExtractEquiJoinKeys.unapply(join);
    if (parts.isEmpty() || parts.get()._4().isEmpty() || !broadcast(parts.get()._8())) {
      return Optional.empty();
    }
    boolean inner = parts.get()._1() == Inner$.MODULE$;
    if (!inner && parts.get()._1() != LeftOuter$.MODULE$) {
      return Optional.empty();
    }
    LogicalPlan stream = parts.get()._6();
    LogicalPlan table = parts.get()._7();
    Expression condition = parts.get()._4().get();
    if (!condition.deterministic()) {
      return Optional.empty();
    }
    List<Bound> bounds = new ArrayList<>();
    bounds(condition, stream, table, bounds);
    Optional<Bound> start = bounds.stream().filter(Bound::atMost).findFirst();
    Optional<Bound> end = bounds.stream().filter(b -> !b.atMost()).findFirst();
    if (start.isEmpty() || end.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new OverlapJoinExec(
            inner,
            parts.get()._2(),
            parts.get()._3(),
            seq(List.of(end.get().stream(), start.get().stream())),
            seq(List.of(start.get().table(), end.get().table())),
            condition,
            planLater(stream),
            planLater(table)));
  }

  private static boolean broadcast(JoinHint hint) {
    return hint.rightHint().exists(h -> h.strategy().exists(s -> s == BROADCAST$.MODULE$));
  }

  private static void bounds(
      Expression condition, LogicalPlan stream, LogicalPlan table, List<Bound> out) {
    if (condition instanceof And and) {
      bounds(and.left(), stream, table, out);
      bounds(and.right(), stream, table, out);
      return;
    }
    boolean less = condition instanceof LessThan || condition instanceof LessThanOrEqual;
    if (!less
        && !(condition instanceof GreaterThan)
        && !(condition instanceof GreaterThanOrEqual)) {
      return;
    }
    BinaryComparison comparison = (BinaryComparison) condition;
    Expression left = comparison.left();
    Expression right = comparison.right();
    if (!isLong(left.dataType()) || !isLong(right.dataType())) {
      return;
    }
    if (isOf(left, table) && isOf(right, stream)) {
      out.add(new Bound(less, left, right));
    } else if (isOf(left, stream) && isOf(right, table)) {
      out.add(new Bound(!less, right, left));
    }
  }

  /** As rows hold it: microseconds, for times. */
  private static boolean isLong(DataType type) {
    return type instanceof LongType
        || type instanceof TimestampType
        || type instanceof TimestampNTZType;
  }

  private static boolean isOf(Expression expression, LogicalPlan side) {
    return !expression.references().isEmpty() && expression.references().subsetOf(side.outputSet());
  }
}
