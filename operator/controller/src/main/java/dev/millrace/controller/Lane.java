package dev.millrace.controller;

import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs a few tasks at a time, those of one key one after the other, on threads that it has only
 * while there is something to do. Of several tasks of one key that wait, the newest is run. Whoever
 * submits never waits: a lane whose backend hangs holds up its own tasks and nobody else's. Thread
 * safe.
 */
final class Lane {
  private static final Logger log = LoggerFactory.getLogger(Lane.class);

  private final Executor threads;
  private final int width;
  private final Map<Object, Task> waiting = new LinkedHashMap<>();
  private final Set<Object> running = new HashSet<>();
  private int workers;
  private boolean alone;
  private boolean closed;

  private record Task(Object key, Runnable body, boolean alone) {}

  /**
   * A lane.
   *
   * @param threads gives a thread to whoever asks, however many have one
   * @param width how many tasks are run at a time, at most
   */
  Lane(Executor threads, int width) {
    this.threads = threads;
    this.width = width;
  }

  /** Runs a task beside others, in place of one of the same key that waits. */
  synchronized void submit(Object key, Runnable task) {
    put(new Task(key, task, false));
  }

  /**
   * Runs a task by itself: after all that were submitted before, and before all that come later.
   */
  synchronized void submitAlone(Object key, Runnable task) {
    put(new Task(key, task, true));
  }

  private void put(Task task) {
    if (!closed) {
      waiting.put(task.key(), task);
      help();
    }
  }

  /** Drops all that waits, and takes nothing more; what is under way goes on to its end. */
  synchronized void close(Runnable last) {
    waiting.clear();
    submitAlone(this, last);
    closed = true;
  }

  /** How many tasks wait. */
  synchronized int size() {
    return waiting.size();
  }

  private void help() {
    if (workers < width && !waiting.isEmpty()) {
      workers++;
      threads.execute(this::work);
    }
  }

  private synchronized Optional<Task> next() {
    if (!alone) {
      for (Iterator<Task> tasks = waiting.values().iterator(); tasks.hasNext(); ) {
        Task task = tasks.next();
        if (task.alone() && !running.isEmpty()) {
          break; // Nobody overtakes it; who ends last runs it.
        }
        if (!running.contains(task.key())) {
          tasks.remove();
          running.add(task.key());
          alone = task.alone();
          return Optional.of(task);
        }
      }
    }
    workers--;
    return Optional.empty();
  }

  private synchronized void ended(Task task) {
    running.remove(task.key());
    alone = false;
    // What had to wait for this one may be more than one can do.
    help();
  }

  private void work() {
    for (Optional<Task> task = next(); task.isPresent(); task = next()) {
      try {
        task.get().body().run();
      } catch (RuntimeException | Error e) {
        log.error("a task failed in a way that it does not handle", e);
      }
      ended(task.get());
    }
  }
}
