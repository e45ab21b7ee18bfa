package dev.millrace.connect.files;

import dev.millrace.connect.records.AvroRecordWriter;
import java.io.IOException;

/**
 * The rows of one file, from a place on. What the file is at fault for is thrown as an {@link
 * IOException} or {@link RuntimeException}, what its storage is as a {@link StorageException}.
 */
interface RowReader extends AutoCloseable {
  /** What {@link #next} came to. */
  enum Step {
    /** The writer holds a row. */
    ROW,
    /** A row is not as it must be: see {@link #reason}. */
    BAD,
    /** Work was done, and there is more of it. */
    BUSY,
    /** Nothing more is there. */
    END
  }

  /** How the end of what is there is to be taken. */
  enum Ending {
    /** More may come: what is not complete waits. */
    OPEN,
    /** Nothing was added for long: a quotation mark that is not closed is a mistake. */
    QUIET,
    /** Nothing more comes. */
    LAST
  }

  /** Reads the next row into the writer, which the reader begins. */
  Step next(AvroRecordWriter writer) throws IOException;

  /** The row of the last step as it stands in the file, or as JSON where a file is no text. */
  byte[] raw();

  /** Why the last step was {@link Step#BAD}. */
  String reason();

  /** Which line (text) or row the last step was about, from 1. */
  long line();

  /** The place behind the last step; counts and state are the caller's. */
  Place place(Place before);

  /** Whether what is behind the end may still grow. */
  boolean grows();

  @Override
  void close() throws IOException;
}
