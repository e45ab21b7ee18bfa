package dev.millrace.connect.datagen;

import dev.millrace.connect.records.DeclaredSourceConnector;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.source.SourceTask;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Emits the records of the partitions it was given, as they become due. */
public final class DatagenSourceTask extends SourceTask {
  private static final Logger log = LoggerFactory.getLogger(DatagenSourceTask.class);
  private static final long IDLE_MS = 500;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition stopped = lock.newCondition();
  private final Clock clock;
  private final List<Lane> lanes = new ArrayList<>();
  private volatile boolean stop;
  private String topic;
  private int batch;
  private long lingerMs;
  private boolean realtime;
  private int used;
  private int turn;

  /** Called by Connect. */
  public DatagenSourceTask() {
    this(Clock.systemUTC());
  }

  DatagenSourceTask(Clock clock) {
    this.clock = clock;
  }

  /** One partition: its generator, its pace, and what its offsets say. */
  private static final class Lane {
    final int partition;
    final Map<String, Object> sourcePartition;
    final PartitionGenerator generator;
    final long start;
    final double perMicro;
    final long began;
    long sent;

    Lane(int partition, PartitionGenerator generator, long start, double perMicro, long now) {
      this.partition = partition;
      this.sourcePartition = sourcePartition(partition);
      this.generator = generator;
      this.start = start;
      this.perMicro = perMicro;
      this.began = now;
    }
  }

  @Override
  public String version() {
    return new DatagenSourceConnector().version();
  }

  @Override
  public void start(Map<String, String> properties) {
    DatagenConfig config = new DatagenConfig(properties);
    int task = Integer.parseInt(properties.getOrDefault(DeclaredSourceConnector.TASK, "0"));
    int tasks = Integer.parseInt(properties.getOrDefault(DeclaredSourceConnector.TASKS, "1"));
    topic = config.getString(DatagenConfig.TOPIC);
    batch = config.getInt(DatagenConfig.BATCH);
    lingerMs = config.getInt(DatagenConfig.LINGER);
    realtime = config.realtime();
    RecordWriter writer = new RecordWriter(config);
    int schemaId = config.getInt(DatagenConfig.SCHEMA_ID);
    if (schemaId < 0) {
      schemaId = config.registry().register(topic + "-value", writer.schema());
    }
    Layout layout = Layout.of(config, writer);
    used = layout.used();
    long firstStart = DatagenConfig.start(config.getString(DatagenConfig.START), clock.instant());
    for (int p = task; p < config.getInt(DatagenConfig.PARTITIONS); p += tasks) {
      if (layout.quotas()[p] == 0) {
        continue;
      }
      Map<String, Object> offset = context.offsetStorageReader().offset(sourcePartition(p));
      long start = offset == null ? firstStart : ((Number) offset.get("start")).longValue();
      long emitted = offset == null ? 0 : ((Number) offset.get("emitted")).longValue();
      PartitionGenerator generator =
          new PartitionGenerator(
              config, writer, schemaId, p, layout.keys().get(p), layout.quotas()[p], start);
      generator.skip(emitted);
      lanes.add(
          new Lane(
              p,
              generator,
              start,
              config.rate() * layout.share(p) / 1e6,
              System.nanoTime() / 1000));
      log.info("{}-{}: {} records were emitted before, going on", topic, p, emitted);
    }
  }

  /**
   * One key only: Connect finds offsets by the bytes of this map as JSON, and two keys might come
   * in another order after a restart.
   */
  private static Map<String, Object> sourcePartition(int partition) {
    return Map.of("partition", (long) partition);
  }

  @Override
  public List<SourceRecord> poll() throws InterruptedException {
    List<SourceRecord> records = new ArrayList<>();
    long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(lingerMs);
    while (!stop) {
      // A partition a turn goes first, so that a full batch starves none.
      for (int i = 0; i < lanes.size() && records.size() < batch; i++) {
        fill(lanes.get((turn + i) % lanes.size()), records);
      }
      turn++;
      long left = TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime());
      if (records.size() >= batch || (!records.isEmpty() && left <= 0)) {
        return records;
      }
      boolean allDone = lanes.stream().allMatch(l -> l.generator.done());
      if (allDone) {
        if (records.isEmpty()) {
          pause(IDLE_MS);
          return null;
        }
        return records;
      }
      if (left <= 0) {
        pause(Math.max(1, Math.min(IDLE_MS, untilNextMs())));
        return null;
      }
      pause(Math.max(1, Math.min(left, untilNextMs())));
    }
    return records.isEmpty() ? null : records;
  }

  private void fill(Lane lane, List<SourceRecord> records) {
    int share = Math.max(1, (batch - records.size()) / lanes.size());
    int most = lanes.size() == 1 ? batch - records.size() : share;
    Map<String, Object> before = offset(lane);
    for (int i = 0; i < most && records.size() < batch && due(lane); i++) {
      byte[] framed = lane.generator.next();
      lane.sent++;
      boolean last = i + 1 == most || records.size() + 1 == batch || !due(lane);
      // Only the last record says how far the partition has come: what is before it is repeated if
      // it was not committed.
      Map<String, Object> offset = last ? offset(lane) : before;
      records.add(
          new SourceRecord(
              lane.sourcePartition,
              offset,
              topic,
              lane.partition,
              null,
              null,
              Schema.OPTIONAL_BYTES_SCHEMA,
              framed));
    }
  }

  private Map<String, Object> offset(Lane lane) {
    return Map.of(
        "emitted",
        lane.generator.emitted(),
        "start",
        lane.start,
        "done",
        lane.generator.done(),
        "partitions",
        (long) used);
  }

  private boolean due(Lane lane) {
    if (lane.generator.done()) {
      return false;
    }
    if (realtime) {
      return lane.generator.nextArrival() <= DatagenConfig.micros(clock.instant());
    }
    return Double.isInfinite(lane.perMicro)
        || lane.sent < (System.nanoTime() / 1000 - lane.began) * lane.perMicro;
  }

  private long untilNextMs() {
    long now = DatagenConfig.micros(clock.instant());
    long least = IDLE_MS;
    for (Lane lane : lanes) {
      if (lane.generator.done()) {
        continue;
      }
      long micros =
          realtime
              ? lane.generator.nextArrival() - now
              : (long) (lane.sent / lane.perMicro) - (System.nanoTime() / 1000 - lane.began);
      least = Math.min(least, micros / 1000 + 1);
    }
    return least;
  }

  private void pause(long millis) throws InterruptedException {
    lock.lock();
    try {
      if (!stop) {
        boolean unused = stopped.await(millis, TimeUnit.MILLISECONDS);
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void stop() {
    lock.lock();
    try {
      stop = true;
      stopped.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
