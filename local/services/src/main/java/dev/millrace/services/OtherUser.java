package dev.millrace.services;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs programs that refuse to serve root as somebody else. */
final class OtherUser {
  private static final String NOBODY = "65534";

  private OtherUser() {}

  /**
   * What to put before a command so that it does not run as root; nothing where we are not root. In
   * a user namespace of its own the process is still us to the file system, so that it reaches a
   * checkout in root's home; where such namespaces are not allowed, it becomes {@code nobody}, and
   * its files too.
   *
   * @param program names it in the message
   * @param room whose files it has to own
   * @throws IOException with a message for the user if there is no way
   */
  static List<String> prefix(String program, Path room) throws IOException, InterruptedException {
    if (!"0".equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid").toString())) {
      return List.of();
    }
    List<String> namespace = List.of("unshare", "--user", "--map-user=1000", "--map-group=1000");
    if (run(with(namespace, "true")) == 0) {
      return namespace;
    }
    List<String> nobody =
        List.of("setpriv", "--reuid=" + NOBODY, "--regid=" + NOBODY, "--clear-groups");
    if (run(with(nobody, "true")) != 0) {
      throw new IOException(
          program
              + " does not run as root, and neither unshare nor setpriv (Debian: util-linux)"
              + " can run it as another user here. Run millrace as an ordinary user");
    }
    run(List.of("chown", "-R", NOBODY + ":" + NOBODY, room.toString()));
    if (run(with(nobody, "test", "-r", room.toString())) != 0) {
      throw new IOException(
          program
              + " does not run as root, and user nobody can not reach "
              + room
              + ". Put the checkout where every user can read, or run millrace as an ordinary user");
    }
    return nobody;
  }

  private static List<String> with(List<String> command, String... more) {
    List<String> all = new ArrayList<>(command);
    all.addAll(List.of(more));
    return all;
  }

  private static int run(List<String> command) throws IOException, InterruptedException {
    Process process;
    try {
      process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
    } catch (IOException missing) {
      return -1;
    }
    if (!process.waitFor(60, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      return -1;
    }
    return process.exitValue();
  }
}
