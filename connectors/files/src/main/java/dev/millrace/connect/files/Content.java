package dev.millrace.connect.files;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/**
 * The text of a file as bytes of UTF-8, one entry after the other where it is an archive.
 *
 * <p>Positions are those of this text: of a plain file in UTF-8 they are the file's own, and it can
 * be opened anywhere.
 */
final class Content implements AutoCloseable {
  /** How files are packed. */
  enum Packing {
    NONE,
    GZIP,
    ZIP;

    /** As the name's ending says. */
    static Packing of(String name) {
      String lower = name.toLowerCase(Locale.ROOT);
      return lower.endsWith(".gz") ? GZIP : lower.endsWith(".zip") ? ZIP : NONE;
    }
  }

  private final InputStream bytes;
  private final ZipInputStream zip;
  private final Charset charset;
  private InputStream text;
  private long entry;

  private Content(InputStream bytes, Packing packing, Charset charset) throws IOException {
    this.bytes = bytes;
    this.charset = charset;
    this.zip = packing == Packing.ZIP ? new ZipInputStream(bytes) : null;
    if (zip == null) {
      text =
          decoded(packing == Packing.GZIP ? new GZIPInputStream(endless(bytes), 1 << 16) : bytes);
    } else {
      entry = -1;
      if (!nextEntry()) {
        throw new EOFException("holds no file, or is no zip archive");
      }
    }
  }

  /** Opens a file at its beginning. */
  static Content open(FileStore store, StoredFile file, Packing packing, Charset charset)
      throws IOException {
    InputStream stream = store.open(file, 0);
    try {
      return new Content(stream, packing, charset);
    } catch (IOException | RuntimeException e) {
      stream.close();
      throw e;
    }
  }

  /** Opens a plain file at a position. */
  static Content openAt(FileStore store, StoredFile file, long position) throws IOException {
    return new Content(store.open(file, position), Packing.NONE, StandardCharsets.UTF_8);
  }

  /** Whether positions are the file's own. */
  static boolean plain(Packing packing, Charset charset) {
    return packing == Packing.NONE
        && (charset.equals(StandardCharsets.UTF_8) || charset.equals(StandardCharsets.US_ASCII));
  }

  private InputStream decoded(InputStream stream) {
    return plain(Packing.NONE, charset) ? stream : new Utf8Stream(stream, charset);
  }

  /**
   * A gzip file may have several parts; whether another one follows, Java's stream asks of {@code
   * available}, which a network's does not know.
   */
  private static InputStream endless(InputStream stream) {
    return new FilterInputStream(new BufferedInputStream(stream, 1 << 16)) {
      @Override
      public int available() {
        return 1;
      }
    };
  }

  /** Which entry is read; 0 for what is no archive. */
  long entry() {
    return entry;
  }

  /** Goes to the next entry that is a file. */
  boolean nextEntry() throws IOException {
    if (zip == null) {
      return false;
    }
    for (ZipEntry next = zip.getNextEntry(); next != null; next = zip.getNextEntry()) {
      if (!next.isDirectory()) {
        entry++;
        text = decoded(zip);
        return true;
      }
    }
    return false;
  }

  /** Reads some bytes of the entry; -1 at its end, as it is now. */
  int read(byte[] into, int offset, int length) throws IOException {
    return text.read(into, offset, length);
  }

  @Override
  public void close() throws IOException {
    bytes.close();
  }
}
