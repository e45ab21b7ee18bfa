package dev.millrace.spark.query;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;

/** One JSON object a line. */
final class JsonFormat implements RowFormat {
  private final Appendable out;
  private List<String> names = List.of();

  JsonFormat(Appendable out) {
    this.out = out;
  }

  @Override
  public void begin(StructType columns) {
    names = distinct(List.of(columns.fieldNames()));
  }

  /** SQL may name two columns alike, an object may not: the second is {@code name_2}. */
  static List<String> distinct(List<String> columns) {
    List<String> names = new ArrayList<>();
    Set<String> given = new HashSet<>(columns);
    Set<String> used = new HashSet<>();
    for (String column : columns) {
      String name = column;
      for (int i = 2; used.contains(name) || !name.equals(column) && given.contains(name); i++) {
        name = column + "_" + i;
      }
      used.add(name);
      names.add(name);
    }
    return names;
  }

  @Override
  public void row(Row row) throws IOException {
    StringWriter line = new StringWriter();
    try (JsonGenerator json = Cells.JSON.createGenerator(line)) {
      json.writeStartObject();
      for (int i = 0; i < names.size(); i++) {
        json.writeFieldName(names.get(i));
        Cells.write(json, row.get(i));
      }
      json.writeEndObject();
    }
    out.append(line.getBuffer()).append('\n');
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
