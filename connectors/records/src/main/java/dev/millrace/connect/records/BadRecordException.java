package dev.millrace.connect.records;

/** A record that does not fit the declared schema: says which field, and what it held. */
public final class BadRecordException extends Exception {
  private static final long serialVersionUID = 1L;
  private static final int SHOWN = 100;

  /** A record that can not be read at all. */
  public BadRecordException(String message) {
    super(message);
  }

  /** The same, for the reason that a reader gave. */
  public BadRecordException(String message, Throwable cause) {
    super(message, cause);
  }

  /** A field whose value does not fit. */
  static BadRecordException of(String path, Object value, String expected) {
    return new BadRecordException(
        "field '" + path + "': " + shown(value) + ": expected " + expected);
  }

  private static String shown(Object value) {
    if (value instanceof CharSequence text) {
      return text.length() <= SHOWN ? "'" + text + "'" : "'" + text.subSequence(0, SHOWN) + "...'";
    }
    return String.valueOf(value);
  }
}
