package dev.millrace.connect.files;

import dev.millrace.connect.records.AvroRecordWriter;
import dev.millrace.connect.records.BadRecordException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.avro.Schema;

/**
 * Rows of CSV as RFC 4180 has them, with what is common besides: other delimiters and quotes, an
 * escape character, line ends of all kinds, a byte order mark, a text for null.
 *
 * <p>A row that is malformed (a quotation mark that is not closed, text behind one that is) ends
 * with its line: so one broken row does not swallow those after it.
 */
final class CsvRows extends TextRows {
  private static final int MORE = -1;
  private static final int MALFORMED = -2;
  private static final int UNCLOSED = -3;

  /**
   * What the CSV is like.
   *
   * @param quote 0: there is none
   * @param escape 0: there is none, and a quotation mark in a quoted cell is doubled
   * @param header whether each file begins with the names of its columns
   * @param columns their names, for files without a header; the header's, if empty
   * @param nullText a cell without quotes that says just this is null
   */
  record Dialect(
      byte delimiter,
      byte quote,
      byte escape,
      boolean header,
      List<String> columns,
      String nullText) {}

  private final Dialect dialect;
  private final Schema schema;
  private final byte[] nullText;

  /** For each column the number of its field; -1 if the schema has none such. */
  private int[] fields;

  /** For each field whether an empty cell can be nothing but text. */
  private final boolean[] emptyIsText;

  private boolean begun;
  private int cells;
  private int[] from = new int[16];
  private int[] to = new int[16];
  private boolean[] quoted = new boolean[16];
  private boolean[] escaped = new boolean[16];
  private int newLines;
  private byte[] scratch = new byte[256];
  private String malformed;

  CsvRows(
      FileStore store,
      StoredFile file,
      Options options,
      Dialect dialect,
      AvroRecordWriter writer,
      Place place)
      throws IOException {
    super(store, file, options, place);
    this.dialect = dialect;
    this.schema = writer.schema();
    this.nullText = dialect.nullText().getBytes(StandardCharsets.UTF_8);
    this.emptyIsText = new boolean[schema.getFields().size()];
    for (Schema.Field field : schema.getFields()) {
      emptyIsText[field.pos()] =
          field.schema().getType() == Schema.Type.STRING && !field.hasDefaultValue();
    }
    if (!dialect.columns().isEmpty()) {
      fields = fields(dialect.columns(), writer);
    }
    if (place.position() > 0) {
      begun = true;
      if (fields == null) {
        fields = headerOf(place.entry(), writer);
      }
    }
  }

  /** The header of an entry that is read from behind it. */
  private int[] headerOf(long entry, AvroRecordWriter writer) throws IOException {
    Place beginning = Place.start(new StoredFile(file.name(), -1, -1, ""));
    try (CsvRows other = new CsvRows(store, file, options, dialect, writer, beginning)) {
      while (other.place(beginning).entry() < entry) {
        if (!other.skipEntry()) {
          throw new ReplacedException(file.name());
        }
      }
      if (!other.begin(writer)) {
        throw new ReplacedException(file.name());
      }
      return other.fields;
    }
  }

  private int[] fields(List<String> columns, AvroRecordWriter writer) throws IOException {
    int[] numbers = new int[columns.size()];
    boolean[] there = new boolean[schema.getFields().size()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = writer.field(columns.get(i));
      if (numbers[i] >= 0) {
        there[numbers[i]] = true;
      }
    }
    for (Schema.Field field : schema.getFields()) {
      if (!there[field.pos()] && !field.hasDefaultValue() && !field.schema().isNullable()) {
        throw new IOException(
            "has no column '"
                + field.name()
                + "', which may not be null; its columns are "
                + String.join(", ", columns));
      }
    }
    return numbers;
  }

  @Override
  void entryBegins() {
    begun = false;
    if (dialect.columns().isEmpty()) {
      fields = null;
    }
  }

