package dev.millrace.connect.rest;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.connect.records.BadRecordException;
import dev.millrace.connect.records.RecordFactory;
import dev.millrace.connect.rest.FetchException.Kind;
import dev.millrace.connect.rest.Fetcher.Answer;
import dev.millrace.connect.rest.Requests.Request;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.source.SourceRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks for each lane when it is due, a few at a time, each lane's requests one after the other, and
 * hands over what answers hold. What fails is named in a dead letter; what may pass is repeated.
 */
final class Rounds {
  private static final Logger log = LoggerFactory.getLogger(Rounds.class);
  private static final long IDLE_MS = 500;

  /** What passes by itself is named once in so long, over all items. */
  private static final Duration PASSING_NAMED = Duration.ofMinutes(1);

  /** What does not, once in so long for each item. */
  private static final Duration REFUSAL_NAMED = Duration.ofHours(1);

  /** So many items that fail after a restart say that the others do too. */
  private static final int ENOUGH = 10;

  private final Fetcher fetcher;
  private final Requests requests;
  private final Pages pages;
  private final Extraction extraction;
  private final RecordFactory factory;
  private final Schedule schedule;
  private final List<Lane> lanes;
  private final Clock clock;
  private final Notes notes;
  private final boolean conditional;
  private final int pagesMost;
  private final int retries;
  private final long backoffMs;
  private final long backoffMostMs;
  private final Duration patience;
  private final ScheduledThreadPoolExecutor threads;
  private final Answers ready = new Answers();
  private volatile boolean stopped;
  private volatile ConnectException fatal;

  /** Until then the server wants to be left alone. */
  private volatile Instant quiet = Instant.EPOCH;

  /** Since when nothing has succeeded; null while something does. Guarded by lanes. */
  private Instant failingSince;

