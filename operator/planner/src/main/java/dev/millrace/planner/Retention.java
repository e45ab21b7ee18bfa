package dev.millrace.planner;

import java.time.Duration;
import java.util.Optional;

/** How far back a topic goes, in words. */
final class Retention {
  private Retention() {}

  /** For how long records are kept; empty if the newest of each key is kept for ever. */
  static Optional<String> of(Plan plan, String topic) {
    return plan.resources().stream()
        .filter(r -> r instanceof Resource.Topic && r.name().equals(topic))
        .map(r -> ((Resource.Topic) r).config().get("retention.ms"))
        .filter(ms -> ms != null && !ms.equals("-1"))
        .findFirst()
        .map(ms -> words(Duration.ofMillis(Long.parseLong(ms))));
  }

  private static String words(Duration duration) {
    if (duration.toDays() > 0) {
      return duration.toDays() + " days";
    }
    return duration.toHours() > 0 ? duration.toHours() + " h" : duration.toMinutes() + " min";
  }
}
