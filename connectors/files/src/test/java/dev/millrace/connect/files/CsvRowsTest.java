package dev.millrace.connect.files;

import static org.assertj.core.api.Assertions.assertThat;

import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.CsvRecord;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CsvRowsTest {
  private static final String TEXT =
      """
      {"type":"record","name":"R","fields":[
        {"name":"a","type":"string"},{"name":"b","type":["null","string"]},{"name":"c","type":"string"}]}
      """;

  @TempDir Path folder;

  /** Documents of all that CSV allows, read by another reader too. */
  @Test
  void readsWhatFastCsvReads() throws Exception {
    Random random = new Random(7);
    List<List<String>> expected = new ArrayList<>();
    for (int document = 0; document < 300; document++) {
      StringBuilder text = new StringBuilder();
      int rows = 1 + random.nextInt(20);
      String end = List.of("\n", "\r\n", "\r").get(random.nextInt(3));
      for (int row = 0; row < rows; row++) {
        for (int cell = 0; cell < 3; cell++) {
          text.append(cell == 0 ? "" : ";").append(cell(random, end));
        }
        text.append(row + 1 < rows || random.nextBoolean() ? end : "");
      }
      Files.writeString(folder.resolve(String.format("%03d.csv", document)), text);
      try (CsvReader<CsvRecord> other =
          CsvReader.builder()
              .fieldSeparator(';')
              .skipEmptyLines(true)
              .ofCsvRecord(text.toString())) {
        other.forEach(r -> expected.add(List.copyOf(r.getFields())));
      }
    }
    Worker worker =
        new Worker(folder, "csv", TEXT)
            .with("csv.delimiter", ";")
            .with("csv.header", "false")
            .with("csv.columns", "a,b,c")
            .with("csv.null", "NULL")
            .drain();
    assertThat(worker.dead()).isEmpty();
    assertThat(expected).hasSizeGreaterThan(2000);
    assertThat(
            worker.rows().stream()
                .map(r -> List.of("" + r.get("a"), "" + r.get("b"), "" + r.get("c"))))
        .containsExactlyElementsOf(expected);
  }

  private static String cell(Random random, String end) {
    String plain =
        List.of("", "x", "some text", "zwölf ✓", "5\"", "a,b", "😀").get(random.nextInt(7));
    return switch (random.nextInt(4)) {
      // The first character of a cell in quotes is one; of one without there must be none.
      case 0 -> "\"" + plain.replace("\"", "\"\"") + "\"";
      case 1 -> "\"a" + end + "b;\"\"" + plain.replace("\"", "\"\"") + "\"";
      default -> plain.isEmpty() && random.nextBoolean() ? "y" : plain;
    };
  }

  @Test
  void takesTypesNullsAndColumnsByTheHeadersNames() throws Exception {
    Files.writeString(
        folder.resolve("a.csv"),
        """
        \uFEFFat, n ,ignored,price,name,flag,day
        2026-01-31T12:00:00Z,7,x,1.50,,true,2026-01-31
        2026-01-31 12:00:00+01:00,,x,2,"",FALSE,
        """);
    Worker worker =
        new Worker(
                folder,
                "csv",
                """
                {"type":"record","name":"R","fields":[
                  {"name":"n","type":["null","int"]},
                  {"name":"name","type":["null","string"],"default":null},
                  {"name":"flag","type":"boolean"},
                  {"name":"at","type":{"type":"long","logicalType":"timestamp-micros"}},
                  {"name":"price","type":{"type":"bytes","logicalType":"decimal","precision":6,"scale":2}},
                  {"name":"day","type":["null",{"type":"int","logicalType":"date"}]},
                  {"name":"more","type":"string","default":"none"}]}
                """)
            .drain();
    assertThat(worker.dead()).isEmpty();
    assertThat(worker.column("n")).containsExactly("7", "null");
    assertThat(worker.column("name")).containsExactly("null", "");
    assertThat(worker.column("flag")).containsExactly("true", "false");
    assertThat(worker.column("at")).containsExactly("1769860800000000", "1769857200000000");
    assertThat(worker.column("day")).containsExactly("20484", "null");
    assertThat(worker.column("more")).containsExactly("none", "none");
  }

  @Test
  void aBrokenRowIsADeadLetterWithFileLineAndReasonAndSwallowsNoOther() throws Exception {
    Files.writeString(
        folder.resolve("a.csv"),
        """
        id,text
        1,one
        2,"never closed
        3,three
        four,4
        5,five,too many
        6
        7,"two
        lines"
        8,"closed" and more
        9,nine
        """);
    byte[] latin = "10,f\u00fcnf\n11,eleven\n".getBytes(StandardCharsets.ISO_8859_1);
    Files.write(folder.resolve("a.csv"), latin, java.nio.file.StandardOpenOption.APPEND);
    Worker worker =
        new Worker(
                folder,
                "csv",
                """
                {"type":"record","name":"R","fields":[{"name":"id","type":"int"},{"name":"text","type":["null","string"]}]}
                """)
            .drain();
    assertThat(worker.column("id")).containsExactly("1", "3", "7", "9", "11");
    assertThat(worker.dead())
        .satisfiesExactly(
            d ->
                assertThat(d)
                    .startsWith(
                        "a.csv:3: text behind the closing quotation mark of cell 2 <2,\"never closed>"),
            d -> assertThat(d).startsWith("a.csv:5: field 'id': 'four': expected an int <four,4>"),
            d -> assertThat(d).isEqualTo("a.csv:6: 3 cells; expected 2 <5,five,too many>"),
            d -> assertThat(d).isEqualTo("a.csv:7: 1 cells; expected 2 <6>"),
            d ->
                assertThat(d)
                    .startsWith("a.csv:10: text behind the closing quotation mark of cell 2 <8,"),
            d -> assertThat(d).startsWith("a.csv:12: is not UTF-8 <10,f"));
  }

  @Test
  void aQuotationMarkThatIsNeverClosedCostsOneLineAndALineWithoutEndIsBounded() throws Exception {
    StringBuilder text = new StringBuilder("id,text\n1,\"open\n");
    for (int i = 2; i <= 2000; i++) {
      text.append(i).append(",row\n");
    }
    text.append("x".repeat(100_000)).append("\n2001,\"open again\n2002,last");
    Files.writeString(folder.resolve("a.csv"), text);
    Worker worker =
        new Worker(
                folder,
                "csv",
                """
                {"type":"record","name":"R","fields":[{"name":"id","type":"int"},{"name":"text","type":"string"}]}
                """)
            .with("row.max.bytes", "4096")
            .drain();
    assertThat(worker.column("id"))
        .hasSize(2000)
        .contains("2", "2000", "2002")
        .doesNotHaveDuplicates();
    assertThat(worker.dead())
        .satisfiesExactly(
            d ->
                assertThat(d)
                    .startsWith(
                        "a.csv:2: the quotation mark of cell 2 is not closed within 4096 bytes"),
            d ->
                assertThat(d)
                    .startsWith("a.csv:2002: the line is longer than 4096 bytes")
                    .hasSizeLessThan(70_000),
            d ->
                assertThat(d).startsWith("a.csv:2003: the quotation mark of cell 2 is not closed"));
  }

  @Test
  void readsOtherCharsetsDelimitersAndEscapes() throws Exception {
    Files.write(
        folder.resolve("a.csv"),
        "a|b|c\nf\u00fcnf|'it\\'s|'|x\\|y\n\u20ac|\\N|z\n".getBytes(Charset.forName("UTF-16")));
    Worker worker =
        new Worker(folder, "csv", TEXT)
            .with("charset", "UTF-16")
            .with("csv.delimiter", "|")
            .with("csv.quote", "'")
            .with("csv.escape", "\\")
            .with("csv.null", "\\N")
            .drain();
    assertThat(worker.dead()).isEmpty();
    assertThat(worker.column("a")).containsExactly("f\u00fcnf", "\u20ac");
    assertThat(worker.column("b")).containsExactly("it's|", "null");
    assertThat(worker.column("c")).containsExactly("x|y", "z");
  }

  @Test
  void aFileWithoutAColumnThatMustBeThereIsRefusedByName() throws Exception {
    Files.writeString(folder.resolve("a.csv"), "a,b\n1,2\n");
    Files.writeString(folder.resolve("b.csv"), "a,b,c\n1,2,3\n");
    Worker worker = new Worker(folder, "csv", TEXT).drain();
    assertThat(worker.column("a")).containsExactly("1");
    assertThat(worker.dead())
        .containsExactly(
            "a.csv:1: the file is not read: has no column 'c', which may not be null; its columns are a, b <>");
  }
}
