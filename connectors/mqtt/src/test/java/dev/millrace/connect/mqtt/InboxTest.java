package dev.millrace.connect.mqtt;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class InboxTest {
  private final Inbox inbox = new Inbox(3, 100, Clock.systemUTC());
  private final AtomicInteger acknowledged = new AtomicInteger();

  private void offer(int qos, int bytes) {
    inbox.offer("t", new byte[bytes], qos, false, acknowledged::incrementAndGet);
  }

  @Test
  void dropsAndCountsOnlyQos0() throws Exception {
    for (int i = 0; i < 5; i++) {
      offer(0, 1);
    }
    for (int i = 0; i < 5; i++) {
      offer(1, 1);
    }
    assertThat(inbox.dropped()).isEqualTo(2);
    assertThat(inbox.take(100, 0)).hasSize(8);
    offer(0, 60);
    offer(0, 60);
    assertThat(inbox.dropped()).as("bytes count too").isEqualTo(3);
  }

  @Test
  void tellsWhenAllIsAcknowledged() throws Exception {
    AtomicInteger told = new AtomicInteger();
    inbox.whenAllAcknowledged(told::incrementAndGet);
    assertThat(told).as("nothing is waited for").hasValue(1);
    offer(1, 1);
    offer(2, 1);
    inbox.whenAllAcknowledged(told::incrementAndGet);
    List<Message> taken = inbox.take(1, 0);
    inbox.acknowledge(taken.get(0));
    assertThat(told).hasValue(1);
    assertThat(inbox.allAcknowledged()).isFalse();
    inbox.acknowledge(inbox.take(1, 0).get(0));
    assertThat(told).hasValue(2);
    assertThat(acknowledged).hasValue(2);
    assertThat(inbox.allAcknowledged()).isTrue();
  }

  @Test
  void waitsNoLongerThanItIsTold() throws Exception {
    assertThat(inbox.take(1, 1)).isEmpty();
  }

  @Test
  void pausesGrowWithJitterUpToTheLongest() {
    Backoff backoff = new Backoff(5000, new Random(1));
    assertThat(backoff.pause(0)).isBetween(100L, 200L);
    assertThat(backoff.pause(3)).isBetween(800L, 1600L);
    assertThat(backoff.pause(1000)).isBetween(2500L, 5000L);
    assertThat(java.util.stream.LongStream.range(0, 20).map(i -> backoff.pause(1000)).distinct())
        .hasSizeGreaterThan(10);
  }
}
