package dev.millrace.connect.files;

/**
 * When rows are due that are replayed at their own event times, faster or slower. The first row is
 * due at once; a time in which nothing could be sent (the connector stood still) moves what comes
 * after, so that it does not come in a heap. Not thread safe.
 */
final class Pace {
  /** Kafka may take so long for a batch; what is longer is a pause. */
  private static final long PAUSE_NANOS = 2_000_000_000L;

  private final double speed;
  private boolean begun;
  private long firstMicros;
  private long firstNanos;
  private long returned;

  /**
   * @param speed how many times faster
   */
  Pace(double speed) {
    this.speed = speed;
  }

  /** A poll begins. */
  void begin(long nanos) {
    if (begun && nanos - returned > PAUSE_NANOS) {
      firstNanos += nanos - returned;
    }
  }

  /** A poll ends. */
  void end(long nanos) {
    returned = nanos;
  }

  /**
   * How long a row is not due yet.
   *
   * @param micros its event time, in microseconds since 1970
   * @return nanoseconds; 0 or less if it is due
   */
  long untilDue(long micros, long nanos) {
    if (!begun) {
      begun = true;
      firstMicros = micros;
      firstNanos = nanos;
    }
    return firstNanos + (long) ((micros - firstMicros) * 1000.0 / speed) - nanos;
  }
}
