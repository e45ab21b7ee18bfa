package dev.millrace.services;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A program that is supervised: how it is started, and how one knows that it serves. */
public interface Service {

  /**
   * A program to start.
   *
   * @param command with its arguments; no secret among them, for every user of the machine may list
   *     processes
   * @param env added to a minimal environment
   * @param workingDirectory of the process
   */
  record Launch(List<String> command, Map<String, String> env, Path workingDirectory) {}

  /** Unique among those supervised together; also the name of its room. */
  String name();

  /** Names of services that must be ready before this one is started. */
  default List<String> after() {
    return List.of();
  }

  /**
   * Writes configuration, initialises what a first start needs, and says what to run. Called before
   * every start; must be safe to repeat after a kill at any moment.
   *
   * @throws IOException with a message for the user if it can not be prepared
   */
  Launch prepare(Room room) throws IOException, InterruptedException;

  /** Asks the running service itself; false or an exception while it does not serve yet. */
  boolean ready() throws Exception;

  /** Where it serves, once it has been prepared. */
  Optional<String> endpoint();

  /** How long a start may take before it counts as failed. */
  default Duration startDeadline() {
    return Duration.ofSeconds(120);
  }

  /** How long it may take to stop by itself before it is killed. */
  default Duration stopDeadline() {
    return Duration.ofSeconds(10);
  }

  /** Asks the process to stop by itself: a SIGTERM, unless the program takes that for less. */
  default void askToStop(ProcessHandle process) {
    process.destroy();
  }

  /** Whether an exit with code 0 means that it is done and is not to be started again. */
  default boolean mayEnd() {
    return false;
  }
}
