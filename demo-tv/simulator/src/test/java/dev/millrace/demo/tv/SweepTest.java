package dev.millrace.demo.tv;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SweepTest {
  private static final long SECOND = 1_000_000;
  private static final long MINUTE = 60 * SECOND;

  private static final Map<String, Integer> USERS = Map.of("d1", 7, "d2", 8, "d3", 7);

  private final ShowTotals shows =
      new ShowTotals(
          USERS,
          new Plan(
              List.of(
                  new Plan.Entry(1, "ch1", 100, 0, 30 * MINUTE),
                  new Plan.Entry(2, "ch1", 101, 30 * MINUTE, 60 * MINUTE),
                  new Plan.Entry(3, "ch2", 102, 0, 60 * MINUTE))));

  /** On ch1 ad 50 at 10:00 for 20 s, then 51 for 30 s; ad 50 again at 20:00. On ch2 51 at 15:00. */
  private final AdTotals ads =
      new AdTotals(
          USERS,
          new Plan(
              List.of(
                  new Plan.Entry(1, "ch1", 50, 10 * MINUTE, 10 * MINUTE + 20 * SECOND),
                  new Plan.Entry(
                      2, "ch1", 51, 10 * MINUTE + 20 * SECOND, 10 * MINUTE + 50 * SECOND),
                  new Plan.Entry(3, "ch1", 50, 20 * MINUTE, 20 * MINUTE + 20 * SECOND),
                  new Plan.Entry(4, "ch2", 51, 15 * MINUTE, 15 * MINUTE + 30 * SECOND))));

  private void sweep(Event... events) {
    sweep(List.of(events));
  }

  private void sweep(List<Event> events) {
    new Sweep(30 * MINUTE)
        .viewings(
            events,
            viewing -> {
              shows.add(viewing);
              ads.add(viewing);
            });
  }

  private static Event start(String device, String channel, long at) {
    return new Event(device, "start", channel, at);
  }

  private static Event stop(String device, long at) {
    return new Event(device, "stop", null, at);
  }

  @Test
  void cutsAtProgrammesAndAttributesToTheUser() {
    sweep(
        stop("d1", 40 * MINUTE),
        start("d1", "ch2", 10 * MINUTE),
        new Event("d1", "switch", "ch1", 25 * MINUTE));
    assertThat(shows.byShow())
        .isEqualTo(Map.of("102", 15 * MINUTE, "100", 5 * MINUTE, "101", 10 * MINUTE));
    assertThat(shows.byUser()).isEqualTo(Map.of("7", 30 * MINUTE));
    assertThat(shows.all()).isEqualTo(30 * MINUTE);
    assertThat(shows.byChannelMinute().values().stream().mapToLong(Long::longValue).sum())
        .isEqualTo(shows.all());
  }

  @Test
  void endsAtTheTimeoutAndIgnoresDuplicates() {
    Event start = start("d2", "ch2", 0);
    sweep(start, start);
    assertThat(shows.byUser()).isEqualTo(Map.of("8", 30 * MINUTE));
  }

  @Test
  void endsAtTheTimeoutBeforeAStop() {
    sweep(start("d2", "ch2", 0), stop("d2", 50 * MINUTE));
    assertThat(shows.all()).isEqualTo(30 * MINUTE);
  }

  @Test
  void stopAtTheInstantOfAStartLeavesItOpen() {
    sweep(start("d1", "ch2", 5 * MINUTE), stop("d1", 5 * MINUTE), stop("d1", 6 * MINUTE));
    assertThat(shows.all()).isEqualTo(MINUTE);
  }

  /** d1 sees the first spot, leaves the second for 4 s; d3 of the same user comes in at its end. */
  private static List<Event> ofOneBreak() {
    return List.of(
        start("d1", "ch1", 9 * MINUTE),
        new Event("d1", "switch", "ch2", 10 * MINUTE + 30 * SECOND),
        new Event("d1", "switch", "ch1", 10 * MINUTE + 34 * SECOND),
        stop("d1", 12 * MINUTE),
        start("d3", "ch1", 10 * MINUTE + 50 * SECOND - 1),
        stop("d3", 11 * MINUTE));
  }

  @Test
  void addsUpWhatADeviceSawOfAnAd() {
    sweep(ofOneBreak());
    assertThat(ads.byAd()).isEqualTo(Map.of("50", 20 * SECOND, "51", 26 * SECOND + 1));
    assertThat(ads.byUserAndAd()).isEqualTo(Map.of("7 50", 20 * SECOND, "7 51", 26 * SECOND + 1));
    assertThat(ads.counts()).isEqualTo(Map.of("50 true", 1L, "51 false", 2L));
  }

  @Test
  void anEventLessIsSeenInTheSumsOfAds() {
    List<Event> events = new ArrayList<>(ofOneBreak());
    // It stays on ch2.
    events.remove(2);
    sweep(events);
    assertThat(ads.byAd()).isEqualTo(Map.of("50", 20 * SECOND, "51", 10 * SECOND + 1));
  }

  @Test
  void countsEachSlotOfAnAdAndNoneThatIsOnlyTouched() {
    sweep(
        start("d2", "ch1", 10 * MINUTE + 50 * SECOND),
        // Two viewings, one after the other, of one slot: a complete view.
        start("d2", "ch1", 20 * MINUTE + 5 * SECOND),
        new Event("d2", "switch", "ch2", 30 * MINUTE),
        stop("d1", 15 * MINUTE),
        start("d1", "ch2", 14 * MINUTE));
    assertThat(ads.byUserAndAd()).isEqualTo(Map.of("8 50", 20 * SECOND));
    assertThat(ads.counts()).isEqualTo(Map.of("50 true", 1L));
  }
}
