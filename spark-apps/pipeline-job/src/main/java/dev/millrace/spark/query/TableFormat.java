package dev.millrace.spark.query;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.NumericType;
import org.apache.spark.sql.types.StructType;

/**
 * Columns for people. The first rows say how wide they are: a longer cell further down moves what
 * is behind it. A very long cell is cut, and what could move the terminal's cursor is escaped.
 */
final class TableFormat implements RowFormat {
  private static final int ROWS_THAT_SAY = 200;
  private static final int WIDEST = 100;

  private final Appendable out;
  private final List<String[]> held = new ArrayList<>();
  private String[] names = {};
  private boolean[] right = {};
  private int[] widths;

  TableFormat(Appendable out) {
    this.out = out;
  }

  @Override
  public void begin(StructType columns) {
    names = Arrays.stream(columns.fieldNames()).map(TableFormat::shown).toArray(String[]::new);
    right = new boolean[names.length];
    for (int i = 0; i < names.length; i++) {
      DataType type = columns.fields()[i].dataType();
      right[i] = type instanceof NumericType;
    }
  }

  @Override
  public void row(Row row) throws IOException {
    String[] cells = new String[names.length];
    for (int i = 0; i < cells.length; i++) {
      cells[i] = row.isNullAt(i) ? "NULL" : shown(Cells.text(row.get(i)));
    }
    if (widths != null) {
      line(cells);
      return;
    }
    held.add(cells);
    if (held.size() == ROWS_THAT_SAY) {
      pause();
    }
  }

  @Override
  public void pause() throws IOException {
    if (widths != null || held.isEmpty()) {
      return;
    }
    head();
  }

  private void head() throws IOException {
    widths = new int[names.length];
    for (int i = 0; i < names.length; i++) {
      widths[i] = width(names[i]);
      for (String[] cells : held) {
        widths[i] = Math.max(widths[i], width(cells[i]));
      }
    }
    line(names);
    String[] rule = new String[names.length];
    for (int i = 0; i < rule.length; i++) {
      rule[i] = "-".repeat(widths[i]);
    }
    line(rule);
    for (String[] cells : held) {
      line(cells);
    }
    held.clear();
  }

  private void line(String[] cells) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < cells.length; i++) {
      if (i > 0) {
        line.append("  ");
      }
      String space = " ".repeat(Math.max(0, widths[i] - width(cells[i])));
      if (right[i]) {
        line.append(space).append(cells[i]);
      } else {
        line.append(cells[i]);
        if (i < cells.length - 1) {
          line.append(space);
        }
      }
    }
    out.append(line).append('\n');
  }

  @Override
  public void end(long rows, double seconds) throws IOException {
    if (widths == null) {
      head();
    }
    out.append(
        String.format(
            Locale.ROOT, "(%,d %s in %.1f s)%n", rows, rows == 1 ? "row" : "rows", seconds));
  }

  private static String shown(String text) {
    StringBuilder shown = new StringBuilder();
    int width = 0;
    for (int i = 0; i < text.length(); ) {
      int c = text.codePointAt(i);
      i += Character.charCount(c);
      String one = Character.isISOControl(c) ? escaped(c) : Character.toString(c);
      width += width(one);
      if (width > WIDEST - 1 && i < text.length()) {
        return shown.append('…').toString();
      }
      shown.append(one);
    }
    return shown.toString();
  }

  private static String escaped(int control) {
    return switch (control) {
      case '\n' -> "\\n";
      case '\r' -> "\\r";
      case '\t' -> "\\t";
      default -> String.format(Locale.ROOT, "\\u%04x", control);
    };
  }

  /** Cells of a terminal that a text takes. */
  static int width(String text) {
    return text.codePoints().map(TableFormat::width).sum();
  }

  private static int width(int c) {
    switch (Character.getType(c)) {
      case Character.NON_SPACING_MARK, Character.ENCLOSING_MARK, Character.FORMAT:
        return 0;
      default:
        return wide(c) ? 2 : 1;
    }
  }

  /** The blocks of Unicode whose characters are wide (East Asian Width W and F), and emoji. */
  private static boolean wide(int c) {
    return (c >= 0x1100 && c <= 0x115F)
        || (c >= 0x2E80 && c <= 0xA4CF)
        || (c >= 0xAC00 && c <= 0xD7A3)
        || (c >= 0xF900 && c <= 0xFAFF)
        || (c >= 0xFE30 && c <= 0xFE6F)
        || (c >= 0xFF00 && c <= 0xFF60)
        || (c >= 0xFFE0 && c <= 0xFFE6)
        || (c >= 0x1F300 && c <= 0x1F64F)
        || (c >= 0x1F680 && c <= 0x1F6FF)
        || (c >= 0x1F900 && c <= 0x1F9FF)
        || (c >= 0x20000 && c <= 0x3FFFD);
  }
}
