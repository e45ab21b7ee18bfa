package dev.millrace.local.manifest;

import java.util.List;

/** A directory that can not be read as a pipeline: each problem names file, field and value. */
public final class ManifestException extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient List<String> problems;

  public ManifestException(List<String> problems) {
    super(String.join("\n", problems));
    this.problems = List.copyOf(problems);
  }

  public ManifestException(String problem) {
    this(List.of(problem));
  }

  /** One line each. */
  public List<String> problems() {
    return problems;
  }
}
