package dev.millrace.console;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class MainTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... arguments) {
    return new CommandLine(new Main())
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(arguments);
  }

  @Test
  void helpSaysEachOptionWithItsVariableAndGivesAnExample() {
    assertThat(run("--help")).isZero();
    assertThat(out.toString())
        .contains("Example:", "--operator https://", "MILLRACE_PLATFORM", "port-forward");
  }

  @Test
  void whatIsMissingIsNamed(@TempDir Path empty) {
    assertThat(run("--namespace", "data")).isEqualTo(2);
    assertThat(err.toString()).contains("--operator");
    assertThat(
            run(
                "--operator",
                "https://o",
                "--namespace",
                "data",
                "--credentials",
                empty.toString()))
        .isEqualTo(2);
    assertThat(err.toString()).contains("--credentials '" + empty + "': there is no file 'token'");
  }
}
