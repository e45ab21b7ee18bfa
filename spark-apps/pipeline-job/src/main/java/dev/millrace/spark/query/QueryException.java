package dev.millrace.spark.query;

/** The question can not be answered, and why: for people. */
final class QueryException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  QueryException(String message) {
    super(message);
  }
}
