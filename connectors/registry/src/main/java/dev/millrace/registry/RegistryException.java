package dev.millrace.registry;

/** The registry did not do what was asked. */
public final class RegistryException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int status;
  private final boolean retryable;

  RegistryException(String message, int status, boolean retryable, Throwable cause) {
    super(message, cause);
    this.status = status;
    this.retryable = retryable;
  }

  /** HTTP status; 0 if there was no answer. */
  public int status() {
    return status;
  }

  /** Whether the same request may succeed later: no answer, 429, or 5xx. */
  public boolean retryable() {
    return retryable;
  }
}
