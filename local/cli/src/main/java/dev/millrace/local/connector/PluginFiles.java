package dev.millrace.local.connector;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.ZipFile;

/**
 * The files of plugins as they lie there at a moment, of each path that was given: a jar; a folder
 * of jars; a folder of classes; or what a build makes: {@code target} of Maven ({@code *.jar},
 * {@code lib/*.jar}, {@code plugins/NAME/*.jar}), {@code build/libs} of Gradle, or the folder that
 * these are in.
 *
 * @param files by plugin and name in it
 */
record PluginFiles(Map<String, Stamp> files) {
  private static final List<String> BUILDS = List.of("", "lib", "plugins");

  /** A file, and by what is seen that it has changed. */
  record Stamp(Path file, long bytes, Instant modified) {}

  /** Looks; a file that vanishes meanwhile is none. */
  static PluginFiles look(List<Path> given) {
    Map<String, Stamp> files = new TreeMap<>();
    for (int i = 0; i < given.size(); i++) {
      Path path = given.get(i).toAbsolutePath().normalize();
      String plugin = i + "-" + path.getFileName() + "/";
      for (Map.Entry<String, Path> file : names(path).entrySet()) {
        stamp(file.getValue()).ifPresent(s -> files.put(plugin + file.getKey(), s));
      }
    }
    return new PluginFiles(files);
  }

  private static Optional<Stamp> stamp(Path file) {
    try {
      BasicFileAttributes seen = Files.readAttributes(file, BasicFileAttributes.class);
      return Optional.of(new Stamp(file, seen.size(), seen.lastModifiedTime().toInstant()));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static Map<String, Path> names(Path path) {
    Map<String, Path> names = new TreeMap<>();
    if (Files.isRegularFile(path)) {
      names.put(path.getFileName().toString(), path);
      return names;
    }
    Path folder = built(path);
    for (String build : BUILDS) {
      for (Path inner :
          build.equals("plugins") ? list(folder.resolve(build)) : List.of(folder.resolve(build))) {
        list(inner).stream()
            .filter(PluginFiles::isPlugin)
            .forEach(f -> names.put(f.getFileName().toString(), f));
      }
    }
    if (names.isEmpty()) {
      classes(folder).forEach(f -> names.put(folder.relativize(f).toString(), f));
    }
    return names;
  }

  /** Where a module's build leaves its jars. */
  private static Path built(Path folder) {
    if (Files.exists(folder.resolve("pom.xml"))) {
      return folder.resolve("target");
    }
    boolean gradle =
        Files.exists(folder.resolve("build.gradle"))
            || Files.exists(folder.resolve("build.gradle.kts"));
    return gradle ? folder.resolve("build/libs") : folder;
  }

  private static boolean isPlugin(Path file) {
    String name = file.getFileName().toString();
    return name.endsWith(".jar")
        && !name.matches(".*-(sources|javadoc|tests|test-sources)\\.jar|original-.*");
  }

  /**
   * A folder of classes has packages in it; what lies deeper in other folders is not looked for.
   */
  private static List<Path> classes(Path folder) {
    if (Files.isDirectory(folder.resolve("classes"))) {
      // Of a build that has made no jar yet.
      return List.of();
    }
    try (Stream<Path> all = Files.walk(folder)) {
      List<Path> files = all.filter(Files::isRegularFile).toList();
      return files.stream().anyMatch(f -> f.toString().endsWith(".class")) ? files : List.of();
    } catch (IOException | UncheckedIOException e) {
      return List.of();
    }
  }

  private static List<Path> list(Path folder) {
    try (Stream<Path> all = Files.list(folder)) {
      return all.sorted().toList();
    } catch (IOException | UncheckedIOException e) {
      return List.of();
    }
  }

  Optional<Instant> newest() {
    return files.values().stream().map(Stamp::modified).max(Comparator.naturalOrder());
  }

  /** Whether every file that an earlier look found is there. */
  boolean hasAllOf(PluginFiles earlier) {
    return files.keySet().containsAll(earlier.files().keySet());
  }

  /** What of it can not be loaded; empty if all can. */
  List<String> problems(List<Path> given) {
    List<String> problems = new ArrayList<>();
    for (int i = 0; i < given.size(); i++) {
      Path path = given.get(i).toAbsolutePath().normalize();
      String plugin = i + "-" + path.getFileName() + "/";
      if (files.keySet().stream().noneMatch(f -> f.startsWith(plugin))) {
        problems.add(
            given.get(i)
                + ": no jar in it, in its lib, target or build/libs, and no classes: is it built?");
      }
    }
    for (Stamp stamp : files.values()) {
      if (stamp.file().toString().endsWith(".jar")) {
        broken(stamp).ifPresent(problems::add);
      }
    }
    return problems;
  }

  private static Optional<String> broken(Stamp stamp) {
    try (ZipFile zip = new ZipFile(stamp.file().toFile())) {
      return zip.size() > 0 ? Optional.empty() : Optional.of(stamp.file() + ": is empty");
    } catch (IOException e) {
      return Optional.of(
          stamp.file()
              + ": is no jar, or a part of one ("
              + stamp.bytes()
              + " bytes: "
              + e.getMessage()
              + ")");
    }
  }

  /**
   * Copies them, so that a build may write over its own while the worker has them open.
   *
   * @return whether they were still the same when all had been copied
   */
  boolean copyTo(Path folder) throws IOException {
    for (Map.Entry<String, Stamp> file : files.entrySet()) {
      Path to = folder.resolve(file.getKey());
      Files.createDirectories(to.getParent());
      try {
        Files.copy(file.getValue().file(), to);
      } catch (NoSuchFileException e) {
        return false;
      }
    }
    return files.values().stream().allMatch(s -> stamp(s.file()).equals(Optional.of(s)));
  }

  /** Whether a {@code ServiceLoader} finds connectors in them. */
  boolean named() {
    for (Map.Entry<String, Stamp> file : files.entrySet()) {
      if (file.getKey().contains("META-INF/services/org.apache.kafka.connect.")) {
        return true;
      }
      if (!file.getKey().endsWith(".jar")) {
        continue;
      }
      try (ZipFile zip = new ZipFile(file.getValue().file().toFile())) {
        if (zip.getEntry("META-INF/services/org.apache.kafka.connect.source.SourceConnector")
                != null
            || zip.getEntry("META-INF/services/org.apache.kafka.connect.sink.SinkConnector")
                != null) {
          return true;
        }
      } catch (IOException e) {
        return true;
      }
    }
    return false;
  }

  /** For people: the first few names, and how much it is. */
  @Override
  public String toString() {
    long bytes = files.values().stream().mapToLong(Stamp::bytes).sum();
    List<String> names =
        files.values().stream().map(s -> s.file().getFileName().toString()).limit(3).toList();
    return String.join(", ", names)
        + (files.size() > 3 ? " and " + (files.size() - 3) + " more" : "")
        + " ("
        + Math.max(1, bytes / 1024)
        + " KiB)";
  }
}
