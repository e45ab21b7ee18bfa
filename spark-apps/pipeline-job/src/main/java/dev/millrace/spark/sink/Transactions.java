package dev.millrace.spark.sink;

import dev.millrace.spark.kafka.KafkaClients;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/**
 * A transactional producer and the epoch that was last written under its id, kept between batches.
 *
 * <p>The epoch is committed as an offset of a consumer group of its own, in the same transaction as
 * the records: after any crash, Kafka has both or neither. The offset is the epoch plus one, the
 * metadata the query's id, since a query with new state counts from 0 again. A group's offsets
 * outlive the query by the broker's {@code offsets.retention.minutes} (a week).
 */
final class Transactions {
  private static final Map<String, Transactions> IDLE = new ConcurrentHashMap<>();
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final String id;
  private final String idleAs;
  private final String group;
  private final TopicPartition place;
  private final Producer<byte[], byte[]> producer;
  private final AtomicReference<Exception> failure = new AtomicReference<>();
  private String writtenBy;
  private long writtenEpoch;
  private boolean open;

  private Transactions(SinkOptions options, String task) throws IOException {
    this.id = options.topic() + "-" + task;
    this.idleAs = idleAs(options, task);
    this.group = options.epochsGroup() + "-" + task;
    this.place = new TopicPartition(options.marksTopic(), 0);
    Map<String, Object> config = new HashMap<>(options.kafka());
    config.put("transactional.id", id);
    // A batch that takes longer than this fails; a transaction that a killed process left open
    // blocks readers until the same task begins anew, or for this long.
    config.put("transaction.timeout.ms", "300000");
    config.put("max.block.ms", Long.toString(PATIENCE.toMillis()));
    config.put("compression.type", "lz4");
    config.put("batch.size", Integer.toString(128 << 10));
    config.put("linger.ms", "5");
    this.producer = KafkaClients.producer(config);
    try {
      // Fences whoever has the id, and waits until what it left open is ended.
      producer.initTransactions();
      readEpoch(options);
    } catch (KafkaException e) {
      producer.close(Duration.ZERO);
      throw failed("does not begin", e);
    }
  }

  private void readEpoch(SinkOptions options) throws IOException {
    Map<String, Object> config = new HashMap<>(options.kafka());
    config.put("default.api.timeout.ms", Long.toString(PATIENCE.toMillis()));
    try {
      Optional<OffsetAndMetadata> epoch = KafkaClients.committed(config, group, place, PATIENCE);
      if (epoch.isPresent()) {
        writtenEpoch = epoch.get().offset() - 1;
        writtenBy = epoch.get().metadata();
      }
    } catch (ExecutionException | TimeoutException e) {
      producer.close(Duration.ZERO);
      throw failed("does not know its epoch", e);
    } catch (InterruptedException e) {
      producer.close(Duration.ZERO);
      Thread.currentThread().interrupt();
      throw failed("was interrupted", e);
    }
  }

  /**
   * The producer of a task: the one it had in the batch before, or a new one, which fences that.
   */
  static Transactions take(SinkOptions options, String task) throws IOException {
    Transactions idle = IDLE.remove(idleAs(options, task));
    return idle == null ? new Transactions(options, task) : idle;
  }

  private static String idleAs(SinkOptions options, String task) {
    return options.kafka().get("bootstrap.servers") + " " + options.topic() + "-" + task;
  }

  /** Whether an epoch of a query is in Kafka already. */
  boolean hasWritten(String queryId, long epoch) {
    return queryId.equals(writtenBy) && epoch <= writtenEpoch;
  }

  /**
   * Sends a record in the transaction, which begins with the first.
   *
   * @throws IOException if an earlier one has failed
   */
  @SuppressWarnings("FutureReturnValueIgnored") // The callback takes the failure.
  void send(ProducerRecord<byte[], byte[]> record) throws IOException {
    try {
      if (!open) {
        producer.beginTransaction();
        open = true;
      }
      producer.send(
          record,
          (metadata, e) -> {
            if (e != null) {
              failure.compareAndSet(null, e);
            }
          });
    } catch (KafkaException e) {
      throw failed("can not send", e);
    }
    Exception e = failure.get();
    if (e != null) {
      throw failed("can not send", e);
    }
  }

  /** Commits the records and the epoch together; without records there is nothing to commit. */
  void commit(String queryId, long epoch) throws IOException {
    if (!open) {
      return;
    }
    try {
      producer.sendOffsetsToTransaction(
          Map.of(place, new OffsetAndMetadata(epoch + 1, queryId)),
          new ConsumerGroupMetadata(group));
      producer.commitTransaction();
    } catch (KafkaException e) {
      throw failed("does not commit", e);
    }
    open = false;
    writtenBy = queryId;
    writtenEpoch = epoch;
  }

  /** Keeps it for the next batch, or lets go of it: what is open then is aborted. */
  void release(boolean keep) {
    if (keep && !open && failure.get() == null) {
      Transactions other = IDLE.put(idleAs, this);
      if (other != null) {
        other.producer.close(Duration.ZERO);
      }
      return;
    }
    try {
      if (open) {
        producer.abortTransaction();
      }
    } catch (KafkaException e) {
      // The next one of this id ends what this one could not.
    } finally {
      producer.close(Duration.ZERO);
    }
  }

  /** How many partitions a topic has. */
  int partitions(String topic) {
    return producer.partitionsFor(topic).size();
  }

  private IOException failed(String what, Exception e) {
    return new IOException("producer " + id + " " + what + ": " + e.getMessage(), e);
  }
}
