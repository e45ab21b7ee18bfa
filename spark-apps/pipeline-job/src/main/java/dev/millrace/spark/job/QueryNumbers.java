package dev.millrace.spark.job;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.streaming.SourceProgress;
import org.apache.spark.sql.streaming.StateOperatorProgress;
import org.apache.spark.sql.streaming.StreamingQueryProgress;

/**
 * The numbers of one transform, gathered from Spark's report of each batch. Written by Spark's
 * listener thread, read by others.
 */
final class QueryNumbers {
  private final List<String> drivers;
  private final boolean eachObserved;
  private final Map<String, Instant> progressOf = new ConcurrentHashMap<>();
  private volatile double inputRate;
  private volatile double processedRate;
  private volatile long batchId = -1;
  private volatile long reports;
  private volatile long batchMs;
  private volatile long stateRows;
  private volatile boolean stateful;
  private volatile long rowsWritten;
  private volatile long late;
  private volatile long dead;
  private volatile Map<String, Long> lag = Map.of();
  private volatile Instant watermark = Instant.MIN;

  /** Of a query that the plan says all about. */
  QueryNumbers(List<String> drivers) {
    this(drivers, drivers.size() > 1);
  }

  /**
   * @param drivers the streams that drive, in the order of the query's sources
   * @param eachObserved each stream reports its progress as a metric; otherwise the one there is
   *     gives Spark its event time
   */
  QueryNumbers(List<String> drivers, boolean eachObserved) {
    this.drivers = List.copyOf(drivers);
    this.eachObserved = eachObserved;
  }

  synchronized void take(StreamingQueryProgress p) {
    inputRate = finite(p.inputRowsPerSecond());
    processedRate = finite(p.processedRowsPerSecond());
    batchMs = p.batchDuration();
    // A replayed batch is reported twice, but what it wrote the first time was not committed or
    // will not be written again.
    batchId = p.batchId();
    rowsWritten +=
        Math.max(0, number(p.sink().metrics(), "rowsWritten").orElse(p.sink().numOutputRows()));
    long state = 0;
    for (StateOperatorProgress op : p.stateOperators()) {
      state += Math.max(0, op.numRowsTotal());
    }
    stateRows = state;
    stateful = p.stateOperators().length > 0;
    Map<String, Long> behind = new TreeMap<>();
    SourceProgress[] sources = p.sources();
    for (int i = 0; i < sources.length; i++) {
      Map<String, String> metrics = sources[i].metrics();
      String stream =
          metrics.getOrDefault("stream", i < drivers.size() ? drivers.get(i) : "source" + i);
      number(metrics, "lag").ifPresent(n -> behind.merge(stream, n, Long::sum));
      late += number(metrics, "late").orElse(0L);
      dead += number(metrics, "dead").orElse(0L);
    }
    late += number(p.sink().metrics(), "late").orElse(0L);
    dead += number(p.sink().metrics(), "dead").orElse(0L);
    lag = behind;
    String mark = p.eventTime().get("watermark");
    if (mark != null) {
      watermark = Instant.parse(mark);
    }
    if (!eachObserved) {
      String max = p.eventTime().get("max");
      if (max != null) {
        progressOf.put(drivers.get(0), Instant.parse(max));
      }
    } else {
      for (String driver : drivers) {
        Row observed = p.observedMetrics().get(TransformQuery.OBSERVED + driver);
        if (observed != null && !observed.isNullAt(0)) {
          progressOf.put(driver, observed.getTimestamp(0).toInstant());
        }
      }
    }
    reports++;
  }

  /** Takes Spark's word that a look at the sources found nothing new. */
  synchronized void nothingToRead() {
    idle();
    reports++;
  }

  /** Progress of the input: the least of the driving streams', once all have some. */
  Optional<Instant> progress() {
    return progressOf.size() < drivers.size()
        ? Optional.empty()
        : progressOf.values().stream().min(Instant::compareTo);
  }

  /** The watermark with which the last batch was executed. */
  Instant watermark() {
    return watermark;
  }

  /**
   * Whether all of a transform's input has ended and become rows. Intervals, and what an
   * application remembers, are all written only when a batch was executed with the last watermark;
   * anything else is written with the batch that saw the end.
   */
  boolean done(PlanDocument.Transform transform) {
    if (transform.intervals() != null || (transform.app() != null && stateful)) {
      return !watermark.isBefore(Progress.NEARLY_END);
    }
    return progress().filter(p -> !p.isBefore(Progress.NEARLY_END)).isPresent();
  }

  /** No row of a transform's output that is still to come has an earlier event time. */
  Instant reached(PlanDocument plan, PlanDocument.Transform transform) {
    PlanDocument.Intervals spec = transform.intervals();
    if (spec == null) {
      return progress().map(p -> p.minus(plan.outOfOrder(transform))).orElse(Instant.MIN);
    }
    // An open interval's next row starts at most one slice (or, uncut, one timeout) before what
    // progress has passed.
    return watermark.isAfter(Instant.EPOCH)
        ? watermark.minusMillis(spec.sliceMs() == null ? spec.timeoutMs() : spec.sliceMs())
        : Instant.MIN;
  }

  /** How often Spark has told of a batch, or that there is nothing to read. */
  long reports() {
    return reports;
  }

  long batches() {
    return batchId;
  }

  JobStatus.Query status(String transform, String state, String cause) {
    boolean running = state.equals("running");
    return new JobStatus.Query(
        transform,
        state,
        cause,
        running ? inputRate : 0,
        running ? processedRate : 0,
        batchId,
        batchMs,
        lag,
        progress().filter(p -> p.isAfter(Instant.EPOCH)).map(Instant::toString).orElse(null),
        stateRows,
        late,
        dead,
        rowsWritten);
  }

  void idle() {
    inputRate = 0;
    processedRate = 0;
  }

  private static Optional<Long> number(Map<String, String> metrics, String key) {
    String value = metrics.get(key);
    try {
      return value == null ? Optional.empty() : Optional.of(Long.parseLong(value));
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  private static double finite(double rate) {
    return Double.isFinite(rate) ? rate : 0;
  }
}
