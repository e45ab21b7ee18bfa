package dev.millrace.services;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Builds command lines of Java programs that are to start fast and stay small. */
public final class JavaCommand {
  private final List<String> command = new ArrayList<>();

  /** A program with a heap of at most this many megabytes, run by the JDK that runs us. */
  public JavaCommand(int heapMegabytes) {
    command.add(java().toString());
    command.add("-Xmx" + heapMegabytes + "m");
    command.add("-XX:+UseSerialGC");
    command.add("-Xshare:auto");
    command.add("-XX:+ExitOnOutOfMemoryError");
    command.add("-Djava.awt.headless=true");
    command.add("-Duser.timezone=UTC");
  }

  static Path java() {
    return Path.of(System.getProperty("java.home"), "bin", "java");
  }

  /** Adds options of the JVM. */
  public JavaCommand options(String... options) {
    command.addAll(List.of(options));
    return this;
  }

  /** Adds the class path and what runs. */
  public JavaCommand main(List<String> classPath, String mainClass, String... args) {
    command.add("-cp");
    command.add(String.join(":", classPath));
    command.add(mainClass);
    command.addAll(List.of(args));
    return this;
  }

  /** The whole command line. */
  public List<String> build() {
    return List.copyOf(command);
  }
}
