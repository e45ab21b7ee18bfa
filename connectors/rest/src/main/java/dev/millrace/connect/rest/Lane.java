package dev.millrace.connect.rest;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.connect.rest.Backfill.Window;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.kafka.connect.source.SourceRecord;

/**
 * An item, and how far asking for it has come. What is in {@link #offset} survives a restart. Used
 * by one thread at a time.
 */
final class Lane {
  /** What came of the last request. */
  enum State {
    UNKNOWN,
    ANSWERED,
    REFUSED,
    FAILING
  }

  final JsonNode item;
  final Map<String, Object> partition;
  private final int items;
  private final Optional<Backfill> backfill;
  private final Optional<Changes> changes;
  private Instant due;
  private Instant window;
  private Optional<String> page = Optional.empty();
  private Optional<String> etag = Optional.empty();
  private Optional<String> modified = Optional.empty();
  private boolean failing;
  private final boolean snapshotMark;
  private boolean asked;

  /** Pages of this round, and failures in a row. */
  int pages;

  int attempts;
  volatile State state = State.UNKNOWN;

  /** Whether a request of it has ever succeeded. */
  volatile boolean worked;

  private long ticket;
  private boolean running;

  /** Records of a backfill that wait for whether they are the last. */
  List<SourceRecord> held = List.of();

  /**
   * An item at its beginning.
   *
   * @param name of the item, the same after a restart
   * @param items how many there are, over all tasks
   * @param due when it is asked for first
   * @param snapshotMark its offset is to say when its first round is over
   */
  Lane(
      JsonNode item,
      String name,
      int items,
      Optional<Backfill> backfill,
      Optional<Changes> changes,
      Instant due,
      boolean snapshotMark) {
    this.item = item;
    // One key only: Connect finds offsets by the bytes of this map as JSON.
    this.partition = Map.of("item", name);
    this.items = items;
    this.backfill = backfill;
    this.changes = changes;
    this.due = due;
    this.snapshotMark = snapshotMark;
    this.window = backfill.map(Backfill::from).orElse(Instant.EPOCH);
  }

  /** There is a turn to come: one with this ticket, and none that was given before. */
  synchronized long turnToCome() {
    running = false;
    return ++ticket;
  }

  /** The same where another turn was to come; empty while one is being taken. */
  synchronized Optional<Long> turnInstead() {
    return running ? Optional.empty() : Optional.of(++ticket);
  }

  /** Takes a turn; false if another ticket was given since. */
  synchronized boolean take(long given) {
    if (running || given != ticket) {
      return false;
    }
    running = true;
    return true;
  }

  /** Goes on where an offset says. */
  void resume(Map<String, Object> offset) {
    boolean same = text(offset, "from").equals(backfill.map(b -> b.from().toString()));
    if (backfill.isPresent() && same) {
      text(offset, "window").ifPresent(w -> window = Instant.parse(w));
      page = text(offset, "page");
      worked = !window.equals(backfill.get().from()) || page.isPresent();
    } else if (backfill.isEmpty() && offset.get("due") instanceof Number number) {
      due = Instant.ofEpochMilli(number.longValue());
      page = text(offset, "page");
    }
    etag = text(offset, "etag");
    modified = text(offset, "modified");
    changes.ifPresent(c -> text(offset, "seen").ifPresent(c::resume));
    failing = Boolean.TRUE.equals(offset.get("failing"));
    asked = Boolean.TRUE.equals(offset.get("snapshotComplete"));
  }

  private static Optional<String> text(Map<String, Object> offset, String key) {
    return Optional.ofNullable(offset.get(key)).map(Object::toString);
  }

  /** What is to be stored with records up to here. */
  Map<String, Object> offset() {
    Map<String, Object> offset = new TreeMap<>();
    if (backfill.isPresent()) {
      offset.put("from", backfill.get().from().toString());
      offset.put("window", window.toString());
      offset.put("done", done());
      offset.put("partitions", (long) items);
    } else {
      offset.put("due", due.toEpochMilli());
    }
    if (snapshotMark && asked) {
      offset.put("snapshotComplete", true);
      offset.put("partitions", (long) items);
    }
    page.ifPresent(p -> offset.put("page", p));
    etag.ifPresent(e -> offset.put("etag", e));
    modified.ifPresent(m -> offset.put("modified", m));
    changes.ifPresent(c -> offset.put("seen", c.text()));
    if (failing) {
      offset.put("failing", true);
    }
    return offset;
  }

  /** Its round is over, whatever came of it; whether this is to be said because it is the first. */
  boolean firstRoundOver() {
    boolean first = snapshotMark && !asked;
    asked = true;
    return first;
  }

  Instant due() {
    return due;
  }

  Optional<Window> window() {
    return backfill.map(b -> b.at(window));
  }

  Optional<String> page() {
    return page;
  }

  Optional<String> etag() {
    return etag;
  }

  Optional<String> modified() {
    return modified;
  }

  Optional<Changes> changes() {
    return changes;
  }

  boolean bounded() {
    return backfill.isPresent();
  }

  /** Whether nothing is left to ask. */
  boolean done() {
    return backfill.isPresent() && !window.isBefore(backfill.get().to());
  }

  /** Whether this was so at the end of an earlier life, or is now. */
  boolean failing() {
    return failing;
  }

  void failing(boolean now) {
    this.failing = now;
  }

  /** What the server has said its answer is called, to be asked about the next time. */
  void validators(Optional<String> newEtag, Optional<String> newModified) {
    this.etag = newEtag;
    this.modified = newModified;
  }

  /** There is another page. */
  void turn(String next) {
    page = Optional.of(next);
    pages++;
  }

  /** The round, or the window, is over. */
  void next(Schedule schedule, Instant now) {
    page = Optional.empty();
    pages = 0;
    attempts = 0;
    if (backfill.isPresent()) {
      window = backfill.get().at(window).end();
    } else {
      due = schedule.next(due, now);
    }
  }
}
