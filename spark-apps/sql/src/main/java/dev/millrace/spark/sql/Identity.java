package dev.millrace.spark.sql;

import static dev.millrace.spark.sql.Plans.list;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.spark.sql.catalyst.expressions.And;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.Cast;
import org.apache.spark.sql.catalyst.expressions.EqualNullSafe;
import org.apache.spark.sql.catalyst.expressions.EqualTo;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.plans.logical.EventTimeWatermark;
import org.apache.spark.sql.catalyst.plans.logical.Filter;
import org.apache.spark.sql.catalyst.plans.logical.Join;
import org.apache.spark.sql.catalyst.plans.logical.LocalRelation;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.Project;
import org.apache.spark.sql.catalyst.plans.logical.ResolvedHint;
import org.apache.spark.sql.catalyst.plans.logical.SubqueryAlias;
import org.apache.spark.sql.catalyst.plans.logical.View;

/**
 * What identifies a row of a stateless query: the keys of the append streams that drive it, and of
 * each table of which a row may meet several. A table meets one row at most if a join equates its
 * whole key with what is known of the row already.
 */
final class Identity {
  /** A column of a stream, and the output columns that are equal to it. */
  record Part(Lineage.Column column, List<String> as) {}

  private final Lineage lineage;
  private final Map<String, SqlRequest.Stream> streams;

  /** By attribute of a stream as it is read: which reading of which stream. */
  private final Map<Long, Relation> readings = new HashMap<>();

  private final List<Relation> relations = new ArrayList<>();
  private final List<Expression> conditions = new ArrayList<>();

  /** One reading of a stream; a stream may be read twice. */
  private record Relation(String stream, Map<String, Long> columns) {}

  private Identity(Lineage lineage, Map<String, SqlRequest.Stream> streams) {
    this.lineage = lineage;
    this.streams = streams;
  }

  /**
   * The parts; empty where they can not be seen: groups, unions, subqueries, rows made of arrays.
   */
  static Optional<List<Part>> of(
      LogicalPlan plan, Lineage lineage, Map<String, SqlRequest.Stream> streams) {
    Identity identity = new Identity(lineage, streams);
    return identity.collect(plan) ? identity.parts(plan) : Optional.empty();
  }

  private boolean collect(LogicalPlan node) {
    if (node instanceof LocalRelation leaf) {
      return relation(leaf);
    }
    if (node instanceof Filter filter) {
      conjuncts(filter.condition());
    } else if (node instanceof Join join) {
      if (join.condition().isDefined()) {
        conjuncts(join.condition().get());
      }
      String type = join.joinType().sql();
      if (type.contains("SEMI") || type.contains("ANTI")) {
        // Whether there are rows on the right, not which.
        return collect(join.left());
      }
    } else if (!(node instanceof Project
        || node instanceof SubqueryAlias
        || node instanceof View
        || node instanceof EventTimeWatermark
        || node instanceof ResolvedHint)) {
      return false;
    }
    for (LogicalPlan child : list(node.children())) {
      if (!collect(child)) {
        return false;
      }
    }
    return true;
  }

  private boolean relation(LocalRelation leaf) {
    Map<String, Long> columns = new HashMap<>();
    String stream = null;
    for (Attribute a : list(leaf.output())) {
      if (a.metadata().contains(Lineage.STREAM)) {
        stream = a.metadata().getString(Lineage.STREAM);
        columns.put(a.name(), a.exprId().id());
      }
    }
    if (stream == null) {
      return false;
    }
    Relation relation = new Relation(stream, columns);
    relations.add(relation);
    columns.values().forEach(id -> readings.put(id, relation));
    return true;
  }

  private void conjuncts(Expression e) {
    if (e instanceof And and) {
      conjuncts(and.left());
      conjuncts(and.right());
    } else {
      conditions.add(e);
    }
  }

