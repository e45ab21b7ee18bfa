package dev.millrace.demo.tv;

import java.util.Map;
import java.util.TreeMap;

/** Viewed microseconds by show, by user, by channel and minute. */
final class ShowTotals {
  private static final long MINUTE = 60_000_000L;

  private final Map<String, Integer> userOfDevice;
  private final Plan schedule;
  private final Map<String, Long> byShow = new TreeMap<>();
  private final Map<String, Long> byUser = new TreeMap<>();
  private final Map<String, Long> byChannelMinute = new TreeMap<>();

  ShowTotals(Map<String, Integer> userOfDevice, Plan schedule) {
    this.userOfDevice = userOfDevice;
    this.schedule = schedule;
  }

  void add(Viewing viewing) {
    for (Plan.Entry programme : schedule.during(viewing)) {
      long from = Math.max(viewing.from(), programme.from());
      long to = Math.min(viewing.to(), programme.to());
      byShow.merge(Integer.toString(programme.shown()), to - from, Long::sum);
      byUser.merge(String.valueOf(userOfDevice.get(viewing.device())), to - from, Long::sum);
      for (long minute = Math.floorDiv(from, MINUTE) * MINUTE; minute < to; minute += MINUTE) {
        long part = Math.min(to, minute + MINUTE) - Math.max(from, minute);
        byChannelMinute.merge(viewing.channel() + " " + minute / 1000, part, Long::sum);
      }
    }
  }

  Map<String, Long> byShow() {
    return byShow;
  }

  Map<String, Long> byUser() {
    return byUser;
  }

  /** Keys are the channel and the minute, in milliseconds since 1970. */
  Map<String, Long> byChannelMinute() {
    return byChannelMinute;
  }

  long all() {
    return byShow.values().stream().mapToLong(Long::longValue).sum();
  }
}
