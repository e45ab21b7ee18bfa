package dev.millrace.spark.lookup;

import static dev.millrace.spark.sql.Plans.list;
import static dev.millrace.spark.sql.Plans.seq;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.apache.spark.TaskContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.rdd.RDD;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.BasePredicate;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.catalyst.expressions.JoinedRow;
import org.apache.spark.sql.catalyst.expressions.Predicate;
import org.apache.spark.sql.catalyst.expressions.UnsafeProjection;
import org.apache.spark.sql.catalyst.expressions.UnsafeRow;
import org.apache.spark.sql.catalyst.plans.physical.BroadcastDistribution;
import org.apache.spark.sql.catalyst.plans.physical.Distribution;
import org.apache.spark.sql.catalyst.plans.physical.IdentityBroadcastMode$;
import org.apache.spark.sql.catalyst.plans.physical.Partitioning;
import org.apache.spark.sql.catalyst.plans.physical.UnspecifiedDistribution$;
import org.apache.spark.sql.execution.SparkPlan;
import org.apache.spark.sql.types.StructType;
import scala.collection.IndexedSeq;
import scala.collection.Seq;

/**
 * The join that {@link OverlapJoins} plans: the table's rows by key, and in a tree by their times.
 * What is made of a table that was broadcast is made once in each process.
 */
public final class OverlapJoinExec extends SparkPlan {
  private static final long serialVersionUID = 1;

  private final boolean inner;
  private final Seq<Expression> streamKeys;
  private final Seq<Expression> tableKeys;
  private final Seq<Expression> streamTimes;
  private final Seq<Expression> tableTimes;
  private final Expression condition;
  private final SparkPlan stream;
  private final SparkPlan table;

  /**
   * Public, and with what {@link #productElement} gives: Spark copies its nodes so.
   *
   * @param inner without rows of the stream that find nothing
   * @param streamTimes from when to when
   * @param tableTimes from when to when
   * @param condition all that has to hold besides equal keys
   */
  public OverlapJoinExec(
      boolean inner,
      Seq<Expression> streamKeys,
      Seq<Expression> tableKeys,
      Seq<Expression> streamTimes,
      Seq<Expression> tableTimes,
      Expression condition,
      SparkPlan stream,
      SparkPlan table) {
    this.inner = inner;
    this.streamKeys = streamKeys;
    this.tableKeys = tableKeys;
    this.streamTimes = streamTimes;
    this.tableTimes = tableTimes;
    this.condition = condition;
    this.stream = stream;
    this.table = table;
  }

  @Override
  public Seq<SparkPlan> children() {
    return seq(List.of(stream, table));
  }

  @Override
  public SparkPlan withNewChildrenInternal(IndexedSeq<SparkPlan> children) {
    return new OverlapJoinExec(
        inner,
        streamKeys,
        tableKeys,
        streamTimes,
        tableTimes,
        condition,
        children.apply(0),
        children.apply(1));
  }

  @Override
  public Seq<Attribute> output() {
    List<Attribute> all = list(stream.output());
    for (Attribute column : list(table.output())) {
      all.add(inner ? column : column.withNullability(true));
    }
    return seq(all);
  }

  @Override
  public Partitioning outputPartitioning() {
    return stream.outputPartitioning();
  }

  @Override
  public Seq<Distribution> requiredChildDistribution() {
    return seq(
        List.of(
            UnspecifiedDistribution$.MODULE$,
            new BroadcastDistribution(IdentityBroadcastMode$.MODULE$)));
  }

  @Override
  public RDD<InternalRow> doExecute() {
    Broadcast<InternalRow[]> rows = table.executeBroadcast();
    Work work =
        new Work(
            inner,
            new Side(streamKeys, streamTimes, stream.output()),
            new Side(tableKeys, tableTimes, table.output()),
            condition,
            schema());
    return stream
        .execute()
        .toJavaRDD()
        .mapPartitions(left -> work.run(left, rows.value()), true)
        .rdd();
  }

  @Override
  public int productArity() {
    return 8;
  }

  @Override
  public Object productElement(int n) {
    return switch (n) {
      case 0 -> inner;
      case 1 -> streamKeys;
      case 2 -> tableKeys;
      case 3 -> streamTimes;
      case 4 -> tableTimes;
      case 5 -> condition;
      case 6 -> stream;
      case 7 -> table;
      default -> throw new IndexOutOfBoundsException(n);
    };
  }

  @Override
  public boolean canEqual(Object that) {
    return that instanceof OverlapJoinExec;
  }

