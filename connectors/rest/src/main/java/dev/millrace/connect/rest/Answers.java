package dev.millrace.connect.rest;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.kafka.connect.source.SourceRecord;

/**
 * Records of answers on their way to the task. A poll of the task is a transaction: while one is
 * written the next answers are asked for, and the next poll takes all of them. What waits is
 * bounded by records and by their bytes, but for the answer that reaches the bound.
 */
final class Answers {
  private static final int MOST_RECORDS = 10_000;
  private static final long MOST_BYTES = 4L << 20;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition there = lock.newCondition();
  private final Condition room = lock.newCondition();
  private List<SourceRecord> records = new ArrayList<>();
  private long bytes;

  /** Adds what belongs together, once there is room. */
  void put(List<SourceRecord> answer) throws InterruptedException {
    long size = 0;
    for (SourceRecord record : answer) {
      size += ((byte[]) record.value()).length;
    }
    lock.lockInterruptibly();
    try {
      while (records.size() >= MOST_RECORDS || bytes >= MOST_BYTES) {
        room.await();
      }
      records.addAll(answer);
      bytes += size;
      there.signal();
    } finally {
      lock.unlock();
    }
  }

  /** All that is there, or null if nothing comes for so long. */
  List<SourceRecord> take(long millis) throws InterruptedException {
    long left = TimeUnit.MILLISECONDS.toNanos(millis);
    lock.lockInterruptibly();
    try {
      while (records.isEmpty()) {
        if (left <= 0) {
          return null;
        }
        left = there.awaitNanos(left);
      }
      List<SourceRecord> all = records;
      records = new ArrayList<>();
      bytes = 0;
      room.signalAll();
      return all;
    } finally {
      lock.unlock();
    }
  }
}
