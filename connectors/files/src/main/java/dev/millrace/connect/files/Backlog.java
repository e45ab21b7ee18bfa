package dev.millrace.connect.files;

import dev.millrace.connect.files.RowReader.Ending;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.apache.kafka.connect.storage.OffsetStorageReader;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which of a task's files have something to read: what the last listing shows against what is
 * remembered of each.
 */
final class Backlog {
  private static final Logger log = LoggerFactory.getLogger(Backlog.class);
  private static final long REMIND_MS = 60_000;

  private final FilesConfig config;
  private final FileStore store;
  private final OffsetStorageReader offsets;
  private final int task;
  private final int tasks;
  private final LongSupplier millis;
  private final long interval;
  private final long quietAfter;
  private final Comparator<Known> order;
  private final Deque<Known> queue = new ArrayDeque<>();
  private Map<String, Known> known = new HashMap<>();
  private long nextLook;
  private long nextReminder;
  private boolean anyFile;

  /** A file to be read from a place. */
  record Work(StoredFile file, Place place, Ending ending) {}

  /** What is remembered of a file. */
  private static final class Known {
    private StoredFile listed;
    private Place place;

    /** Since when the file has been as it is, as far as this task has seen. */
    private long since;

    private boolean reported;
    private boolean quietTried;
    private boolean denied;
    private boolean failed;

    Known(StoredFile listed, Place place, long since) {
      this.listed = listed;
      this.place = place;
      this.since = since;
    }
  }

  Backlog(
      FilesConfig config,
      FileStore store,
      OffsetStorageReader offsets,
      int task,
      int tasks,
      LongSupplier millis) {
    this.config = config;
    this.store = store;
    this.offsets = offsets;
    this.task = task;
    this.tasks = tasks;
    this.millis = millis;
    this.interval = config.getLong(FilesConfig.INTERVAL);
    this.quietAfter = config.getLong(FilesConfig.QUIET);
    Comparator<Known> byName = Comparator.comparing(k -> k.listed.name());
    this.order =
        config.getString(FilesConfig.ORDER).equals("name")
            ? byName
            : Comparator.comparingLong((Known k) -> k.listed.modified()).thenComparing(byName);
  }

  /**
   * A file's source partition. One key only: Connect finds offsets by the bytes of this map as
   * JSON, and two keys might come in another order after a restart.
   */
  static Map<String, Object> partition(String name) {
    return Map.of("file", name);
  }

  boolean isEmpty() {
    return queue.isEmpty();
  }

  /** Milliseconds to the next look. */
  long untilNextLook() {
    return Math.max(0, nextLook - millis.getAsLong());
  }

  /** Lists the files, if it is time; false if it is not, or they can not be listed now. */
  boolean look() {
    long now = millis.getAsLong();
    if (now < nextLook) {
      return false;
    }
    nextLook = now + interval;
    List<StoredFile> listed;
    try {
      listed = store.list();
    } catch (StorageException e) {
      remind(e.getMessage() + ": waiting for it", now);
      return false;
    }
    anyFile = !listed.isEmpty();
    if (!anyFile) {
      remind(store.describe() + " holds no file that matches: waiting for one", now);
      return false;
    }
    Map<String, Known> next = new HashMap<>();
    List<StoredFile> unknown = new ArrayList<>();
    for (StoredFile file : listed) {
      if (Math.floorMod(file.name().hashCode(), tasks) != task) {
        continue;
      }
      Known before = known.get(file.name());
      if (before == null) {
        unknown.add(file);
      } else {
        next.put(file.name(), before);
        changed(before, file, now);
      }
    }
    remembered(unknown)
        .forEach((file, place) -> next.put(file.name(), new Known(file, place, now)));
    known = next;
    next.values().stream().filter(k -> wanted(k, now)).sorted(order).forEach(queue::add);
    return true;
  }

  private void remind(String message, long now) {
    if (now >= nextReminder) {
      nextReminder = now + REMIND_MS;
      log.warn("{}", message);
    }
  }

  private static void changed(Known before, StoredFile file, long now) {
    if (!before.listed.equals(file)) {
      before.listed = file;
      before.since = now;
      before.reported = false;
      before.quietTried = false;
    }
  }

