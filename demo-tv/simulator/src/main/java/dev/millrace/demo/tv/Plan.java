package dev.millrace.demo.tv;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What is on which channel when: programmes, or ads. Two of one channel never overlap. */
final class Plan {
  /**
   * @param id of the entry itself
   * @param shown the show, or the ad
   * @param from in microseconds since 1970 UTC
   * @param to likewise, exclusive
   */
  record Entry(int id, String channel, int shown, long from, long to) {
    /** Microseconds of a viewing that lie in this entry. */
    long of(Viewing viewing) {
      return Math.min(viewing.to(), to) - Math.max(viewing.from(), from);
    }
  }

  private final Map<String, TreeMap<Long, Entry>> channels = new HashMap<>();

  Plan(List<Entry> entries) {
    for (Entry entry : entries) {
      channels.computeIfAbsent(entry.channel(), c -> new TreeMap<>()).put(entry.from(), entry);
    }
  }

  /** Those of which a viewing has seen some. */
  List<Entry> during(Viewing viewing) {
    TreeMap<Long, Entry> channel = channels.get(viewing.channel());
    if (channel == null) {
      return List.of();
    }
    Long first = channel.floorKey(viewing.from());
    Collection<Entry> near =
        channel.subMap(first == null ? viewing.from() : first, viewing.to()).values();
    return near.stream().filter(entry -> entry.of(viewing) > 0).toList();
  }

  /** Whether something is on. */
  boolean on(String channel, long at) {
    return !during(new Viewing("", channel, at, at + 1)).isEmpty();
  }
}
