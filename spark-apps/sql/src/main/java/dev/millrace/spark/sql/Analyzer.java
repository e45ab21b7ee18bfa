package dev.millrace.spark.sql;

import static dev.millrace.spark.sql.Plans.list;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.catalyst.FunctionIdentifier;
import org.apache.spark.sql.catalyst.TableIdentifier;
import org.apache.spark.sql.catalyst.analysis.FunctionRegistry;
import org.apache.spark.sql.catalyst.analysis.TableFunctionRegistry;
import org.apache.spark.sql.catalyst.analysis.UnresolvedAttribute;
import org.apache.spark.sql.catalyst.analysis.UnresolvedFunction;
import org.apache.spark.sql.catalyst.analysis.UnresolvedRelation;
import org.apache.spark.sql.catalyst.analysis.UnsupportedOperationChecker;
import org.apache.spark.sql.catalyst.catalog.CatalogStorageFormat;
import org.apache.spark.sql.catalyst.catalog.CatalogTable;
import org.apache.spark.sql.catalyst.catalog.CatalogTableType;
import org.apache.spark.sql.catalyst.catalog.InMemoryCatalog;
import org.apache.spark.sql.catalyst.catalog.SessionCatalog;
import org.apache.spark.sql.catalyst.catalog.TemporaryViewRelation;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.AttributeReference;
import org.apache.spark.sql.catalyst.expressions.NamedExpression;
import org.apache.spark.sql.catalyst.optimizer.InlineCTE;
import org.apache.spark.sql.catalyst.parser.CatalystSqlParser;
import org.apache.spark.sql.catalyst.plans.logical.Aggregate;
import org.apache.spark.sql.catalyst.plans.logical.Command;
import org.apache.spark.sql.catalyst.plans.logical.Filter;
import org.apache.spark.sql.catalyst.plans.logical.Join;
import org.apache.spark.sql.catalyst.plans.logical.LocalRelation;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.ParsedStatement;
import org.apache.spark.sql.catalyst.plans.logical.Project;
import org.apache.spark.sql.catalyst.plans.logical.SubqueryAlias;
import org.apache.spark.sql.catalyst.plans.logical.UnresolvedWith;
import org.apache.spark.sql.catalyst.trees.Origin;
import org.apache.spark.sql.internal.SQLConf;
import org.apache.spark.sql.streaming.OutputMode;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.MetadataBuilder;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import scala.Option;
import scala.Tuple2;

/**
 * Says what the SQL of a streaming transform reads and yields, or everything that is wrong with it:
 * by Spark's own parser and analyser, without a running Spark. It holds no state between calls and
 * may be used from one thread at a time.
 */
public final class Analyzer {
  /** Columns that the engine adds to rows on their way and that no SQL may see or make. */
  private static final Set<String> RESERVED = Set.of("_progress", "_tick");

  private static final ObjectMapper JSON = new ObjectMapper();

  private final SQLConf conf = new SQLConf();
  private final CatalystSqlParser parser = new CatalystSqlParser();

  public Analyzer() {
    // As the job runs it.
    conf.setConfString("spark.sql.session.timeZone", "UTC");
  }

  /** Answers a request; a bad SQL, stream or schema is an answer too, never an exception. */
  public SqlAnswer analyse(SqlRequest request) {
    return SQLConf.withExistingConf(conf, () -> new Analysis(request).run());
  }

  /** A call of Scala code, whose checked exceptions Java's compiler can not see. */
  private interface SparkCall {
    LogicalPlan run() throws AnalysisException;
  }

  private static LogicalPlan spark(SparkCall call) throws AnalysisException {
    return call.run();
  }

  /** One request on its way. */
  private final class Analysis {
    private final SqlRequest request;
    private final Map<String, SqlRequest.Stream> streams = new HashMap<>();
    private final Map<String, StructType> types = new HashMap<>();
    private final Problems problems = new Problems();

    Analysis(SqlRequest request) {
      this.request = request;
    }

