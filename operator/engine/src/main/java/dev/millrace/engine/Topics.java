package dev.millrace.engine;

import dev.millrace.engine.StepResult.Failure;
import dev.millrace.planner.Observed;
import dev.millrace.planner.Resource.Topic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
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

  private static final String CLEANUP = "cleanup.policy";

  private final Admin admin;

  /** What we have asked to be made and have not seen yet. */
  private final Set<String> made = ConcurrentHashMap.newKeySet();

  /**
   * @param kafka what every client is made with
   */
  Topics(Map<String, Object> kafka) {
    Map<String, Object> config = new HashMap<>(kafka);
    config.put("default.api.timeout.ms", Long.toString(DEADLINE.toMillis()));
    config.put("request.timeout.ms", "5000");
    config.put("client.id", "millrace-engine");
    config.put("retry.backoff.ms", "20");
    this.admin = Admin.create(config);
  }

  /** The client, which is thread safe, for those who only look. */
  Admin admin() {
    return admin;
  }

  /** Those of the topics that exist, with the configuration that holds for them. */
  Map<String, Observed.Topic> observe(Collection<String> names) throws BackendException {
    // Both at once: what is not there is told by the first.
    Map<ConfigResource, KafkaFuture<Config>> configs =
        admin.describeConfigs(names.stream().map(Topics::resource).toList()).values();
    Map<String, Observed.Topic> observed = new TreeMap<>();
    for (Map.Entry<String, TopicDescription> entry : describe(List.copyOf(names)).entrySet()) {
      String name = entry.getKey();
      TopicDescription topic = entry.getValue();
      made.remove(name);
      Optional<Config> found =
          getUnless(
              UnknownTopicOrPartitionException.class,
              configs.get(resource(name)),
              "configuration of topic " + name);
      if (found.isEmpty()) {
        continue; // It was deleted, or made, between the two.
      }
      Map<String, String> config = new TreeMap<>();
      for (ConfigEntry one : found.get().entries()) {
        if (one.value() != null) {
          config.put(one.name(), one.value());
        }
      }
      observed.put(
          name,
          new Observed.Topic(
              topic.partitions().size(),
              topic.partitions().get(0).replicas().size(),
              config,
              topic.topicId().toString()));
    }
    return observed;
  }

  /**
   * Whether a topic was asked for by us and has not been seen yet: brokers learn of it a moment
   * after the controller has made it, and a request that was not answered may still be obeyed. Its
   * absence is nobody's deed.
   */
  boolean onItsWay(String topic) {
    return made.contains(topic);
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
   * a policy by which it may, until it is done. A policy reaches each broker a moment after it was
   * set: then this has to be called again.
   *
   * @param policies by topic: the policy that it shall have after
   * @return whether all records are deleted, and the policies are as they shall be
   */
  boolean empty(Map<String, String> policies) throws BackendException {
    Map<TopicPartition, RecordsToDelete> all = new HashMap<>();
    Map<ConfigResource, Collection<AlterConfigOp>> open = new HashMap<>();
    Map<ConfigResource, Collection<AlterConfigOp>> back = new HashMap<>();
    observe(policies.keySet())
        .forEach(
            (name, topic) -> {
              for (int p = 0; p < topic.partitions(); p++) {
                all.put(new TopicPartition(name, p), RecordsToDelete.beforeOffset(-1));
              }
              String wanted = policies.get(name);
              if (!wanted.contains("delete")) {
                back.put(resource(name), set(CLEANUP, wanted));
                if (!topic.config().getOrDefault(CLEANUP, "delete").contains("delete")) {
                  open.put(resource(name), set(CLEANUP, wanted + ",delete"));
                }
              }
            });
    if (all.isEmpty()) {
      return true;
    }
    String topics = "topics " + policies.keySet();
    if (!open.isEmpty()) {
      get(admin.incrementalAlterConfigs(open).all(), "policy of " + topics);
    }
    try {
      get(admin.deleteRecords(all).all(), "records of " + topics);
    } catch (BackendException e) {
      if (e.getCause() instanceof PolicyViolationException && !back.isEmpty()) {
        return false;
      }
      throw e;
    }
    if (!back.isEmpty()) {
      get(admin.incrementalAlterConfigs(back).all(), "policy of " + topics);
    }
    return true;
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
    topics.forEach(t -> made.add(t.name()));
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

  /** First and next offsets of committed records, by topic and partition. */
  record Offsets(
      Map<String, TreeMap<Integer, Long>> starts, Map<String, TreeMap<Integer, Long>> ends) {
    static final Offsets NONE = new Offsets(Map.of(), Map.of());
  }

  /**
   * Offsets of topics; those that are missing are left out.
   *
   * @param known of them: how many partitions they have
   */
  Offsets offsets(Collection<String> topics, Map<String, Observed.Topic> known)
      throws BackendException {
    Set<TopicPartition> partitions = new HashSet<>();
    List<String> others = new ArrayList<>();
    for (String topic : topics) {
      if (known.containsKey(topic)) {
        for (int p = 0; p < known.get(topic).partitions(); p++) {
          partitions.add(new TopicPartition(topic, p));
        }
      } else {
        others.add(topic);
      }
    }
    if (!others.isEmpty()) {
      describe(others)
          .forEach(
              (name, topic) ->
                  topic
                      .partitions()
                      .forEach(p -> partitions.add(new TopicPartition(name, p.partition()))));
    }
    if (partitions.isEmpty()) {
      return Offsets.NONE;
    }
    var latest = ask(partitions, OffsetSpec.latest());
    var earliest = ask(partitions, OffsetSpec.earliest());
    return new Offsets(byTopic(get(earliest, "offsets")), byTopic(get(latest, "offsets")));
  }

  /** Next offsets of committed records, by topic and partition. */
  Map<String, TreeMap<Integer, Long>> ends(Collection<String> topics) throws BackendException {
    return offsets(topics, Map.of()).ends();
  }

  /** The next offset of committed records. */
  long end(TopicPartition partition) throws BackendException {
    return get(ask(Set.of(partition), OffsetSpec.latest()), "offsets of " + partition)
        .get(partition)
        .offset();
  }

  private KafkaFuture<Map<TopicPartition, ListOffsetsResult.ListOffsetsResultInfo>> ask(
      Set<TopicPartition> partitions, OffsetSpec spec) {
    Map<TopicPartition, OffsetSpec> asked = new HashMap<>();
    partitions.forEach(p -> asked.put(p, spec));
    return admin.listOffsets(asked, new ListOffsetsOptions(IsolationLevel.READ_COMMITTED)).all();
  }

  private static Map<String, TreeMap<Integer, Long>> byTopic(
      Map<TopicPartition, ListOffsetsResult.ListOffsetsResultInfo> offsets) {
    Map<String, TreeMap<Integer, Long>> byTopic = new HashMap<>();
    offsets.forEach(
        (partition, info) ->
            byTopic
                .computeIfAbsent(partition.topic(), t -> new TreeMap<>())
                .put(partition.partition(), info.offset()));
    return byTopic;
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
