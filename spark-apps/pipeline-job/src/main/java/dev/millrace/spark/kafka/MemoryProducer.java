package dev.millrace.spark.kafka;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;

/** Writes to a {@link MemoryKafka}, in transactions. */
final class MemoryProducer extends MockProducer<byte[], byte[]> {
  private final MemoryKafka kafka;
  private final List<ProducerRecord<byte[], byte[]>> open = new ArrayList<>();
  private final Map<String, Map<TopicPartition, OffsetAndMetadata>> offsets = new HashMap<>();

  MemoryProducer(MemoryKafka kafka) {
    this.kafka = kafka;
  }

  @Override
  public void initTransactions() {}

  @Override
  public void beginTransaction() {}

  @Override
  public synchronized Future<RecordMetadata> send(
      ProducerRecord<byte[], byte[]> record, Callback callback) {
    open.add(record);
    return CompletableFuture.completedFuture(
        new RecordMetadata(new TopicPartition(record.topic(), 0), 0, open.size(), -1, -1, -1));
  }

  @Override
  public void sendOffsetsToTransaction(
      Map<TopicPartition, OffsetAndMetadata> committed, ConsumerGroupMetadata group) {
    offsets.put(group.groupId(), committed);
  }

  @Override
  public synchronized void commitTransaction() {
    kafka.commit(open, offsets);
    abortTransaction();
  }

  @Override
  public synchronized void abortTransaction() {
    open.clear();
    offsets.clear();
  }

  @Override
  public List<PartitionInfo> partitionsFor(String topic) {
    return List.of(new PartitionInfo(topic, 0, Node.noNode(), new Node[0], new Node[0]));
  }
}
