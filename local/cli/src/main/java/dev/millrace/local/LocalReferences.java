package dev.millrace.local;

import dev.millrace.engine.References;
import dev.millrace.local.manifest.PipelineDirectory;
import dev.millrace.planner.Hashes;
import dev.millrace.planner.Known;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/** ConfigMaps and Secrets of a pipeline directory, and the Secrets that its services yield. */
final class LocalReferences implements References {
  private volatile PipelineDirectory directory;
  private final Map<String, Map<String, String>> yielded = new ConcurrentHashMap<>();
  private final Set<String> promised;

  /** Of each file of an application, so that it is not read in every turn. */
  private final Map<Path, Hashed> files = new ConcurrentHashMap<>();

  private record Hashed(FileTime modified, String hash) {}

  LocalReferences(PipelineDirectory directory) {
    this.directory = directory;
    this.promised =
        directory.environment().stream()
            .flatMap(e -> e.secrets().stream())
            .collect(Collectors.toSet());
  }

  /** Takes ConfigMaps and Secrets from a directory that was read again. */
  void use(PipelineDirectory read) {
    this.directory = read;
  }

  /** Says what a service's Secret holds. */
  void yield(String secret, Map<String, String> keys) {
    yielded.put(secret, Map.copyOf(keys));
  }

  /** All Secrets that are known by now. */
  Map<String, Map<String, String>> secrets() {
    Map<String, Map<String, String>> all = new ConcurrentHashMap<>(directory.secrets());
    // What stands in for the world has the last word, and until it has spoken nobody has.
    all.keySet().removeAll(promised);
    all.putAll(yielded);
    return all;
  }

  @Override
  public Known<Map<String, String>> secret(String name) {
    Map<String, String> keys = secrets().get(name);
    if (keys != null) {
      return new Known.Yes<>(keys);
    }
    if (promised.contains(name)) {
      return new Known.Waiting<>("Secret '" + name + "' is there once its service runs");
    }
    return new Known.No<>(
        "no Secret '"
            + name
            + "': neither a secretGenerator nor local.yaml yields it"
            + there(secrets().keySet(), promised));
  }

  @Override
  public Known<Map<String, String>> configMap(String name) {
    Map<String, String> keys = directory.configMaps().get(name);
    return keys != null
        ? new Known.Yes<>(keys)
        : new Known.No<>(
            "no ConfigMap '" + name + "'" + there(directory.configMaps().keySet(), Set.of()));
  }

  @Override
  public Known<String> appFile(String path) {
    Path file = directory.root().resolve(path);
    try {
      FileTime modified = Files.getLastModifiedTime(file);
      return new Known.Yes<>(
          files
              .compute(
                  file,
                  (f, known) ->
                      known != null && known.modified().equals(modified)
                          ? known
                          : new Hashed(modified, hash(f)))
              .hash());
    } catch (IOException | UncheckedIOException e) {
      return new Known.No<>(
          "'" + path + "': there is no such file in the pipeline directory; is it built?");
    }
  }

  private static String hash(Path file) {
    try {
      return Hashes.of(Files.readAllBytes(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String there(Set<String> some, Set<String> more) {
    Set<String> all = new java.util.TreeSet<>(some);
    all.addAll(more);
    return all.isEmpty() ? "; there is none" : "; there are " + String.join(", ", all);
  }
}
