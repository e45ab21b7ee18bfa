package dev.millrace.engine;

import dev.millrace.engine.StepResult.Failure;
import dev.millrace.planner.Observed;
import dev.millrace.planner.Resource.Topic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListOffsetsResult;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.PolicyViolationException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** Kafka's topics, and how far they and their readers are. */
final class Topics implements AutoCloseable {
  private static final Duration DEADLINE = Duration.ofSeconds(8);
  private static final Duration BETWEEN_TRIES = Duration.ofMillis(50);

  private static final String CLEANUP = "cleanup.policy";

  private final Admin admin;

  /**
   * @param kafka what every client is made with
   */
  Topics(Map<String, Object> kafka) {
    Map<String, Object> config = new HashMap<>(kafka);
    config.put("default.api.timeout.ms", Long.toString(DEADLINE.toMillis()));
    config.put("request.timeout.ms", "5000");
    config.put("client.id", "millrace-engine");
    this.admin = Admin.create(config);
  }

  /** The client, which is thread safe, for those who only look. */
  Admin admin() {
    return admin;
  }

  /** Those of the topics that exist, with the configuration that holds for them. */
  Map<String, Observed.Topic> observe(Collection<String> names) throws BackendException {
    Map<String, TopicDescription> present = describe(List.copyOf(names));
    Map<String, Observed.Topic> observed = new TreeMap<>();
    if (present.isEmpty()) {
      return observed;
    }
    Map<ConfigResource, Config> configs =
        get(
            admin.describeConfigs(present.keySet().stream().map(Topics::resource).toList()).all(),
            "configuration of topics");
    present.forEach(
        (name, topic) -> {
          Map<String, String> config = new TreeMap<>();
          for (ConfigEntry entry : configs.get(resource(name)).entries()) {
            if (entry.value() != null) {
              config.put(entry.name(), entry.value());
            }
          }
          observed.put(
              name,
              new Observed.Topic(
                  topic.partitions().size(),
                  topic.partitions().get(0).replicas().size(),
                  config,
                  topic.topicId().toString()));
        });
    return observed;
  }

  /** Creates topics, and says of each what came of it. */
  Map<String, StepResult> create(List<Topic> topics) {
    Map<String, StepResult> results = new HashMap<>();
    create(topics, results);
    return results;
  }

  /** Has a topic that exists be as wanted, as far as Kafka can. */
  void alter(Topic wanted, Observed.Topic now) throws BackendException {
    if (now.partitions() < wanted.partitions()) {
      get(
          admin
              .createPartitions(
                  Map.of(wanted.name(), NewPartitions.increaseTo(wanted.partitions())))
              .all(),
          "partitions of topic " + wanted.name());
    }
    List<AlterConfigOp> ops = new ArrayList<>();
    wanted
        .config()
        .forEach(
            (key, value) -> {
              if (!value.equals(now.config().get(key))) {
                ops.add(new AlterConfigOp(new ConfigEntry(key, value), AlterConfigOp.OpType.SET));
              }
            });
    if (!ops.isEmpty()) {
      get(
          admin.incrementalAlterConfigs(Map.of(resource(wanted.name()), ops)).all(),
          "configuration of topic " + wanted.name());
    }
  }

  void delete(String topic) throws BackendException {
    getUnless(
        UnknownTopicOrPartitionException.class,
        admin.deleteTopics(List.of(topic)).all(),
        "topic " + topic);
  }

  /**
   * Deletes all records of topics. Kafka refuses that of topics that are only compacted: these get
   * a policy by which it may, for that long. Whoever dies meanwhile leaves them with it, as a
   * difference that is mended without consent, for it loses nothing.
   */
  void empty(Collection<String> topics) throws BackendException {
    Map<String, Observed.Topic> present = observe(topics);
    Map<TopicPartition, RecordsToDelete> all = new HashMap<>();
    Map<ConfigResource, Collection<AlterConfigOp>> open = new HashMap<>();
    Map<ConfigResource, Collection<AlterConfigOp>> back = new HashMap<>();
    present.forEach(
        (name, topic) -> {
          for (int p = 0; p < topic.partitions(); p++) {
            all.put(new TopicPartition(name, p), RecordsToDelete.beforeOffset(-1));
          }
          String policy = topic.config().getOrDefault(CLEANUP, "delete");
          if (!policy.contains("delete")) {
            open.put(resource(name), set(CLEANUP, policy + ",delete"));
            back.put(resource(name), set(CLEANUP, policy));
          }
        });
    if (all.isEmpty()) {
      return;
    }
    if (open.isEmpty()) {
      get(admin.deleteRecords(all).all(), "records of " + topics);
      return;
    }
    get(admin.incrementalAlterConfigs(open).all(), "policy of " + topics);
    try {
      deleteOnceAllowed(all, "records of " + topics);
    } finally {
      get(admin.incrementalAlterConfigs(back).all(), "policy of " + topics);
    }
  }

  /** A policy that the controller has noted reaches each broker a moment later. */
  private void deleteOnceAllowed(Map<TopicPartition, RecordsToDelete> all, String what)
      throws BackendException {
    long deadline = System.nanoTime() + DEADLINE.toNanos();
    while (true) {
      try {
        get(admin.deleteRecords(all).all(), what);
        return;
      } catch (BackendException e) {
        if (!(e.getCause() instanceof PolicyViolationException) || System.nanoTime() > deadline) {
          throw e;
        }
        LockSupport.parkNanos(BETWEEN_TRIES.toNanos());
      }
    }
  }

