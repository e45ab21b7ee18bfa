package dev.millrace.local;

import java.util.List;

/** The command can not do what was asked: for people, without a stack trace. */
final class Refusal extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient List<String> lines;
  private final int exitCode;

  Refusal(int exitCode, List<String> lines) {
    super(String.join("\n", lines));
    this.lines = List.copyOf(lines);
    this.exitCode = exitCode;
  }

  Refusal(String line) {
    this(Main.FAILED, List.of("millrace: " + line));
  }

  List<String> lines() {
    return lines;
  }

  int exitCode() {
    return exitCode;
  }
}
