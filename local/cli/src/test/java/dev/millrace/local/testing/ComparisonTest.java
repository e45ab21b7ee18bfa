package dev.millrace.local.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ComparisonTest {
  private static final List<String> KEY = List.of("id");

  private static Map<String, Object> row(Object... columns) {
    Map<String, Object> row = new LinkedHashMap<>();
    for (int i = 0; i < columns.length; i += 2) {
      row.put((String) columns[i], columns[i + 1]);
    }
    return row;
  }

  @SafeVarargs
  private static List<String> compare(
      boolean exactly, List<Map<String, Object>> found, Map<String, Object>... expected) {
    return Comparison.of(
        "out",
        KEY,
        new Prepared.Expected(
            exactly, Optional.of(List.of(expected)), Optional.empty(), List.of(), List.of()),
        new Observed(found, List.of(), List.of()));
  }

  @Test
  void columnsThatAreNotMentionedMayBeAnything() {
    List<Map<String, Object>> found =
        List.of(row("id", 1, "a", "x", "b", 1.0), row("id", 2, "a", "y", "b", null));
    assertThat(compare(true, found, row("id", 2, "b", null), row("a", "x"))).isEmpty();
    assertThat(compare(false, found, row("b", 1.0))).isEmpty();
  }

  @Test
  void aRowOfTheSameKeyIsComparedColumnByColumn() {
    assertThat(
            compare(
                true,
                List.of(row("id", 1, "a", "x", "b", 2.5), row("id", 2, "a", "y", "b", 1.0)),
                row("id", 1, "a", "x", "b", 3.5),
                row("id", 2)))
        .containsExactly("out: 1 row differs", "  row { id: 1 }", "    b: expected 3.5, found 2.5");
  }

  @Test
  void aMissingRowIsShownWithTheNearestAndWhatIsLeftIsUnexpected() {
    assertThat(
            compare(
                true,
                List.of(row("id", 1, "a", "x", "b", 2.5, "c", "same")),
                row("a", "x", "b", 3.5, "c", "same")))
        .containsExactly(
            "out: 1 row is missing",
            "  - { a: x, b: 3.5, c: same }",
            "      nearest: b is 2.5 in row { id: 1 }",
            "out: 1 row was not expected",
            "  + { id: 1, a: x, b: 2.5, c: same }");
  }

  @Test
  void aRowThatFitsIsNotTakenByOneThatDoesNot() {
    assertThat(
            compare(
                false,
                List.of(row("id", 1, "a", "x"), row("id", 1, "a", "y")),
                row("id", 1, "a", "z"),
                row("id", 1, "a", "x")))
        .containsExactly("out: 1 row differs", "  row { id: 1 }", "    a: expected z, found y");
  }

  @Test
  void manyAreCutShort() {
    List<Map<String, Object>> found = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      found.add(row("id", i));
    }
    List<String> lines = compare(true, found);
    assertThat(lines).hasSize(22);
    assertThat(lines.get(0)).isEqualTo("out: 100 rows were not expected");
    assertThat(lines.get(21)).isEqualTo("  ... and 80 more lines");
  }

  @Test
  void whatIsSetAsideIsNeverUnseen() {
    Observed observed =
        new Observed(List.of(), List.of(row("id", 7)), List.of("key field id is null: {}"));
    assertThat(Comparison.unexpected("out", KEY, observed))
        .containsExactly(
            "out (late): 1 row was not expected",
            "  + { id: 7 }",
            "out (dead): 1 record was not expected",
            "  + key field id is null: {}");
    assertThat(
            Comparison.of(
                "out",
                KEY,
                new Prepared.Expected(
                    false,
                    Optional.empty(),
                    Optional.of(1),
                    List.of(row("id", 7)),
                    List.of("id is null")),
                observed))
        .containsExactly("out: expected 1 row, found 0");
  }
}
