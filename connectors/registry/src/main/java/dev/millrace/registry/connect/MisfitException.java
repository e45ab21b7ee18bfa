package dev.millrace.registry.connect;

/** A row that its stream can not hold; the message names the column and says why. */
final class MisfitException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final boolean shown;

  /**
   * @param shown whether the row may be shown: not where a column that is to be masked was not
   *     found, and may be there under another name
   */
  MisfitException(String message, boolean shown) {
    super(message, null, false, false);
    this.shown = shown;
  }

  boolean shown() {
    return shown;
  }
}
