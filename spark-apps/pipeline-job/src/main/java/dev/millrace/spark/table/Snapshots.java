package dev.millrace.spark.table;

import dev.millrace.spark.kafka.KafkaClients;
import java.io.Serializable;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.SparkSession;

/**
 * Up to where a table is read. Spark builds the scan of a batch several times: within a batch, the
 * answer stays the same. In the driver.
 */
final class Snapshots {
  private static final Map<String, Snapshots> BY_TABLE = new ConcurrentHashMap<>();

  private final Consumer<byte[], byte[]> consumer;
  private final String topic;
  private List<TopicPartition> partitions;
  private String batch = "";
  private Snapshot newest;

  /**
   * Up to where a table is read.
   *
   * @param epoch another one if what was read before is void: records were deleted before its
   *     start, or the topic was made again
   * @param starts first offset by partition
   * @param ends next offset by partition
   */
  record Snapshot(int epoch, TreeMap<Integer, Long> starts, TreeMap<Integer, Long> ends)
      implements Serializable {
    private static final long serialVersionUID = 1;

    /** The one after this, at later offsets. */
    Snapshot next(TreeMap<Integer, Long> laterStarts, TreeMap<Integer, Long> laterEnds) {
      boolean gone = laterStarts.entrySet().stream().anyMatch(s -> moved(starts, s));
      boolean again =
          ends.entrySet().stream()
              .anyMatch(e -> laterEnds.getOrDefault(e.getKey(), 0L) < e.getValue());
      return new Snapshot(gone || again ? epoch + 1 : epoch, laterStarts, laterEnds);
    }

    private static boolean moved(
        TreeMap<Integer, Long> before, Map.Entry<Integer, Long> partitionStart) {
      Long start = before.get(partitionStart.getKey());
      return start != null && partitionStart.getValue() > start;
    }
  }

  private Snapshots(TableOptions options) {
    Map<String, Object> config = new HashMap<>(options.kafka());
    config.put("isolation.level", "read_committed");
    config.put("enable.auto.commit", "false");
    config.put("allow.auto.create.topics", "false");
    config.put("default.api.timeout.ms", "30000");
    this.topic = options.topic();
    this.consumer = KafkaClients.consumer(config);
  }

  static Snapshot now(TableOptions options) {
    SparkContext context = SparkSession.active().sparkContext();
    String batch =
        context.getLocalProperty("sql.streaming.queryId")
            + " "
            + context.getLocalProperty("streaming.sql.batchId");
    return BY_TABLE.computeIfAbsent(options.id(), id -> new Snapshots(options)).of(batch);
  }

  private synchronized Snapshot of(String asking) {
    if (!asking.equals(batch) || newest == null) {
      if (partitions == null) {
        partitions =
            consumer.partitionsFor(topic).stream()
                .map(p -> new TopicPartition(topic, p.partition()))
                .toList();
      }
      TreeMap<Integer, Long> starts = new TreeMap<>();
      consumer.beginningOffsets(partitions).forEach((p, o) -> starts.put(p.partition(), o));
      TreeMap<Integer, Long> ends = new TreeMap<>();
      consumer.endOffsets(partitions).forEach((p, o) -> ends.put(p.partition(), o));
      newest = newest == null ? new Snapshot(0, starts, ends) : newest.next(starts, ends);
      batch = asking;
    }
    return newest;
  }
}