  Rounds(RestConfig config, RecordFactory factory, List<Lane> lanes, Clock clock) {
    this.factory = factory;
    this.lanes = lanes;
    this.clock = clock;
    this.fetcher = new Fetcher(config, clock);
    this.requests = new Requests(config);
    this.pages = new Pages(config, fetcher);
    this.extraction = new Extraction(config, factory.settings().schema());
    this.schedule = config.schedule();
    this.notes = new Notes(clock);
    this.conditional = config.getBoolean(RestConfig.CONDITIONAL) && pages.none();
    this.pagesMost = config.getInt(RestConfig.PAGES_MAX);
    this.retries = config.getInt(RestConfig.RETRIES);
    this.backoffMs = config.getLong(RestConfig.BACKOFF);
    this.backoffMostMs = config.getLong(RestConfig.BACKOFF_MAX);
    this.patience = Duration.ofMillis(config.getLong(RestConfig.FAIL_AFTER));
    int inFlight = Math.max(1, Math.min(config.getInt(RestConfig.IN_FLIGHT), lanes.size()));
    AtomicInteger number = new AtomicInteger();
    this.threads =
        new ScheduledThreadPoolExecutor(
            inFlight,
            work -> {
              Thread thread = new Thread(work, "rest-" + number.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            });
    threads.setRemoveOnCancelPolicy(true);
    // One that was failing at the end of an earlier life has used its patience up.
    if (lanes.stream().anyMatch(Lane::failing)) {
      failingSince = Instant.EPOCH;
    }
  }

  void start() {
    for (Lane lane : lanes) {
      if (!lane.done()) {
        later(lane, lane.bounded() ? clock.instant() : lane.due());
      }
    }
    log.info(
        "{}: {} items, {} of them done",
        topic(),
        lanes.size(),
        lanes.stream().filter(Lane::done).count());
  }

  private String topic() {
    return factory.settings().topic();
  }

  void stop() {
    stopped = true;
    threads.shutdownNow();
  }

  /**
   * Answers that are there, or null after a while without one.
   *
   * @throws ConnectException once nothing can come any more
   */
  List<SourceRecord> take() throws InterruptedException {
    List<SourceRecord> records = ready.take(IDLE_MS);
    if (records == null && fatal != null && !stopped) {
      throw fatal;
    }
    return records;
  }

  private void later(Lane lane, Instant at) {
    schedule(lane, lane.turnToCome(), at);
  }

  private void schedule(Lane lane, long ticket, Instant at) {
    long delay = Math.max(0, Duration.between(clock.instant(), at).toMillis());
    try {
      var unused = threads.schedule(() -> turn(lane, ticket), delay, TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException e) {
      // It was stopped.
    }
  }

  private void turn(Lane lane, long ticket) {
    try {
      if (!lane.take(ticket) || stopped || fatal != null || lane.done()) {
        return;
      }
      Instant now = clock.instant();
      if (now.isBefore(quiet)) {
        later(lane, quiet.plusMillis(ThreadLocalRandom.current().nextLong(100)));
        return;
      }
      try {
        ask(lane, now);
      } catch (FetchException e) {
        failed(lane, e);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ConnectException e) {
      fatal = e;
    } catch (RuntimeException | Error e) {
      fatal = new ConnectException("asking for " + lane.item + ": " + e, e);
    }
  }

  private void ask(Lane lane, Instant now) throws FetchException, InterruptedException {
    Request request;
    try {
      request = requests.of(lane.item, lane.window());
    } catch (Template.NoValueException e) {
      throw new ConnectException(e.getMessage(), e);
    }
    Map<String, String> open = new LinkedHashMap<>();
    if (conditional && !lane.bounded()) {
      lane.etag().ifPresent(e -> open.put("If-None-Match", e));
      lane.modified().ifPresent(m -> open.put("If-Modified-Since", m));
    }
    URI uri = pages.uri(request.uri(), lane.page());
    Answer answer = fetcher.get(request.uri(), uri, request.headers(), open);
    String shown = fetcher.shown(answer.uri());
    Map<String, Object> before = lane.offset();
    List<SourceRecord> records = new ArrayList<>();
    if (answer.status() == 304) {
      lane.next(schedule, now);
    } else {
      JsonNode body = Extraction.parse(answer, shown);
      List<JsonNode> found = extraction.records(body, shown);
      Optional<String> next = pages.after(lane.page(), answer, body, found.size());
      if (next.isPresent() && (next.equals(lane.page()) || lane.pages + 1 >= pagesMost)) {
        String why =
            "page " + (lane.pages + 1) + " leads to " + next.get() + ": a loop, or too many";
        records.add(letter(lane, new byte[0], why, shown));
        next = Optional.empty();
      }
      Requests.Values values = request.values().at(now, shown);
      for (JsonNode record : found) {
        record(lane, record, body, values, before).ifPresent(records::add);
      }
      if (conditional && !lane.bounded()) {
        lane.validators(
            answer.headers().firstValue("ETag"), answer.headers().firstValue("Last-Modified"));
      }
      if (next.isPresent()) {
        lane.turn(next.get());
      } else {
        lane.next(schedule, now);
      }
    }
    if (lane.page().isEmpty() && lane.firstRoundOver() && records.isEmpty()) {
      // Only a record can carry an offset.
      records.add(letter(lane, new byte[0], "what was asked for first had no records", shown));
    }
    answered(lane);
    deliver(lane, records, before, shown);
    if (!lane.done()) {
      later(lane, lane.page().isPresent() || lane.bounded() ? now : lane.due());
    }
  }

  /** A record, or a dead letter; nothing if it has not changed. */
  private Optional<SourceRecord> record(
      Lane lane,
      JsonNode record,
      JsonNode body,
      Requests.Values values,
      Map<String, Object> offset) {
    synchronized (factory) {
      try {
        extraction.write(factory.writer(), record, body, values);
        SourceRecord made = factory.record(lane.partition, offset);
        boolean changed =
            lane.changes().isEmpty()
                || lane.changes()
                    .get()
                    .changed(
                        extraction.fingerprint(
                            record, body, values, factory.settings().keyFields()),
                        extraction.fingerprint(record, body, values, List.of()));
        return changed ? Optional.of(made) : Optional.empty();
      } catch (BadRecordException e) {
        return Optional.of(
            factory.deadLetter(
                Fetcher.excerpt(record.toString().getBytes(StandardCharsets.UTF_8)),
                e.getMessage(),
                about(lane, values.url()),
                lane.partition,
                offset));
      }
    }
  }

  private static Map<String, String> about(Lane lane, String url) {
    Map<String, String> about = new LinkedHashMap<>();
    about.put(RecordFactory.SOURCE, url);
    about.put("millrace.item", lane.item.toString());
    lane.window().ifPresent(w -> about.put("millrace.window", w.toString()));
    return about;
  }

  private void answered(Lane lane) {
    lane.attempts = 0;
    lane.failing(false);
    if (lane.state != Lane.State.ANSWERED) {
      notes.over(lane.item + " ");
    }
    synchronized (lanes) {
      lane.state = Lane.State.ANSWERED;
      lane.worked = true;
      failingSince = null;
    }
  }

  /**
   * Hands over what a request has brought. In a backfill it waits for the next that brings
   * something, for only a record can carry the offset that says that all is done, and what follows
   * may be empty.
   */
  private void deliver(
      Lane lane, List<SourceRecord> records, Map<String, Object> before, String shown)
      throws InterruptedException {
    if (!lane.bounded()) {
      put(records, lane.offset());
      return;
    }
    if (lane.done()) {
      List<SourceRecord> last = new ArrayList<>(lane.held);
      last.addAll(records);
      if (last.isEmpty()) {
        last.add(
            letter(lane, new byte[0], "the last windows of the backfill had no records", shown));
      }
      lane.held = List.of();
      put(last, lane.offset());
    } else if (!records.isEmpty()) {
      List<SourceRecord> held = lane.held;
      lane.held = records;
      put(held, before);
    }
  }

  private SourceRecord letter(Lane lane, byte[] body, String reason, String shown) {
    synchronized (factory) {
      return factory.deadLetter(body, reason, about(lane, shown), lane.partition, lane.offset());
    }
  }

  /** The last of the records says how far it is with them. */
  private void put(List<SourceRecord> records, Map<String, Object> offset)
      throws InterruptedException {
    if (records.isEmpty()) {
      return;
    }
    List<SourceRecord> batch = new ArrayList<>(records);
    SourceRecord last = batch.remove(batch.size() - 1);
    batch.add(
        new SourceRecord(
            last.sourcePartition(),
            offset,
            last.topic(),
            last.kafkaPartition(),
            last.keySchema(),
            last.key(),
            last.valueSchema(),
            last.value(),
            last.timestamp(),
            last.headers()));
    ready.put(batch);
  }

  // ---- what fails

  private void failed(Lane lane, FetchException e) throws InterruptedException {
    Instant now = clock.instant();
    // What is there does not wait for what fails.
    List<SourceRecord> held = lane.held;
    lane.held = List.of();
    put(held, lane.offset());
    lane.attempts++;
    boolean unreadable = e.kind() == Kind.UNREADABLE;
    boolean again =
        switch (e.kind()) {
          case PASSING -> lane.bounded() || lane.attempts <= retries;
          case CREDENTIALS -> lane.bounded();
          // No window is left out because of a URL that is wrong for all of them.
          case REFUSED -> lane.bounded() && lanes.stream().noneMatch(other -> other.worked);
          // It may have been cut off; what is too large stays so.
          case UNREADABLE -> e.topic().equals("JSON") && lane.attempts <= Math.min(1, retries);
        };
    if (again) {
      Duration wait = e.after().orElseGet(() -> backoff(lane.attempts));
      if (e.after().isPresent() || e.topic().equals("429")) {
        quietUntil(now.plus(wait));
      }
      log.warn("{}: {}; again in {} ms", topic(), e.getMessage(), wait.toMillis());
      boolean named =
          e.kind() == Kind.CREDENTIALS || e.kind() == Kind.REFUSED
              ? notes.due(lane.item + " " + e.topic(), REFUSAL_NAMED)
              : notes.due(e.topic(), PASSING_NAMED);
      if (named) {
        name(lane, e, "; asked again in " + seconds(wait));
      }
      judge(lane, e);
      later(lane, now.plus(wait));
      return;
    }
    log.warn("{}: {}", topic(), e.getMessage());
    boolean standing = e.kind() == Kind.REFUSED || e.kind() == Kind.CREDENTIALS;
    String tried = lane.attempts > 1 ? " (" + lane.attempts + " times)" : "";
    SourceRecord letter = null;
    if (lane.firstRoundOver()
        || lane.bounded()
        || unreadable
        || !standing
        || notes.due(lane.item + " " + e.topic(), REFUSAL_NAMED)) {
      letter = letter(lane, e.body(), e.getMessage() + tried, source(lane));
    }
    // After a restart it is asked for at once; but a window that is given up is behind.
    Map<String, Object> before = lane.offset();
    lane.next(schedule, now);
    if (letter != null) {
      put(List.of(letter), lane.bounded() ? lane.offset() : before);
    }
    if (!lane.bounded()) {
      judge(lane, e);
    }
    if (!lane.done()) {
      later(lane, lane.bounded() ? now : lane.due());
    }
  }

  private static String seconds(Duration wait) {
    return wait.toMillis() < 1000 ? wait.toMillis() + " ms" : wait.toSeconds() + " s";
  }

  private void name(Lane lane, FetchException e, String more) throws InterruptedException {
    put(List.of(letter(lane, e.body(), e.getMessage() + more, source(lane))), lane.offset());
  }

  private String source(Lane lane) {
    try {
      URI first = requests.of(lane.item, lane.window()).uri();
      return fetcher.shown(pages.uri(first, lane.page()));
    } catch (Template.NoValueException | FetchException e) {
      return "";
    }
  }

  private void quietUntil(Instant until) {
    synchronized (lanes) {
      if (until.isAfter(quiet)) {
        quiet = until;
      }
    }
  }

  private Duration backoff(int attempts) {
    long most = Math.min(backoffMostMs, backoffMs << Math.min(attempts - 1, 20));
    return Duration.ofMillis(most - ThreadLocalRandom.current().nextLong(most / 2 + 1));
  }

  /**
   * A source that can not work is to be seen: its task fails with the reason once all of its items
   * are refused, or nothing has succeeded for long.
   */
  private void judge(Lane lane, FetchException e) throws InterruptedException {
    boolean refused = e.kind() == Kind.REFUSED || e.kind() == Kind.CREDENTIALS;
    Lane untried = null;
    int tried = 0;
    boolean allRefused = true;
    boolean failedBefore;
    boolean tooLong;
    synchronized (lanes) {
      lane.state = refused ? Lane.State.REFUSED : Lane.State.FAILING;
      if (failingSince == null) {
        failingSince = clock.instant();
      }
      failedBefore = failingSince.equals(Instant.EPOCH);
      tooLong = !clock.instant().isBefore(failingSince.plus(patience));
      for (Lane other : lanes) {
        if (other.state == Lane.State.ANSWERED) {
          return;
        }
        boolean unknown = other.state == Lane.State.UNKNOWN;
        allRefused &= other.state == Lane.State.REFUSED || (unknown && other.done());
        tried += unknown ? 0 : 1;
        if (unknown && !other.done() && untried == null) {
          untried = other;
        }
      }
    }
    if (allRefused) {
      throw new ConnectException(
          (lanes.size() == 1
                  ? "refused: "
                  : "all " + lanes.size() + " items are refused, at last: ")
              + e.getMessage());
    }
    // After a restart some others are asked first: it may be this one only.
    if (tooLong && (!failedBefore || untried == null || tried >= ENOUGH)) {
      if (!lane.failing()) {
        lane.failing(true);
        name(lane, e, "; the task fails until a request succeeds");
      }
      throw new ConnectException(
          "no request has succeeded for " + patience.toSeconds() + " s or more: " + e.getMessage());
    }
    if (untried != null && (refused || failedBefore)) {
      // Whether it is all of them is to be known before each is due.
      Lane next = untried;
      next.turnInstead().ifPresent(ticket -> schedule(next, ticket, clock.instant()));
    }
  }
}