  /** What is asked of the rows of one side: their keys, from when to when, of which columns. */
  private record Side(Seq<Expression> keys, Seq<Expression> times, Seq<Attribute> columns)
      implements Serializable {
    private static final long serialVersionUID = 1;

    UnsafeProjection key() {
      return UnsafeProjection.create(keys, columns);
    }

    UnsafeProjection interval() {
      return UnsafeProjection.create(times, columns);
    }
  }

  /** What a task does. */
  private record Work(
      boolean inner, Side stream, Side table, Expression condition, StructType output)
      implements Serializable {
    private static final long serialVersionUID = 1;

    /** Of the tables that are there, by what they are asked for. */
    private static final Map<InternalRow[], Map<String, Map<UnsafeRow, Intervals<InternalRow>>>>
        INDICES = Collections.synchronizedMap(new WeakHashMap<>());

    Iterator<InternalRow> run(Iterator<InternalRow> left, InternalRow[] rows) {
      return new Joined(this, left, index(rows));
    }

    private Map<UnsafeRow, Intervals<InternalRow>> index(InternalRow[] rows) {
      return INDICES
          .computeIfAbsent(rows, r -> new ConcurrentHashMap<>())
          .computeIfAbsent(table.toString(), asked -> indexed(rows));
    }

    private Map<UnsafeRow, Intervals<InternalRow>> indexed(InternalRow[] rows) {
      UnsafeProjection key = table.key();
      UnsafeProjection times = table.interval();
      Map<UnsafeRow, List<Intervals.Entry<InternalRow>>> entries = new HashMap<>();
      for (InternalRow row : rows) {
        UnsafeRow keyed = key.apply(row);
        UnsafeRow interval = times.apply(row);
        // Nothing is equal to null, before it or after it.
        if (!keyed.anyNull() && !interval.anyNull()) {
          Intervals.Entry<InternalRow> entry =
              new Intervals.Entry<>(interval.getLong(0), interval.getLong(1), row);
          List<Intervals.Entry<InternalRow>> same = entries.get(keyed);
          if (same == null) {
            same = new ArrayList<>();
            entries.put(keyed.copy(), same);
          }
          same.add(entry);
        }
      }
      Map<UnsafeRow, Intervals<InternalRow>> index = new HashMap<>();
      entries.forEach((k, list) -> index.put(k, new Intervals<>(list)));
      return index;
    }
  }

  /** Joins the rows of one partition; the row it gives is reused. */
  private static final class Joined implements Iterator<InternalRow> {
    private final Iterator<InternalRow> left;
    private final Map<UnsafeRow, Intervals<InternalRow>> index;
    private final boolean inner;
    private final UnsafeProjection key;
    private final UnsafeProjection times;
    private final BasePredicate condition;
    private final UnsafeProjection columns;
    private final InternalRow nothing;
    private final JoinedRow joined = new JoinedRow();
    private final List<InternalRow> found = new ArrayList<>();
    private final Consumer<InternalRow> asked = this::ask;
    private int next;

    Joined(Work work, Iterator<InternalRow> left, Map<UnsafeRow, Intervals<InternalRow>> index) {
      this.left = left;
      this.index = index;
      this.inner = work.inner();
      this.key = work.stream().key();
      this.times = work.stream().interval();
      List<Attribute> both = list(work.stream().columns());
      both.addAll(list(work.table().columns()));
      this.condition = Predicate.create(work.condition(), seq(both));
      condition.initialize(TaskContext.getPartitionId());
      this.columns = UnsafeProjection.create(work.output());
      this.nothing = new GenericInternalRow(work.table().columns().size());
    }

    @Override
    public boolean hasNext() {
      while (next == found.size()) {
        if (!left.hasNext()) {
          return false;
        }
        look(left.next());
      }
      return true;
    }

    private void look(InternalRow row) {
      next = 0;
      found.clear();
      joined.withLeft(row);
      UnsafeRow keyed = key.apply(row);
      UnsafeRow interval = times.apply(row);
      if (!keyed.anyNull() && !interval.anyNull()) {
        Intervals<InternalRow> intervals = index.get(keyed);
        if (intervals != null) {
          intervals.overlapping(interval.getLong(0), interval.getLong(1), asked);
        }
      }
      if (found.isEmpty() && !inner) {
        found.add(nothing);
      }
    }

    private void ask(InternalRow row) {
      if (condition.eval(joined.withRight(row))) {
        found.add(row);
      }
    }

    @Override
    public InternalRow next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      return columns.apply(joined.withRight(found.get(next++)));
    }
  }
}
