package dev.millrace.engine;

/** What came of one resource's turn. */
public sealed interface StepResult {
  /** It is as the plan says. */
  record Ready() implements StepResult {}

  /** It needs something that is not there yet; the next turn may find it. */
  record Waiting(String why) implements StepResult {}

  /** It is not as the plan says, and why. */
  record Failed(Failure kind, String reason) implements StepResult {}

  /** Its changes are not applied before somebody agrees; until then it goes on as it was. */
  record Held(String why) implements StepResult {}

  /** Sorts of failures: what has to happen before another try makes sense. */
  enum Failure {
    /** The Pipeline has to be edited. */
    INVALID_SPEC,
    /** A thing that it refers to has to appear. */
    MISSING_REFERENCE,
    /** Nothing: it passes by itself. */
    TRANSIENT,
    /** Something of this name is there that we have not made. */
    CONFLICT,
    /** The backend refuses, and says so. */
    EXTERNAL
  }

  StepResult READY = new Ready();

  /** Why something is not ready; empty if it is. */
  static String reason(StepResult result) {
    if (result instanceof Waiting waiting) {
      return waiting.why();
    }
    if (result instanceof Held held) {
      return held.why();
    }
    return result instanceof Failed failed ? failed.reason() : "";
  }

  static StepResult waiting(String why) {
    return new Waiting(why);
  }

  static StepResult failed(Failure kind, String reason) {
    return new Failed(kind, reason);
  }

  /** A step that may fail as a backend does. */
  interface Step {
    StepResult run() throws BackendException;
  }

  /** What comes of a step. */
  static StepResult of(Step step) {
    try {
      return step.run();
    } catch (BackendException e) {
      return e.result();
    }
  }
}
