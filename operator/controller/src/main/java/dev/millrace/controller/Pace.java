package dev.millrace.controller;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * How often pipelines and platforms are looked at when nothing happens.
 *
 * @param soon while something is on its way
 * @param settled while all is as it should be, or nothing will change by itself
 * @param deletion how long a Pipeline that is deleted may take; after that its finalizer gives up
 */
public record Pace(Duration soon, Duration settled, Duration deletion) {
  /** As on a cluster. */
  public static final Pace DEFAULT =
      new Pace(Duration.ofSeconds(1), Duration.ofSeconds(30), Duration.ofMinutes(5));

  /** What has not become ready for long is asked less often. */
  private static final int PATIENCE = 10;

  /** A pause, 20% more or less, so that what began at once does not stay in step. */
  static Duration jittered(Duration pause) {
    return Duration.ofMillis(
        (long) (pause.toMillis() * ThreadLocalRandom.current().nextDouble(0.8, 1.2)));
  }

  /** What of a pause has to be over for another look: a jittered one may be as short. */
  static Duration nearly(Duration pause) {
    return pause.multipliedBy(3).dividedBy(4);
  }

  /**
   * The pause after a turn that was not ready, given for how long it has not been. Most of what has
   * just been made is ready a moment later, and is looked at sooner.
   */
  Duration unsettled(Duration since) {
    Duration tenth = since.dividedBy(PATIENCE);
    if (tenth.compareTo(soon) < 0) {
      Duration half = since.dividedBy(2);
      Duration first = soon.dividedBy(4);
      return half.compareTo(soon) > 0 ? soon : half.compareTo(first) < 0 ? first : half;
    }
    return tenth.compareTo(settled) > 0 ? settled : tenth;
  }

  /** A look at all of a backend serves all pipelines that are settled for so long. */
  Duration shared() {
    return settled.dividedBy(3);
  }
}
