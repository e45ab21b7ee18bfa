package dev.millrace.spark.query;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import scala.collection.JavaConverters;

class RowFormatTest {
  private static StructType columns(Object... namesAndTypes) {
    StructType columns = new StructType();
    for (int i = 0; i < namesAndTypes.length; i += 2) {
      columns = columns.add((String) namesAndTypes[i], (DataType) namesAndTypes[i + 1]);
    }
    return columns;
  }

  private static String written(String format, StructType columns, Row... rows) throws IOException {
    StringBuilder out = new StringBuilder();
    RowFormat writing = RowFormat.of(format, out);
    writing.begin(columns);
    for (Row row : rows) {
      writing.row(row);
    }
    writing.end(rows.length, 1.25);
    return out.toString();
  }

  @Test
  void csvQuotesAsRfc4180Says() throws IOException {
    StructType columns = columns("a", DataTypes.StringType, "b,c", DataTypes.StringType);
    assertThat(
            written(
                "csv",
                columns,
                RowFactory.create("plain", "with,comma"),
                RowFactory.create("say \"hi\"", "two\nlines"),
                RowFactory.create("", null),
                RowFactory.create(" space ", "tab\tand ä")))
        .isEqualTo(
            "a,\"b,c\"\r\n"
                + "plain,\"with,comma\"\r\n"
                + "\"say \"\"hi\"\"\",\"two\nlines\"\r\n"
                + "\"\",\r\n"
                + " space ,tab\tand ä\r\n");
  }

  @Test
  void csvOfNothingIsItsHeader() throws IOException {
    assertThat(written("csv", columns("a", DataTypes.LongType))).isEqualTo("a\r\n");
  }

  @Test
  void csvHasStructuresAsJson() throws IOException {
    StructType inner = columns("x", DataTypes.IntegerType, "y", DataTypes.StringType);
    assertThat(
            written(
                "csv",
                columns("s", inner, "l", DataTypes.createArrayType(DataTypes.LongType)),
                RowFactory.create(
                    new GenericRowWithSchema(new Object[] {1, null}, inner),
                    JavaConverters.asScalaBuffer(List.of(1L, 2L)))))
        .isEqualTo("s,l\r\n\"{\"\"x\"\":1,\"\"y\"\":null}\",\"[1,2]\"\r\n");
  }

  @Test
  void jsonKeepsTypes() throws IOException {
    StructType inner = columns("x", DataTypes.IntegerType);
    StructType columns =
        columns(
            "flag", DataTypes.BooleanType,
            "small", DataTypes.IntegerType,
            "big", DataTypes.LongType,
            "price", DataTypes.createDecimalType(38, 18),
            "ratio", DataTypes.DoubleType,
            "none", DataTypes.DoubleType,
            "at", DataTypes.TimestampType,
            "local", DataTypes.TimestampNTZType,
            "day", DataTypes.DateType,
            "bytes", DataTypes.BinaryType,
            "struct", inner,
            "list", DataTypes.createArrayType(DataTypes.StringType),
            "map", DataTypes.createMapType(DataTypes.StringType, DataTypes.LongType),
            "null", DataTypes.StringType,
            "text", DataTypes.StringType);
    assertThat(
            written(
                "json",
                columns,
                RowFactory.create(
                    true,
                    7,
                    Long.MAX_VALUE,
                    new BigDecimal("12345678901234567890.123456789012345678"),
                    0.1,
                    Double.NaN,
                    Instant.parse("2026-03-01T10:00:00.000001Z"),
                    LocalDateTime.parse("2026-03-01T10:00:00"),
                    LocalDate.parse("2026-03-01"),
                    new byte[] {1, 2, (byte) 255},
                    new GenericRowWithSchema(new Object[] {null}, inner),
                    JavaConverters.asScalaBuffer(List.of("a", "b")),
                    JavaConverters.mapAsScalaMap(Map.of("k", 1L)),
                    null,
                    "\"quoted\"\n")))
        .isEqualTo(
            "{\"flag\":true,\"small\":7,\"big\":9223372036854775807,"
                + "\"price\":12345678901234567890.123456789012345678,\"ratio\":0.1,\"none\":\"NaN\","
                + "\"at\":\"2026-03-01T10:00:00.000001Z\",\"local\":\"2026-03-01T10:00:00\","
                + "\"day\":\"2026-03-01\",\"bytes\":\"AQL/\",\"struct\":{\"x\":null},"
                + "\"list\":[\"a\",\"b\"],\"map\":{\"k\":1},\"null\":null,"
                + "\"text\":\"\\\"quoted\\\"\\n\"}\n");
  }

  @Test
  void jsonTellsColumnsOfOneNameApart() throws IOException {
    StructType columns =
        columns("id", DataTypes.LongType, "id", DataTypes.LongType, "id_2", DataTypes.LongType);
    assertThat(written("json", columns, RowFactory.create(1L, 2L, 3L)))
        .isEqualTo("{\"id\":1,\"id_3\":2,\"id_2\":3}\n");
  }

  @Test
  void aTableIsAsWideAsItsCells() throws IOException {
    StructType columns =
        columns(
            "name", DataTypes.StringType, "n", DataTypes.LongType, "last", DataTypes.StringType);
    assertThat(
            written(
                "table",
                columns,
                RowFactory.create("ada", 5L, "x"),
                RowFactory.create("日本", 1234L, null),
                RowFactory.create("e\u0301", null, "line\nbreak \u001b[31m")))
        .isEqualTo(
            """
            name     n  last
            ----  ----  ----------------------
            ada      5  x
            日本  1234  NULL
            e\u0301     NULL  line\\nbreak \\u001b[31m
            (3 rows in 1.3 s)
            """);
  }

  @Test
  void aTableCutsAVeryLongCell() throws IOException {
    String table =
        written(
            "table",
            columns("t", DataTypes.StringType),
            RowFactory.create("x".repeat(100)),
            RowFactory.create("y".repeat(101)));
    assertThat(table).contains("x".repeat(100) + "\n").contains("y".repeat(99) + "…\n");
  }

  @Test
  void aTableOfNothingHasItsHead() throws IOException {
    assertThat(written("table", columns("a", DataTypes.LongType)))
        .isEqualTo("a\n-\n(0 rows in 1.3 s)\n");
  }

  @Test
  void aTableOfManyRowsShowsThemBeforeTheLast() throws IOException {
    StringBuilder out = new StringBuilder();
    RowFormat table = RowFormat.of("table", out);
    table.begin(columns("a", DataTypes.LongType));
    for (long i = 0; i < 250; i++) {
      table.row(RowFactory.create(i));
    }
    assertThat(out.toString().lines()).hasSize(252).last().isEqualTo("249");
  }
}