  private Optional<List<Part>> parts(LogicalPlan plan) {
    Map<Long, Set<Long>> equal = new HashMap<>();
    Map<Long, List<Set<Long>>> determined = new HashMap<>();
    for (Expression condition : conditions) {
      Expression left = null;
      Expression right = null;
      if (condition instanceof EqualTo e) {
        left = e.left();
        right = e.right();
      } else if (condition instanceof EqualNullSafe e) {
        left = e.left();
        right = e.right();
      }
      if (left != null) {
        equate(left, right, equal, determined);
        equate(right, left, equal, determined);
      }
    }
    Set<Relation> known = new HashSet<>();
    Map<Relation, List<String>> identifying = new LinkedHashMap<>();
    for (Relation relation : relations) {
      SqlRequest.Stream stream = streams.get(relation.stream());
      if (StreamingRules.isAppend(stream)) {
        if (keyOf(relation).isEmpty()) {
          // Its records are identified by where they lie, which no column says.
          return Optional.empty();
        }
        known.add(relation);
        identifying.put(relation, keyOf(relation));
      }
    }
    while (known.size() < relations.size()) {
      Optional<Relation> one =
          relations.stream()
              .filter(r -> !known.contains(r) && meetsOne(r, known, determined))
              .findFirst();
      if (one.isEmpty()) {
        // In the order of the SQL, the next of which a row meets several.
        one = relations.stream().filter(r -> !known.contains(r)).findFirst();
        if (keyOf(one.get()).isEmpty()) {
          return Optional.empty();
        }
        identifying.put(one.get(), keyOf(one.get()));
      }
      known.add(one.get());
    }
    List<Part> parts = new ArrayList<>();
    identifying.forEach(
        (relation, key) -> {
          for (String column : key) {
            Set<Long> ids = new HashSet<>(Set.of(relation.columns().get(column)));
            ids.addAll(equal.getOrDefault(relation.columns().get(column), Set.of()));
            parts.add(
                new Part(
                    new Lineage.Column(relation.stream(), column),
                    list(plan.output()).stream()
                        .filter(a -> lineage.leaves(a).stream().anyMatch(ids::contains))
                        .map(Attribute::name)
                        .toList()));
          }
        });
    return Optional.of(parts);
  }

  private List<String> keyOf(Relation relation) {
    SqlRequest.Stream stream = streams.get(relation.stream());
    List<String> key = new ArrayList<>(stream.keyFields() == null ? List.of() : stream.keyFields());
    if (stream.validFrom() != null && key.size() > 1) {
      // Of rows that hold for a time, one holds at a time.
      key.remove(stream.validFrom());
      key.remove(stream.validTo());
    }
    return relation.columns().keySet().containsAll(key) ? key : List.of();
  }

  private boolean meetsOne(
      Relation relation, Set<Relation> known, Map<Long, List<Set<Long>>> determined) {
    List<String> key = keyOf(relation);
    return !key.isEmpty()
        && key.stream()
            .allMatch(
                column ->
                    determined.getOrDefault(relation.columns().get(column), List.of()).stream()
                        .anyMatch(
                            from ->
                                from.stream().allMatch(id -> known.contains(readings.get(id)))));
  }

  /** Notes by what an attribute is given, and with which others it is equal. */
  private void equate(
      Expression one,
      Expression other,
      Map<Long, Set<Long>> equal,
      Map<Long, List<Set<Long>>> determined) {
    Set<Long> from = new HashSet<>();
    for (Attribute a : list(other.references().toSeq())) {
      Set<Long> leaves = lineage.leaves(a);
      if (leaves.isEmpty()) {
        return;
      }
      from.addAll(leaves);
    }
    if (bare(one) instanceof Attribute attribute) {
      for (long id : lineage.leaves(attribute)) {
        determined.computeIfAbsent(id, k -> new ArrayList<>()).add(from);
        if (bare(other) instanceof Attribute) {
          equal.computeIfAbsent(id, k -> new HashSet<>()).addAll(from);
        }
      }
    }
  }

  private static Expression bare(Expression e) {
    return e instanceof Cast cast ? bare(cast.child()) : e;
  }
}