    SqlAnswer run() {
      if (request.sql() == null
          || request.sql().isBlank()
          || request.transform() == null
          || request.streams() == null) {
        problems.add("a request needs \"sql\", \"transform\" and \"streams\"");
        return refused();
      }
      for (Map.Entry<String, SqlRequest.Stream> e : request.streams().entrySet()) {
        declare(e.getKey(), e.getValue());
      }
      if (!problems.isEmpty()) {
        return refused();
      }
      LogicalPlan parsed;
      try {
        parsed = spark(() -> parser.parsePlan(request.sql()));
      } catch (AnalysisException e) {
        problems.add(e);
        return refused();
      }
      if (parsed instanceof Command || parsed instanceof ParsedStatement) {
        problems.add(
            Plans.origin(parsed), "a transform is one SELECT; " + parsed.nodeName() + " is not");
        return refused();
      }
      Set<String> pending = names(parsed);
      if (!pending.isEmpty()) {
        qualified(parsed);
        return problems.isEmpty()
            ? SqlAnswer.waiting(request.id(), List.copyOf(pending))
            : refused();
      }
      LogicalPlan plan = resolve(parsed);
      if (plan == null || !problems.isEmpty()) {
        return refused();
      }
      Lineage lineage = new Lineage(plan);
      StreamingRules.Shape shape = new StreamingRules(plan, lineage, streams, problems).check();
      Schema schema = schema(plan);
      if (problems.isEmpty()) {
        // Whatever else Spark would refuse when the query starts.
        try {
          spark(
              () -> {
                UnsupportedOperationChecker.checkForStreaming(
                    plan, shape.grouped() ? OutputMode.Update() : OutputMode.Append());
                return plan;
              });
        } catch (AnalysisException e) {
          problems.add(e);
        }
      }
      if (!problems.isEmpty()) {
        return refused();
      }
      return new SqlAnswer(
          request.id(),
          true,
          json(schema),
          shape.grouped() ? "table" : "append",
          shape.groupKeys(),
          reads(lineage),
          columns(lineage, list(plan.output())),
          shape.grouped() ? null : identity(plan, lineage),
          null,
          null);
    }

    private List<SqlAnswer.Identifying> identity(LogicalPlan plan, Lineage lineage) {
      return Identity.of(plan, lineage, streams)
          .map(
              parts ->
                  parts.stream()
                      .map(
                          p ->
                              new SqlAnswer.Identifying(
                                  p.column().stream(), p.column().name(), p.as()))
                      .toList())
          .orElse(null);
    }

    private SqlAnswer refused() {
      return SqlAnswer.refused(request.id(), problems.list());
    }

    private void declare(String name, SqlRequest.Stream stream) {
      if (stream == null
          || stream.schema() == null
          || stream.kind() == null
          || !Set.of("append", "table").contains(stream.kind())) {
        problems.add("stream " + name + ": needs \"kind\" (append or table) and \"schema\"");
        return;
      }
      try {
        types.put(
            name, AvroTypes.structType(new Schema.Parser().parse(stream.schema().toString())));
        streams.put(name, stream);
      } catch (AvroRuntimeException | IllegalArgumentException e) {
        problems.add("stream " + name + ": " + e.getMessage());
      }
    }

    /**
     * Columns of the streams that are known, where others are not known yet: those that are written
     * with the name or alias of their stream.
     */
    private void qualified(LogicalPlan parsed) {
      Map<String, String> aliases = new HashMap<>();
      Plans.forEach(
          parsed,
          node -> {
            if (node instanceof UnresolvedRelation relation) {
              String name = String.join(".", list(relation.multipartIdentifier()));
              aliases.put(name.toLowerCase(Locale.ROOT), name.toLowerCase(Locale.ROOT));
            }
          });
      Set<String> twice = new HashSet<>();
      Plans.forEach(
          parsed,
          node -> {
            if (node instanceof SubqueryAlias alias) {
              String stream =
                  alias.child() instanceof UnresolvedRelation relation
                      ? String.join(".", list(relation.multipartIdentifier()))
                      : "";
              String before =
                  aliases.put(
                      alias.alias().toLowerCase(Locale.ROOT), stream.toLowerCase(Locale.ROOT));
              if (before != null && !before.equals(stream.toLowerCase(Locale.ROOT))) {
                twice.add(alias.alias().toLowerCase(Locale.ROOT));
              }
            }
          });
      Plans.forEachExpression(
          parsed,
          (node, e) -> {
            if (e instanceof UnresolvedAttribute attribute && attribute.nameParts().size() == 2) {
              String alias = attribute.nameParts().apply(0).toLowerCase(Locale.ROOT);
              String column = attribute.nameParts().apply(1);
              StructType type = types.get(aliases.getOrDefault(alias, ""));
              if (type == null || twice.contains(alias)) {
                return;
              }
              List<String> known = List.of(type.fieldNames());
              if (known.stream().noneMatch(column::equalsIgnoreCase)) {
                problems.add(
                    Plans.origin(e),
                    "unknown column "
                        + attribute.name()
                        + "; "
                        + aliases.get(alias)
                        + " has "
                        + String.join(", ", known),
                    Names.nearest(column, known).orElse(null));
              }
            }
          });
    }

