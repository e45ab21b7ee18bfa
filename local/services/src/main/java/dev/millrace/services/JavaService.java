package dev.millrace.services;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** Any other program that serves as soon as it runs: a simulator, a Spark driver. */
public final class JavaService implements Service {
  /** Makes what is to be run; asked before every start. */
  @FunctionalInterface
  public interface Launcher {
    Launch launch(Room room) throws IOException;
  }

  private final String name;
  private final List<String> after;
  private final Launcher launcher;
  private final BooleanSupplier ready;

  /** A program that is ready as soon as it runs. */
  public JavaService(String name, List<String> after, Launcher launcher) {
    this(name, after, launcher, () -> true);
  }

  /**
   * A program.
   *
   * @param ready whether it serves by now; must not block
   */
  public JavaService(String name, List<String> after, Launcher launcher, BooleanSupplier ready) {
    this.name = name;
    this.after = List.copyOf(after);
    this.launcher = launcher;
    this.ready = ready;
  }

  /** A launch of a Java program. */
  public static Launch java(
      int heapMegabytes,
      List<String> options,
      List<String> classPath,
      String mainClass,
      List<String> args,
      Map<String, String> env,
      Path workingDirectory) {
    return new Launch(
        new JavaCommand(heapMegabytes)
            .options(options.toArray(String[]::new))
            .main(classPath, mainClass, args.toArray(String[]::new))
            .build(),
        env,
        workingDirectory);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public List<String> after() {
    return after;
  }

  @Override
  public Launch prepare(Room room) throws IOException {
    return launcher.launch(room);
  }

  @Override
  public boolean ready() {
    return ready.getAsBoolean();
  }

  @Override
  public Optional<String> endpoint() {
    return Optional.empty();
  }

  @Override
  public boolean mayEnd() {
    return true;
  }
}
