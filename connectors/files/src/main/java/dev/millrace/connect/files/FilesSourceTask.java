package dev.millrace.connect.files;

import dev.millrace.connect.files.RowReader.Ending;
import dev.millrace.connect.files.RowReader.Step;
import dev.millrace.connect.records.BadRecordException;
import dev.millrace.connect.records.DeclaredSourceConnector;
import dev.millrace.connect.records.RecordFactory;
import dev.millrace.registry.connect.RegistrySettings;
import java.io.IOException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.source.SourceTask;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads the files that fall to it, one after the other, and looks for new ones. */
public final class FilesSourceTask extends SourceTask {

  /** In an offset: all that was there at first has been read. */
  static final String COMPLETE = "snapshotComplete";

  /** Headers of dead letters. */
  static final String LINE = "millrace.line";

  private static final Logger log = LoggerFactory.getLogger(FilesSourceTask.class);

  /** A poll takes no longer: whoever stops the task waits for it. */
  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(300);

  /** A batch has no more bytes, so that rows may be large and the heap small. */
  private static final long BATCH_BYTES = 4L << 20;

  private final ReentrantLock polling = new ReentrantLock();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition stopped = lock.newCondition();
  private final Clock clock;
  private final LongSupplier nanos;
  private final Function<FilesConfig, FileStore> stores;
  private final Function<FilesConfig, RecordFactory> factories;
  private volatile boolean stop;
  private FilesConfig config;
  private RecordFactory records;
  private FileStore store;
  private Backlog backlog;
  private Optional<Pace> pace;
  private Optional<EventTime> eventTime;
  private int batch;

  /** Bytes of values in the batch that is being made. */
  private long batchBytes;

  private int task;
  private int tasks;
  private boolean done;

  /** All that was there at first is to be read, and that is to be said. */
  private boolean firstLook;

  /** A bounded run has ended, and the connector is not bounded any more. */
  private boolean reopened;

  private Reading reading;
  private SourceRecord held;
  private long heldMicros;
  private Place beforeHeld;

  /** Called by Connect. */
  public FilesSourceTask() {
    this(
        Clock.systemUTC(),
        System::nanoTime,
        FilesConfig::store,
        c -> c.records().register(RegistrySettings.client(c)));
  }

  /** With what a test has in the place of the clock, the storage and the registry. */
  FilesSourceTask(
      Clock clock,
      LongSupplier nanos,
      Function<FilesConfig, FileStore> stores,
      Function<FilesConfig, RecordFactory> factories) {
    this.clock = clock;
    this.nanos = nanos;
    this.stores = stores;
    this.factories = factories;
  }

  /** A file that is open. */
  private static final class Reading {
    private final StoredFile file;
    private final Map<String, Object> partition;
    private final RowReader reader;
    private Place place;
    private Map<String, Object> before;
    private long rows;
    private long dead;
    private int last = -1;

    Reading(StoredFile file, RowReader reader, Place place) {
      this.file = file;
      this.partition = Backlog.partition(file.name());
      this.reader = reader;
      this.place = place;
      this.before = place.offset();
    }

    /** The place behind what was emitted. */
    Place now() {
      Place at = reader.place(place);
      return new Place(
          at.size(),
          at.modified(),
          at.version(),
          at.entry(),
          at.position(),
          at.skip(),
          at.line(),
          place.rows() + rows,
          place.dead() + dead,
          at.checksum(),
          at.state());
    }
  }

  @Override
  public String version() {
    return new FilesSourceConnector().version();
  }

  @Override
  public void start(Map<String, String> properties) {
    config = new FilesConfig(properties);
    task = Integer.parseInt(properties.getOrDefault(DeclaredSourceConnector.TASK, "0"));
    tasks = Integer.parseInt(properties.getOrDefault(DeclaredSourceConnector.TASKS, "1"));
    batch = config.getInt(FilesConfig.BATCH);
    pace = config.pace();
    eventTime = config.eventTime();
    records = factories.apply(config);
    store = stores.apply(config);
    backlog =
        new Backlog(
            config, store, context.offsetStorageReader(), task, tasks, () -> clock.millis());
    Map<String, Object> end = context.offsetStorageReader().offset(ended());
    boolean ended = end != null && Boolean.TRUE.equals(end.get("done"));
    done = config.once() && ended;
    firstLook =
        config.getBoolean(FilesConfig.SNAPSHOT_MARK)
            && !ended
            && (end == null || !Boolean.TRUE.equals(end.get(COMPLETE)));
    log.info(
        "reads {} of {}{}",
        config.getString(FilesConfig.INCLUDE),
        store.describe(),
        done ? ": all of it was read before" : "");
    reopened = !config.once() && ended && !config.getString(FilesConfig.REPORTS).isEmpty();
  }

  private Map<String, Object> ended() {
    return Map.of("task", (long) task);
  }

  @Override
  public List<SourceRecord> poll() throws InterruptedException {
    polling.lockInterruptibly();
    try {
      return stop ? null : batch();
    } finally {
      polling.unlock();
    }
  }

