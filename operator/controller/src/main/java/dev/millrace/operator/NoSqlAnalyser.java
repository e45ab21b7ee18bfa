package dev.millrace.operator;

import dev.millrace.engine.SqlAnalyser;
import dev.millrace.planner.Known;
import dev.millrace.planner.SchemaCatalog.SqlAnalysis;
import dev.millrace.planner.SchemaCatalog.SqlRequest;

/** Where no analyser was named: SQL is waited for, and the status says what is missing. */
enum NoSqlAnalyser implements SqlAnalyser {
  INSTANCE;

  @Override
  public Known<SqlAnalysis> analyse(SqlRequest request) {
    return new Known.Waiting<>(
        "the operator was started without a SQL analyser (MILLRACE_SQL_ANALYSER)");
  }

  @Override
  public void close() {}
}
