package dev.millrace.spark.lookup;

import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;

/**
 * Values that have an interval each, found by what overlaps it: a balanced tree in arrays, by
 * start, whose nodes know the latest end below them (Cormen et al., Introduction to Algorithms,
 * "Interval trees"). A search costs the logarithm of all, and what it finds. Immutable.
 */
final class Intervals<T> {
  private final long[] starts;
  private final long[] ends;

  /** By the middle of each range that is halved: the latest end in the range. */
  private final long[] latest;

  private final Object[] values;

  /** A value and its interval. */
  record Entry<T>(long start, long end, T value) {}

  Intervals(List<Entry<T>> entries) {
    List<Entry<T>> sorted =
        entries.stream().sorted(Comparator.comparingLong(Entry::start)).toList();
    this.starts = sorted.stream().mapToLong(Entry::start).toArray();
    this.ends = sorted.stream().mapToLong(Entry::end).toArray();
    this.values = sorted.stream().map(Entry::value).toArray();
    this.latest = new long[ends.length];
    note(0, ends.length);
  }

  private long note(int low, int high) {
    if (low == high) {
      return Long.MIN_VALUE;
    }
    int middle = (low + high) >>> 1;
    latest[middle] = Math.max(ends[middle], Math.max(note(low, middle), note(middle + 1, high)));
    return latest[middle];
  }

  /** Those that start no later than {@code to} and end no earlier than {@code from}, by start. */
  void overlapping(long from, long to, Consumer<T> found) {
    search(0, starts.length, from, to, found);
  }

  @SuppressWarnings("unchecked")
  private void search(int low, int high, long from, long to, Consumer<T> found) {
    int middle = (low + high) >>> 1;
    if (low == high || latest[middle] < from) {
      return;
    }
    search(low, middle, from, to, found);
    if (starts[middle] <= to) {
      if (ends[middle] >= from) {
        found.accept((T) values[middle]);
      }
      search(middle + 1, high, from, to, found);
    }
  }
}
