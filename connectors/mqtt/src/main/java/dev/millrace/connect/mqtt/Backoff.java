package dev.millrace.connect.mqtt;

import java.util.random.RandomGenerator;

/** Growing pauses with jitter, so that many clients do not come back to a broker at once. */
final class Backoff {
  private static final long FIRST_MS = 200;

  private final long longestMs;
  private final RandomGenerator random;

  Backoff(long longestMs, RandomGenerator random) {
    this.longestMs = longestMs;
    this.random = random;
  }

  /** Milliseconds to wait before a try: between half of the pause and the whole. */
  long pause(int failedTries) {
    long whole = Math.min(longestMs, FIRST_MS << Math.min(20, Math.max(0, failedTries)));
    return whole / 2 + random.nextLong(whole / 2 + 1);
  }
}
