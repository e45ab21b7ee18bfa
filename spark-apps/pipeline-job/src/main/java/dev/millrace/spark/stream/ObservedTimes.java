package dev.millrace.spark.stream;

import java.util.HashMap;
import java.util.Map;
import org.apache.spark.util.AccumulatorV2;

/**
 * The newest event time by partition that tasks have read. A maximum: a retried task adds nothing.
 */
final class ObservedTimes extends AccumulatorV2<Map.Entry<Integer, Long>, Map<Integer, Long>> {
  private static final long serialVersionUID = 1L;

  private final HashMap<Integer, Long> times = new HashMap<>();

  @Override
  public synchronized boolean isZero() {
    return times.isEmpty();
  }

  @Override
  public synchronized ObservedTimes copy() {
    ObservedTimes copy = new ObservedTimes();
    copy.times.putAll(times);
    return copy;
  }

  @Override
  public synchronized void reset() {
    times.clear();
  }

  @Override
  public synchronized void add(Map.Entry<Integer, Long> entry) {
    times.merge(entry.getKey(), entry.getValue(), Math::max);
  }

  @Override
  public void merge(AccumulatorV2<Map.Entry<Integer, Long>, Map<Integer, Long>> other) {
    other.value().forEach((p, t) -> add(Map.entry(p, t)));
  }

  @Override
  public synchronized Map<Integer, Long> value() {
    return new HashMap<>(times);
  }
}
