package dev.millrace.engine;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/**
 * One look at a backend for all who want one: whoever asks while somebody looks waits for that, and
 * who is content with what was seen a moment ago gets it. A backend that does not answer costs a
 * short wait once; until it answers again, nobody waits for it. Thread safe.
 *
 * @param <T> what is seen; shared, so it must not be changed
 */
final class SharedLook<T> {
  /** The first who ask a backend that hangs wait so long; a look itself may take its deadline. */
  static final Duration PATIENCE = Duration.ofMillis(1500);

  /** What a slow backend has said holds so long. */
  private static final Duration LATE = Duration.ofSeconds(30);

  private final String what;
  private final Supplier<CompletableFuture<T>> ask;
  private final Clock clock;
  private Looked<T> last;
  private Flight<T> flight;

  /** Why the last look failed; empty after one that did not. */
  private Optional<BackendException> failed = Optional.empty();

  /** Whether somebody has waited for the look that is under way until they gave up. */
  private boolean slow;

  /**
   * What was seen.
   *
   * @param began when the backend was asked: what was done later is not in it
   */
  record Looked<T>(T seen, Instant began) {}

  private record Flight<T>(CompletableFuture<Looked<T>> result, Instant began) {}

  /**
   * Nothing was seen yet.
   *
   * @param what is looked at, for messages
   * @param ask asks the backend, within a deadline, and waits for nothing; fails with a {@link
   *     BackendException}
   */
  SharedLook(String what, Supplier<CompletableFuture<T>> ask, Clock clock) {
    this.what = what;
    this.ask = ask;
    this.clock = clock;
  }

  /**
   * What was seen.
   *
   * @param since the look must have begun after this
   * @param age how old it should be at most; where the backend is slow, it may be older
   */
  T look(Instant since, Duration age) throws BackendException {
    Instant wanted = clock.instant().minus(age);
    Instant after = since.isAfter(wanted) ? since : wanted;
    CompletableFuture<Looked<T>> next;
    synchronized (this) {
      if (last != null && last.began().isAfter(after)) {
        return last.seen();
      }
      CompletableFuture<Looked<T>> now = flight == null ? begin() : flight.result();
      if (slow && !now.isDone()) {
        return late(since).seen();
      }
      if (failed.isPresent() && !now.isDone()) {
        throw again(failed.get());
      }
      next = flight == null || flight.began().isAfter(after) ? now : after();
    }
    try {
      return next.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS).seen();
    } catch (ExecutionException e) {
      throw again(exception(e.getCause()));
    } catch (TimeoutException e) {
      synchronized (this) {
        // Those who come now need not wait too.
        slow = !next.isDone();
        return late(since).seen();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw BackendException.transientFailure(what + ": interrupted", e);
    }
  }

  /** What was seen before, while the backend takes its time. */
  private Looked<T> late(Instant since) throws BackendException {
    if (last != null
        && last.began().isAfter(since)
        && last.began().isAfter(clock.instant().minus(LATE))) {
      return last;
    }
    if (failed.isPresent()) {
      throw again(failed.get());
    }
    throw BackendException.transientFailure(
        what + ": no answer within " + PATIENCE.toMillis() + " ms", null);
  }

  /** A look that begins when the one that is under way has ended; it began too early. */
  private CompletableFuture<Looked<T>> after() {
    return flight
        .result()
        .handle((seen, failure) -> 0)
        .thenCompose(
            ended -> {
              synchronized (this) {
                return flight == null ? begin() : flight.result();
              }
            });
  }

  private CompletableFuture<Looked<T>> begin() {
    Instant began = clock.instant();
    CompletableFuture<Looked<T>> result = new CompletableFuture<>();
    flight = new Flight<>(result, began);
    var unused =
        ask.get()
            .whenComplete(
                (seen, failure) -> {
                  Looked<T> looked = failure == null ? new Looked<>(seen, began) : null;
                  synchronized (this) {
                    flight = null;
                    slow = false;
                    if (failure == null) {
                      last = looked;
                      failed = Optional.empty();
                    } else {
                      failed = Optional.of(exception(failure));
                    }
                  }
                  if (failure == null) {
                    result.complete(looked);
                  } else {
                    result.completeExceptionally(exception(failure));
                  }
                });
    return result;
  }

  private BackendException exception(Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    return cause instanceof BackendException backend
        ? backend
        : BackendException.transientFailure(what + ": " + cause.getMessage(), cause);
  }

  /** The same failure for another one who asks, with the place where they do. */
  private static BackendException again(BackendException before) {
    return new BackendException(before.kind(), before.getMessage(), before);
  }
}
