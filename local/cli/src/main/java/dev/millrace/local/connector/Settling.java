package dev.millrace.local.connector;

import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Says when a build has left something else, and is through with it. */
final class Settling {
  private static final Duration QUIET = Duration.ofSeconds(1);

  /** What is incomplete is likely to be still written. */
  private static final Duration INCOMPLETE = Duration.ofSeconds(5);

  private final List<Path> given;
  private final Clock clock;
  private PluginFiles last;
  private Optional<PluginFiles> handed = Optional.empty();
  private Instant since;

  Settling(List<Path> given, Clock clock) {
    this.given = List.copyOf(given);
    this.clock = clock;
    this.last = PluginFiles.look(given);
    // What has been lying there for long need not be waited for.
    this.since = last.newest().orElse(Instant.EPOCH);
  }

  /** What lies there, if that is something else than what was handed out before, and lies still. */
  Optional<PluginFiles> next() {
    PluginFiles now = PluginFiles.look(given);
    if (!now.equals(last)) {
      last = now;
      since = clock.instant();
      return Optional.empty();
    }
    Duration still = Duration.between(since, clock.instant());
    if (handed.equals(Optional.of(now)) || still.compareTo(QUIET) < 0) {
      return Optional.empty();
    }
    boolean whole = handed.map(now::hasAllOf).orElse(true) && now.problems(given).isEmpty();
    if (!whole && still.compareTo(INCOMPLETE) < 0) {
      return Optional.empty();
    }
    handed = Optional.of(now);
    return Optional.of(now);
  }

  /** Has what was handed out last handed out again, when it lies still. */
  void again() {
    handed = Optional.empty();
    since = clock.instant();
  }
}
