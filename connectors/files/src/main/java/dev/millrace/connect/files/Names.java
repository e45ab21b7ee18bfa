package dev.millrace.connect.files;

import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.PathMatcher;

/** Which names are meant, by a glob pattern as {@link java.nio.file.FileSystem} has them. */
final class Names {
  private final PathMatcher matcher;
  private final boolean deep;

  Names(String glob) {
    this.matcher = FileSystems.getDefault().getPathMatcher("glob:" + glob);
    this.deep = glob.contains("/") || glob.contains("**");
  }

  /** Whether names with a {@code /} in them can match at all. */
  boolean deep() {
    return deep;
  }

  boolean match(String name) {
    for (String part : name.split("/")) {
      if (part.isEmpty() || part.charAt(0) == '.' || part.charAt(0) == '_') {
        return false;
      }
    }
    return matcher.matches(Path.of(name));
  }
}
