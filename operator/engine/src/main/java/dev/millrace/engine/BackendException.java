package dev.millrace.engine;

/** A backend did not do what was asked of it. */
public final class BackendException extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient StepResult.Failure kind;

  BackendException(StepResult.Failure kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  static BackendException transientFailure(String message, Throwable cause) {
    return new BackendException(StepResult.Failure.TRANSIENT, message, cause);
  }

  StepResult.Failure kind() {
    return kind;
  }

  StepResult result() {
    return StepResult.failed(kind, getMessage());
  }
}
