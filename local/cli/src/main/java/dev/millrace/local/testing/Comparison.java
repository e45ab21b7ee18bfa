package dev.millrace.local.testing;

import dev.millrace.local.testing.Prepared.Expected;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What is expected of a stream beside what it holds, in lines for people. Rows are matched by their
 * key where an expected row has all of it, otherwise by the columns that it mentions.
 */
final class Comparison {
  /** More than this of one sort tell nobody more. */
  private static final int MOST = 10;

  private final String stream;
  private final List<String> key;
  private final List<String> lines = new ArrayList<>();

  private Comparison(String stream, List<String> key) {
    this.stream = stream;
    this.key = key;
  }

  /** Differences, none if it is as expected. */
  static List<String> of(String stream, List<String> key, Expected expected, Observed observed) {
    Comparison comparison = new Comparison(stream, key);
    expected
        .rows()
        .ifPresent(rows -> comparison.rows("", rows, observed.rows(), expected.exactly()));
    int count = observed.rows().size();
    if (expected.count().isPresent() && expected.count().get() != count) {
      comparison.lines.add(
          stream
              + ": expected "
              + expected.count().get()
              + (expected.count().get() == 1 ? " row" : " rows")
              + ", found "
              + count);
    }
    comparison.rows(" (late)", expected.late(), observed.late(), true);
    comparison.dead(expected.dead(), observed.dead());
    return comparison.lines;
  }

  /** What was set aside by a stream of which nothing is expected. */
  static List<String> unexpected(String stream, List<String> key, Observed observed) {
    return of(
        stream,
        key,
        new Expected(false, Optional.empty(), Optional.empty(), List.of(), List.of()),
        observed);
  }

  private void rows(
      String what,
      List<Map<String, Object>> expected,
      List<Map<String, Object>> found,
      boolean exactly) {
    List<Map<String, Object>> left = new ArrayList<>(found);
    List<Map<String, Object>> open = new ArrayList<>();
    List<String> different = new ArrayList<>();
    // Whole matches first, so that a row that fits is not taken by one that only bears its key.
    for (Map<String, Object> row : expected) {
      if (!removeFirst(left, actual -> differing(row, actual).isEmpty())) {
        open.add(row);
      }
    }
    List<Map<String, Object>> missing = new ArrayList<>();
    for (Map<String, Object> row : open) {
      Optional<Map<String, Object>> same =
          !key.isEmpty() && what.isEmpty() && row.keySet().containsAll(key)
              ? left.stream().filter(a -> differing(only(row, key), a).isEmpty()).findFirst()
              : Optional.empty();
      if (same.isEmpty()) {
        missing.add(row);
        continue;
      }
      left.remove(same.get());
      different.add("row " + text(only(row, key)));
      for (String column : differing(row, same.get())) {
        different.add(
            "  "
                + column
                + ": expected "
                + Values.text(row.get(column))
                + ", found "
                + Values.text(same.get().get(column)));
      }
    }
    say(what, "rows differ", "row differs", different, count(different));
    List<String> absent = new ArrayList<>();
    for (Map<String, Object> row : missing) {
      absent.add("- " + text(row));
      nearest(row, left)
          .ifPresent(
              near ->
                  absent.add(
                      "    nearest: "
                          + differing(row, near).stream()
                              .map(c -> c + " is " + Values.text(near.get(c)))
                              .collect(Collectors.joining(", "))
                          + (near.keySet().containsAll(key) && !key.isEmpty()
                              ? " in row " + text(only(near, key))
                              : "")));
    }
    say(what, "rows are missing", "row is missing", absent, missing.size());
    if (exactly) {
      say(
          what,
          "rows were not expected",
          "row was not expected",
          left.stream().map(r -> "+ " + text(r)).toList(),
          left.size());
    }
  }

  private static long count(List<String> different) {
    return different.stream().filter(l -> l.startsWith("row ")).count();
  }

  private void say(String what, String many, String one, List<String> said, long count) {
    if (count == 0) {
      return;
    }
    lines.add(stream + what + ": " + count + " " + (count == 1 ? one : many));
    int most = Math.min(said.size(), MOST * 2);
    said.subList(0, most).forEach(line -> lines.add("  " + line));
    if (said.size() > most) {
      lines.add("  ... and " + (said.size() - most) + " more lines");
    }
  }

  private void dead(List<String> expected, List<String> found) {
    List<String> left = new ArrayList<>(found);
    List<String> missing = new ArrayList<>();
    for (String part : expected) {
      if (!removeFirst(left, reason -> reason.contains(part))) {
        missing.add("- " + part);
      }
    }
    say(" (dead)", "records are missing", "record is missing", missing, missing.size());
    say(
        " (dead)",
        "records were not expected",
        "record was not expected",
        left.stream().map(r -> "+ " + r).toList(),
        left.size());
  }

  private static <T> boolean removeFirst(List<T> list, java.util.function.Predicate<T> wanted) {
    for (int i = 0; i < list.size(); i++) {
      if (wanted.test(list.get(i))) {
        list.remove(i);
        return true;
      }
    }
    return false;
  }

  private static List<String> differing(Map<String, Object> row, Map<String, Object> actual) {
    return row.entrySet().stream()
        .filter(
            c ->
                !actual.containsKey(c.getKey())
                    || !Values.same(c.getValue(), actual.get(c.getKey())))
        .map(Map.Entry::getKey)
        .toList();
  }

  /** The row that differs least, if at least half of the columns are the same. */
  private static Optional<Map<String, Object>> nearest(
      Map<String, Object> row, List<Map<String, Object>> among) {
    Map<String, Object> best = null;
    int least = row.size() / 2 + 1;
    for (Map<String, Object> candidate : among) {
      int differences = differing(row, candidate).size();
      if (differences < least) {
        least = differences;
        best = candidate;
      }
    }
    return Optional.ofNullable(best);
  }

  private static Map<String, Object> only(Map<String, Object> row, List<String> columns) {
    Map<String, Object> some = new LinkedHashMap<>();
    columns.forEach(c -> some.put(c, row.get(c)));
    return some;
  }

  private static String text(Map<String, Object> row) {
    return row.entrySet().stream()
        .map(c -> c.getKey() + ": " + Values.text(c.getValue()))
        .collect(Collectors.joining(", ", "{ ", " }"));
  }
}
