package dev.millrace.spark.sql;

import static dev.millrace.spark.sql.Plans.list;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.spark.sql.catalyst.expressions.Alias;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.CurrentDate;
import org.apache.spark.sql.catalyst.expressions.CurrentTimestampLike;
import org.apache.spark.sql.catalyst.expressions.CurrentUser;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.GetStructField;
import org.apache.spark.sql.catalyst.expressions.LocalTimestamp;
import org.apache.spark.sql.catalyst.expressions.NamedExpression;
import org.apache.spark.sql.catalyst.expressions.PreciseTimestampConversion;
import org.apache.spark.sql.catalyst.expressions.SessionWindow;
import org.apache.spark.sql.catalyst.expressions.TimeWindow;
import org.apache.spark.sql.catalyst.expressions.aggregate.AggregateExpression;
import org.apache.spark.sql.catalyst.expressions.aggregate.CollectList;
import org.apache.spark.sql.catalyst.expressions.aggregate.CollectSet;
import org.apache.spark.sql.catalyst.expressions.aggregate.First;
import org.apache.spark.sql.catalyst.expressions.aggregate.Last;
import org.apache.spark.sql.catalyst.plans.logical.Aggregate;
import org.apache.spark.sql.catalyst.plans.logical.Deduplicate;
import org.apache.spark.sql.catalyst.plans.logical.Distinct;
import org.apache.spark.sql.catalyst.plans.logical.Except;
import org.apache.spark.sql.catalyst.plans.logical.Filter;
import org.apache.spark.sql.catalyst.plans.logical.GlobalLimit;
import org.apache.spark.sql.catalyst.plans.logical.Intersect;
import org.apache.spark.sql.catalyst.plans.logical.Join;
import org.apache.spark.sql.catalyst.plans.logical.LocalLimit;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.Offset;
import org.apache.spark.sql.catalyst.plans.logical.Project;
import org.apache.spark.sql.catalyst.plans.logical.Sample;
import org.apache.spark.sql.catalyst.plans.logical.Sort;
import org.apache.spark.sql.catalyst.plans.logical.SubqueryAlias;
import org.apache.spark.sql.catalyst.plans.logical.Tail;
import org.apache.spark.sql.catalyst.plans.logical.Union;
import org.apache.spark.sql.catalyst.plans.logical.Window;

/**
 * What a streaming transform may not do although Spark's analyser accepts it, each with the reason
 * and the way out. The parts of a query that read tables only may do anything that is
 * deterministic: they are evaluated as a whole at every lookup.
 */
final class StreamingRules {
  /** The shape of a permitted query. */
  record Shape(boolean grouped, List<String> groupKeys) {}

  private final LogicalPlan plan;
  private final Lineage lineage;
  private final Map<String, SqlRequest.Stream> streams;
  private final Problems problems;

  StreamingRules(
      LogicalPlan plan,
      Lineage lineage,
      Map<String, SqlRequest.Stream> streams,
      Problems problems) {
    this.plan = plan;
    this.lineage = lineage;
    this.streams = streams;
    this.problems = problems;
  }

  Shape check() {
    if (!plan.isStreaming()) {
      tablesOnly();
    }
    Plans.forEach(plan, this::node);
    Plans.forEachExpression(plan, this::expression);
    List<Aggregate> aggregates = new ArrayList<>();
    Plans.forEach(
        plan,
        n -> {
          if (n instanceof Aggregate a && a.child().isStreaming()) {
            aggregates.add(a);
          }
        });
    if (aggregates.isEmpty()) {
      return new Shape(false, List.of());
    }
    for (Aggregate a : aggregates.subList(0, aggregates.size() - 1)) {
      problems.add(
          Plans.origin(a),
          "a GROUP BY over the result of another GROUP BY: a group's row is replaced as data arrives, and the outer one would count each replacement; "
              + "group once, or read this transform's stream as a table where the outer result is asked for");
    }
    Aggregate aggregate = aggregates.get(aggregates.size() - 1);
    return windowed(aggregate) ? new Shape(true, groupKeys(aggregate)) : new Shape(true, List.of());
  }

  private void tablesOnly() {
    Set<String> tables = lineage.needed().keySet();
    problems.add(
        tables.isEmpty()
            ? "the query reads no stream; read an append stream, which drives a streaming transform"
            : "the query reads only tables ("
                + String.join(", ", tables)
                + "): nothing drives it, since tables are looked up and never make rows; join them to an append stream"
                + appendStreams());
  }

  private String appendStreams() {
    String names =
        streams.entrySet().stream()
            .filter(e -> isAppend(e.getValue()))
            .map(Map.Entry::getKey)
            .sorted()
            .collect(Collectors.joining(", "));
    return names.isEmpty() ? "" : " (" + names + ")";
  }

