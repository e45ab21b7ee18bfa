package dev.millrace.spark.kafka;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;

/**
 * Reads a {@link MemoryKafka}. Kafka's own stand-in takes whatever is asked besides; used by one
 * thread at a time.
 */
final class MemoryConsumer extends MockConsumer<byte[], byte[]> {
  private final MemoryKafka kafka;
  private final Map<TopicPartition, Long> positions = new HashMap<>();

  MemoryConsumer(MemoryKafka kafka) {
    super("earliest");
    this.kafka = kafka;
  }

  @Override
  public synchronized List<PartitionInfo> partitionsFor(String topic) {
    return List.of(new PartitionInfo(topic, 0, Node.noNode(), new Node[0], new Node[0]));
  }

  @Override
  public synchronized Map<TopicPartition, Long> beginningOffsets(
      Collection<TopicPartition> partitions) {
    return partitions.stream().collect(Collectors.toMap(p -> p, p -> 0L));
  }

  @Override
  public synchronized Map<TopicPartition, Long> endOffsets(Collection<TopicPartition> partitions) {
    return partitions.stream().collect(Collectors.toMap(p -> p, p -> kafka.end(p.topic())));
  }

  @Override
  public synchronized void assign(Collection<TopicPartition> partitions) {
    positions.clear();
    seekToBeginning(partitions);
  }

  @Override
  public synchronized void seek(TopicPartition partition, long offset) {
    positions.put(partition, offset);
  }

  @Override
  public synchronized void seekToBeginning(Collection<TopicPartition> partitions) {
    partitions.forEach(p -> positions.put(p, 0L));
  }

  @Override
  public synchronized long position(TopicPartition partition) {
    return positions.get(partition);
  }

  @Override
  public synchronized ConsumerRecords<byte[], byte[]> poll(Duration timeout) {
    Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> polled = new HashMap<>();
    for (Map.Entry<TopicPartition, Long> position : positions.entrySet()) {
      TopicPartition partition = position.getKey();
      List<ConsumerRecord<byte[], byte[]>> records =
          kafka.records(partition.topic(), position.getValue());
      if (!records.isEmpty()) {
        polled.put(partition, new ArrayList<>(records));
        position.setValue(position.getValue() + records.size());
      }
    }
    return new ConsumerRecords<>(polled, Map.of());
  }
}