  /** Takes the byte order mark and the header; false if they are not all there yet. */
  private boolean begin(AvroRecordWriter writer) throws IOException {
    while (end - start < 3 && fill()) {
      // A mark has three bytes.
    }
    if (end - start >= 3
        && buffer[start] == (byte) 0xEF
        && buffer[start + 1] == (byte) 0xBB
        && buffer[start + 2] == (byte) 0xBF) {
      take(3, 0);
    }
    if (!dialect.header()) {
      begun = end > start || !grows();
      return begun;
    }
    if (end == start) {
      return false;
    }
    int length = scan();
    while (length == MORE) {
      if (end - start > options.maxRowBytes()) {
        throw new IOException("its header is longer than " + options.maxRowBytes() + " bytes");
      }
      if (!fill()) {
        if (!complete()) {
          return false;
        }
      }
      length = scan();
    }
    if (length < 0) {
      throw new IOException("its header is malformed: " + malformed);
    }
    if (fields == null) {
      List<String> names = new ArrayList<>();
      for (int i = 0; i < cells; i++) {
        names.add(cell(i).toString().strip());
      }
      fields = fields(names, writer);
    }
    take(length, newLines);
    begun = true;
    return true;
  }

  @Override
  Step row(AvroRecordWriter writer) throws IOException {
    if (!begun && !begin(writer)) {
      return Step.END;
    }
    while (end > start || fill()) {
      int length = scan();
      while (length == MORE) {
        if (end - start > options.maxRowBytes()) {
          return tooLong();
        }
        if (!fill()) {
          if (end == start) {
            return Step.END;
          }
          if (!complete()) {
            return quiet() && inQuotes && newline(start) >= 0
                ? badLine("the quotation mark of cell " + (cells + 1) + " is not closed")
                : Step.END;
          }
          length = scan();
          break;
        }
        length = scan();
      }
      if (length == MALFORMED || length == UNCLOSED) {
        return badLine(malformed);
      }
      if (length > options.maxRowBytes()) {
        return longLine();
      }
      if (cells == 1 && !quoted[0] && from[0] == to[0]) {
        // An empty line.
        take(length, newLines);
        continue;
      }
      about(start, start + length);
      Step step = fields(writer);
      take(length, newLines);
      return step;
    }
    return Step.END;
  }

  private Step tooLong() throws IOException {
    return inQuotes && newline(start) >= 0 ? badLine(notWithin()) : longLine();
  }

  private String notWithin() {
    return "the quotation mark of cell "
        + (cells + 1)
        + " is not closed within "
        + options.maxRowBytes()
        + " bytes";
  }

  private Step fields(AvroRecordWriter writer) {
    if (cells != fields.length) {
      return bad(cells + " cells; expected " + fields.length);
    }
    writer.begin();
    try {
      for (int i = 0; i < cells; i++) {
        int field = fields[i];
        if (field >= 0 && (!isNull(i) || (emptyIsText[field] && nullText.length == 0))) {
          write(field, i, writer);
        }
      }
      return Step.ROW;
    } catch (BadRecordException e) {
      return bad(e.getMessage());
    } catch (CharacterCodingException e) {
      return bad("is not " + options.charset().name());
    }
  }

  private boolean isNull(int cell) {
    return !quoted[cell]
        && Arrays.equals(buffer, from[cell], to[cell], nullText, 0, nullText.length);
  }

  private void write(int field, int cell, AvroRecordWriter writer)
      throws BadRecordException, CharacterCodingException {
    int offset = from[cell];
    int length = to[cell] - offset;
    if (!escaped[cell] && isAscii(buffer, offset, length)) {
      writer.ascii(field, buffer, offset, length);
    } else {
      writer.text(field, cell(cell));
    }
  }

  private static boolean isAscii(byte[] bytes, int offset, int length) {
    int all = 0;
    for (int i = offset; i < offset + length; i++) {
      all |= bytes[i];
    }
    return all >= 0;
  }

