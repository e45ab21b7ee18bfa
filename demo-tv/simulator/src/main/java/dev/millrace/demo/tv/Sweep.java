package dev.millrace.demo.tv;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * The truth about what was viewed: a sweep over the whole written event list, device by device, in
 * order of time. No batches, no state, no lateness: everything is there.
 */
final class Sweep {
  private final long timeoutMicros;

  Sweep(long timeoutMicros) {
    this.timeoutMicros = timeoutMicros;
  }

  /** Calls back with every viewing; one without length is none. */
  void viewings(List<Event> events, Consumer<Viewing> each) {
    Map<String, List<Event>> byDevice = new TreeMap<>();
    for (Event event : events) {
      byDevice.computeIfAbsent(event.device(), d -> new ArrayList<>()).add(event);
    }
    // At the same instant a stop comes first: what is opened then stays open.
    Comparator<Event> order = Comparator.comparingLong(Event::at).thenComparing(Event::opens);
    for (List<Event> ofDevice : byDevice.values()) {
      ofDevice.sort(order);
      Event open = null;
      for (Event event : ofDevice) {
        viewed(open, event.at(), each);
        open = event.opens() ? event : null;
      }
      viewed(open, Long.MAX_VALUE, each);
    }
  }

  private void viewed(Event open, long until, Consumer<Viewing> each) {
    if (open != null && until > open.at()) {
      long to = Math.min(until, open.at() + timeoutMicros);
      each.accept(new Viewing(open.device(), open.channel(), open.at(), to));
    }
  }
}
