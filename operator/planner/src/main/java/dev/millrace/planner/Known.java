package dev.millrace.planner;

/**
 * What is known of something outside: the thing, that it is not known yet, or that it is not so.
 */
public sealed interface Known<T> {
  /** It is known. */
  record Yes<T>(T value) implements Known<T> {}

  /** It is not known yet; planning goes on without what needs it. */
  record Waiting<T>(String why) implements Known<T> {}

  /** It is wrong or missing, and will be until somebody changes something. */
  record No<T>(String why) implements Known<T> {}
}
