package dev.millrace.spark.stream;

import dev.millrace.registry.StreamMarks;
import dev.millrace.spark.kafka.KafkaClients;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;
import org.apache.spark.sql.connector.read.streaming.MicroBatchStream;
import org.apache.spark.sql.connector.read.streaming.Offset;
import org.apache.spark.sql.connector.read.streaming.ReadLimit;
import org.apache.spark.sql.connector.read.streaming.ReportsSourceMetrics;
import org.apache.spark.sql.connector.read.streaming.SupportsAdmissionControl;
import org.apache.spark.util.CollectionAccumulator;

/**
 * The driver's side: decides what the next batch reads, and its progress.
 *
 * <p>Progress is the minimum, over the partitions that are not idle, of the newest event time read
 * in <em>earlier</em> batches less {@code outOfOrder}; a partition that never had a record holds it
 * back until it counts as idle. For a stream that the job writes itself, it is what the writer has
 * marked. It never goes back.
 */
final class StreamSource
    implements MicroBatchStream, SupportsAdmissionControl, ReportsSourceMetrics {
  private final StreamOptions options;
  private final Clock clock;
  private final Consumer<byte[], byte[]> consumer;
  private final List<TopicPartition> partitions;
  private final String topicId;
  private final ObservedTimes observed;
  private final CollectionAccumulator<SideRecord> aside;
  private final Optional<MarksReader> marks;

  /** When each partition last had something to read, in milliseconds of processing time. */
  private final Map<Integer, Long> lastNew = new HashMap<>();

  private Map<Integer, Long> newestEnds = Map.of();
  private boolean asked;

  StreamSource(StreamOptions options, Clock clock) {
    this.options = options;
    this.clock = clock;
    SparkContext context = SparkSession.active().sparkContext();
    this.observed = new ObservedTimes();
    context.register(observed, "event times of " + options.topic());
    this.aside = SideOutputs.open(context, options.transform(), options.stream());
    Map<String, Object> config = new HashMap<>(options.kafka());
    config.put("isolation.level", "read_committed");
    config.put("enable.auto.commit", "false");
    config.put("allow.auto.create.topics", "false");
    config.put("default.api.timeout.ms", "30000");
    this.consumer = KafkaClients.consumer(config);
    this.partitions =
        consumer.partitionsFor(options.topic()).stream()
            .map(p -> new TopicPartition(options.topic(), p.partition()))
            .toList();
    if (partitions.isEmpty()) {
      throw new IllegalStateException("topic " + options.topic() + " does not exist");
    }
    this.topicId = KafkaClients.topicId(new HashMap<>(options.kafka()), options.topic());
    long now = clock.millis();
    partitions.forEach(p -> lastNew.put(p.partition(), now));
    this.marks =
        options.marksTopic().isEmpty()
            ? Optional.empty()
            : Optional.of(MarksReader.shared(options.kafka(), options.marksTopic()));
  }

  @Override
  public Offset initialOffset() {
    return new StreamOffset(
            byPartition(consumer.beginningOffsets(partitions)), Map.of(), StreamOffset.NONE)
        .in(topicId);
  }

  @Override
  public ReadLimit getDefaultReadLimit() {
    return ReadLimit.maxRows(options.maxOffsetsPerTrigger());
  }

  @Override
  public Offset latestOffset() {
    throw new UnsupportedOperationException("called with a limit only");
  }

  @Override
  public synchronized Offset latestOffset(Offset startOffset, ReadLimit limit) {
    StreamOffset start = StreamOffset.of(startOffset);
    newestEnds = byPartition(consumer.endOffsets(partitions));
    requireTheSameTopic(start);
    TreeMap<Integer, Long> end = limited(start.offsets(), newestEnds);
    TreeMap<Integer, Long> times = new TreeMap<>(start.times());
    observed.value().forEach((p, t) -> times.merge(p, t, Math::max));
    long now = clock.millis();
    newestEnds.forEach(
        (p, e) -> {
          if (e > start.offsets().getOrDefault(p, 0L)) {
            lastNew.put(p, now);
          }
        });
    StreamOffset next =
        new StreamOffset(end, times, progress(start, times, now)).startedAs(start).in(topicId);
    boolean first = !asked;
    asked = true;
    return first && start.ended() ? next.startedAgain() : next;
  }

  /**
   * An offset says something only in the topic it was read from. In another of the same name, what
   * lies before it would be skipped, and nobody would see that anything is missing.
   */
  private void requireTheSameTopic(StreamOffset start) {
    boolean another = !start.topicId().isEmpty() && !start.topicId().equals(topicId);
    newestEnds.forEach(
        (partition, end) -> {
          long from = start.offsets().getOrDefault(partition, 0L);
          if (end < from || another) {
            throw new IllegalStateException(
                "stream "
                    + options.stream()
                    + ": topic "
                    + options.topic()
                    + " was deleted and made again: partition "
                    + partition
                    + " was read up to offset "
                    + from
                    + ", and ends at "
                    + end
                    + " now. What was written since would be skipped in silence;"
                    + " 'millrace apply --allow state-loss' reprocesses what there is");
          }
        });
  }

  private long progress(StreamOffset start, Map<Integer, Long> times, long now) {
    if (start.ended()) {
      return StreamOffset.END;
    }
    Optional<StreamMarks> mark = marks.map(m -> m.of(options.stream()));
    if (mark.flatMap(StreamMarks::end).filter(e -> reached(start.offsets(), e)).isPresent()) {
      return StreamOffset.END;
    }
    if (!options.timed()) {
      return start.progress();
    }
    long told =
        mark.flatMap(StreamMarks::progress)
            .filter(p -> reached(start.offsets(), p.offsets()))
            .map(p -> Math.max(start.progress(), p.at()))
            .orElse(start.progress());
    if (options.progressFromMarks()) {
      return told;
    }
    long least = Long.MAX_VALUE;
    for (TopicPartition partition : partitions) {
      int p = partition.partition();
      boolean unread = newestEnds.get(p) > start.offsets().getOrDefault(p, 0L);
      if (!unread && now - lastNew.get(p) >= options.idleMs()) {
        continue;
      }
      Long time = times.get(p);
      if (time == null) {
        return told;
      }
      least = Math.min(least, time);
    }
    if (least == Long.MAX_VALUE) {
      return told;
    }
    return Math.max(told, least - options.outOfOrderMs() * 1000);
  }

  private static boolean reached(Map<Integer, Long> offsets, Map<Integer, Long> wanted) {
    return wanted.entrySet().stream()
        .allMatch(w -> offsets.getOrDefault(w.getKey(), 0L) >= w.getValue());
  }

  /** At most so many records, each partition in proportion to what is unread of it. */
  private TreeMap<Integer, Long> limited(Map<Integer, Long> start, Map<Integer, Long> ends) {
    long unread = 0;
    for (Map.Entry<Integer, Long> end : ends.entrySet()) {
      unread += Math.max(0, end.getValue() - start.getOrDefault(end.getKey(), 0L));
    }
    TreeMap<Integer, Long> limited = new TreeMap<>();
    for (Map.Entry<Integer, Long> end : ends.entrySet()) {
      long from = start.getOrDefault(end.getKey(), 0L);
      long n = Math.max(0, end.getValue() - from);
      if (unread > options.maxOffsetsPerTrigger()) {
        n = Math.min(n, (long) Math.ceil((double) n * options.maxOffsetsPerTrigger() / unread));
      }
      limited.put(end.getKey(), from + n);
    }
    return limited;
  }

  @Override
  public Offset reportLatestOffset() {
    return new StreamOffset(newestEnds, Map.of(), StreamOffset.NONE);
  }

  @Override
  public Offset deserializeOffset(String json) {
    return StreamOffset.parse(json);
  }

  @Override
  public InputPartition[] planInputPartitions(Offset startOffset, Offset endOffset) {
    StreamOffset start = StreamOffset.of(startOffset);
    StreamOffset end = StreamOffset.of(endOffset);
    List<InputPartition> ranges = new ArrayList<>();
    end.offsets()
        .forEach(
            (partition, until) -> {
              long from = start.offsets().getOrDefault(partition, 0L);
              if (until > from) {
                ranges.add(
                    new KafkaRange(partition, from, until, end.progress(), ranges.isEmpty()));
              }
            });
    if (ranges.isEmpty()) {
      ranges.add(new KafkaRange(-1, 0, 0, end.progress(), true));
    }
    return ranges.toArray(InputPartition[]::new);
  }

  @Override
  public PartitionReaderFactory createReaderFactory() {
    return new RangeReader.Factory(options, observed, aside);
  }

  @Override
  public Map<String, String> metrics(Optional<Offset> latestConsumed) {
    Map<String, String> metrics = new HashMap<>();
    metrics.put("stream", options.stream());
    latestConsumed.ifPresent(
        offset -> {
          StreamOffset consumed = StreamOffset.of(offset);
          long lag = 0;
          for (Map.Entry<Integer, Long> end : newestEnds.entrySet()) {
            lag += Math.max(0, end.getValue() - consumed.offsets().getOrDefault(end.getKey(), 0L));
          }
          metrics.put("lag", Long.toString(lag));
          metrics.put("progress", Long.toString(consumed.progress()));
          metrics.put("ended", Boolean.toString(consumed.ended()));
        });
    return metrics;
  }

  @Override
  public void commit(Offset end) {
    // What was read stays in Kafka.
  }

  @Override
  public synchronized void stop() {
    consumer.close(java.time.Duration.ofSeconds(1));
  }

  private static Map<Integer, Long> byPartition(Map<TopicPartition, Long> offsets) {
    return offsets.entrySet().stream()
        .collect(Collectors.toMap(e -> e.getKey().partition(), Map.Entry::getValue));
  }
}
