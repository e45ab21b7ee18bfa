package dev.millrace.console;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.LongAdder;

/**
 * Answers that are given again for a moment, so that many open pages ask as much as one: a question
 * that is being answered is not asked a second time. Failures are remembered too.
 */
final class ShortMemory {
  private static final int MOST = 256;

  private final Map<Object, Entry> entries = new ConcurrentHashMap<>();
  private final LongAdder asked = new LongAdder();

  private record Entry(FutureTask<?> task, long until) {
    boolean fresh(long now) {
      return !task.isDone() || now - until < 0;
    }
  }

  /**
   * The answer to a question.
   *
   * @param question equal questions have equal answers
   * @param span how long an answer is good
   * @throws ExecutionException with what {@code ask} threw
   */
  @SuppressWarnings("unchecked")
  <T> T get(Object question, Duration span, Callable<T> ask)
      throws ExecutionException, InterruptedException {
    long now = System.nanoTime();
    if (entries.size() > MOST) {
      entries.values().removeIf(e -> !e.fresh(now));
    }
    FutureTask<T> mine = new FutureTask<>(ask);
    Entry entry =
        entries.compute(
            question,
            (q, before) ->
                before != null && before.fresh(now)
                    ? before
                    : new Entry(mine, now + span.toNanos()));
    if (entry.task() == mine) {
      asked.increment();
      mine.run();
    }
    return (T) entry.task().get();
  }

  /** How many questions were not answered from memory. */
  long asked() {
    return asked.sum();
  }
}
