package dev.millrace.spark.job;

import dev.millrace.spark.job.IntervalState.Event;
import dev.millrace.spark.job.IntervalState.Open;
import java.io.Serializable;
import java.util.Iterator;
import java.util.List;

/**
 * How events of one key become intervals. Pure: the state in, the state and final rows out. All
 * times are microseconds since 1970 UTC.
 *
 * <p>A row is given out only when nothing can change it any more, that is when progress is past its
 * end: an event at the very end would end it by its own name.
 *
 * @param types names of the event types, those that close first, then those that open
 * @param closing how many of them only close
 * @param timeout after which an interval ends by itself
 * @param slice rows are cut at the multiples of it, 0 for whole intervals
 */
record IntervalRules(List<String> types, int closing, long timeout, long slice)
    implements Serializable {
  static final String SLICE = "slice";
  static final String TIMEOUT = "timeout";

  /** Takes a final row. */
  interface Rows {
    void row(byte[] carry, long startedAt, long endedAt, long openedAt, String endedBy);
  }

  /**
   * Takes in events, then gives out everything that is final at {@code progress}: no event earlier
   * than it is still to come.
   */
  void advance(IntervalState state, Iterator<Event> arrived, long progress, Rows out) {
    if (arrived.hasNext()) {
      arrived.forEachRemaining(state.pending::add);
      state.pending.sort(Event.ORDER);
    }
    int done = 0;
    Event last = null;
    for (; done < state.pending.size() && state.pending.get(done).at() < progress; done++) {
      Event e = state.pending.get(done);
      if (last == null || !last.same(e)) {
        take(state, e, out);
      }
      last = e;
    }
    state.pending.subList(0, done).clear();
    dropDuplicates(state.pending);
    if (state.open != null) {
      if (state.open.openedAt() + timeout < progress) {
        end(state, state.open.openedAt() + timeout, TIMEOUT, out);
      } else if (slice > 0) {
        cut(state, progress, out);
      }
    }
  }

  /**
   * When the next row becomes final without another event: progress must be past this time. {@link
   * Long#MAX_VALUE} when there is none.
   */
  long nextTime(IntervalState state) {
    long next = state.pending.isEmpty() ? Long.MAX_VALUE : state.pending.get(0).at();
    if (state.open != null) {
      next = Math.min(next, state.open.openedAt() + timeout);
      if (slice > 0) {
        next = Math.min(next, nextCut(state.open.cursor()));
      }
    }
    return next;
  }

  private void take(IntervalState state, Event e, Rows out) {
    if (state.open != null) {
      long expires = state.open.openedAt() + timeout;
      if (e.at() > expires) {
        end(state, expires, TIMEOUT, out);
      } else {
        end(state, e.at(), types.get(e.order()), out);
      }
    }
    if (e.order() >= closing) {
      state.open = new Open(e.at(), e.at(), e.carry());
    }
  }

  private void end(IntervalState state, long at, String by, Rows out) {
    if (slice > 0) {
      cut(state, at, out);
    }
    Open open = state.open;
    if (open.cursor() < at) {
      out.row(open.carry(), open.cursor(), at, open.openedAt(), by);
    }
    state.open = null;
  }

  /** Gives out the slices that end before {@code until}. */
  private void cut(IntervalState state, long until, Rows out) {
    Open open = state.open;
    long cursor = open.cursor();
    for (long next = nextCut(cursor); next < until; next = nextCut(cursor)) {
      out.row(open.carry(), cursor, next, open.openedAt(), SLICE);
      cursor = next;
    }
    state.open = new Open(open.openedAt(), cursor, open.carry());
  }

  private long nextCut(long after) {
    return (Math.floorDiv(after, slice) + 1) * slice;
  }

  private static void dropDuplicates(List<Event> sorted) {
    for (int i = sorted.size() - 1; i > 0; i--) {
      if (sorted.get(i).same(sorted.get(i - 1))) {
        sorted.remove(i);
      }
    }
  }
}
