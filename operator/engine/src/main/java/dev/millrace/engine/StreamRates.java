package dev.millrace.engine;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** How fast topics grow, over the last ten seconds. */
final class StreamRates {
  private static final Duration WINDOW = Duration.ofSeconds(10);

  private final Clock clock;
  private final Map<String, Deque<Sample>> samples = new ConcurrentHashMap<>();

  private record Sample(Instant at, long end) {}

  StreamRates(Clock clock) {
    this.clock = clock;
  }

  /** Notes a topic's end, and returns offsets a second. */
  double note(String topic, long end) {
    Instant now = clock.instant();
    Deque<Sample> of = samples.computeIfAbsent(topic, t -> new ArrayDeque<>());
    of.addLast(new Sample(now, end));
    while (of.size() > 2 && of.peekFirst().at().isBefore(now.minus(WINDOW))) {
      of.removeFirst();
    }
    Sample first = of.peekFirst();
    double seconds = Duration.between(first.at(), now).toMillis() / 1000.0;
    return seconds <= 0 ? 0 : Math.max(0, end - first.end()) / seconds;
  }
}
