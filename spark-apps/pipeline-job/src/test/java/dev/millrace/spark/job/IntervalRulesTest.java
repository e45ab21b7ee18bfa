package dev.millrace.spark.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.spark.job.IntervalState.Event;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IntervalRulesTest {
  private static final List<String> TYPES = List.of("stop", "start", "switch");
  private static final long NEVER = Long.MAX_VALUE;

  record Piece(int carry, long from, long to, long opened, String by) {}

  private static Event event(long at, String type, int carry) {
    return new Event(at, TYPES.indexOf(type), new byte[] {(byte) carry});
  }

  private static List<Piece> run(
      IntervalRules rules, List<Event> arrivals, List<Long> progress, List<Integer> cuts) {
    List<Piece> out = new ArrayList<>();
    byte[] state = new IntervalState().encode();
    int from = 0;
    for (int i = 0; i < cuts.size(); i++) {
      IntervalState s = IntervalState.decode(state);
      rules.advance(
          s,
          arrivals.subList(from, cuts.get(i)).iterator(),
          progress.get(i),
          (c, f, t, o, by) -> out.add(new Piece(c[0], f, t, o, by)));
      assertThat(rules.nextTime(s))
          .as("what is left is not final yet")
          .isGreaterThanOrEqualTo(progress.get(i));
      state = s.encode();
      from = cuts.get(i);
    }
    assertThat(IntervalState.decode(state).isEmpty()).isTrue();
    return out;
  }

  private static List<Piece> run(IntervalRules rules, Event... events) {
    return run(rules, List.of(events), List.of(NEVER), List.of(events.length));
  }

  @Test
  void followsTheContract() {
    IntervalRules rules = new IntervalRules(TYPES, 1, 1000, 0);
    assertThat(run(rules, event(10, "start", 1), event(20, "switch", 2), event(50, "stop", 0)))
        .containsExactly(new Piece(1, 10, 20, 10, "switch"), new Piece(2, 20, 50, 20, "stop"));
    assertThat(run(rules, event(10, "start", 1)))
        .containsExactly(new Piece(1, 10, 1010, 10, "timeout"));
    assertThat(run(rules, event(10, "start", 1), event(1010, "stop", 1)))
        .containsExactly(new Piece(1, 10, 1010, 10, "stop"));
    assertThat(run(rules, event(10, "start", 1), event(1011, "stop", 1)))
        .containsExactly(new Piece(1, 10, 1010, 10, "timeout"));
    assertThat(run(rules, event(10, "stop", 1))).isEmpty();
    // At the same instant the close comes first; duplicates and zero lengths leave nothing.
    assertThat(
            run(
                rules,
                event(10, "start", 1),
                event(20, "start", 2),
                event(20, "stop", 0),
                event(20, "start", 2),
                event(30, "stop", 0),
                event(30, "stop", 0)))
        .containsExactly(new Piece(1, 10, 20, 10, "stop"), new Piece(2, 20, 30, 20, "stop"));
    IntervalRules sliced = new IntervalRules(TYPES, 1, 1000, 60);
    assertThat(run(sliced, event(50, "start", 1), event(180, "stop", 0)))
        .containsExactly(
            new Piece(1, 50, 60, 50, "slice"),
            new Piece(1, 60, 120, 50, "slice"),
            new Piece(1, 120, 180, 50, "stop"));
  }

  @Test
  void givesASliceOutAsSoonAsProgressIsPastItsEnd() {
    IntervalRules rules = new IntervalRules(TYPES, 1, 1000, 60);
    IntervalState state = new IntervalState();
    List<Piece> out = new ArrayList<>();
    IntervalRules.Rows rows = (c, f, t, o, by) -> out.add(new Piece(c[0], f, t, o, by));
    rules.advance(state, List.of(event(50, "start", 1)).iterator(), 40, rows);
    assertThat(rules.nextTime(state)).isEqualTo(50);
    rules.advance(state, Collections.emptyIterator(), 60, rows);
    assertThat(out).isEmpty();
    assertThat(rules.nextTime(state)).isEqualTo(60);
    rules.advance(state, Collections.emptyIterator(), 61, rows);
    assertThat(out).containsExactly(new Piece(1, 50, 60, 50, "slice"));
    assertThat(rules.nextTime(state)).isEqualTo(120);
  }

  /**
   * What the rules must yield, computed in another way: boundaries of each event's life first, then
   * cut by brute force.
   */
  private static List<Piece> sweep(List<Event> events, long timeout, long slice) {
    TreeMap<Long, List<Event>> byTime = new TreeMap<>();
    for (Event e : events) {
      List<Event> at = byTime.computeIfAbsent(e.at(), k -> new ArrayList<>());
      if (at.stream().noneMatch(x -> x.order() == e.order() && x.carry()[0] == e.carry()[0])) {
        at.add(e);
      }
    }
    List<Piece> out = new ArrayList<>();
    for (List<Event> at : byTime.values()) {
      at.sort(
          (a, b) ->
              a.order() != b.order()
                  ? a.order() - b.order()
                  : (a.carry()[0] & 255) - (b.carry()[0] & 255));
      Event opener = at.get(at.size() - 1);
      if (opener.order() == 0) {
        continue;
      }
      Long next = byTime.higherKey(opener.at());
      long end = opener.at() + timeout;
      String by = "timeout";
      if (next != null && next <= end) {
        end = next;
        by = TYPES.get(byTime.get(next).get(0).order());
        for (Event e : byTime.get(next)) {
          by = e.order() < TYPES.indexOf(by) ? TYPES.get(e.order()) : by;
        }
      }
      long from = opener.at();
      for (long t = opener.at() + 1; t <= end; t++) {
        if (t == end) {
          out.add(new Piece(opener.carry()[0], from, t, opener.at(), by));
        } else if (slice > 0 && t % slice == 0) {
          out.add(new Piece(opener.carry()[0], from, t, opener.at(), "slice"));
          from = t;
        }
      }
    }
    return out;
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 7, 30})
  void equalsASweepWhateverTheArrivalAndTheBatches(long slice) {
    Random random = new Random(slice + 42);
    for (int round = 0; round < 2000; round++) {
      long timeout = 20 + random.nextInt(60);
      long disorder = random.nextInt(15);
      List<Event> events = new ArrayList<>();
      for (int i = random.nextInt(30); i >= 0; i--) {
        events.add(
            new Event(
                random.nextInt(250), random.nextInt(3), new byte[] {(byte) random.nextInt(3)}));
        if (random.nextInt(8) == 0) {
          events.add(events.get(random.nextInt(events.size())));
        }
      }
      // Each arrives within `disorder` of its time; ties in any order.
      record Arrival(long when, Event event) {}
      List<Arrival> arrivals = new ArrayList<>();
      events.forEach(
          e -> arrivals.add(new Arrival(e.at() + random.nextInt((int) disorder + 1), e)));
      Collections.shuffle(arrivals, random);
      arrivals.sort((a, b) -> Long.compare(a.when(), b.when()));
      List<Integer> cuts = new ArrayList<>();
      List<Long> progress = new ArrayList<>();
      for (int i = 0; i < arrivals.size(); i++) {
        if (random.nextInt(4) == 0) {
          // Spark's watermark in a batch is what the batch before it had seen: nothing at or after
          // it may be earlier.
          long seen = arrivals.get(i).when() - disorder;
          cuts.add(i);
          progress.add(
              progress.isEmpty() ? seen : Math.max(seen, progress.get(progress.size() - 1)));
        }
      }
      cuts.add(arrivals.size());
      progress.add(progress.isEmpty() ? 0L : progress.get(progress.size() - 1));
      cuts.add(arrivals.size());
      progress.add(NEVER / 2);
      List<Piece> got =
          run(
              new IntervalRules(TYPES, 1, timeout, slice),
              arrivals.stream().map(Arrival::event).toList(),
              progress,
              cuts);
      assertThat(got)
          .as("round %d: %s", round, events)
          .containsExactlyElementsOf(sweep(events, timeout, slice));
    }
  }
}