  static boolean isAppend(SqlRequest.Stream stream) {
    return "append".equals(stream.kind());
  }

  private void node(LogicalPlan node) {
    boolean streaming = node.isStreaming();
    for (Expression e : list(node.expressions())) {
      Plans.forEachIn(
          e,
          inner ->
              Plans.subquery(inner)
                  .filter(LogicalPlan::isStreaming)
                  .ifPresent(
                      p ->
                          problems.add(
                              Plans.origin(inner),
                              "a subquery in an expression over an append stream: only tables can be looked up; put the stream into FROM")));
    }
    if (!streaming) {
      return;
    }
    if (node instanceof Sort) {
      problems.add(
          Plans.origin(node),
          "ORDER BY: a stream has no end, so its rows have no final order; leave it out and sort where the result is read (the sink's query, the page)");
    } else if (node instanceof GlobalLimit || node instanceof Offset || node instanceof Tail) {
      problems.add(
          Plans.origin(node),
          "LIMIT or OFFSET: which rows of an endless stream come first depends on chance; filter with WHERE, or limit where the result is read");
    } else if (node instanceof LocalLimit) {
      return;
    } else if (node instanceof Window window) {
      for (Expression e : expressions(list(window.windowExpressions()))) {
        problems.add(
            Plans.origin(e),
            "a function OVER (...): it needs all rows of its partition, and a stream never has them all; use GROUP BY window(...), or an intervals transform for the time between events of one key");
      }
    } else if (node instanceof Distinct || node instanceof Deduplicate) {
      problems.add(
          Plans.origin(node),
          "DISTINCT (also that of UNION without ALL): it would have to remember every row forever; give the transform a key, which makes equal rows one in every sink, or use UNION ALL or GROUP BY window(...)");
    } else if (node instanceof Intersect || node instanceof Except) {
      problems.add(
          Plans.origin(node),
          "INTERSECT and EXCEPT compare whole results, and a stream's is never whole; use WHERE [NOT] EXISTS over a table");
    } else if (node instanceof Sample) {
      problems.add(
          Plans.origin(node),
          "TABLESAMPLE picks other rows when a batch is repeated after a failure; use a condition on a hash: WHERE pmod(xxhash64(key), 100) < 5");
    } else if (node instanceof Join join) {
      join(join);
    } else if (node instanceof Union union) {
      for (LogicalPlan branch : list(union.children())) {
        if (!branch.isStreaming()) {
          problems.add(
              Plans.origin(branch),
              "a branch of the UNION reads only tables, which make no rows in a streaming transform; every branch must read an append stream");
        }
      }
    } else if (node instanceof Aggregate aggregate && aggregate.child().isStreaming()) {
      aggregate(aggregate);
    }
  }

  private static List<Expression> expressions(List<? extends NamedExpression> named) {
    return named.stream().map(Expression.class::cast).toList();
  }

  private void join(Join join) {
    boolean left = join.left().isStreaming();
    boolean right = join.right().isStreaming();
    String type = join.joinType().sql();
    if (left && right) {
      problems.add(
          Plans.origin(join),
          "two append streams are joined ("
              + String.join(
                  ", ",
                  new Lineage(join)
                      .needed().keySet().stream().filter(s -> isAppend(streams.get(s))).toList())
              + "): a time-bounded join is not implemented in this version; make one of them a table (a windowed GROUP BY, or a CDC source) and look it up, or use UNION ALL");
      return;
    }
    boolean keepsLeft =
        type.equals("LEFT OUTER") || type.equals("LEFT SEMI") || type.equals("LEFT ANTI");
    if (type.equals("FULL OUTER")) {
      problems.add(
          Plans.origin(join),
          "FULL JOIN of a stream with a table: which rows of the table never match is not known before the stream ends; use LEFT JOIN from the stream to the table");
    } else if (right && keepsLeft) {
      problems.add(
          Plans.origin(join),
          type
              + " JOIN with a table on the left and the stream on the right: which rows of the table never match is not known before the stream ends; write the stream first: FROM <stream> LEFT JOIN <table>");
    } else if (left && type.equals("RIGHT OUTER")) {
      problems.add(
          Plans.origin(join),
          "RIGHT JOIN keeps every row of the table, and which of them never match is not known before the stream ends; use LEFT JOIN from the stream to the table");
    }
    if (containsAggregate(left ? join.left() : join.right())) {
      problems.add(
          Plans.origin(join),
          "a JOIN after GROUP BY: a change in the table would not replace rows that are already written; look the table up before grouping (in a subquery or in a transform before this one)");
    }
  }

  private static boolean containsAggregate(LogicalPlan plan) {
    boolean[] found = new boolean[1];
    Plans.forEach(plan, n -> found[0] |= n instanceof Aggregate a && a.child().isStreaming());
    return found[0];
  }