  /** What the offsets say of files. */
  private Map<StoredFile, Place> remembered(List<StoredFile> files) {
    Map<Map<String, Object>, StoredFile> partitions = new LinkedHashMap<>();
    files.forEach(f -> partitions.put(partition(f.name()), f));
    Collection<Map<String, Object>> wanted = partitions.keySet();
    Map<Map<String, Object>, Map<String, Object>> found =
        wanted.isEmpty() ? Map.of() : offsets.offsets(wanted);
    Map<StoredFile, Place> places = new LinkedHashMap<>();
    partitions.forEach(
        (partition, file) -> {
          Map<String, Object> offset = found.get(partition);
          places.put(file, offset == null ? Place.start(file) : Place.of(offset));
        });
    return places;
  }

  private boolean wanted(Known file, long now) {
    boolean same = file.place.sameFile(file.listed);
    if (file.denied && same && config.once()) {
      // It was said; a run that is to end does not wait for somebody to change permissions.
      return false;
    }
    if (file.failed || file.denied || !same) {
      return true;
    }
    return switch (file.place.state()) {
      case Place.REFUSED -> false;
      case Place.READ -> rest(file) && (config.once() || (quiet(file, now) && !file.quietTried));
      default -> true;
    };
  }

  /** Whether there is something behind the place that was no whole row. */
  private boolean rest(Known file) {
    return config.grows(file.listed) && file.place.position() < file.listed.size() && plain(file);
  }

  /** Positions of other charsets than UTF-8 are not the file's. */
  private boolean plain(Known file) {
    return config.positionsAreBytes(file.listed);
  }

  private boolean quiet(Known file, long now) {
    return now - file.since >= quietAfter;
  }

  /** Files that were read and have not changed for long, of which no report was made yet. */
  Map<StoredFile, Place> quiet() {
    long now = millis.getAsLong();
    Map<StoredFile, Place> quiet = new LinkedHashMap<>();
    known.values().stream()
        .filter(k -> !k.reported && k.place.state().equals(Place.READ) && !wanted(k, now))
        .filter(k -> quiet(k, now) && k.place.sameFile(k.listed))
        .sorted(order)
        .forEach(k -> quiet.put(k.listed, k.place));
    return quiet;
  }

  /** Whether all that the last look has shown is read, or refused. */
  boolean nothingLeft() {
    return anyFile && known.values().stream().noneMatch(k -> k.failed);
  }

  Work take() {
    Known next = queue.remove();
    boolean quiet = next.place.state().equals(Place.READ) && next.place.sameFile(next.listed);
    next.quietTried |= quiet;
    if (next.place.state().equals(Place.REFUSED) && !config.grows(next.listed)) {
      // It was not whole: what it is now may have nothing in common with it.
      log.info("{}: has changed, and is looked at again", next.listed.name());
    }
    return new Work(
        next.listed, next.place, config.once() ? Ending.LAST : quiet ? Ending.QUIET : Ending.OPEN);
  }

  /** All that is in the file now was read, or refused. */
  void read(StoredFile file, Place place) {
    Known of = of(file);
    of.place = place;
    of.failed = false;
    of.denied = false;
    lookAgain();
  }

  /** A bounded run need not wait to see that nothing is left. */
  private void lookAgain() {
    if (config.once() && queue.isEmpty()) {
      nextLook = 0;
    }
  }

  private Known of(StoredFile file) {
    return known.computeIfAbsent(
        file.name(), n -> new Known(file, Place.start(file), millis.getAsLong()));
  }

  void reported(StoredFile file) {
    of(file).reported = true;
  }

  /** It may not be read; whether that is news. */
  boolean denied(StoredFile file, Place place) {
    Known of = of(file);
    of.place = place;
    boolean news = !of.denied;
    of.denied = true;
    return news;
  }

  /** It could not be read, and is tried again with the next look. */
  void later(StoredFile file, Place place) {
    Known of = of(file);
    of.place = place;
    of.failed = true;
  }

  /** It is to be read from its beginning, now. */
  void again(StoredFile file) {
    Known of = of(file);
    of.place = Place.start(file);
    of.failed = false;
    queue.addFirst(of);
  }
}
