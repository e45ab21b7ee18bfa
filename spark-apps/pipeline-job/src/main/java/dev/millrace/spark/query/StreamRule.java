package dev.millrace.spark.query;

import dev.millrace.spark.sql.Problems;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.AliasIdentifier;
import org.apache.spark.sql.catalyst.analysis.UnresolvedRelation;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.SubqueryAlias;
import org.apache.spark.sql.catalyst.rules.Rule;
import scala.Function1;
import scala.collection.JavaConverters;
import scala.runtime.AbstractPartialFunction;

/**
 * Puts streams where SQL names them. Spark's analyser asks it after its own tables and the
 * subqueries of WITH: what is left is a stream or nobody's.
 */
final class StreamRule extends Rule<LogicalPlan> {
  private final SparkSession session;
  private final Supplier<Reading> reading;

  /**
   * What names mean.
   *
   * @param read the rows of a stream, anew at each call
   */
  record Reading(
      StreamNames names, BiFunction<SparkSession, QueryDocument.Stream, LogicalPlan> read) {}

  /**
   * @param reading asked for when the first name is met
   */
  StreamRule(SparkSession session, Supplier<Reading> reading) {
    this.session = session;
    this.reading = reading;
  }

  @Override
  public LogicalPlan apply(LogicalPlan plan) {
    return plan.resolveOperatorsUp(new Streams());
  }

  private final class Streams extends AbstractPartialFunction<LogicalPlan, LogicalPlan> {
    @Override
    public boolean isDefinedAt(LogicalPlan node) {
      return node instanceof UnresolvedRelation;
    }

    @Override
    @SuppressWarnings("unchecked")
    public <A extends LogicalPlan, B> B applyOrElse(A node, Function1<A, B> otherwise) {
      return node instanceof UnresolvedRelation relation
          ? (B) stream(relation)
          : otherwise.apply(node);
    }
  }

  private LogicalPlan stream(UnresolvedRelation relation) {
    List<String> parts = List.copyOf(JavaConverters.seqAsJavaList(relation.multipartIdentifier()));
    StreamNames names = reading.get().names();
    QueryDocument.Stream stream =
        names
            .find(parts)
            .orElseThrow(
                () ->
                    new QueryException(
                        Query.text(Problems.of(relation.origin(), names.problem(parts), null))));
    return new SubqueryAlias(
        new AliasIdentifier(
            stream.name(), JavaConverters.asScalaBuffer(List.of(stream.pipeline())).toSeq()),
        reading.get().read().apply(session, stream));
  }
}