    /**
     * Unknown streams and functions, all at once, before the analyser stops at the first.
     *
     * @return the streams that it reads and whose schemas are not known yet
     */
    private Set<String> names(LogicalPlan parsed) {
      Set<String> pending = new LinkedHashSet<>();
      Set<String> ctes = new HashSet<>();
      Plans.forEach(
          parsed,
          node -> {
            if (node instanceof UnresolvedWith with) {
              for (Tuple2<String, ?> cte : list(with.cteRelations())) {
                ctes.add(cte._1().toLowerCase(Locale.ROOT));
              }
            }
          });
      for (String cte : ctes) {
        if (streams.containsKey(cte) || request.pending().contains(cte)) {
          problems.add(
              "WITH " + cte + ": a stream has that name too; give the subquery another one");
        }
      }
      Plans.forEach(
          parsed,
          node -> {
            if (node instanceof UnresolvedRelation relation) {
              String name = String.join(".", list(relation.multipartIdentifier()));
              if (request.pending().contains(name.toLowerCase(Locale.ROOT))) {
                pending.add(name.toLowerCase(Locale.ROOT));
              } else if (!streams.containsKey(name.toLowerCase(Locale.ROOT))
                  && !ctes.contains(name.toLowerCase(Locale.ROOT))) {
                Set<String> known = new TreeSet<>(streams.keySet());
                known.addAll(request.pending());
                problems.add(
                    Plans.origin(node),
                    "unknown stream " + name + "; known: " + String.join(", ", known),
                    Names.nearest(name, known).orElse(null));
              }
            }
          });
      Plans.forEachExpression(
          parsed,
          (node, e) -> {
            if (e instanceof UnresolvedFunction f) {
              String name = String.join(".", list(f.nameParts())).toLowerCase(Locale.ROOT);
              FunctionIdentifier id = new FunctionIdentifier(name, Option.empty());
              if (!FunctionRegistry.builtin().functionExists(id)
                  && !TableFunctionRegistry.builtin().functionExists(id)) {
                List<String> known =
                    list(FunctionRegistry.builtin().listFunction()).stream()
                        .map(FunctionIdentifier::funcName)
                        .toList();
                problems.add(
                    Plans.origin(e),
                    "unknown function " + name + "; Spark's built-in functions can be used",
                    Names.nearest(name, known).orElse(null));
              }
            }
          });
      return pending;
    }

    private LogicalPlan resolve(LogicalPlan parsed) {
      SessionCatalog catalog =
          new SessionCatalog(
              new InMemoryCatalog(
                  new org.apache.spark.SparkConf(false),
                  new org.apache.hadoop.conf.Configuration(false)),
              FunctionRegistry.builtin(),
              TableFunctionRegistry.builtin());
      types.forEach((name, type) -> catalog.createTempView(name, view(name, type), true));
      org.apache.spark.sql.catalyst.analysis.Analyzer analyzer =
          new org.apache.spark.sql.catalyst.analysis.Analyzer(catalog);
      try {
        LogicalPlan plan = spark(() -> analyzer.execute(parsed));
        columns(plan);
        if (!problems.isEmpty()) {
          return null;
        }
        analyzer.checkAnalysis(plan);
        return new InlineCTE(true).apply(plan);
      } catch (AnalysisException e) {
        // Spark's complaint about a name is a worse version of ours.
        if (problems.isEmpty()
            || !Set.of("TABLE_OR_VIEW_NOT_FOUND", "UNRESOLVED_ROUTINE")
                .contains(String.valueOf(e.getErrorClass()))) {
          problems.add(e);
        }
        return null;
      } catch (UnsupportedOperationException e) {
        // The analyser asks a catalog that is not there for names it does not know, which names()
        // has found before.
        if (problems.isEmpty()) {
          throw e;
        }
        return null;
      }
    }

