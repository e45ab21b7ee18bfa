package dev.millrace.connect.mqtt;

import dev.millrace.connect.records.DeclaredSourceConnector;
import dev.millrace.connect.records.RecordFactory;
import dev.millrace.registry.RegistryException;
import dev.millrace.registry.SchemaRegistryClient;
import dev.millrace.registry.connect.RegistrySettings;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.source.SourceTask;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes records of the messages of one client, and acknowledges those that Kafka has. */
public final class MqttSourceTask extends SourceTask {
  private static final Logger log = LoggerFactory.getLogger(MqttSourceTask.class);
  private static final long IDLE_MS = 500;
  private static final long OPENING_MS = 5_000;
  private static final long SAY_EVERY = TimeUnit.SECONDS.toNanos(30);

  private final Clock clock;
  private final Map<SourceRecord, Message> uncommitted =
      Collections.synchronizedMap(new IdentityHashMap<>());
  private Inbox inbox;
  private Link link;
  private Inheritance inheritance;
  private Records records;
  private String clientId;
  private int batch;
  private Map<String, Object> partition;
  private Map<String, Object> offset;
  private Map<String, Object> offsetOnceInherited;
  private List<Message> held = List.of();
  private long droppedSaid;
  private long saidAt;

  /** Called by Connect. */
  public MqttSourceTask() {
    this(Clock.systemUTC());
  }

  MqttSourceTask(Clock clock) {
    this.clock = clock;
  }

  @Override
  public String version() {
    return new MqttSourceConnector().version();
  }

  @Override
  public void start(Map<String, String> properties) {
    MqttConfig config = new MqttConfig(properties);
    int task = Integer.parseInt(properties.getOrDefault(DeclaredSourceConnector.TASK, "0"));
    int tasks = Integer.parseInt(properties.getOrDefault(DeclaredSourceConnector.TASKS, "1"));
    clientId = config.clientId(task);
    batch = config.getInt(MqttConfig.BATCH);
    SchemaRegistryClient registry = RegistrySettings.client(config);
    records = new Records(config, register(config, registry), registry);
    inbox =
        new Inbox(
            config.getInt(MqttConfig.BUFFER_MESSAGES),
            config.getLong(MqttConfig.BUFFER_BYTES),
            clock);
    partition = Map.of("client", clientId);
    List<String> filters = config.patterns().stream().map(TopicPattern::filter).toList();
    Map<String, Object> before = context.offsetStorageReader().offset(partition);
    // Shared by all records: the session at the broker knows how far it is, and these maps only
    // what it was asked for, so that a changed configuration can take back the rest.
    long tasksBefore = before == null ? tasks : ((Number) before.get("tasks")).longValue();
    List<String> former =
        before == null
            ? List.of()
            : Arrays.stream(before.get("filters").toString().split("\n"))
                .filter(f -> !filters.contains(f))
                .toList();
    offset = offset(filters, Math.max(tasks, tasksBefore));
    offsetOnceInherited = offset(filters, tasks);
    link = Link.of(config, clientId, inbox);
    CompletableFuture<?> opened = link.open(filters, former);
    List<String> all = new ArrayList<>(filters);
    all.addAll(former);
    inheritance = new Inheritance(config, inbox, task, tasks, tasksBefore, all);
    // A task that counts as running has subscribed, unless the broker is away: what is published
    // from then on is not missed.
    Object unused = opened.completeOnTimeout(null, OPENING_MS, TimeUnit.MILLISECONDS).join();
    try {
      link.check();
    } catch (ConnectException e) {
      // Connect stops no task that did not start.
      stop();
      throw e;
    }
  }

  private static RecordFactory register(MqttConfig config, SchemaRegistryClient registry) {
    try {
      return config.records().register(registry);
    } catch (RegistryException e) {
      if (e.status() != 409) {
        throw e;
      }
      // Another task was registering the same schema at this moment: now it is there.
      return config.records().register(registry);
    }
  }

  private static Map<String, Object> offset(List<String> filters, long tasks) {
    return Map.of("filters", String.join("\n", filters), "tasks", tasks);
  }

  @Override
  public List<SourceRecord> poll() throws InterruptedException {
    link.check();
    sayDropped();
    List<Message> messages = held.isEmpty() ? inbox.take(batch, IDLE_MS) : held;
    held = List.of();
    if (inheritance.settled(messages.isEmpty())) {
      offset = offsetOnceInherited;
    }
    if (messages.isEmpty()) {
      return null;
    }
    List<SourceRecord> made = new ArrayList<>(messages.size());
    for (int i = 0; i < messages.size(); i++) {
      Message message = messages.get(i);
      SourceRecord record;
      try {
        record = records.of(message, partition, offset);
      } catch (RegistryException e) {
        log.warn("{}: {}; trying again", clientId, e.getMessage());
        held = messages.subList(i, messages.size());
        break;
      }
      if (message.qos() > 0) {
        uncommitted.put(record, message);
      }
      made.add(record);
    }
    return made.isEmpty() ? null : made;
  }

  /** Kafka has the record, or a transformation left it out, which is as good. */
  @Override
  public void commitRecord(SourceRecord record, RecordMetadata metadata) {
    Message message = uncommitted.remove(record);
    if (message != null) {
      inbox.acknowledge(message);
    }
  }

  private void sayDropped() {
    long dropped = inbox.dropped();
    long now = System.nanoTime();
    if (dropped > droppedSaid && (droppedSaid == 0 || now - saidAt > SAY_EVERY)) {
      log.warn(
          "{}: {} messages of QoS 0 dropped, {} since the task started: they come faster than"
              + " Kafka takes them. At qos=1 the broker keeps them.",
          clientId,
          dropped - droppedSaid,
          dropped);
      droppedSaid = dropped;
      saidAt = now;
    }
  }

  @Override
  public void stop() {
    if (link != null) {
      link.close();
    }
    if (inheritance != null) {
      inheritance.close();
    }
  }
}
