package dev.millrace.services;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class JavaCommandTest {
  private static final String FAST_ONLY = "-XX:TieredStopAtLevel=1";

  private static List<String> on(int processors, String further) {
    return new JavaCommand(64, processors, further)
        .options("-Dours")
        .main(List.of("a", "b"), "Main", "x")
        .build();
  }

  @Test
  void theOptimizingCompilerIsForMachinesThatHaveAProcessorForIt() {
    assertThat(on(3, null)).contains(FAST_ONLY);
    assertThat(on(4, null)).doesNotContain(FAST_ONLY);
  }

  /** Of two words about the same, a JVM follows the last. */
  @Test
  void theMachineHasTheFirstWordAndTheUserTheLast() {
    assertThat(on(2, " -Da=b\n-XX:+UseG1GC "))
        .containsSubsequence(FAST_ONLY, "-Dours", "-Da=b", "-XX:+UseG1GC", "-cp")
        .endsWith("-cp", "a:b", "Main", "x");
    assertThat(on(2, "  ")).endsWith("-Dours", "-cp", "a:b", "Main", "x");
  }
}
