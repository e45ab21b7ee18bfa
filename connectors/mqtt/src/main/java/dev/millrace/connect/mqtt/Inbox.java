package dev.millrace.connect.mqtt;

import java.time.Clock;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Messages that have come and that Connect has not asked for yet.
 *
 * <p>Of QoS 1 and 2 there are never more than the broker may send without an acknowledgement, so
 * they are never refused. At QoS 0 nothing holds the broker back: what does not fit is dropped, and
 * counted.
 */
final class Inbox {
  private final Clock clock;
  private final int most;
  private final long mostBytes;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition arrival = lock.newCondition();
  private final ArrayDeque<Message> queue = new ArrayDeque<>();
  private long bytes;
  private long dropped;
  private int unacknowledged;
  private final List<Runnable> whenAcknowledged = new ArrayList<>();

  /**
   * An empty one.
   *
   * @param most messages of QoS 0, together with others, that may wait
   * @param mostBytes likewise, of their payloads
   */
  Inbox(int most, long mostBytes, Clock clock) {
    this.clock = clock;
    this.most = most;
    this.mostBytes = mostBytes;
  }

  /** Takes a message; never waits. */
  void offer(String topic, byte[] payload, int qos, boolean retained, Runnable acknowledge) {
    Message message = new Message(topic, payload, qos, retained, clock.instant(), acknowledge);
    lock.lock();
    try {
      if (message.qos() == 0) {
        if (queue.size() >= most || bytes + message.payload().length > mostBytes) {
          dropped++;
          return;
        }
      } else {
        unacknowledged++;
      }
      bytes += message.payload().length;
      queue.add(message);
      if (queue.size() == 1) {
        arrival.signal();
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * The oldest messages; none if none comes in time.
   *
   * @param max how many at most
   */
  List<Message> take(int max, long waitMillis) throws InterruptedException {
    lock.lock();
    try {
      long left = TimeUnit.MILLISECONDS.toNanos(waitMillis);
      while (queue.isEmpty() && left > 0) {
        left = arrival.awaitNanos(left);
      }
      int count = Math.min(max, queue.size());
      List<Message> taken = new ArrayList<>(count);
      for (int i = 0; i < count; i++) {
        Message message = queue.poll();
        bytes -= message.payload().length;
        taken.add(message);
      }
      return taken;
    } finally {
      lock.unlock();
    }
  }

  /** Acknowledges a message that was taken. */
  void acknowledge(Message message) {
    if (message.qos() == 0) {
      return;
    }
    message.acknowledge().run();
    List<Runnable> waiting = List.of();
    lock.lock();
    try {
      unacknowledged--;
      if (unacknowledged == 0) {
        waiting = List.copyOf(whenAcknowledged);
        whenAcknowledged.clear();
      }
    } finally {
      lock.unlock();
    }
    waiting.forEach(Runnable::run);
  }

  /** Runs something as soon as no message waits for its acknowledgement; perhaps at once. */
  void whenAllAcknowledged(Runnable then) {
    lock.lock();
    try {
      if (unacknowledged > 0) {
        whenAcknowledged.add(then);
        return;
      }
    } finally {
      lock.unlock();
    }
    then.run();
  }

  /** Whether no message waits for its acknowledgement. */
  boolean allAcknowledged() {
    lock.lock();
    try {
      return unacknowledged == 0;
    } finally {
      lock.unlock();
    }
  }

  /** How many messages of QoS 0 were dropped, ever. */
  long dropped() {
    lock.lock();
    try {
      return dropped;
    } finally {
      lock.unlock();
    }
  }
}
