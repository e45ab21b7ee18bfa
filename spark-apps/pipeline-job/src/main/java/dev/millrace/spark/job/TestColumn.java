package dev.millrace.spark.job;

import static dev.millrace.spark.sql.Plans.list;
import static dev.millrace.spark.sql.Plans.seq;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.expressions.And;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.EqualTo;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.NamedExpression;
import org.apache.spark.sql.catalyst.expressions.SubqueryExpression;
import org.apache.spark.sql.catalyst.plans.Cross$;
import org.apache.spark.sql.catalyst.plans.Inner$;
import org.apache.spark.sql.catalyst.plans.LeftAnti$;
import org.apache.spark.sql.catalyst.plans.LeftOuter$;
import org.apache.spark.sql.catalyst.plans.LeftSemi$;
import org.apache.spark.sql.catalyst.plans.logical.Aggregate;
import org.apache.spark.sql.catalyst.plans.logical.Filter;
import org.apache.spark.sql.catalyst.plans.logical.Join;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.Project;
import org.apache.spark.sql.catalyst.plans.logical.SubqueryAlias;
import org.apache.spark.sql.catalyst.plans.logical.Union;
import org.apache.spark.sql.catalyst.plans.logical.View;
import scala.Option;
import scala.collection.Seq;

/**
 * SQL over streams whose rows bear the number of a test: the result is, for each number, what the
 * SQL yields of the rows of that number alone.
 *
 * <p>Why that is so, by the nodes of the plan that Spark's analyser has made of the SQL, from the
 * streams up; a plan with any other node is refused:
 *
 * <ul>
 *   <li>a stream has the column; an alias, and a filter, which looks at one row at a time, keep it;
 *   <li>a projection looks at one row at a time: it hands the column on;
 *   <li>a join (inner, left, semi, anti) also wants both sides' numbers to be equal, so that a row
 *       meets exactly the rows that it would meet alone, or none of them;
 *   <li>an aggregate groups by the number too, so that a group is divided into those that there
 *       would be alone (one without groups has a row where there is none: refused);
 *   <li>a union puts rows side by side.
 * </ul>
 */
final class TestColumn {
  /** A plan has something in it for which nobody has shown that tests stay apart. */
  static final class NotApart extends RuntimeException {
    private static final long serialVersionUID = 1L;

    NotApart(String what) {
      super("tests can not be run together: " + what);
    }
  }

  private record Carrying(LogicalPlan plan, Attribute column) {}

  private TestColumn() {}

  /** The rows of the SQL, the column first. */
  static Dataset<Row> rows(SparkSession session, String sql) {
    Carrying carrying = carry(session.sql(sql).queryExecution().analyzed());
    return Dataset.ofRows(session, first(carrying).plan());
  }

  private static Carrying carry(LogicalPlan plan) {
    for (Expression e : list(plan.expressions())) {
      if (SubqueryExpression.hasSubquery(e)) {
        throw new NotApart("a subquery in an expression");
      }
    }
    if (plan instanceof SubqueryAlias alias) {
      if (alias.child() instanceof View) {
        return new Carrying(alias, column(alias));
      }
      // What an alias hides is its columns' names, not the columns.
      return carry(alias.child());
    } else if (plan instanceof View) {
      return new Carrying(plan, column(plan));
    } else if (plan instanceof Filter filter) {
      Carrying child = carry(filter.child());
      return new Carrying(new Filter(filter.condition(), child.plan()), child.column());
    } else if (plan instanceof Project project) {
      Carrying child = carry(project.child());
      return new Carrying(
          new Project(with(child.column(), project.projectList()), child.plan()), child.column());
    } else if (plan instanceof Aggregate aggregate) {
      if (aggregate.groupingExpressions().isEmpty()) {
        throw new NotApart("an aggregate without groups");
      }
      Carrying child = carry(aggregate.child());
      List<Expression> groups = new ArrayList<>(List.of(child.column()));
      groups.addAll(list(aggregate.groupingExpressions()));
      return new Carrying(
          new Aggregate(
              seq(groups), with(child.column(), aggregate.aggregateExpressions()), child.plan()),
          child.column());
    } else if (plan instanceof Join join) {
      return join(join);
    } else if (plan instanceof Union union) {
      List<LogicalPlan> children = new ArrayList<>();
      list(union.children()).forEach(c -> children.add(first(carry(c)).plan()));
      LogicalPlan all = new Union(seq(children), union.byName(), union.allowMissingCol());
      return new Carrying(all, column(all));
    }
    throw new NotApart("a " + plan.nodeName());
  }

  private static Carrying join(Join join) {
    if (join.joinType() != Inner$.MODULE$
        && join.joinType() != Cross$.MODULE$
        && join.joinType() != LeftOuter$.MODULE$
        && join.joinType() != LeftSemi$.MODULE$
        && join.joinType() != LeftAnti$.MODULE$) {
      throw new NotApart("a join of type " + join.joinType());
    }
    Carrying left = carry(join.left());
    Carrying right = carry(join.right());
    Expression equal = new EqualTo(left.column(), right.column());
    return new Carrying(
        new Join(
            left.plan(),
            right.plan(),
            join.joinType() == Cross$.MODULE$ ? Inner$.MODULE$ : join.joinType(),
            Option.apply(
                join.condition().isEmpty() ? equal : new And(equal, join.condition().get())),
            join.hint()),
        left.column());
  }

  /** The same rows, the column first and once. */
  private static Carrying first(Carrying carrying) {
    return new Carrying(
        new Project(with(carrying.column(), seqOf(carrying.plan())), carrying.plan()),
        carrying.column());
  }

  private static Seq<NamedExpression> seqOf(LogicalPlan plan) {
    List<NamedExpression> all = new ArrayList<>(list(plan.output()));
    return seq(all);
  }

  /** Columns with this one before them; others of its name came by a star. */
  private static Seq<NamedExpression> with(Attribute column, Seq<NamedExpression> columns) {
    List<NamedExpression> all = new ArrayList<>(List.of(column));
    for (NamedExpression c : list(columns)) {
      if (!c.name().equals(TestGroup.COLUMN)) {
        all.add(c);
      }
    }
    return seq(all);
  }

  private static Attribute column(LogicalPlan plan) {
    return list(plan.output()).stream()
        .filter(a -> a.name().equals(TestGroup.COLUMN))
        .findFirst()
        .orElseThrow(() -> new NotApart("rows without a number: " + plan.nodeName()));
  }
}
