package dev.millrace.spark.job;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * What is remembered of one key between batches: the open interval, and the events that progress
 * has not passed yet. Times are microseconds since 1970 UTC.
 *
 * <p>Encoding: a version byte, a flag for the open interval (with its start, how far it has been
 * written, what it carries), then the pending events; every number a zig-zag varint, times as
 * differences from the one before.
 */
final class IntervalState {
  private static final byte VERSION = 1;

  /**
   * An event as far as intervals care.
   *
   * @param order the type's place in {@code close} then {@code open}
   * @param carry what an interval that it opens carries, encoded
   */
  record Event(long at, int order, byte[] carry) {
    /** Order of arrival has no part in this, so the result has not either. */
    static final Comparator<Event> ORDER =
        Comparator.comparingLong(Event::at)
            .thenComparingInt(Event::order)
            .thenComparing(Event::carry, Arrays::compareUnsigned);

    boolean same(Event other) {
      return at == other.at && order == other.order && Arrays.equals(carry, other.carry);
    }
  }

  /** Start of the whole interval, up to where it has been written, and what it carries. */
  record Open(long openedAt, long cursor, byte[] carry) {}

  /** Null when no interval is open. */
  Open open;

  final List<Event> pending = new ArrayList<>();

  boolean isEmpty() {
    return open == null && pending.isEmpty();
  }

  byte[] encode() {
    int size = 64 + (open == null ? 0 : open.carry.length);
    for (Event e : pending) {
      size += 25 + e.carry.length;
    }
    ByteBuffer out = ByteBuffer.allocate(size);
    out.put(VERSION).put((byte) (open == null ? 0 : 1));
    long last = 0;
    if (open != null) {
      write(out, open.openedAt);
      write(out, open.cursor - open.openedAt);
      bytes(out, open.carry);
      last = open.openedAt;
    }
    write(out, pending.size());
    for (Event e : pending) {
      write(out, e.at - last);
      write(out, e.order);
      bytes(out, e.carry);
      last = e.at;
    }
    return Arrays.copyOf(out.array(), out.position());
  }

  static IntervalState decode(byte[] encoded) {
    ByteBuffer in = ByteBuffer.wrap(encoded);
    byte version = in.get();
    if (version != VERSION) {
      throw new IllegalStateException(
          "state of intervals has version " + version + ", this job reads " + VERSION);
    }
    IntervalState state = new IntervalState();
    long last = 0;
    if (in.get() == 1) {
      long openedAt = read(in);
      long cursor = openedAt + read(in);
      state.open = new Open(openedAt, cursor, bytes(in));
      last = openedAt;
    }
    int count = (int) read(in);
    for (int i = 0; i < count; i++) {
      last += read(in);
      int order = (int) read(in);
      state.pending.add(new Event(last, order, bytes(in)));
    }
    return state;
  }

  private static void write(ByteBuffer out, long value) {
    long rest = (value << 1) ^ (value >> 63);
    while ((rest & ~0x7FL) != 0) {
      out.put((byte) ((rest & 0x7F) | 0x80));
      rest >>>= 7;
    }
    out.put((byte) rest);
  }

  private static long read(ByteBuffer in) {
    long raw = 0;
    for (int shift = 0; ; shift += 7) {
      byte b = in.get();
      raw |= (long) (b & 0x7F) << shift;
      if (b >= 0) {
        return (raw >>> 1) ^ -(raw & 1);
      }
    }
  }

  private static void bytes(ByteBuffer out, byte[] value) {
    write(out, value.length);
    out.put(value);
  }

  private static byte[] bytes(ByteBuffer in) {
    byte[] value = new byte[(int) read(in)];
    in.get(value);
    return value;
  }
}
