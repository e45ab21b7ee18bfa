package dev.millrace.local.connector;

import java.util.List;

/** What was given can not be tried: for people, a line for each thing that is wrong. */
public final class ConnectorException extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient List<String> lines;

  ConnectorException(List<String> lines) {
    super(String.join("\n", lines));
    this.lines = List.copyOf(lines);
  }

  ConnectorException(String line) {
    this(List.of(line));
  }

  /** What is wrong. */
  public List<String> lines() {
    return lines;
  }
}
