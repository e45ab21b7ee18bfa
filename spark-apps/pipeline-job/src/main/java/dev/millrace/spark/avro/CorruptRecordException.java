package dev.millrace.spark.avro;

/** Bytes that are no record of the schema they name. */
public final class CorruptRecordException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public CorruptRecordException(String message) {
    super(message);
  }
}
