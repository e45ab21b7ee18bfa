package dev.millrace.demo.tv;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The truth about what was viewed: a sweep over the whole written event list, device by device, in
 * order of time. No batches, no state, no lateness: everything is there.
 */
final class Sweep {
  /** A programme in a channel's schedule; times in microseconds, the end exclusive. */
  record Programme(int scheduleId, String channel, int show, long startsAt, long endsAt) {}

  /** Viewed microseconds by show, by user, by channel and minute. */
  record Totals(
      Map<Integer, Long> byShow,
      Map<Integer, Long> byUser,
      Map<String, Long> byChannelMinute,
      long all) {}

  private final Map<String, Integer> userOfDevice;
  private final Map<String, TreeMap<Long, Programme>> schedule = new HashMap<>();
  private final long timeoutMicros;

  Sweep(Map<String, Integer> userOfDevice, List<Programme> programmes, long timeoutMicros) {
    this.userOfDevice = userOfDevice;
    this.timeoutMicros = timeoutMicros;
    for (Programme programme : programmes) {
      schedule
          .computeIfAbsent(programme.channel(), c -> new TreeMap<>())
          .put(programme.startsAt(), programme);
    }
  }

  Totals totals(List<Event> events) {
    Map<String, List<Event>> byDevice = new TreeMap<>();
    for (Event event : events) {
      byDevice.computeIfAbsent(event.device(), d -> new ArrayList<>()).add(event);
    }
    Totals totals = new Totals(new TreeMap<>(), new TreeMap<>(), new TreeMap<>(), 0);
    long all = 0;
    // At the same instant a stop comes first: what is opened then stays open.
    Comparator<Event> order = Comparator.comparingLong(Event::at).thenComparing(Event::opens);
    for (List<Event> ofDevice : byDevice.values()) {
      ofDevice.sort(order);
      Event open = null;
      for (Event event : ofDevice) {
        if (open != null) {
          all += viewed(open, Math.min(event.at(), open.at() + timeoutMicros), totals);
        }
        open = event.opens() ? event : null;
      }
      if (open != null) {
        all += viewed(open, open.at() + timeoutMicros, totals);
      }
    }
    return new Totals(totals.byShow(), totals.byUser(), totals.byChannelMinute(), all);
  }

  private long viewed(Event open, long until, Totals totals) {
    TreeMap<Long, Programme> channel = schedule.get(open.channel());
    if (channel == null) {
      return 0;
    }
    long sum = 0;
    Long first = channel.floorKey(open.at());
    for (Programme programme : channel.tailMap(first == null ? open.at() : first).values()) {
      if (programme.startsAt() >= until) {
        break;
      }
      long from = Math.max(open.at(), programme.startsAt());
      long to = Math.min(until, programme.endsAt());
      if (to <= from) {
        continue;
      }
      sum += to - from;
      totals.byShow().merge(programme.show(), to - from, Long::sum);
      Integer user = userOfDevice.get(open.device());
      totals.byUser().merge(user == null ? -1 : user, to - from, Long::sum);
      for (long minute = Math.floorDiv(from, MINUTE) * MINUTE; minute < to; minute += MINUTE) {
        long part = Math.min(to, minute + MINUTE) - Math.max(from, minute);
        totals.byChannelMinute().merge(open.channel() + " " + minute / 1000, part, Long::sum);
      }
    }
    return sum;
  }

  private static final long MINUTE = 60_000_000L;
}
