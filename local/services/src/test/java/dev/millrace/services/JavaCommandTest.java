package dev.millrace.services;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class JavaCommandTest {
  @Test
  void theOptimizingCompilerIsForMachinesThatHaveAProcessorForIt() {
    assertThat(JavaCommand.compiler(2)).containsExactly("-XX:TieredStopAtLevel=1");
    assertThat(JavaCommand.compiler(4)).isEmpty();
  }

  @Test
  void theUsersOptionsAreWords() {
    assertThat(JavaCommand.further(null)).isEmpty();
    assertThat(JavaCommand.further("  ")).isEmpty();
    assertThat(JavaCommand.further(" -Da=b\n-XX:+UseG1GC "))
        .containsExactly("-Da=b", "-XX:+UseG1GC");
  }

  /** Of two words about the same, a JVM follows the last. */
  @Test
  void aProgramsOwnOptionsComeAfterThoseOfTheMachine() {
    List<String> command =
        new JavaCommand(64)
            .options("-XX:TieredStopAtLevel=3")
            .main(List.of("a"), "Main", "x")
            .build();
    assertThat(command.lastIndexOf("-XX:TieredStopAtLevel=3"))
        .isGreaterThan(command.indexOf("-XX:TieredStopAtLevel=1"));
    assertThat(command).endsWith("-cp", "a", "Main", "x");
  }
}
