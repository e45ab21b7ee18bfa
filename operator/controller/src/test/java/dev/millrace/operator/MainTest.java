package dev.millrace.operator;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
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
  void helpSaysEachOptionWithItsVariableAndGivesExamples() {
    assertThat(run("--help")).isZero();
    assertThat(out.toString())
        .contains("Examples:", "--listen 0.0.0.0:8080", "MILLRACE_NAMESPACES", "127.0.0.1:8080");
  }

  @Test
  void anAddressThatIsNoneIsAWrongOption() {
    assertThat(run("--listen", "8080")).isEqualTo(2);
    assertThat(err.toString()).contains("--listen '8080': expected host:port");
  }
}