    private TemporaryViewRelation view(String name, StructType type) {
      List<Attribute> output = new ArrayList<>();
      for (StructField f : type.fields()) {
        Metadata metadata = new MetadataBuilder().putString(Lineage.STREAM, name).build();
        output.add(
            new AttributeReference(
                f.name(),
                f.dataType(),
                f.nullable(),
                metadata,
                NamedExpression.newExprId(),
                Plans.seq(List.of())));
      }
      LogicalPlan relation =
          new LocalRelation(
              Plans.seq(output), Plans.seq(List.of()), StreamingRules.isAppend(streams.get(name)));
      scala.collection.immutable.Map<String, String> empty =
          scala.collection.immutable.Map$.MODULE$.empty();
      CatalogTable table =
          new CatalogTable(
              new TableIdentifier(name),
              CatalogTableType.VIEW(),
              CatalogStorageFormat.empty(),
              type,
              Option.empty(),
              Plans.seq(List.of()),
              Option.empty(),
              "",
              0L,
              -1L,
              "",
              empty.updated(CatalogTable.VIEW_STORING_ANALYZED_PLAN(), "true"),
              Option.empty(),
              Option.empty(),
              Option.empty(),
              Plans.seq(List.of()),
              false,
              true,
              empty,
              Option.empty());
      return new TemporaryViewRelation(table, Option.apply(relation));
    }

    /** Every column that is not among those of the relations below it. */
    private void columns(LogicalPlan plan) {
      Plans.forEachExpression(
          plan,
          (node, e) -> {
            if (e instanceof UnresolvedAttribute u) {
              if (list(node.children()).stream().allMatch(LogicalPlan::resolved)) {
                column(node, u);
              } else if (list(node.children()).stream().allMatch(Analysis::outputKnown)
                  && !visible(node, u)) {
                // A mistake below (in WHERE) kept the analyser from looking at this one.
                column(node, u);
              }
            }
          });
    }

    private static boolean outputKnown(LogicalPlan plan) {
      boolean passesOn =
          plan instanceof Filter || plan instanceof Join || plan instanceof SubqueryAlias;
      return plan.resolved()
          || (passesOn && list(plan.children()).stream().allMatch(Analysis::outputKnown));
    }

    private static boolean visible(LogicalPlan node, UnresolvedAttribute u) {
      List<String> parts = list(u.nameParts());
      return list(node.children()).stream()
          .flatMap(c -> list(c.output()).stream())
          .anyMatch(a -> parts.stream().limit(2).anyMatch(a.name()::equalsIgnoreCase));
    }

    private void column(LogicalPlan node, UnresolvedAttribute u) {
      List<String> parts = list(u.nameParts());
      List<Attribute> visible = new ArrayList<>();
      list(node.children()).forEach(c -> visible.addAll(list(c.output())));
      String name = parts.get(parts.size() - 1);
      Map<String, Set<String>> byAlias = new HashMap<>();
      Set<String> all = new LinkedHashSet<>();
      for (Attribute a : visible) {
        all.add(a.name());
        List<String> qualifier = list(a.qualifier());
        if (!qualifier.isEmpty()) {
          byAlias
              .computeIfAbsent(
                  qualifier.get(qualifier.size() - 1).toLowerCase(Locale.ROOT),
                  k -> new LinkedHashSet<>())
              .add(a.name());
        }
      }
      if (parts.size() > 1) {
        String alias = parts.get(0);
        Set<String> of = byAlias.get(alias.toLowerCase(Locale.ROOT));
        if (of != null) {
          String column = parts.get(1);
          problems.add(
              Plans.origin(u),
              "unknown column "
                  + alias
                  + "."
                  + column
                  + "; "
                  + alias
                  + " has: "
                  + String.join(", ", of),
              Names.nearest(column, of).map(n -> alias + "." + n).orElse(null));
          return;
        }
        if (all.stream().noneMatch(alias::equalsIgnoreCase)) {
          Set<String> aliases = new TreeSet<>(byAlias.keySet());
          Optional<String> guess = Names.nearest(alias, aliases);
          // A single letter says little: the alias whose stream has the column says more.
          Optional<String> having =
              aliases.stream()
                  .filter(a -> byAlias.get(a).stream().anyMatch(name::equalsIgnoreCase))
                  .findFirst();
          problems.add(
              Plans.origin(u),
              "unknown stream or alias "
                  + alias
                  + " in "
                  + u.name()
                  + "; here are: "
                  + String.join(", ", aliases),
              having.or(() -> guess).map(a -> a + "." + name).orElse(null));
          return;
        }
      }
      problems.add(
          Plans.origin(u),
          "unknown column " + u.name() + "; here are: " + String.join(", ", all),
          Names.nearest(name, all).orElse(null));
    }