  private List<SourceRecord> batch() throws InterruptedException {
    List<SourceRecord> out = new ArrayList<>();
    long began = nanos.getAsLong();
    pace.ifPresent(p -> p.begin(began));
    batchBytes = 0;
    if (reopened) {
      reopened = false;
      out.add(report(Map.of("task", task, "done", false), ended(), end(false)));
    }
    while (!stop
        && out.size() < batch
        && batchBytes < BATCH_BYTES
        && nanos.getAsLong() - began < POLL_NANOS) {
      if (reading == null && !next(out)) {
        if (out.isEmpty()) {
          pause(Math.min(backlog.untilNextLook(), 300));
        }
        break;
      }
      if (reading != null && !step(out)) {
        break;
      }
    }
    if (reading != null) {
      seal(out, Place.READING);
    }
    pace.ifPresent(p -> p.end(nanos.getAsLong()));
    return out.isEmpty() ? null : out;
  }

  /** Opens the next file; false if there is nothing to do now. */
  private boolean next(List<SourceRecord> out) {
    if (done) {
      return false;
    }
    if (firstLook && !config.once() && backlog.isEmpty() && backlog.nothingLeft()) {
      firstLook = false;
      out.add(report(Map.of("task", task, COMPLETE, true), ended(), end(false)));
      log.info("all files that were there at first are read");
      return true;
    }
    if (backlog.isEmpty()) {
      if (!backlog.look()) {
        return false;
      }
      for (Map.Entry<StoredFile, Place> quiet : backlog.quiet().entrySet()) {
        reportFile(quiet.getKey(), quiet.getValue(), out);
      }
      if (backlog.isEmpty() && config.once() && backlog.nothingLeft()) {
        done = true;
        out.add(report(Map.of("task", task, "done", true), ended(), end(true)));
        log.info("all files are read: it is done");
        return true;
      }
    }
    if (backlog.isEmpty()) {
      return !out.isEmpty();
    }
    Backlog.Work work = backlog.take();
    open(work.file(), work.place(), work.ending(), out);
    return true;
  }

  private Map<String, Object> end(boolean isDone) {
    // Where this is written, what was there at first has been read.
    return Map.of("done", isDone, COMPLETE, true, "partitions", (long) tasks);
  }

  private void open(StoredFile file, Place place, Ending ending, List<SourceRecord> out) {
    try {
      reading = new Reading(file, config.open(store, file, place, ending, records.writer()), place);
    } catch (ReplacedException e) {
      again(file, e);
    } catch (StorageException e) {
      unavailable(file, place, e, out);
    } catch (IOException | RuntimeException e) {
      refuse(file, place, e, out);
    }
  }

  /** One row; false if nothing can be done for the moment. */
  private boolean step(List<SourceRecord> out) throws InterruptedException {
    if (held != null) {
      return releaseHeld(out);
    }
    Place before = pace.isPresent() ? reading.now() : null;
    try {
      Step step = reading.reader.next(records.writer());
      switch (step) {
        case ROW -> row(before, out);
        case BAD -> bad(reading.reader.reason(), out);
        case END -> {
          Reading ended = reading;
          seal(out, Place.READ);
          Place at = ended.now().as(Place.READ, ended.file);
          close();
          backlog.read(ended.file, at);
          if (ended.place.rows() + ended.rows > 0 || ended.place.position() == 0) {
            log.info("{}: read, {} rows, {} dead letters", ended.file.name(), at.rows(), at.dead());
          }
          if (config.once() || !ended.reader.grows()) {
            reportFile(ended.file, at, out);
          }
        }
        default -> {
          return out.isEmpty();
        }
      }
      return true;
    } catch (ReplacedException e) {
      Reading replaced = reading;
      close();
      again(replaced.file, e);
    } catch (StorageException e) {
      Reading failed = reading;
      seal(out, Place.READING);
      Place at = failed.now();
      close();
      unavailable(failed.file, at, e, out);
    } catch (IOException | RuntimeException e) {
      Reading failed = reading;
      seal(out, Place.READING);
      Place at = failed.now();
      close();
      refuse(failed.file, at, e, out);
    }
    return true;
  }

  private void row(Place before, List<SourceRecord> out) {
    SourceRecord record;
    try {
      record = records.record(reading.partition, reading.before);
    } catch (BadRecordException e) {
      bad(e.getMessage(), out);
      return;
    }
    if (pace.isPresent()) {
      long micros = eventTime.orElseThrow().micros((byte[]) record.value());
      if (micros != Long.MIN_VALUE && pace.get().untilDue(micros, nanos.getAsLong()) > 0) {
        held = record;
        heldMicros = micros;
        beforeHeld = before;
        return;
      }
    }
    reading.rows++;
    emit(record, out);
  }

