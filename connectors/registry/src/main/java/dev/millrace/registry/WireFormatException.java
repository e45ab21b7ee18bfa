package dev.millrace.registry;

/** Bytes that are not what the wire format says. */
public final class WireFormatException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public WireFormatException(String message) {
    super(message);
  }
}
