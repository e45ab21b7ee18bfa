package dev.millrace.controller;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

class PaceTest {
  @Test
  void whatIsNotReadyForLongIsAskedLessOften() {
    assertThat(Pace.DEFAULT.unsettled(Duration.ZERO)).isEqualTo(Duration.ofMillis(250));
    assertThat(Pace.DEFAULT.unsettled(Duration.ofSeconds(1))).isEqualTo(Duration.ofMillis(500));
    assertThat(Pace.DEFAULT.unsettled(Duration.ofSeconds(3))).isEqualTo(Duration.ofSeconds(1));
    assertThat(Pace.DEFAULT.unsettled(Duration.ofMinutes(1))).isEqualTo(Duration.ofSeconds(6));
    assertThat(Pace.DEFAULT.unsettled(Duration.ofDays(1))).isEqualTo(Duration.ofSeconds(30));
  }

  @RepeatedTest(20)
  void aJitteredPauseIsNeverTooShortForAnotherLook() {
    Duration pause = Duration.ofSeconds(30);
    assertThat(Pace.jittered(pause))
        .isGreaterThan(Pace.nearly(pause))
        .isLessThanOrEqualTo(Duration.ofSeconds(36));
  }
}
