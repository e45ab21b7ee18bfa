package dev.millrace.connect.files;

import java.io.IOException;

/** The storage does not give what it holds; what is in the file is not at fault. */
final class StorageException extends IOException {
  private static final long serialVersionUID = 1L;

  /** What helps. */
  enum Kind {
    /** Trying again later. */
    TRANSIENT,
    /** Somebody who changes permissions. */
    DENIED,
    /** Nothing: it is gone, or was replaced. */
    GONE
  }

  private final Kind kind;

  StorageException(Kind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  Kind kind() {
    return kind;
  }
}
