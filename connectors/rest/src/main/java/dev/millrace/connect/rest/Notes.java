package dev.millrace.connect.rest;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;

/** What was said already: the same is not said again for a while. Thread safe. */
final class Notes {
  private final Clock clock;
  private final Map<String, Instant> said = new HashMap<>();

  Notes(Clock clock) {
    this.clock = clock;
  }

  /** Whether something is to be said now, and then not for so long. */
  synchronized boolean due(String what, Duration pause) {
    Instant now = clock.instant();
    Instant before = said.get(what);
    if (before != null && now.isBefore(before.plus(pause))) {
      return false;
    }
    said.put(what, now);
    return true;
  }

  /** It is over: the next time it is said at once. */
  synchronized void over(String prefix) {
    said.keySet().removeIf(k -> k.startsWith(prefix));
  }
}