  private CharSequence cell(int cell) throws CharacterCodingException {
    byte[] bytes = buffer;
    int offset = from[cell];
    int length = to[cell] - offset;
    if (escaped[cell]) {
      length = unescape(cell);
      bytes = scratch;
      offset = 0;
    }
    String text = new String(bytes, offset, length, StandardCharsets.UTF_8);
    if (text.indexOf('\uFFFD') >= 0) {
      // Either it stands there, or something is that is no UTF-8: the decoder knows.
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes, offset, length));
    }
    return text;
  }

  private int unescape(int cell) {
    if (scratch.length < to[cell] - from[cell]) {
      scratch = new byte[Math.max(scratch.length * 2, to[cell] - from[cell])];
    }
    byte escape = dialect.escape() == 0 ? dialect.quote() : dialect.escape();
    int length = 0;
    for (int i = from[cell]; i < to[cell]; i++) {
      byte b = buffer[i];
      boolean skip = b == escape || (quoted[cell] && b == dialect.quote());
      if (skip && i + 1 < to[cell]) {
        b = buffer[++i];
      }
      scratch[length++] = b;
    }
    return length;
  }

  /**
   * Finds the cells of the row that the window begins with.
   *
   * @return its length with its line end, {@link #MORE} if it does not end in the window, {@link
   *     #MALFORMED} or {@link #UNCLOSED}
   */
  private int scan() {
    boolean complete = complete();
    byte quote = dialect.quote();
    byte escape = dialect.escape();
    byte delimiter = dialect.delimiter();
    cells = 0;
    newLines = 0;
    int i = start;
    while (true) {
      inQuotes = quote != 0 && i < end && buffer[i] == quote;
      boolean escapes = false;
      int first = i;
      int last;
      if (inQuotes) {
        first = ++i;
        while (true) {
          if (i >= end) {
            malformed = "the quotation mark of cell " + (cells + 1) + " is not closed";
            return complete ? UNCLOSED : MORE;
          }
          if (i - start > options.maxRowBytes()) {
            malformed = notWithin();
            return UNCLOSED;
          }
          byte b = buffer[i];
          if (b == '\n') {
            newLines++;
          } else if (escape != 0 && b == escape && i + 1 < end) {
            escapes = true;
            i++;
          } else if (b == quote) {
            if (i + 1 >= end && !complete) {
              return MORE;
            }
            if (i + 1 >= end || buffer[i + 1] != quote) {
              break;
            }
            escapes = true;
            i++;
          }
          i++;
        }
        last = i++;
      } else {
        while (i < end && buffer[i] != delimiter && buffer[i] != '\n' && buffer[i] != '\r') {
          if (escape != 0 && buffer[i] == escape) {
            escapes = true;
            i++;
          }
          i++;
        }
        last = Math.min(i, end);
      }
      cell(first, last, inQuotes, escapes);
      if (i >= end) {
        return complete ? end - start : MORE;
      }
      inQuotes = false;
      byte b = buffer[i];
      if (b == delimiter) {
        i++;
      } else if (b == '\n') {
        newLines++;
        return i + 1 - start;
      } else if (b == '\r') {
        if (i + 1 >= end && !complete) {
          return MORE;
        }
        newLines++;
        return i + 1 < end && buffer[i + 1] == '\n' ? i + 2 - start : i + 1 - start;
      } else {
        malformed = "text behind the closing quotation mark of cell " + cells;
        return MALFORMED;
      }
    }
  }

  private boolean inQuotes;

  private void cell(int first, int last, boolean isQuoted, boolean isEscaped) {
    if (cells == from.length) {
      from = Arrays.copyOf(from, cells * 2);
      to = Arrays.copyOf(to, cells * 2);
      quoted = Arrays.copyOf(quoted, cells * 2);
      escaped = Arrays.copyOf(escaped, cells * 2);
    }
    from[cells] = first;
    to[cells] = last;
    quoted[cells] = isQuoted;
    escaped[cells++] = isEscaped;
  }
}
