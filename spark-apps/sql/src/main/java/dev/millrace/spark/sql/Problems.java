package dev.millrace.spark.sql;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.catalyst.trees.Origin;
import scala.Option;

/** Collects what is wrong, each thing once, in the order of the SQL. */
public final class Problems {
  private final Set<SqlAnswer.Problem> found = new LinkedHashSet<>();

  void add(Origin at, String message, String suggestion) {
    found.add(of(at, message, suggestion));
  }

  /** One thing that is wrong at a place of the SQL. */
  public static SqlAnswer.Problem of(Origin at, String message, String suggestion) {
    return new SqlAnswer.Problem(line(at.line()), column(at.startPosition()), message, suggestion);
  }

  void add(Origin at, String message) {
    add(at, message, null);
  }

  void add(String message) {
    found.add(new SqlAnswer.Problem(null, null, message, null));
  }

  /** A refusal of Spark's own, in its words but without its error codes and query excerpts. */
  void add(AnalysisException e) {
    found.add(of(e));
  }

  /** The same as one thing that is wrong. */
  public static SqlAnswer.Problem of(AnalysisException e) {
    return new SqlAnswer.Problem(
        line(e.line()), column(e.startPosition()), plain(e.message()), null);
  }

  boolean isEmpty() {
    return found.isEmpty();
  }

  List<SqlAnswer.Problem> list() {
    List<SqlAnswer.Problem> out = new ArrayList<>(found);
    out.sort(
        Comparator.comparing(
                (SqlAnswer.Problem p) -> p.line() == null ? Integer.MAX_VALUE : p.line())
            .thenComparing(p -> p.column() == null ? Integer.MAX_VALUE : p.column()));
    return out;
  }

  static String plain(String message) {
    String m = message == null ? "refused without a reason" : message;
    int excerpt = m.indexOf("\n== SQL");
    if (excerpt >= 0) {
      m = m.substring(0, excerpt);
    }
    int tree = m.indexOf(";\n");
    if (tree >= 0) {
      m = m.substring(0, tree);
    }
    return m.replaceFirst("^\\[[A-Z0-9_.]+\\]\\s*", "")
        .replaceFirst("\\s*SQLSTATE: \\w+\\s*$", "")
        .replaceAll("\\s*\\R\\s*", " ")
        .strip();
  }

  private static Integer line(Option<Object> line) {
    return line.isDefined() ? (Integer) line.get() : null;
  }

  private static Integer column(Option<Object> position) {
    return position.isDefined() ? (Integer) position.get() + 1 : null;
  }
}
