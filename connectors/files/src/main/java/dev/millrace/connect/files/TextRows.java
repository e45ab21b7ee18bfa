package dev.millrace.connect.files;

import dev.millrace.connect.files.Content.Packing;
import dev.millrace.connect.records.AvroRecordWriter;
import java.io.IOException;
import java.nio.charset.Charset;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;

/**
 * Rows of text: a window of the file, of which rows are taken off. What was taken is counted and
 * summed up, so that another file of the same name is known.
 */
abstract class TextRows implements RowReader {
  private static final int WINDOW = 1 << 18;
  private static final int SHOWN = 1 << 16;
  private static final long SLICE_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  /** How text is read. */
  record Options(Packing packing, Charset charset, int maxRowBytes, Ending ending) {}

  final FileStore store;
  final StoredFile file;
  final Options options;
  byte[] buffer = new byte[WINDOW];
  int start;
  int end;
  private final Content content;
  private final CRC32C taken = new CRC32C();
  private final long checksumBefore;
  private long takenBytes;
  private long position;
  private long lines;
  private boolean entryEnded;
  private long toCompare;
  private final Place from;
  private byte[] raw;
  private int rawFrom;
  private int rawTo;
  private String reason;
  private long line;

  /**
   * @param from where to go on; what is before it is compared with what was there, unless the file
   *     has not changed since
   */
  TextRows(FileStore store, StoredFile file, Options options, Place from) throws IOException {
    this.store = store;
    this.file = file;
    this.options = options;
    this.from = from;
    this.lines = from.line();
    boolean plain = Content.plain(options.packing(), options.charset());
    if (plain && from.sameFile(file)) {
      content = Content.openAt(store, file, from.position());
      position = from.position();
      checksumBefore = from.checksum();
    } else {
      content = Content.open(store, file, options.packing(), options.charset());
      checksumBefore = 0;
      toCompare = from.entry() + from.position();
    }
  }

  /** Takes a row off the window; {@link Step#END} if there is no whole one. */
  abstract Step row(AvroRecordWriter writer) throws IOException;

  /** Called at the beginning of each entry. */
  void entryBegins() {}

  @Override
  public final Step next(AvroRecordWriter writer) throws IOException {
    if (toCompare > 0) {
      return compare();
    }
    while (true) {
      Step step = row(writer);
      if (step != Step.END || !entryEnded || !skipEntry()) {
        return step;
      }
    }
  }

  /** Reads what was read before, a slice at a time, and goes on only if it is the same. */
  private Step compare() throws IOException {
    long until = System.nanoTime() + SLICE_NANOS;
    while (content.entry() < from.entry() || position < from.position()) {
      boolean inEntry = content.entry() == from.entry();
      int most =
          inEntry ? (int) Math.min(buffer.length, from.position() - position) : buffer.length;
      int n = content.read(buffer, 0, most);
      if (n < 0) {
        if (inEntry || !content.nextEntry()) {
          throw new ReplacedException(file.name());
        }
        position = 0;
        continue;
      }
      taken.update(buffer, 0, n);
      takenBytes += n;
      position += n;
      if (System.nanoTime() > until) {
        return Step.BUSY;
      }
    }
    if (taken.getValue() != from.checksum()) {
      throw new ReplacedException(file.name());
    }
    toCompare = 0;
    return Step.BUSY;
  }

  /** Makes the window larger by what follows; false if nothing does, as of now. */
  final boolean fill() throws IOException {
    if (entryEnded) {
      return false;
    }
    if (start > 0) {
      System.arraycopy(buffer, start, buffer, 0, end - start);
      end -= start;
      start = 0;
    }
    if (end == buffer.length) {
      buffer = Arrays.copyOf(buffer, buffer.length * 2);
    }
    int n = content.read(buffer, end, buffer.length - end);
    if (n < 0) {
      entryEnded = true;
      return false;
    }
    end += n;
    return true;
  }

  /** Whether the window is all that there is and will be. */
  final boolean complete() {
    return entryEnded && (!grows() || options.ending() == Ending.LAST);
  }

  final boolean quiet() {
    return entryEnded && options.ending() != Ending.OPEN;
  }

  /** Goes to the next entry of an archive, whatever is left of this one. */
  final boolean skipEntry() throws IOException {
    if (!content.nextEntry()) {
      return false;
    }
    entryEnded = false;
    start = end;
    position = 0;
    lines = 0;
    entryBegins();
    return true;
  }

  /** Takes bytes off the window: {@code newLines} line ends are in them. */
  final void take(int bytes, long newLines) {
    taken.update(buffer, start, bytes);
    takenBytes += bytes;
    position += bytes;
    start += bytes;
    lines += newLines;
  }

  /** Notes which bytes of the window the step is about, without their line end. */
  final void about(int from, int to) {
    rawFrom = from;
    rawTo = to;
    raw = null;
    line = lines + 1;
  }

  /** A bad row: the line that the window begins with. */
  final Step badLine(String why) throws IOException {
    int newline = newline(start);
    while (newline < 0 && end - start <= options.maxRowBytes() && fill()) {
      newline = newline(start);
    }
    if (newline < 0 && end - start > options.maxRowBytes()) {
      return longLine();
    }
    int to = newline < 0 ? end : newline;
    about(start, to);
    raw();
    reason = why;
    take(newline < 0 ? end - start : newline + 1 - start, newline < 0 ? 0 : 1);
    return Step.BAD;
  }

  /** A line that is longer than any row may be: its beginning stands for it. */
  final Step longLine() throws IOException {
    int newline = newline(start);
    about(start, Math.min(newline < 0 ? end : newline, start + SHOWN));
    raw();
    reason = "the line is longer than " + options.maxRowBytes() + " bytes";
    while (newline < 0) {
      take(end - start, 0);
      if (!fill()) {
        return Step.BAD;
      }
      newline = newline(start);
    }
    take(newline + 1 - start, 1);
    return Step.BAD;
  }

  final int newline(int at) {
    for (int i = at; i < end; i++) {
      if (buffer[i] == '\n') {
        return i;
      }
    }
    return -1;
  }

  /** A row that was taken and does not fit. */
  final Step bad(String why) {
    raw();
    reason = why;
    return Step.BAD;
  }

  @Override
  public final byte[] raw() {
    if (raw == null) {
      int to = rawTo;
      while (to > rawFrom && (buffer[to - 1] == '\n' || buffer[to - 1] == '\r')) {
        to--;
      }
      raw = Arrays.copyOfRange(buffer, rawFrom, to);
    }
    return raw;
  }

  @Override
  public final String reason() {
    return reason;
  }

  @Override
  public final long line() {
    return line;
  }

  @Override
  public final boolean grows() {
    return options.packing() == Packing.NONE;
  }

  @Override
  public final Place place(Place before) {
    return toCompare > 0
        ? before
        : new Place(
            file.size(),
            file.modified(),
            file.version(),
            content.entry(),
            position,
            0,
            lines,
            before.rows(),
            before.dead(),
            Checksums.join(checksumBefore, taken.getValue(), takenBytes),
            before.state());
  }

  @Override
  public void close() throws IOException {
    content.close();
  }
}
