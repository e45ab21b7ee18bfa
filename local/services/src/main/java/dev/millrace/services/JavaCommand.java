package dev.millrace.services;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Builds command lines of Java programs that are to start fast and stay small. The environment
 * variable {@code MILLRACE_JAVA_OPTIONS} has further options for each of them, such as a
 * profiler's, and the last word.
 */
public final class JavaCommand {
  /**
   * With fewer, the optimizing compiler takes the processors from what it compiles for: a third of
   * a run's first minutes (docs/decisions/0040-compilers-of-a-small-machine.md).
   */
  private static final int MANY_PROCESSORS = 4;

  private final List<String> command = new ArrayList<>();
  private final List<String> further;

  /** A program with a heap of at most this many megabytes, run by the JDK that runs us. */
  public JavaCommand(int heapMegabytes) {
    this(heapMegabytes, Runtime.getRuntime().availableProcessors(), users());
  }

  JavaCommand(int heapMegabytes, int processors, String further) {
    command.add(java().toString());
    command.add("-Xmx" + heapMegabytes + "m");
    command.add("-XX:+UseSerialGC");
    command.add("-Xshare:auto");
    command.add("-XX:+ExitOnOutOfMemoryError");
    command.add("-Djava.awt.headless=true");
    command.add("-Duser.timezone=UTC");
    command.addAll(compiler(processors));
    this.further = words(further);
  }

  static Path java() {
    return Path.of(System.getProperty("java.home"), "bin", "java");
  }

  /** Options of a JVM that something else starts: those for this machine, and the user's. */
  static List<String> forThisMachine() {
    List<String> options = new ArrayList<>(compiler(Runtime.getRuntime().availableProcessors()));
    options.addAll(words(users()));
    return options;
  }

  private static String users() {
    return System.getenv("MILLRACE_JAVA_OPTIONS");
  }

  /** Which of the JVM's compilers a program has that runs for long and is much used. */
  private static List<String> compiler(int processors) {
    return processors < MANY_PROCESSORS ? List.of("-XX:TieredStopAtLevel=1") : List.of();
  }

  private static List<String> words(String text) {
    return text == null || text.isBlank() ? List.of() : List.of(text.strip().split("\\s+"));
  }

  /** Adds options of the JVM. */
  public JavaCommand options(String... options) {
    command.addAll(List.of(options));
    return this;
  }

  /** Adds the class path and what runs. */
  public JavaCommand main(List<String> classPath, String mainClass, String... args) {
    command.addAll(further);
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