    private Schema schema(LogicalPlan plan) {
      Set<String> seen = new HashSet<>();
      List<StructField> fields = new ArrayList<>();
      List<Origin> origins = origins(plan);
      String record = AvroTypes.recordName(request.transform());
      List<Attribute> output = list(plan.output());
      for (int i = 0; i < output.size(); i++) {
        Attribute a = output.get(i);
        Origin at = origins.size() == output.size() ? origins.get(i) : Plans.origin(plan);
        if (RESERVED.contains(a.name().toLowerCase(Locale.ROOT))) {
          problems.add(
              at, "column " + a.name() + ": the engine uses that name itself; choose another one");
        } else if (!seen.add(a.name().toLowerCase(Locale.ROOT))) {
          problems.add(
              at,
              "two columns named " + a.name() + "; give one of them another name (... AS name)");
        } else {
          StructField field =
              new StructField(a.name(), a.dataType(), a.nullable(), Metadata.empty());
          try {
            AvroTypes.avroSchema(
                new StructType(new StructField[] {field}), record, request.namespace());
            fields.add(field);
          } catch (IllegalArgumentException | AvroRuntimeException e) {
            problems.add(at, "column " + e.getMessage());
          }
        }
      }
      if (!problems.isEmpty()) {
        return null;
      }
      return AvroTypes.avroSchema(
          new StructType(fields.toArray(new StructField[0])), record, request.namespace());
    }

    private List<Origin> origins(LogicalPlan plan) {
      LogicalPlan top = plan;
      while (!(top instanceof Project)
          && !(top instanceof Aggregate)
          && list(top.children()).size() == 1) {
        top = list(top.children()).get(0);
      }
      List<? extends NamedExpression> named =
          top instanceof Project p
              ? list(p.projectList())
              : top instanceof Aggregate a ? list(a.aggregateExpressions()) : List.of();
      return named.stream()
          .map(n -> Plans.origin((org.apache.spark.sql.catalyst.expressions.Expression) n))
          .toList();
    }

    private List<SqlAnswer.Read> reads(Lineage lineage) {
      List<SqlAnswer.Read> out = new ArrayList<>();
      lineage
          .needed()
          .forEach(
              (stream, columns) -> {
                String[] names = types.get(stream).fieldNames();
                Set<Integer> needed = new TreeSet<>(columns);
                // not.
                SqlRequest.Stream s = streams.get(stream);
                String role = StreamingRules.isAppend(s) ? "drives" : "lookup";
                out.add(
                    new SqlAnswer.Read(stream, role, needed.stream().map(i -> names[i]).toList()));
              });
      return out;
    }

    private static Map<String, List<SqlAnswer.Column>> columns(
        Lineage lineage, List<Attribute> output) {
      Map<String, List<SqlAnswer.Column>> columns = new LinkedHashMap<>();
      for (Attribute column : output) {
        columns.put(
            column.name(),
            lineage.from(column).stream()
                .map(c -> new SqlAnswer.Column(c.stream(), c.name()))
                .sorted(
                    Comparator.comparing(SqlAnswer.Column::stream)
                        .thenComparing(SqlAnswer.Column::column))
                .toList());
      }
      return columns;
    }

    private JsonNode json(Schema schema) {
      try {
        return JSON.readTree(schema.toString());
      } catch (JsonProcessingException e) {
        throw new IllegalStateException("Avro wrote a schema that is no JSON", e);
      }
    }
  }
}
