package dev.millrace.spark.sql;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.PlanExpression;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.UnresolvedWith;
import org.apache.spark.sql.catalyst.trees.Origin;
import scala.Tuple2;
import scala.collection.JavaConverters;

/** Walks over Spark's plans from Java. */
public final class Plans {
  private Plans() {}

  /** A copy. */
  public static <T> List<T> list(scala.collection.Seq<? extends T> seq) {
    return new ArrayList<>(JavaConverters.seqAsJavaList(seq));
  }

  /** The same list as Scala sees it. */
  public static <T> scala.collection.Seq<T> seq(List<T> list) {
    return JavaConverters.asScalaBuffer(list).toSeq();
  }

  /** Every node of a plan, parents first, those of WITH and of subqueries too. */
  static void forEach(LogicalPlan plan, Consumer<LogicalPlan> visit) {
    visit.accept(plan);
    if (plan instanceof UnresolvedWith with) {
      for (Tuple2<String, ?> cte : list(with.cteRelations())) {
        forEach((LogicalPlan) cte._2(), visit);
      }
    }
    for (LogicalPlan child : list(plan.children())) {
      forEach(child, visit);
    }
    for (Expression e : list(plan.expressions())) {
      forEachIn(e, inner -> subquery(inner).ifPresent(p -> forEach(p, visit)));
    }
  }

  /** Every expression of every node with the node it stands in. */
  static void forEachExpression(LogicalPlan plan, BiConsumer<LogicalPlan, Expression> visit) {
    forEach(
        plan,
        node -> {
          for (Expression e : list(node.expressions())) {
            forEachIn(e, inner -> visit.accept(node, inner));
          }
        });
  }

  /** An expression and all below it, parents first; not into subqueries. */
  static void forEachIn(Expression e, Consumer<Expression> visit) {
    visit.accept(e);
    for (Expression child : list(e.children())) {
      forEachIn(child, visit);
    }
  }

  static Optional<LogicalPlan> subquery(Expression e) {
    return e instanceof PlanExpression<?> p && p.plan() instanceof LogicalPlan inner
        ? Optional.of(inner)
        : Optional.empty();
  }

  /** The first known position of a node: its own, or of an expression in it. */
  static Origin origin(LogicalPlan node) {
    if (node.origin().line().isDefined()) {
      return node.origin();
    }
    for (Expression e : list(node.expressions())) {
      Origin o = origin(e);
      if (o.line().isDefined()) {
        return o;
      }
    }
    return node.origin();
  }

  static Origin origin(Expression e) {
    if (e.origin().line().isDefined()) {
      return e.origin();
    }
    for (Expression child : list(e.children())) {
      Origin o = origin(child);
      if (o.line().isDefined()) {
        return o;
      }
    }
    return e.origin();
  }
}
