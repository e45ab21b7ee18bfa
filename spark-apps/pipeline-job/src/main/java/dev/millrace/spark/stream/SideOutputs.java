package dev.millrace.spark.stream;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.SparkContext;
import org.apache.spark.util.CollectionAccumulator;

/**
 * What sources have set aside, by the transform that reads them: executors add, and the sink takes
 * it when it commits the batch. In the driver.
 */
public final class SideOutputs {
  private static final Map<String, Map<String, CollectionAccumulator<SideRecord>>> BY_TRANSFORM =
      new ConcurrentHashMap<>();

  private SideOutputs() {}

  /** A new place for a source of a transform; what was left in an older one is forgotten. */
  static CollectionAccumulator<SideRecord> open(
      SparkContext context, String transform, String stream) {
    CollectionAccumulator<SideRecord> records = new CollectionAccumulator<>();
    context.register(records, "side outputs of " + transform);
    BY_TRANSFORM.computeIfAbsent(transform, t -> new ConcurrentHashMap<>()).put(stream, records);
    return records;
  }

  /**
   * Takes what was set aside since it was last taken. A task that ran twice has reported its
   * records twice: each is here once.
   */
  public static Collection<SideRecord> take(String transform) {
    Map<List<Object>, SideRecord> records = new LinkedHashMap<>();
    for (CollectionAccumulator<SideRecord> source :
        BY_TRANSFORM.getOrDefault(transform, Map.of()).values()) {
      List<SideRecord> taken = List.copyOf(source.value());
      source.reset();
      for (SideRecord record : taken) {
        records.put(List.of(record.topic(), record.partition(), record.offset()), record);
      }
    }
    return records.values();
  }
}
