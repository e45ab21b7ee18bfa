package dev.millrace.controller;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs tasks one after the other, on a thread that it has only while there is something to do. Of
 * several tasks of one key that wait, the newest is run. Whoever submits never waits: a lane whose
 * backend hangs holds up its own tasks and nobody else's. Thread safe.
 */
final class Lane {
  private static final Logger log = LoggerFactory.getLogger(Lane.class);

  private final Executor threads;
  private final Map<Object, Runnable> waiting = new LinkedHashMap<>();
  private boolean running;
  private boolean closed;

  /**
   * A lane.
   *
   * @param threads gives a thread to whoever asks, however many have one
   */
  Lane(Executor threads) {
    this.threads = threads;
  }

  /** Runs a task after those that wait; in place of one of the same key that waits. */
  synchronized void submit(Object key, Runnable task) {
    if (closed) {
      return;
    }
    waiting.put(key, task);
    if (!running) {
      running = true;
      threads.execute(this::run);
    }
  }

  /** Drops all that waits, and takes nothing more; what is under way goes on to its end. */
  synchronized void close(Runnable last) {
    waiting.clear();
    submit(this, last);
    closed = true;
  }

  /** How many tasks wait. */
  synchronized int size() {
    return waiting.size();
  }

  private synchronized Optional<Runnable> next() {
    var first = waiting.entrySet().iterator();
    if (!first.hasNext()) {
      running = false;
      return Optional.empty();
    }
    Runnable task = first.next().getValue();
    first.remove();
    return Optional.of(task);
  }

  private void run() {
    for (Optional<Runnable> task = next(); task.isPresent(); task = next()) {
      try {
        task.get().run();
      } catch (RuntimeException | Error e) {
        log.error("a task failed in a way that it does not handle", e);
      }
    }
  }
}
