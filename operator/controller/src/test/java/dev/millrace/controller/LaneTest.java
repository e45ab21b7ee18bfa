package dev.millrace.controller;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Threads are what the test runs when it likes. */
class LaneTest {
  private final Deque<Runnable> threads = new ArrayDeque<>();
  private final Lane lane = new Lane(threads::add, 1);
  private final List<String> done = new ArrayList<>();

  private void run() {
    while (!threads.isEmpty()) {
      threads.remove().run();
    }
  }

  @Test
  void theNewestOfAKeyIsRunInThePlaceOfTheOldest() {
    lane.submit("a", () -> done.add("a1"));
    lane.submit("b", () -> done.add("b"));
    lane.submit("a", () -> done.add("a2"));
    assertThat(lane.size()).isEqualTo(2);
    run();
    assertThat(done).containsExactly("a2", "b");
  }

  @Test
  void oneThreadAtATimeAndNoneWhenThereIsNothingToDo() {
    lane.submit("a", () -> lane.submit("a", () -> done.add("again")));
    assertThat(threads).hasSize(1);
    run();
    assertThat(done).containsExactly("again");
    assertThat(threads).isEmpty();
    lane.submit("b", () -> done.add("b"));
    assertThat(threads).hasSize(1);
  }

  @Test
  void aTaskThatFailsLeavesTheOthersAlone() {
    lane.submit(
        "a",
        () -> {
          throw new IllegalStateException("on purpose");
        });
    lane.submit("b", () -> done.add("b"));
    run();
    assertThat(done).containsExactly("b");
  }

  @Test
  void closedItDropsWhatWaitsAndDoesOneLastThing() {
    lane.submit("a", () -> done.add("a"));
    lane.close(() -> done.add("last"));
    lane.submit("b", () -> done.add("b"));
    run();
    assertThat(done).containsExactly("last");
  }

  @Test
  void severalAtATimeButNeverTwoOfAKeyAndNobodyOvertakesWhatRunsAlone() {
    Lane wide = new Lane(threads::add, 2);
    wide.submit(
        "a",
        () -> {
          done.add("a1 begins");
          wide.submit("a", () -> done.add("a2"));
          wide.submitAlone("x", () -> done.add("x"));
          wide.submit("b", () -> done.add("b"));
          // The second thread, while the first is busy with this.
          Runnable other = threads.remove();
          other.run();
          done.add("a1 ends");
        });
    run();
    assertThat(done).containsExactly("a1 begins", "a1 ends", "a2", "x", "b");
    assertThat(wide.size()).isZero();
  }

  @Test
  void asManyAtATimeAsItIsWide() {
    Lane wide = new Lane(threads::add, 2);
    for (int i = 0; i < 5; i++) {
      wide.submit(i, () -> {});
    }
    assertThat(threads).hasSize(2);
    run();
    assertThat(wide.size()).isZero();
  }
}
