package dev.millrace.crds;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A resource to be accepted or refused. A refused one says in comments what the API server's
 * message ({@code # api:}) and ours ({@code # cli:}) must contain.
 */
record Fixture(Path file, List<JsonNode> documents, Optional<String> api, Optional<String> cli) {
  static Stream<Fixture> all(String kind) {
    Path folder =
        Path.of(
            System.getProperty("millrace.root"), "operator/crds/src/test/resources/fixtures", kind);
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().map(Fixture::read).toList().stream();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Each YAML block of a page of the documentation. */
  static Stream<Fixture> documented(String page) {
    Path file = Path.of(System.getProperty("millrace.root"), "docs", page);
    try {
      return Pattern.compile("(?ms)^```yaml\n(.*?)^```$")
          .matcher(Files.readString(file))
          .results()
          .map(block -> parse(file, block.group(1)))
          .toList()
          .stream();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Fixture read(Path file) {
    try {
      return parse(file, Files.readString(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Fixture parse(Path file, String text) {
    try {
      try (MappingIterator<JsonNode> documents =
          Crds.YAML.readerFor(JsonNode.class).readValues(text)) {
        return new Fixture(file, documents.readAll(), comment(text, "api"), comment(text, "cli"));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Optional<String> comment(String text, String name) {
    Matcher matcher = Pattern.compile("(?m)^# " + name + ": (.*)$").matcher(text);
    return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
  }

  JsonNode document() {
    return documents.get(0);
  }

  @Override
  public String toString() {
    return file.getFileName().toString().replace(".yaml", "");
  }
}
