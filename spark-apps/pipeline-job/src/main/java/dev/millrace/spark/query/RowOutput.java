package dev.millrace.spark.query;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;

/** Rows on their way out, each whole or not at all. What is written is seen soon. */
final class RowOutput {
  private static final int BUFFER = 1 << 16;
  private static final long SOON_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  private final Writer out;
  private final RowFormat format;
  private final long limit;
  private final ReentrantLock lock = new ReentrantLock();
  private long flushed = System.nanoTime();
  private long rows;
  private long firstRow;
  private boolean closed;

  /** Nobody reads any more, as behind a pipe into {@code head}. */
  static final class Closed extends IOException {
    private static final long serialVersionUID = 1L;

    Closed(IOException cause) {
      super(cause);
    }
  }

  RowOutput(OutputStream stream, String format, Long limit) {
    this.out = new BufferedWriter(new OutputStreamWriter(stream, StandardCharsets.UTF_8), BUFFER);
    this.format = RowFormat.of(format, out);
    this.limit = limit == null ? Long.MAX_VALUE : limit;
  }

  /** Something that writes. */
  private interface Writing {
    void run() throws IOException;
  }

  private void locked(Writing writing) throws Closed {
    lock.lock();
    try {
      if (!closed) {
        writing.run();
      }
    } catch (IOException e) {
      closed = true;
      throw new Closed(e);
    } finally {
      lock.unlock();
    }
  }

  void begin(StructType columns) throws Closed {
    locked(() -> format.begin(columns));
  }

  /** Whether there is to be another row. */
  boolean more() {
    return rows < limit;
  }

  void row(Row row) throws Closed {
    locked(
        () -> {
          if (rows++ == 0) {
            firstRow = System.currentTimeMillis();
          }
          format.row(row);
          long now = System.nanoTime();
          if (now - flushed > SOON_NANOS) {
            out.flush();
            flushed = now;
          }
        });
  }

  /** The next row may take a while. */
  void pause() throws Closed {
    locked(
        () -> {
          format.pause();
          out.flush();
        });
  }

  /** After the last row. */
  void end(double seconds) throws Closed {
    locked(
        () -> {
          format.end(rows, seconds);
          out.flush();
        });
  }

  /** Text of another kind. */
  void text(String text) throws Closed {
    locked(
        () -> {
          out.write(text);
          out.flush();
        });
  }

  /** Shows what there is, and writes nothing any more; unless somebody keeps it from writing. */
  void close() {
    try {
      if (lock.tryLock(1, TimeUnit.SECONDS)) {
        if (!closed) {
          format.pause();
          out.flush();
        }
        closed = true;
      }
    } catch (IOException e) {
      closed = true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** When the first row came, in milliseconds since the epoch; 0 before. */
  long firstRow() {
    return firstRow;
  }
}
