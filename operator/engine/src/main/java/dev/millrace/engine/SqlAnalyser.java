package dev.millrace.engine;

import dev.millrace.planner.Known;
import dev.millrace.planner.SchemaCatalog.SqlAnalysis;
import dev.millrace.planner.SchemaCatalog.SqlRequest;

/** Says what a transform's SQL reads and yields. */
public interface SqlAnalyser extends AutoCloseable {
  /** The answer, or that it is being worked on. */
  Known<SqlAnalysis> analyse(SqlRequest request);

  @Override
  void close();
}