  private void aggregate(Aggregate aggregate) {
    for (Expression e : expressions(list(aggregate.aggregateExpressions()))) {
      Plans.forEachIn(
          e,
          x -> {
            if (x instanceof AggregateExpression a && a.isDistinct()) {
              problems.add(
                  Plans.origin(x),
                  a.aggregateFunction().prettyName()
                      + "(DISTINCT ...): it would have to remember every value of every group; use approx_count_distinct(...), or group by the value as well",
                  "approx_count_distinct");
            }
          });
    }
    if (hasMarker(aggregate, SessionWindow.marker())) {
      problems.add(
          Plans.origin(aggregate),
          "session_window: it is slow and its sessions can still merge after they were written; use an intervals transform, whose rows are final, and group those");
    } else if (!windowed(aggregate)) {
      problems.add(
          Plans.origin(aggregate),
          "an aggregate without a time window: its groups would grow forever and never be final; add window(<event time>, '1 minute') to GROUP BY"
              + eventTimes()
              + ", and sum the windows where the result is read");
    }
  }

  private String eventTimes() {
    String names =
        lineage.needed().keySet().stream()
            .filter(s -> isAppend(streams.get(s)) && streams.get(s).eventTime() != null)
            .map(s -> s + "." + streams.get(s).eventTime())
            .collect(Collectors.joining(", "));
    return names.isEmpty() ? "" : " (event time: " + names + ")";
  }

  private static boolean hasMarker(Aggregate aggregate, String marker) {
    return list(aggregate.groupingExpressions()).stream().anyMatch(g -> isMarked(g, marker));
  }

  private static boolean isMarked(Expression e, String marker) {
    return e instanceof NamedExpression n && n.metadata().contains(marker);
  }

  private static boolean windowed(Aggregate aggregate) {
    return hasMarker(aggregate, TimeWindow.marker());
  }

  private void expression(LogicalPlan node, Expression e) {
    if (e instanceof PreciseTimestampConversion window
        && window.child().dataType() instanceof org.apache.spark.sql.types.TimestampType
        && node.isStreaming()) {
      windowOver(window);
      return;
    }
    if (e instanceof CurrentTimestampLike
        || e instanceof CurrentDate
        || e instanceof LocalTimestamp) {
      problems.add(
          Plans.origin(e),
          name(e)
              + " yields another value whenever a batch is repeated after a failure; use the event time of the row"
              + eventTimes(),
          lineage.needed().keySet().stream()
              .filter(s -> isAppend(streams.get(s)))
              .map(s -> streams.get(s).eventTime())
              .filter(Objects::nonNull)
              .findFirst()
              .orElse(null));
    } else if (e instanceof CurrentUser) {
      problems.add(
          Plans.origin(e),
          name(e)
              + " is the account that the job runs as, not a property of the data; leave it out");
    } else if (e instanceof First || e instanceof Last) {
      boolean first = e instanceof First;
      problems.add(
          Plans.origin(e),
          name(e)
              + " depends on the order of arrival; use "
              + (first ? "min_by" : "max_by")
              + "(value, event time)",
          first ? "min_by" : "max_by");
    } else if (e instanceof CollectList || e instanceof CollectSet) {
      problems.add(
          Plans.origin(e),
          name(e)
              + " depends on the order of arrival, and its groups grow without bound; aggregate with count, sum, min, max, min_by or max_by");
    } else if (!e.deterministic()
        && list(e.children()).stream().allMatch(Expression::deterministic)) {
      problems.add(
          Plans.origin(e),
          name(e)
              + " is not deterministic: a batch repeated after a failure would yield other rows; derive the value from columns, for example xxhash64(device_id, started_at) or sha2(concat_ws('|', ...), 256)",
          "xxhash64");
    }
  }

  private static String name(Expression e) {
    String name = e.prettyName();
    return name.endsWith(")") ? name : name + "()";
  }

  private void windowOver(PreciseTimestampConversion window) {
    String what = window.child().sql();
    Set<Lineage.Column> columns = window.child() instanceof Attribute a ? lineage.of(a) : Set.of();
    for (Lineage.Column c : columns) {
      SqlRequest.Stream stream = streams.get(c.stream());
      if (!isAppend(stream)) {
        problems.add(
            Plans.origin(window.child()),
            "window over "
                + what
                + ", a column of the table "
                + c.stream()
                + ": state is kept by event time of the driving stream"
                + eventTimes());
      } else if (stream.eventTime() == null) {
        problems.add(
            Plans.origin(window.child()),
            "window over "
                + what
                + ": the stream "
                + c.stream()
                + " has no event time; declare eventTime.field on it");
      } else if (!stream.eventTime().equalsIgnoreCase(c.name())) {
        problems.add(
            Plans.origin(window.child()),
            "window over "
                + what
                + ", which is not the event time of "
                + c.stream()
                + ": when its groups are complete is known by "
                + stream.eventTime()
                + " only",
            stream.eventTime());
      }
    }
    if (columns.isEmpty()) {
      problems.add(
          Plans.origin(window.child()),
          "window over "
              + what
              + ", which is computed: when its groups are complete is known by the event time column itself only"
              + eventTimes()
              + "; compute after the GROUP BY, from window.start");
    }
  }

