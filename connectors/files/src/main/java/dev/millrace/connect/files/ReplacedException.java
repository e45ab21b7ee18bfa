package dev.millrace.connect.files;

import java.io.IOException;

/** What was read of the file before is not in it any more: it is another one of the same name. */
final class ReplacedException extends IOException {
  private static final long serialVersionUID = 1L;

  ReplacedException(String name) {
    super(name + ": holds other content than what was read of it before");
  }
}
