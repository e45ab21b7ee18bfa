package dev.millrace.spark.query;

import java.io.IOException;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;

/** How rows look. */
interface RowFormat {
  /** Before the first row. */
  void begin(StructType columns) throws IOException;

  void row(Row row) throws IOException;

  /** No row comes for a while: what was held back is to be seen. */
  void pause() throws IOException;

  /**
   * After the last row.
   *
   * @param seconds since the question was asked
   */
  void end(long rows, double seconds) throws IOException;

  /**
   * The format of a name.
   *
   * @throws IllegalArgumentException if there is none
   */
  static RowFormat of(String name, Appendable out) {
    return switch (name) {
      case "table" -> new TableFormat(out);
      case "csv" -> new CsvFormat(out);
      case "json" -> new JsonFormat(out);
      default -> throw new IllegalArgumentException("output '" + name + "'");
    };
  }
}