  private List<String> groupKeys(Aggregate aggregate) {
    // Which group column each attribute is: "0" the first grouping expression ... and
    // ".start"/".end" for a part of the window.
    Map<Long, String> parts = new LinkedHashMap<>();
    List<Expression> groups = list(aggregate.groupingExpressions());
    for (NamedExpression e : list(aggregate.aggregateExpressions())) {
      Expression inner = e instanceof Alias alias ? alias.child() : (Expression) e;
      String part = part(inner, groups);
      if (part != null) {
        parts.put(e.exprId().id(), part);
      }
    }
    above(plan, aggregate, parts, groups);
    Map<String, String> byPart = new LinkedHashMap<>();
    for (Attribute a : list(plan.output())) {
      String part = parts.get(a.exprId().id());
      if (part != null) {
        byPart.putIfAbsent(part, a.name());
      }
    }
    Set<String> keys = new HashSet<>();
    for (int i = 0; i < groups.size(); i++) {
      Expression g = groups.get(i);
      if (isMarked(g, TimeWindow.marker())) {
        String key =
            byPart.containsKey(i + ".start") ? byPart.get(i + ".start") : byPart.get(i + ".end");
        if (key != null) {
          keys.add(key);
        } else {
          problems.add(
              Plans.origin(aggregate),
              "the window is not in the SELECT list, but is a part of the key of the result; add window.start AS "
                  + "window_start",
              "window.start");
        }
      } else if (byPart.containsKey(Integer.toString(i))) {
        keys.add(byPart.get(Integer.toString(i)));
      } else if (!g.foldable()) {
        problems.add(
            Plans.origin(g),
            "the group column "
                + g.sql()
                + " is not in the SELECT list, but is a part of the key of the result; add it");
      }
    }
    return list(plan.output()).stream()
        .map(Attribute::name)
        .filter(keys::contains)
        .distinct()
        .toList();
  }

  private static String part(Expression e, List<Expression> groups) {
    for (int i = 0; i < groups.size(); i++) {
      Expression g = groups.get(i);
      if (e.semanticEquals(g)) {
        return Integer.toString(i);
      }
      if (e instanceof GetStructField field && field.child().semanticEquals(g)) {
        return i + (field.ordinal() == 0 ? ".start" : ".end");
      }
    }
    return null;
  }

  /**
   * Follows the group columns from the aggregate up to the result, and refuses what would need rows
   * to be taken back.
   */
  private void above(
      LogicalPlan node, Aggregate aggregate, Map<Long, String> parts, List<Expression> groups) {
    if (node == aggregate) {
      return;
    }
    for (LogicalPlan child : list(node.children())) {
      above(child, aggregate, parts, groups);
    }
    if (!containsAggregate(node)) {
      return;
    }
    if (node instanceof Project project) {
      for (NamedExpression e : list(project.projectList())) {
        if (e instanceof Alias alias) {
          if (alias.child() instanceof Attribute a && parts.containsKey(a.exprId().id())) {
            parts.put(alias.exprId().id(), parts.get(a.exprId().id()));
          } else if (alias.child() instanceof GetStructField f
              && f.child() instanceof Attribute a
              && parts.containsKey(a.exprId().id())) {
            parts.put(
                alias.exprId().id(),
                parts.get(a.exprId().id()) + (f.ordinal() == 0 ? ".start" : ".end"));
          }
        }
      }
    } else if (node instanceof Filter filter) {
      boolean keysOnly =
          list(filter.condition().references().toSeq()).stream()
              .allMatch(a -> parts.containsKey(a.exprId().id()));
      if (!keysOnly) {
        problems.add(
            Plans.origin(filter.condition()),
            "HAVING (or a condition on the result of GROUP BY): a group that stops fulfilling it could not be taken back; put the condition where the result is read");
      }
    } else if (node instanceof Union) {
      problems.add(
          Plans.origin(node),
          "UNION of grouped rows with others: a result is either a table of groups or a stream of rows; make two transforms of it");
    } else if (!(node instanceof SubqueryAlias)
        && !(node instanceof Join)
        && !(node instanceof Sort)
        && !(node instanceof GlobalLimit)
        && !(node instanceof LocalLimit)
        && !(node instanceof Aggregate)
        && !(node instanceof Distinct)
        && !(node instanceof Window)) {
      problems.add(
          Plans.origin(node),
          node.nodeName()
              + " after GROUP BY is not supported in a streaming transform; do it before grouping or where the result is read");
    }
  }
}