  /** Emits the row that was not due, once it is. */
  private boolean releaseHeld(List<SourceRecord> out) throws InterruptedException {
    long left = pace.orElseThrow().untilDue(heldMicros, nanos.getAsLong());
    if (left > 0) {
      if (!out.isEmpty()) {
        return false;
      }
      pause(Math.max(1, Math.min(20, TimeUnit.NANOSECONDS.toMillis(left))));
      return true;
    }
    reading.rows++;
    // Made when the batch before was not sealed yet: what it says of the file is old.
    emit(offset(held, reading.before), out);
    held = null;
    beforeHeld = null;
    return true;
  }

  private void bad(String reason, List<SourceRecord> out) {
    reading.dead++;
    emit(
        records.deadLetter(
            reading.reader.raw(),
            reason,
            about(reading.file, reading.reader.line()),
            reading.partition,
            reading.before),
        out);
  }

  private void emit(SourceRecord record, List<SourceRecord> out) {
    reading.last = out.size();
    batchBytes += ((byte[]) record.value()).length;
    out.add(record);
  }

  private static Map<String, String> about(StoredFile file, long line) {
    Map<String, String> about = new HashMap<>();
    about.put(RecordFactory.SOURCE, file.name());
    about.put(LINE, Long.toString(line));
    return about;
  }

  /**
   * Only the last record of the file in a batch says how far it was read: what is before it is
   * repeated if it was not committed.
   */
  private void seal(List<SourceRecord> out, String state) {
    if (reading.last < 0) {
      return;
    }
    Place at = held == null ? reading.now() : beforeHeld;
    Map<String, Object> after = at.as(state, reading.file).offset();
    out.set(reading.last, offset(out.get(reading.last), after));
    reading.before = after;
    reading.last = -1;
  }

  private static SourceRecord offset(SourceRecord record, Map<String, Object> offset) {
    return new SourceRecord(
        record.sourcePartition(),
        offset,
        record.topic(),
        record.kafkaPartition(),
        record.keySchema(),
        record.key(),
        record.valueSchema(),
        record.value(),
        record.timestamp(),
        record.headers());
  }

  /** The file can not be understood, from here on. */
  private void refuse(StoredFile file, Place at, Exception e, List<SourceRecord> out) {
    String why = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    String reason =
        at.position() == 0 && at.entry() == 0
            ? "the file is not read: " + why
            : "what follows in the file is not read: " + why;
    log.warn("{}: {}", file.name(), reason);
    Place refused = at.oneDead().as(Place.REFUSED, file);
    backlog.read(file, refused);
    out.add(
        records.deadLetter(
            new byte[0],
            reason,
            about(file, at.line() + 1),
            Backlog.partition(file.name()),
            refused.offset()));
  }

  /** The file's storage does not give it. */
  private void unavailable(StoredFile file, Place at, StorageException e, List<SourceRecord> out) {
    switch (e.kind()) {
      case GONE -> {
        // If another one has come in its place, the next look shows it.
        log.info("{}", e.getMessage());
        backlog.later(file, at);
      }
      case DENIED -> {
        log.warn("{}", e.getMessage());
        if (backlog.denied(file, at)) {
          out.add(
              records.deadLetter(
                  new byte[0],
                  "the file is not read as long as it is so: " + e.getMessage(),
                  about(file, at.line() + 1),
                  Backlog.partition(file.name()),
                  at.offset()));
        }
      }
      default -> {
        log.warn("{}; it is tried again", e.getMessage());
        backlog.later(file, at);
      }
    }
  }

  /** Another file of the same name: from its beginning. */
  private void again(StoredFile file, ReplacedException e) {
    log.warn("{}. All of it is read", e.getMessage());
    backlog.again(file);
  }

  private void reportFile(StoredFile file, Place at, List<SourceRecord> out) {
    if (config.getString(FilesConfig.REPORTS).isEmpty()) {
      return;
    }
    backlog.reported(file);
    Map<String, Object> values = new HashMap<>();
    values.put("file", file.name());
    values.put("size", file.size());
    values.put("rows", at.rows());
    values.put("dead", at.dead());
    out.add(report(values, Backlog.partition(file.name()), at.offset()));
  }

  private SourceRecord report(
      Map<String, ?> values, Map<String, Object> partition, Map<String, Object> offset) {
    return new SourceRecord(
        partition,
        offset,
        config.getString(FilesConfig.REPORTS),
        null,
        null,
        null,
        Schema.BYTES_SCHEMA,
        Reports.json(values));
  }

  private void close() {
    held = null;
    beforeHeld = null;
    if (reading != null) {
      try {
        reading.reader.close();
      } catch (IOException | RuntimeException e) {
        log.debug("{} could not be closed", reading.file.name(), e);
      }
      reading = null;
    }
  }

  private void pause(long millis) throws InterruptedException {
    lock.lock();
    try {
      if (!stop) {
        boolean unused = stopped.await(Math.max(1, millis), TimeUnit.MILLISECONDS);
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
    try {
      // A poll that waits for the network is not waited for: the worker lets go of the task anyway.
      if (polling.tryLock(500, TimeUnit.MILLISECONDS)) {
        try {
          close();
          if (store != null) {
            store.close();
          }
        } finally {
          polling.unlock();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
