package dev.millrace.spark.sql;

import static dev.millrace.spark.sql.Plans.list;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.spark.sql.catalyst.expressions.Alias;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.NamedExpression;
import org.apache.spark.sql.catalyst.expressions.OuterReference;
import org.apache.spark.sql.catalyst.plans.logical.Aggregate;
import org.apache.spark.sql.catalyst.plans.logical.Expand;
import org.apache.spark.sql.catalyst.plans.logical.Generate;
import org.apache.spark.sql.catalyst.plans.logical.LocalRelation;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.Project;
import org.apache.spark.sql.catalyst.plans.logical.Union;

/**
 * Where the columns of an analysed plan come from: which columns of which stream it needs, which of
 * them a column is computed from, and whether a column is one of a stream's, unchanged.
 */
final class Lineage {
  /** Metadata key by which a relation's columns carry the name of their stream. */
  static final String STREAM = "millrace.stream";

  /** A column of a stream. */
  record Column(String stream, String name) {}

  private final Map<Long, Column> leaves = new HashMap<>();
  private final Map<Long, Set<Long>> sources = new HashMap<>();
  private final Map<Long, Set<Long>> computedFrom = new HashMap<>();
  private final Map<String, TreeSet<Integer>> needed = new LinkedHashMap<>();

  Lineage(LogicalPlan plan) {
    Plans.forEach(plan, this::collect);
    need(plan, ids(list(plan.output())));
  }

  /**
   * Streams in the order in which they are read, with the positions of the columns needed of each.
   */
  Map<String, TreeSet<Integer>> needed() {
    return needed;
  }

  /**
   * The stream columns that an attribute is, unchanged (several through a union); empty when it is
   * computed.
   */
  Set<Column> of(Attribute attribute) {
    Set<Column> out = new HashSet<>();
    return follow(attribute.exprId().id(), new HashSet<>(), out) ? out : Set.of();
  }

  /** As {@link #of}, by the ids of the attributes as they are read: one for each reading. */
  Set<Long> leaves(Attribute attribute) {
    Set<Long> seen = new HashSet<>();
    if (!follow(attribute.exprId().id(), seen, new HashSet<>())) {
      return Set.of();
    }
    seen.retainAll(leaves.keySet());
    return seen;
  }

  /** The stream columns that an attribute's value is computed from; none for a constant. */
  Set<Column> from(Attribute attribute) {
    Set<Column> out = new HashSet<>();
    Set<Long> seen = new HashSet<>();
    Deque<Long> open = new ArrayDeque<>(List.of(attribute.exprId().id()));
    while (!open.isEmpty()) {
      long id = open.pop();
      if (seen.add(id)) {
        if (leaves.containsKey(id)) {
          out.add(leaves.get(id));
        }
        open.addAll(computedFrom.getOrDefault(id, Set.of()));
      }
    }
    return out;
  }

  private boolean follow(long id, Set<Long> seen, Set<Column> out) {
    if (!seen.add(id)) {
      return true;
    }
    Column leaf = leaves.get(id);
    if (leaf != null) {
      out.add(leaf);
    }
    Set<Long> from = sources.get(id);
    if (from == null) {
      return leaf != null;
    }
    boolean unchanged = true;
    for (long next : from) {
      unchanged &= follow(next, seen, out);
    }
    return unchanged;
  }

  private void collect(LogicalPlan node) {
    if (node instanceof LocalRelation leaf) {
      for (Attribute a : list(leaf.output())) {
        if (a.metadata().contains(STREAM)) {
          leaves.put(a.exprId().id(), new Column(a.metadata().getString(STREAM), a.name()));
        }
      }
    } else if (node instanceof Union union) {
      List<Attribute> out = list(union.output());
      for (LogicalPlan child : list(union.children())) {
        List<Attribute> of = list(child.output());
        for (int i = 0; i < out.size(); i++) {
          sources
              .computeIfAbsent(out.get(i).exprId().id(), k -> new HashSet<>())
              .add(of.get(i).exprId().id());
          computed(out.get(i), Set.of(of.get(i).exprId().id()));
        }
      }
    } else if (node instanceof Expand expand) {
      List<Attribute> out = list(expand.output());
      for (scala.collection.Seq<Expression> projection : list(expand.projections())) {
        List<Expression> of = list(projection);
        for (int i = 0; i < out.size(); i++) {
          computed(out.get(i), references(of.get(i)));
        }
      }
    } else if (node instanceof Generate generate) {
      for (Attribute a : list(generate.generatorOutput())) {
        computed(a, references((Expression) generate.generator()));
      }
    }
    for (Expression e : list(node.expressions())) {
      Plans.forEachIn(
          e,
          inner -> {
            if (inner instanceof Alias alias) {
              computed(alias, values(alias.child()));
            }
          });
      if (e instanceof Alias alias && alias.child() instanceof Attribute from) {
        sources.computeIfAbsent(alias.exprId().id(), k -> new HashSet<>()).add(from.exprId().id());
      }
    }
  }

