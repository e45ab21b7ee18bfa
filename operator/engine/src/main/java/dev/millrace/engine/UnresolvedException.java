package dev.millrace.engine;

/** A Platform refers to a Secret, or to a key of one, that is not there or can not be used. */
public final class UnresolvedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  UnresolvedException(String message) {
    super(message);
  }
}
