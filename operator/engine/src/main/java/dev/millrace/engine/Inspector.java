package dev.millrace.engine;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.registry.SchemaRegistryClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;

/**
 * Looks into topics without changing anything: facts by a few questions for all topics at once, and
 * last records by a consumer that belongs to no group. Every call has a deadline. Thread safe.
 */
public final class Inspector {
  private static final Duration DEADLINE = Duration.ofSeconds(5);

  private final Admin admin;
  private final LastRecords records;

  /**
   * A partition.
   *
   * @param start its first offset
   * @param end the next offset that a reader of committed records will come to
   * @param bytes on disk, of all replicas; -1 where the broker does not say
   */
  public record Partition(int id, long start, long end, long bytes) {}

  /**
   * A topic that exists.
   *
   * @param config what it is configured with
   */
  public record TopicFacts(
      String name, int replicas, List<Partition> partitions, Map<String, String> config) {
    /** Offsets between first and next; markers of transactions and gaps count in. */
    public long offsets() {
      return partitions.stream().mapToLong(p -> p.end() - p.start()).sum();
    }
  }

  Inspector(Admin admin, SchemaRegistryClient registry, Map<String, Object> kafka) {
    this.admin = admin;
    this.records = new LastRecords(registry, kafka);
  }

  /** Facts of those of the topics that exist, by name. */
  public Map<String, TopicFacts> topics(Collection<String> names) throws BackendException {
    Map<String, TopicDescription> found = new TreeMap<>();
    for (var entry : admin.describeTopics(names).topicNameValues().entrySet()) {
      try {
        found.put(entry.getKey(), get(entry.getValue(), entry.getKey()));
      } catch (BackendException e) {
        if (!(e.getCause()
            instanceof org.apache.kafka.common.errors.UnknownTopicOrPartitionException)) {
          throw e;
        }
      }
    }
    Map<TopicPartition, OffsetSpec> firsts = new HashMap<>();
    Map<TopicPartition, OffsetSpec> nexts = new HashMap<>();
    List<ConfigResource> resources = new ArrayList<>();
    found.forEach(
        (name, topic) -> {
          resources.add(new ConfigResource(ConfigResource.Type.TOPIC, name));
          topic
              .partitions()
              .forEach(
                  p -> {
                    firsts.put(new TopicPartition(name, p.partition()), OffsetSpec.earliest());
                    nexts.put(new TopicPartition(name, p.partition()), OffsetSpec.latest());
                  });
        });
    if (found.isEmpty()) {
      return Map.of();
    }
    ListOffsetsOptions committed = new ListOffsetsOptions(IsolationLevel.READ_COMMITTED);
    var starts = get(admin.listOffsets(firsts, committed).all(), "first offsets");
    var ends = get(admin.listOffsets(nexts, committed).all(), "next offsets");
    Map<ConfigResource, Config> configs =
        get(admin.describeConfigs(resources).all(), "configuration of topics");
    Map<TopicPartition, Long> bytes = bytes(found.values());
    Map<String, TopicFacts> facts = new TreeMap<>();
    found.forEach(
        (name, topic) -> {
          List<Partition> partitions = new ArrayList<>();
          topic
              .partitions()
              .forEach(
                  p -> {
                    TopicPartition partition = new TopicPartition(name, p.partition());
                    partitions.add(
                        new Partition(
                            p.partition(),
                            starts.get(partition).offset(),
                            ends.get(partition).offset(),
                            bytes.getOrDefault(partition, -1L)));
                  });
          Map<String, String> config = new TreeMap<>();
          for (ConfigEntry entry :
              configs.get(new ConfigResource(ConfigResource.Type.TOPIC, name)).entries()) {
            config.put(entry.name(), entry.value());
          }
          int replicas = topic.partitions().get(0).replicas().size();
          facts.put(name, new TopicFacts(name, replicas, partitions, config));
        });
    return facts;
  }

  /** What partitions take on disk: one question a broker. */
  private Map<TopicPartition, Long> bytes(Collection<TopicDescription> topics)
      throws BackendException {
    List<Integer> brokers =
        topics.stream()
            .flatMap(t -> t.partitions().stream())
            .flatMap(p -> p.replicas().stream())
            .map(org.apache.kafka.common.Node::id)
            .distinct()
            .toList();
    Map<TopicPartition, Long> bytes = new HashMap<>();
    get(admin.describeLogDirs(brokers).allDescriptions(), "sizes of topics")
        .values()
        .forEach(
            directories ->
                directories
                    .values()
                    .forEach(
                        d ->
                            d.replicaInfos()
                                .forEach((p, info) -> bytes.merge(p, info.size(), Long::sum))));
    return bytes;
  }

  /**
   * The newest records of a topic, decoded, newest first.
   *
   * @param limit how many at most
   */
  public ObjectNode records(String topic, int limit, Redactor redactor) throws BackendException {
    return records.read(topic, limit, redactor);
  }

  private static <T> T get(KafkaFuture<T> future, String what) throws BackendException {
    try {
      return future.get(DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw BackendException.transientFailure(
          "Kafka: " + what + ": " + e.getCause().getMessage(), e.getCause());
    } catch (TimeoutException e) {
      throw BackendException.transientFailure("Kafka does not answer: " + what, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw BackendException.transientFailure("interrupted: " + what, e);
    }
  }
}