  private void computed(NamedExpression column, Set<Long> from) {
    computedFrom.computeIfAbsent(column.exprId().id(), k -> new HashSet<>()).addAll(from);
  }

  /** What an expression is computed from: what it refers to, and what its subqueries yield. */
  private static Set<Long> values(Expression e) {
    Set<Long> out = references(e);
    Plans.forEachIn(
        e, inner -> Plans.subquery(inner).ifPresent(p -> out.addAll(ids(list(p.output())))));
    return out;
  }

  private void need(LogicalPlan node, Set<Long> wanted) {
    Set<Long> below = new HashSet<>();
    if (node instanceof LocalRelation leaf) {
      List<Attribute> out = list(leaf.output());
      for (int i = 0; i < out.size(); i++) {
        Attribute a = out.get(i);
        if (a.metadata().contains(STREAM)) {
          TreeSet<Integer> columns =
              needed.computeIfAbsent(a.metadata().getString(STREAM), k -> new TreeSet<>());
          if (wanted.contains(a.exprId().id())) {
            columns.add(i);
          }
        }
      }
      return;
    } else if (node instanceof Project project) {
      addNeededOf(list(project.projectList()), wanted, below);
    } else if (node instanceof Aggregate aggregate) {
      addNeededOf(list(aggregate.aggregateExpressions()), wanted, below);
      for (Expression e : list(aggregate.groupingExpressions())) {
        below.addAll(references(e));
      }
    } else if (node instanceof Union union) {
      List<Attribute> out = list(union.output());
      for (LogicalPlan child : list(union.children())) {
        List<Attribute> of = list(child.output());
        Set<Long> ofChild = new HashSet<>();
        for (int i = 0; i < out.size(); i++) {
          if (wanted.contains(out.get(i).exprId().id())) {
            ofChild.add(of.get(i).exprId().id());
          }
        }
        need(child, ofChild);
      }
      return;
    } else if (node instanceof Expand) {
      for (Expression e : list(node.expressions())) {
        below.addAll(references(e));
      }
    } else {
      below.addAll(wanted);
      for (Expression e : list(node.expressions())) {
        below.addAll(references(e));
      }
    }
    for (LogicalPlan child : list(node.children())) {
      need(child, below);
    }
    for (Expression e : list(node.expressions())) {
      Plans.forEachIn(
          e, inner -> Plans.subquery(inner).ifPresent(p -> need(p, ids(list(p.output())))));
    }
  }

  private static void addNeededOf(
      List<? extends NamedExpression> list, Set<Long> wanted, Set<Long> below) {
    for (NamedExpression e : list) {
      if (wanted.contains(e.exprId().id())) {
        below.addAll(references((Expression) e));
      }
    }
  }

  /** What an expression refers to, the outer columns of its subqueries included. */
  private static Set<Long> references(Expression e) {
    Set<Long> out = new HashSet<>(ids(list(e.references().toSeq())));
    Plans.forEachIn(
        e,
        inner ->
            Plans.subquery(inner)
                .ifPresent(
                    p ->
                        Plans.forEachExpression(
                            p,
                            (node, x) -> {
                              if (x instanceof OuterReference outer) {
                                out.add(outer.exprId().id());
                              }
                            })));
    return out;
  }

  private static Set<Long> ids(List<Attribute> attributes) {
    Set<Long> out = new HashSet<>();
    for (Attribute a : new ArrayList<>(attributes)) {
      out.add(a.exprId().id());
    }
    return out;
  }
}
