package dev.millrace.local;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What a pipeline directory's runs leave behind: {@code .millrace} in it. One run at a time holds
 * its lock.
 */
final class StateDirectory {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final int KEPT_PLANS = 20;

  private final Path path;
  private final String stopping;
  private FileLock lock;

  StateDirectory(Path pipelineDirectory) {
    this(
        pipelineDirectory.toAbsolutePath().normalize().resolve(".millrace"),
        "'millrace stop " + pipelineDirectory.toAbsolutePath().normalize() + "' stops it");
  }

  private StateDirectory(Path path, String stopping) {
    this.path = path;
    this.stopping = stopping;
  }

  /** What runs of something else than a pipeline directory leave behind. */
  static StateDirectory at(Path path) {
    return new StateDirectory(path, "Ctrl-C in its terminal stops it");
  }

  Path path() {
    return path;
  }

  Path log() {
    return path.resolve("millrace.log");
  }

  Path output() {
    return path.resolve("run.log");
  }

  Path secrets() {
    return path.resolve("secrets");
  }

  Path folder(String name) {
    return path.resolve(name);
  }

  void create() throws Refusal {
    try {
      if (!Files.isDirectory(path)) {
        Files.createDirectories(
            path,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      }
    } catch (IOException e) {
      throw new Refusal(path + " can not be created: " + e.getMessage());
    }
  }

  /**
   * Takes the lock, for as long as this process lives.
   *
   * @throws Refusal if another run has it
   */
  void lock() throws Refusal {
    create();
    try {
      FileChannel channel =
          FileChannel.open(
              path.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      lock = channel.tryLock();
    } catch (OverlappingFileLockException e) {
      lock = null;
    } catch (IOException e) {
      throw new Refusal(path + ": " + e.getMessage());
    }
    if (lock == null) {
      throw already();
    }
    write("pid", Long.toString(ProcessHandle.current().pid()));
  }

  /** For a good message before any work is done; {@link #lock} decides. */
  void refuseIfRunning() throws Refusal {
    Optional<ProcessHandle> other = running();
    if (other.isPresent() && other.get().pid() != ProcessHandle.current().pid()) {
      throw already();
    }
  }

  private Refusal already() {
    return new Refusal(
        "it is running already"
            + pid().map(p -> " (process " + p + ")").orElse("")
            + ": "
            + stopping);
  }

  /** Forgets everything of earlier runs. */
  void wipe() throws Refusal {
    try (Stream<Path> files = Files.walk(path)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        if (!file.equals(path) && !List.of("lock", "pid", "run.log").contains(name(file))) {
          Files.deleteIfExists(file);
        }
      }
    } catch (IOException | UncheckedIOException e) {
      throw new Refusal("state of earlier runs can not be deleted: " + e.getMessage());
    }
  }

  private String name(Path file) {
    return path.relativize(file).toString();
  }

  /** The process that runs now, if one does. */
  Optional<ProcessHandle> running() {
    return pid()
        .flatMap(ProcessHandle::of)
        .filter(p -> p.info().commandLine().map(c -> c.contains("millrace")).orElse(true))
        .filter(ProcessHandle::isAlive);
  }

  private Optional<Long> pid() {
    try {
      return Optional.of(Long.parseLong(Files.readString(path.resolve("pid")).strip()));
    } catch (IOException | NumberFormatException e) {
      return Optional.empty();
    }
  }

  /** Notes that no process runs any more. */
  void stopped() {
    try {
      Files.deleteIfExists(path.resolve("pid"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void writeStatus(JsonNode status) {
    write("status.json", status.toPrettyString() + "\n");
  }

  Optional<JsonNode> status() {
    try {
      return Optional.of(JSON.readTree(path.resolve("status.json").toFile()));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** Keeps a plan, so that it can be said later what has changed since; the last few of them. */
  void keepPlan(String hash, JsonNode plan) throws IOException {
    Path plans = Files.createDirectories(path.resolve("plans"));
    writeOwn("plans/" + hash + ".json", plan.toString());
    try (Stream<Path> all = Files.list(plans)) {
      List<Path> newest =
          all.sorted(Comparator.comparing((Path p) -> p.toFile().lastModified()).reversed())
              .toList();
      for (Path old : newest.subList(Math.min(KEPT_PLANS, newest.size()), newest.size())) {
        Files.deleteIfExists(old);
      }
    }
  }

  Optional<JsonNode> plan(String hash) {
    return hash.matches("[0-9a-f]+") ? read("plans/" + hash + ".json") : Optional.empty();
  }

  Optional<JsonNode> read(String name) {
    try {
      return Optional.of(JSON.readTree(path.resolve(name).toFile()));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** Reads a file and removes it, if it is there. */
  Optional<JsonNode> take(String name) throws IOException {
    Optional<JsonNode> there = read(name);
    if (there.isPresent()) {
      Files.deleteIfExists(path.resolve(name));
    }
    return there;
  }

  /** Writes a file that only its owner reads, whole or not at all. */
  void writeOwn(String name, String text) throws IOException {
    Path next = path.resolve(name + ".next");
    Files.deleteIfExists(next);
    Files.createFile(
        next, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.writeString(next, text, StandardCharsets.UTF_8);
    Files.move(
        next,
        path.resolve(name),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }

  private void write(String name, String text) {
    try {
      Path next = path.resolve(name + ".next");
      Files.writeString(next, text, StandardCharsets.UTF_8);
      Files.move(
          next,
          path.resolve(name),
          StandardCopyOption.ATOMIC_MOVE,
          StandardCopyOption.REPLACE_EXISTING);
    } catch (NoSuchFileException e) {
      // Somebody deleted the directory under a run that goes on: there is nobody to tell.
      return;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Writes a Secret as Connect's config provider reads it: a folder, and a file for each key. */
  void writeSecret(String name, Map<String, String> keys) throws IOException {
    var onlyOwner =
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
    Path folder = secrets().resolve(name);
    Files.createDirectories(
        folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    for (Map.Entry<String, String> key : keys.entrySet()) {
      Path file = folder.resolve(key.getKey());
      if (Files.exists(file) && Files.readString(file).equals(key.getValue())) {
        continue;
      }
      Path next = folder.resolve(key.getKey() + ".next");
      Files.deleteIfExists(next);
      Files.createFile(next, onlyOwner);
      Files.writeString(next, key.getValue());
      Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
  }
}
