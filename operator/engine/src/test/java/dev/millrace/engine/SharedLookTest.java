package dev.millrace.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedDeque;
import org.junit.jupiter.api.Test;

/** The backend answers when the test says so; the time is the test's. */
class SharedLookTest {
  private static final Duration AGE = Duration.ofSeconds(10);

  private String instant = "";
  private Instant now = Instant.parse("2026-01-01T00:00:00Z");
  private final Deque<CompletableFuture<String>> asked = new ConcurrentLinkedDeque<>();
  private final SharedLook<String> look =
      new SharedLook<>(
          "backend",
          () -> {
            CompletableFuture<String> answer = new CompletableFuture<>();
            asked.add(answer);
            if (!instant.isEmpty()) {
              answer.complete(instant);
            }
            return answer;
          },
          new Clock() {
            @Override
            public Instant instant() {
              return now;
            }

            @Override
            public ZoneOffset getZone() {
              return ZoneOffset.UTC;
            }

            @Override
            public Clock withZone(java.time.ZoneId zone) {
              return this;
            }
          });

  @Test
  void oneLookServesAllWithinItsAge() throws Exception {
    instant = "one";
    assertThat(look.look(Instant.EPOCH, AGE)).isEqualTo("one");
    instant = "two";
    now = now.plusSeconds(9);
    assertThat(look.look(Instant.EPOCH, AGE)).isEqualTo("one");
    now = now.plusSeconds(2);
    assertThat(look.look(Instant.EPOCH, AGE)).isEqualTo("two");
    assertThat(asked).hasSize(2);
  }

  @Test
  void whatWasDoneSinceIsLookedAtAgain() throws Exception {
    instant = "before";
    assertThat(look.look(Instant.EPOCH, AGE)).isEqualTo("before");
    now = now.plusSeconds(1);
    Instant change = now;
    instant = "after";
    now = now.plusSeconds(1);
    assertThat(look.look(change, AGE)).isEqualTo("after");
  }

  @Test
  void aSilentBackendIsWaitedForOnceAndWhatItSaidBeforeHoldsForAWhile() throws Exception {
    instant = "before";
    assertThat(look.look(Instant.EPOCH, AGE)).isEqualTo("before");
    instant = "";
    now = now.plusSeconds(11);
    assertThat(look.look(Instant.EPOCH, AGE)).isEqualTo("before");
    long began = System.nanoTime();
    assertThat(look.look(Instant.EPOCH, AGE)).isEqualTo("before");
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(SharedLook.PATIENCE);
    // What was done since is not in it, and is not made up.
    assertThatThrownBy(() -> look.look(now.minusSeconds(1), AGE))
        .isInstanceOf(BackendException.class)
        .hasMessageContaining("backend: no answer");
    now = now.plusSeconds(30);
    assertThatThrownBy(() -> look.look(Instant.EPOCH, AGE)).isInstanceOf(BackendException.class);
    assertThat(asked).hasSize(2);
    instant = "again";
    asked.getLast().complete("late");
    assertThat(look.look(Instant.EPOCH, AGE)).isEqualTo("again");
  }

  @Test
  void aFailureIsToldAtOnceUntilTheBackendAnswersAgain() throws Exception {
    Thread answering =
        new Thread(
            () -> {
              while (asked.isEmpty()) {
                Thread.onSpinWait();
              }
              asked.getLast().completeExceptionally(new IllegalStateException("refused"));
            });
    answering.start();
    assertThatThrownBy(() -> look.look(Instant.EPOCH, AGE))
        .isInstanceOf(BackendException.class)
        .hasMessageContaining("refused");
    answering.join();
    // The next look is under way; nobody waits for it.
    assertThatThrownBy(() -> look.look(Instant.EPOCH, AGE)).hasMessageContaining("refused");
    asked.getLast().complete("back");
    assertThat(look.look(Instant.EPOCH, AGE)).isEqualTo("back");
  }
}
