package dev.millrace.services;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.HexFormat;

/**
 * A service's own folder under the state directory: its configuration, data, log, ports and
 * secrets. What is chosen once, a port or a password, is remembered here.
 */
public final class Room {
  private static final SecureRandom RANDOM = new SecureRandom();

  private final Path path;

  /** Creates the folder if it is not there. */
  public Room(Path path) throws IOException {
    this.path = Files.createDirectories(path.toAbsolutePath());
  }

  /** The folder itself. */
  public Path path() {
    return path;
  }

  /** The log of the current run; the one before it is {@code log.1}. */
  public Path log() {
    return path.resolve("log");
  }

  /** A folder in the room, created if need be. */
  public Path folder(String name) throws IOException {
    return Files.createDirectories(path.resolve(name));
  }

  /**
   * The loopback port remembered under this name; another one is chosen, and remembered, if it was
   * never chosen or somebody else has it now.
   */
  public int port(String name) throws IOException {
    Path file = path.resolve("port." + name);
    if (Files.exists(file)) {
      int remembered = Integer.parseInt(Files.readString(file).trim());
      if (free(remembered)) {
        return remembered;
      }
    }
    try (ServerSocket socket = new ServerSocket()) {
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      write(file, Integer.toString(socket.getLocalPort()), false);
      return socket.getLocalPort();
    }
  }

  private static boolean free(int port) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      return true;
    } catch (IOException taken) {
      return false;
    }
  }

  /** The password remembered under this name, made on first use; readable by its owner only. */
  public String password(String name) throws IOException {
    Path file = path.resolve("password." + name);
    if (!Files.exists(file)) {
      byte[] bytes = new byte[16];
      RANDOM.nextBytes(bytes);
      write(file, HexFormat.of().formatHex(bytes), true);
    }
    return Files.readString(file).trim();
  }

  /** Writes a file of the room whole or not at all. */
  public Path write(String name, String text) throws IOException {
    return write(path.resolve(name), text, false);
  }

  /** As {@link #write(String, String)}, readable by its owner only. */
  public Path writeSecret(String name, String text) throws IOException {
    return write(path.resolve(name), text, true);
  }

  static Path write(Path file, String text, boolean secret) throws IOException {
    Files.createDirectories(file.getParent());
    Path next = file.resolveSibling(file.getFileName() + ".next");
    Files.deleteIfExists(next);
    if (secret) {
      Files.createFile(
          next, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    }
    Files.writeString(next, text, StandardCharsets.UTF_8);
    return Files.move(
        next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }
}