  private static Collection<AlterConfigOp> set(String key, String value) {
    return List.of(new AlterConfigOp(new ConfigEntry(key, value), AlterConfigOp.OpType.SET));
  }

  private Map<String, TopicDescription> describe(List<String> names) throws BackendException {
    Map<String, TopicDescription> present = new HashMap<>();
    for (Map.Entry<String, KafkaFuture<TopicDescription>> entry :
        admin.describeTopics(names).topicNameValues().entrySet()) {
      Optional<TopicDescription> found =
          getUnless(UnknownTopicOrPartitionException.class, entry.getValue(), entry.getKey());
      found.ifPresent(d -> present.put(entry.getKey(), d));
    }
    return present;
  }

  private void create(List<Topic> topics, Map<String, StepResult> results) {
    if (topics.isEmpty()) {
      return;
    }
    List<NewTopic> wanted =
        topics.stream()
            .map(
                t ->
                    new NewTopic(t.name(), t.partitions(), (short) t.replicas())
                        .configs(t.config()))
            .toList();
    admin
        .createTopics(wanted)
        .values()
        .forEach(
            (name, future) -> {
              try {
                getUnless(TopicExistsException.class, future, name);
                results.put(name, StepResult.READY);
              } catch (BackendException e) {
                results.put(name, e.result());
              }
            });
  }

  private static ConfigResource resource(String topic) {
    return new ConfigResource(ConfigResource.Type.TOPIC, topic);
  }

  /**
   * Next offsets of committed records, by topic and partition; topics that are missing are left
   * out.
   */
  Map<String, TreeMap<Integer, Long>> ends(Collection<String> topics) throws BackendException {
    return offsets(topics, OffsetSpec.latest());
  }

  /** First offsets, by topic and partition. */
  Map<String, TreeMap<Integer, Long>> starts(Collection<String> topics) throws BackendException {
    return offsets(topics, OffsetSpec.earliest());
  }

  private Map<String, TreeMap<Integer, Long>> offsets(Collection<String> topics, OffsetSpec spec)
      throws BackendException {
    Map<TopicPartition, OffsetSpec> asked = new HashMap<>();
    describe(List.copyOf(topics))
        .forEach(
            (name, topic) ->
                topic
                    .partitions()
                    .forEach(p -> asked.put(new TopicPartition(name, p.partition()), spec)));
    Map<String, TreeMap<Integer, Long>> ends = new HashMap<>();
    if (asked.isEmpty()) {
      return ends;
    }
    Map<TopicPartition, ListOffsetsResult.ListOffsetsResultInfo> found =
        get(
            admin.listOffsets(asked, new ListOffsetsOptions(IsolationLevel.READ_COMMITTED)).all(),
            "offsets");
    found.forEach(
        (partition, info) ->
            ends.computeIfAbsent(partition.topic(), t -> new TreeMap<>())
                .put(partition.partition(), info.offset()));
    return ends;
  }

  /** What a consumer group has committed; empty if there is no such group. */
  Map<TopicPartition, Long> committed(String group) throws BackendException {
    Map<TopicPartition, Long> committed = new HashMap<>();
    getUnless(
            GroupIdNotFoundException.class,
            admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata(),
            "group " + group)
        .ifPresent(
            all -> {
              for (Map.Entry<TopicPartition, OffsetAndMetadata> entry : all.entrySet()) {
                if (entry.getValue() != null) {
                  committed.put(entry.getKey(), entry.getValue().offset());
                }
              }
            });
    return committed;
  }

  /** Deletes the consumer groups in which a pipeline's transforms have kept their epochs. */
  void forgetEpochs(String owner) throws BackendException {
    // A stream's name has no dot: with a prefix that goes on, it is another pipeline's.
    Pattern ours = Pattern.compile(Pattern.quote(owner) + "\\.[a-z][a-z0-9_]*\\.epochs-.*");
    List<String> groups =
        get(admin.listGroups().all(), "groups").stream()
            .map(GroupListing::groupId)
            .filter(g -> ours.matcher(g).matches())
            .toList();
    if (!groups.isEmpty()) {
      get(admin.deleteConsumerGroups(groups).all(), "groups " + groups);
    }
  }

  private static <T> T get(KafkaFuture<T> future, String what) throws BackendException {
    return getUnless(null, future, what).orElse(null);
  }

  /** The result, or nothing if it fails in the way that is expected. */
  private static <T> Optional<T> getUnless(
      Class<? extends Throwable> expected, KafkaFuture<T> future, String what)
      throws BackendException {
    try {
      return Optional.ofNullable(future.get(DEADLINE.toMillis(), TimeUnit.MILLISECONDS));
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      if (expected != null && expected.isInstance(cause)) {
        return Optional.empty();
      }
      Failure kind = cause instanceof RetriableException ? Failure.TRANSIENT : Failure.EXTERNAL;
      throw new BackendException(kind, "Kafka: " + what + ": " + cause.getMessage(), cause);
    } catch (TimeoutException e) {
      throw BackendException.transientFailure("Kafka does not answer: " + what, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw BackendException.transientFailure("interrupted: " + what, e);
    }
  }

  @Override
  public void close() {
    admin.close(Duration.ofSeconds(1));
  }
}
