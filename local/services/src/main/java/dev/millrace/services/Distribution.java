package dev.millrace.services;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * Where the services' programs are: what the build of {@code local/dist} has unpacked.
 *
 * @param root the folder with {@code kafka}, {@code registry}, {@code elasticsearch}, {@code s3},
 *     {@code mariadb}, {@code postgres} and {@code plugins} in it
 */
public record Distribution(Path root) {

  /**
   * Finds it: system property {@code millrace.dist}, else {@code local/dist/target/dist} in {@code
   * millrace.home} or a parent of the working directory.
   *
   * @throws IllegalStateException if it has not been built
   */
  public static Distribution locate() {
    String property = System.getProperty("millrace.dist");
    if (property != null) {
      return new Distribution(Path.of(property).toAbsolutePath());
    }
    Path start = Path.of(System.getProperty("millrace.home", "")).toAbsolutePath();
    for (Path folder = start; folder != null; folder = folder.getParent()) {
      Path candidate = folder.resolve("local/dist/target/dist");
      if (Files.isDirectory(candidate.resolve("kafka"))) {
        return new Distribution(candidate);
      }
    }
    throw new IllegalStateException(
        "the services are not there: build them with './mvnw -pl local/dist package'"
            + " (looked for local/dist/target/dist from "
            + start
            + " upwards)");
  }

  /** The one folder in {@code parent} whose name begins so. */
  Path only(String parent, String prefix) {
    try (Stream<Path> children = Files.list(root.resolve(parent))) {
      return children
          .filter(p -> p.getFileName().toString().startsWith(prefix))
          .findFirst()
          .orElseThrow(
              () -> new IllegalStateException(root.resolve(parent) + " holds no " + prefix + "*"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
