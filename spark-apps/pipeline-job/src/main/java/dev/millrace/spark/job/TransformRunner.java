package dev.millrace.spark.job;

import dev.millrace.registry.StreamMarks;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.DataStreamWriter;
import org.apache.spark.sql.streaming.StreamingQuery;
import org.apache.spark.sql.streaming.StreamingQueryException;
import org.apache.spark.sql.streaming.StreamingQueryListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The life of one transform: it waits for the first snapshots of the tables it looks up, runs, is
 * started again after a failure, tells the next stage how far it has come, and when its input has
 * ended says so. Each has a thread of its own, so that none holds up another.
 */
final class TransformRunner implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(TransformRunner.class);
  private static final long TICK_MS = 200;
  private static final long LONG_RUN_NANOS = TimeUnit.SECONDS.toNanos(60);

  /**
   * How often progress is published. A reader believes it only when it has read up to the offsets
   * that come with it: marks that followed each other faster than its batches would all be ahead of
   * it.
   */
  private static final long PUBLISH_NANOS = TimeUnit.SECONDS.toNanos(3);

  /** Waits between attempts, doubled from the first to the last. */
  record Backoff(Duration first, Duration last) {
    static final Backoff CONTRACT = new Backoff(Duration.ofSeconds(1), Duration.ofSeconds(60));
  }

  private enum State {
    WAITING,
    RUNNING,
    FAILED,
    ENDED
  }

  private record Standing(State state, String cause) {
    Standing as(State other) {
      return new Standing(other, cause);
    }
  }

  private static final Standing STARTING = new Standing(State.WAITING, "starting");
  private static final Standing RUNNING = new Standing(State.RUNNING, null);

  /** A failure that no further attempt can mend. */
  private static final class Hopeless extends Exception {
    private static final long serialVersionUID = 1;

    Hopeless(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** Makes what is started, anew for each attempt. */
  interface Work {
    DataStreamWriter<Row> writer(SparkSession session, String checkpoint) throws AnalysisException;
  }

  private final PlanDocument plan;
  private final PlanDocument.Transform transform;
  private final SparkSession session;
  private final Work work;
  private final Marks marks;
  private final Backoff backoff;
  private final String checkpoint;
  private final EndRecord endRecord;
  private final QueryNumbers numbers;
  private final List<String> drivers;
  private final CountDownLatch stop = new CountDownLatch(1);
  private volatile Standing standing = STARTING;
  private volatile StreamingQuery query;
  private Instant published = Instant.EPOCH;
  private long publishedNanos = System.nanoTime();

  /**
   * A transform that the plan says all about.
   *
   * @param spark the job's session; the transform gets one of its own, which shares the cluster
   */
  TransformRunner(
      PlanDocument plan,
      PlanDocument.Transform transform,
      SparkSession spark,
      Backends backends,
      Marks marks,
      Backoff backoff) {
    this(
        plan,
        transform,
        spark.newSession(),
        marks,
        backoff,
        (session, checkpoint) ->
            TransformQuery.build(session, plan, transform, backends, checkpoint));
  }

  /**
   * @param session that the work's rows are of, for this transform alone
   */
  TransformRunner(
      PlanDocument plan,
      PlanDocument.Transform transform,
      SparkSession session,
      Marks marks,
      Backoff backoff,
      Work work) {
    this.plan = plan;
    this.transform = transform;
    this.session = session;
    this.work = work;
    this.marks = marks;
    this.backoff = backoff;
    this.checkpoint =
        plan.checkpointDir().replaceFirst("/+$", "")
            + "/"
            + transform.name()
            + "-"
            + transform.stateHash();
    this.endRecord = new EndRecord(checkpoint, session.sessionState().newHadoopConf());
    this.drivers = transform.drivers().stream().map(PlanDocument.Read::stream).toList();
    this.numbers = new QueryNumbers(drivers, transform.app() != null || drivers.size() > 1);
    session.streams().addListener(new Listener(numbers));
  }

  JobStatus.Query status() {
    Standing s = standing;
    return numbers.status(
        transform.name(), s.state().name().toLowerCase(java.util.Locale.ROOT), s.cause());
  }

  /** Ends the thread; a running query is stopped between two commits. */
  void stop() {
    stop.countDown();
    StreamingQuery running = query;
    if (running != null) {
      try {
        running.stop();
      } catch (TimeoutException e) {
        LOG.warn("{}: {}", transform.name(), e.getMessage());
      }
    }
  }

  @Override
  public void run() {
    Duration pause = backoff.first();
    while (!stopped(0)) {
      long started = System.nanoTime();
      try {
        if (!ended() && ready()) {
          runQuery();
        }
        if (stopped(TICK_MS)) {
          return;
        }
        pause = backoff.first();
        continue;
      } catch (Hopeless e) {
        LOG.error(
            "{} failed and is not started again: {}",
            transform.name(),
            e.getMessage(),
            e.getCause());
        standing = new Standing(State.FAILED, e.getMessage());
        return;
      } catch (Exception | LinkageError e) {
        // Of any type: Scala throws checked exceptions without declaring them.
        if (stopped(0)) {
          return;
        }
        if (System.nanoTime() - started > LONG_RUN_NANOS) {
          pause = backoff.first();
        }
        standing = new Standing(State.FAILED, cause(e));
        LOG.warn("{} failed, next attempt in {} ms", transform.name(), pause.toMillis(), e);
      }
      if (stopped(pause.toMillis())) {
        return;
      }
      Duration twice = pause.multipliedBy(2);
      pause = twice.compareTo(backoff.last()) > 0 ? backoff.last() : twice;
    }
  }

  private boolean stopped(long waitMs) {
    try {
      return stop.await(waitMs, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return true;
    }
  }

  /** Whether an earlier run has ended and nothing was added to its input since. */
  private boolean ended() throws IOException, Hopeless {
    Optional<Map<String, Map<Integer, Long>>> record = endRecord.read();
    if (record.isEmpty()) {
      return false;
    }
    if (record.get().equals(inputEnds())) {
      markEnd();
      standing = new Standing(State.ENDED, null);
      return true;
    }
    if (transform.intervals() != null
        || transform.output().table()
        || (transform.app() != null && endRecord.keptState())) {
      throw new Hopeless(
          "its input ("
              + String.join(", ", drivers)
              + ") goes on after its end, at which all state was closed; it has to be reprocessed from the start with new state (another stateHash)",
          null);
    }
    LOG.info("{}: its input goes on after its end", transform.name());
    marks.change(
        transform.output().stream(),
        m -> new StreamMarks(m.stream(), m.snapshotComplete(), Optional.empty(), m.progress()));
    endRecord.delete();
    return false;
  }

  private Map<String, Map<Integer, Long>> inputEnds() {
    Map<String, Map<Integer, Long>> out = new HashMap<>();
    for (String driver : drivers) {
      marks.of(driver).end().ifPresent(end -> out.put(driver, end));
    }
    return out;
  }

  private void markEnd() {
    Map<Integer, Long> ends = marks.ends(transform.output().topic());
    marks.change(transform.output().stream(), m -> m.end().isPresent() ? m : m.withEnd(ends));
  }

  private boolean ready() {
    List<String> incomplete =
        transform.lookups().stream()
            .map(PlanDocument.Read::stream)
            .filter(s -> plan.stream(s).snapshotMark() && !marks.of(s).snapshotComplete())
            .toList();
    if (incomplete.isEmpty()) {
      return true;
    }
    standing =
        new Standing(
            State.WAITING,
            "the first snapshot of " + String.join(", ", incomplete) + " is not complete");
    return false;
  }

  private void runQuery() throws StreamingQueryException, TimeoutException, IOException, Hopeless {
    StreamingQuery started;
    try {
      started = start();
    } catch (AnalysisException | IllegalArgumentException e) {
      throw new Hopeless(cause(e), e);
    }
    query = started;
    try {
      // It runs once it has opened what it reads. What failed before stays visible until a batch
      // has shown that it is over.
      Standing before = standing;
      if (before.state() != State.FAILED) {
        standing = STARTING;
      }
      long batch = numbers.batches();
      long reports = numbers.reports();
      while (!started.awaitTermination(TICK_MS)) {
        if (stopped(0)) {
          return;
        }
        if (numbers.batches() > batch) {
          standing = RUNNING;
        } else if (started.status().isTriggerActive() || numbers.reports() > reports) {
          standing = before.state() == State.FAILED ? before.as(State.RUNNING) : RUNNING;
        }
        if (numbers.done(transform)) {
          started.stop();
          markEnd();
          endRecord.write(inputEnds());
          standing = new Standing(State.ENDED, null);
          LOG.info("{}: ended", transform.name());
          return;
        }
        publish();
      }
      if (!stopped(0)) {
        throw new IllegalStateException("the query stopped by itself");
      }
    } finally {
      query = null;
      numbers.idle();
      if (started.isActive()) {
        started.stop();
      }
    }
  }

  private StreamingQuery start() throws AnalysisException, TimeoutException {
    // Scala's exceptions are unchecked to Java's compiler; this declaration makes them visible
    // again.
    return work.writer(session, checkpoint).start();
  }

  /**
   * Tells the readers of the output how far it has come: the output's own event times can not say
   * that, since a row may be final long after later ones (an interval that is still open). The
   * order matters: first the progress of a batch that is committed, then the offsets, which may
   * only be too late. What an application makes of event times only its own rows say.
   */
  private void publish() {
    if (transform.output().table()
        || transform.app() != null
        || System.nanoTime() - publishedNanos < PUBLISH_NANOS) {
      return;
    }
    Instant reached = numbers.reached(plan, transform);
    if (!reached.isAfter(published) || !reached.isBefore(Progress.NEARLY_END)) {
      return;
    }
    Instant at = reached;
    Map<Integer, Long> ends = marks.ends(transform.output().topic());
    marks.change(
        transform.output().stream(),
        m -> m.withProgress(ChronoUnit.MICROS.between(Instant.EPOCH, at), ends));
    published = reached;
    publishedNanos = System.nanoTime();
  }

  /** The deepest cause in one line: Spark wraps what happened in what it was doing. */
  static String cause(Throwable e) {
    Throwable deepest = e;
    while (deepest.getCause() != null && deepest.getCause() != deepest) {
      deepest = deepest.getCause();
    }
    String message =
        deepest.getMessage() == null
            ? deepest.getClass().getSimpleName()
            : deepest.getMessage().lines().findFirst().orElse("");
    return message.length() > 500 ? message.substring(0, 500) + "..." : message;
  }

  private static final class Listener extends StreamingQueryListener {
    private final QueryNumbers numbers;

    Listener(QueryNumbers numbers) {
      this.numbers = numbers;
    }

    @Override
    public void onQueryStarted(QueryStartedEvent event) {}

    @Override
    public void onQueryProgress(QueryProgressEvent event) {
      numbers.take(event.progress());
    }

    @Override
    public void onQueryIdle(QueryIdleEvent event) {
      numbers.nothingToRead();
    }

    @Override
    public void onQueryTerminated(QueryTerminatedEvent event) {}
  }
}
