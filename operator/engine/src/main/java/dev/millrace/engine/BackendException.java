package dev.millrace.engine;

/** A backend did not do what was asked of it. */
public final class BackendException extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient StepResult.Failure kind;

  BackendException(StepResult.Failure kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  /** What may pass by itself: no answer, too busy. */
  public static BackendException transientFailure(String message, Throwable cause) {
    return new BackendException(StepResult.Failure.TRANSIENT, message, cause);
  }

  /** What stays until somebody changes something. */
  public static BackendException refused(String message, Throwable cause) {
    return new BackendException(StepResult.Failure.EXTERNAL, message, cause);
  }

  /** Whether it may pass by itself. */
  public boolean passes() {
    return kind == StepResult.Failure.TRANSIENT;
  }

  StepResult.Failure kind() {
    return kind;
  }

  StepResult result() {
    return StepResult.failed(kind, getMessage());
  }
}
