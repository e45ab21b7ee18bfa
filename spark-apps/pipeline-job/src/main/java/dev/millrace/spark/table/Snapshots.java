package dev.millrace.spark.table;

import dev.millrace.spark.kafka.KafkaClients;
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
  private TreeMap<Integer, Long> ends;

  private Snapshots(TableOptions options) {
    Map<String, Object> config = new HashMap<>(options.kafka());
    config.put("isolation.level", "read_committed");
    config.put("enable.auto.commit", "false");
    config.put("allow.auto.create.topics", "false");
    config.put("default.api.timeout.ms", "30000");
    this.topic = options.topic();
    this.consumer = KafkaClients.consumer(config);
  }

  static TreeMap<Integer, Long> now(TableOptions options) {
    SparkContext context = SparkSession.active().sparkContext();
    String batch =
        context.getLocalProperty("sql.streaming.queryId")
            + " "
            + context.getLocalProperty("streaming.sql.batchId");
    return BY_TABLE.computeIfAbsent(options.id(), id -> new Snapshots(options)).of(batch);
  }

  private synchronized TreeMap<Integer, Long> of(String asking) {
    if (!asking.equals(batch) || ends == null) {
      if (partitions == null) {
        partitions =
            consumer.partitionsFor(topic).stream()
                .map(p -> new TopicPartition(topic, p.partition()))
                .toList();
      }
      TreeMap<Integer, Long> now = new TreeMap<>();
      consumer.endOffsets(partitions).forEach((p, offset) -> now.put(p.partition(), offset));
      ends = now;
      batch = asking;
    }
    return ends;
  }
}
