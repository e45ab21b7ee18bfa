package dev.millrace.services;

import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;

/**
 * What was observed of a supervised service.
 *
 * @param phase where it is in its life
 * @param endpoint where it serves, once that is known
 * @param pid of the process that runs now; 0 if none does
 * @param restarts how often it died and was started again
 * @param since when this phase began
 * @param elapsed how long the start took, or has taken so far
 * @param message why, where that is worth saying; empty otherwise
 */
public record ServiceState(
    String name,
    Phase phase,
    Optional<String> endpoint,
    long pid,
    int restarts,
    Instant since,
    Duration elapsed,
    String message) {

  /** Where a service is in its life. */
  public enum Phase {
    /** What it needs is not ready yet. */
    WAITING,
    STARTING,
    READY,
    /** It died, or did not start, and is tried again. */
    FAILED,
    /** It has done its work. */
    ENDED,
    STOPPED;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }
}
