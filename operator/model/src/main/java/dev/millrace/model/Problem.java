package dev.millrace.model;

import java.util.Optional;

/**
 * Something that is wrong in a resource.
 *
 * @param path of the field, such as {@code spec.sources[0].datagen.rate}
 * @param message what is wrong with it, with the value
 * @param suggestion what may have been meant
 */
public record Problem(String path, String message, Optional<String> suggestion) {

  public static Problem of(String path, String message) {
    return new Problem(path, message, Optional.empty());
  }

  /** A problem with the nearest of the names that would have been right, if one is near. */
  public static Problem unknown(String path, String message, String found, Iterable<String> known) {
    return new Problem(path, message, Names.nearest(found, known));
  }

  @Override
  public String toString() {
    return path + ": " + message + suggestion.map(s -> " (did you mean '" + s + "'?)").orElse("");
  }
}
