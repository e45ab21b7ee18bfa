package dev.millrace.spark.query;

import java.io.IOException;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;

/**
 * CSV as RFC 4180 has it, with a header. Null is an empty field, an empty text is {@code ""}.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc4180">RFC 4180</a>
 */
final class CsvFormat implements RowFormat {
  private static final String END = "\r\n";

  private final Appendable out;

  CsvFormat(Appendable out) {
    this.out = out;
  }

  @Override
  public void begin(StructType columns) throws IOException {
    String[] names = columns.fieldNames();
    for (int i = 0; i < names.length; i++) {
      out.append(i == 0 ? "" : ",").append(field(names[i]));
    }
    out.append(END);
  }

  @Override
  public void row(Row row) throws IOException {
    for (int i = 0; i < row.length(); i++) {
      if (i > 0) {
        out.append(',');
      }
      if (!row.isNullAt(i)) {
        out.append(field(Cells.text(row.get(i))));
      }
    }
    out.append(END);
  }

  private static String field(String text) {
    boolean quoted = text.isEmpty();
    for (int i = 0; i < text.length() && !quoted; i++) {
      char c = text.charAt(i);
      quoted = c == ',' || c == '"' || c == '\r' || c == '\n';
    }
    return quoted ? '"' + text.replace("\"", "\"\"") + '"' : text;
  }

  @Override
  public void pause() {
    // Nothing is held back.
  }

  @Override
  public void end(long rows, double seconds) {
    // There is nothing behind the rows.
  }
}
