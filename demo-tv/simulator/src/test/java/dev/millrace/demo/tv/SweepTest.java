package dev.millrace.demo.tv;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.demo.tv.Sweep.Programme;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SweepTest {
  private static final long SECOND = 1_000_000;
  private static final long MINUTE = 60 * SECOND;

  private final Sweep sweep =
      new Sweep(
          Map.of("d1", 7, "d2", 8),
          List.of(
              new Programme(1, "ch1", 100, 0, 30 * MINUTE),
              new Programme(2, "ch1", 101, 30 * MINUTE, 60 * MINUTE),
              new Programme(3, "ch2", 102, 0, 60 * MINUTE)),
          30 * MINUTE);

  @Test
  void cutsAtProgrammesAndAttributesToTheUser() {
    Sweep.Totals totals =
        sweep.totals(
            List.of(
                new Event("d1", "stop", null, 40 * MINUTE),
                new Event("d1", "start", "ch2", 10 * MINUTE),
                new Event("d1", "switch", "ch1", 25 * MINUTE)));
    assertThat(totals.byShow())
        .isEqualTo(Map.of(102, 15 * MINUTE, 100, 5 * MINUTE, 101, 10 * MINUTE));
    assertThat(totals.byUser()).isEqualTo(Map.of(7, 30 * MINUTE));
    assertThat(totals.all()).isEqualTo(30 * MINUTE);
    assertThat(totals.byChannelMinute().values().stream().mapToLong(Long::longValue).sum())
        .isEqualTo(totals.all());
  }

  @Test
  void endsAtTheTimeoutAndIgnoresDuplicates() {
    Event start = new Event("d2", "start", "ch2", 0);
    assertThat(sweep.totals(List.of(start, start)).byUser()).isEqualTo(Map.of(8, 30 * MINUTE));
    assertThat(sweep.totals(List.of(start, new Event("d2", "stop", null, 50 * MINUTE))).all())
        .isEqualTo(30 * MINUTE);
  }

  @Test
  void stopAtTheInstantOfAStartLeavesItOpen() {
    List<Event> events = new ArrayList<>();
    events.add(new Event("d1", "start", "ch2", 5 * MINUTE));
    events.add(new Event("d1", "stop", null, 5 * MINUTE));
    events.add(new Event("d1", "stop", null, 6 * MINUTE));
    assertThat(sweep.totals(events).all()).isEqualTo(MINUTE);
  }
}
