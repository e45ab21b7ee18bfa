package dev.millrace.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.millrace.model.ManifestReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Does what the documentation says, block by block, and sees what it says one will see. */
class DocsIT {
  private static final YAMLMapper YAML = new YAMLMapper();
  private static final Pattern HASH = Pattern.compile("\\b[0-9a-f]{16}\\b");
  private static final Pattern SECONDS = Pattern.compile("\\b\\d+(\\.\\d+)? s\\b");

  @TempDir Path directory;

  /** What {@code HASH} stands for in a command: the hash that was printed last. */
  private String hash = "HASH";

  static Stream<Path> pages() throws IOException {
    Path docs = new Installation(Path.of("")).home().resolve("docs");
    try (Stream<Path> files = Files.walk(docs)) {
      return files
          .filter(f -> f.toString().endsWith(".md") && !f.toString().contains("decisions"))
          .filter(f -> !f.toString().contains("reference"))
          .sorted()
          .toList()
          .stream();
    }
  }

  /** Pages that have something to type. */
  static Stream<Path> followed() throws IOException {
    List<Path> pages = new ArrayList<>();
    for (Path page : pages().toList()) {
      if (Snippets.of(page).blocks().stream().anyMatch(b -> b.language().equals("console"))) {
        pages.add(page);
      }
    }
    return pages.stream();
  }

  @AfterEach
  void stop() throws Exception {
    for (String run : List.of("shop", "demo-tv", "devices", "examples/forecast", "greenhouse")) {
      if (Files.isDirectory(directory.resolve(run).resolve(".millrace"))) {
        new Installation(directory).run(120, "stop", directory.resolve(run).toString());
      }
    }
  }

  /** A page is followed where the README leaves one: in a clone, beside demo-tv. */
  @ParameterizedTest
  @MethodSource("followed")
  void commands(Path page) throws Exception {
    new Installation(directory).copy("demo-tv", directory);
    new Installation(directory).copy("examples", directory);
    follow(page);
  }

  /** What is typed has to be in a block that {@link #commands} does. */
  @ParameterizedTest
  @MethodSource("pages")
  void everyCommandIsRun(Path page) throws IOException {
    assertThat(Files.readAllLines(page).stream().filter(line -> line.startsWith("    $ ")))
        .as(page + ": commands outside of console blocks")
        .isEmpty();
  }

  /** YAML is YAML, and a resource in it is one. */
  @ParameterizedTest
  @MethodSource("pages")
  void yaml(Path page) throws IOException {
    for (Snippets.Block block : Snippets.of(page).blocks()) {
      if (!block.language().equals("yaml")) {
        continue;
      }
      try (MappingIterator<JsonNode> documents =
          YAML.readerFor(JsonNode.class).readValues(block.text())) {
        for (JsonNode document : documents.readAll()) {
          if (document.path("kind").asText().equals("Pipeline")) {
            assertThat(ManifestReader.pipeline(document).problems()).as(block.text()).isEmpty();
          }
        }
      }
    }
  }

  private void follow(Path page) throws Exception {
    Path millrace = directory.resolve("millrace");
    Files.writeString(
        millrace, "#!/bin/sh\nexec '" + new Installation(directory).home() + "/millrace' \"$@\"\n");
    assertThat(millrace.toFile().setExecutable(true)).isTrue();
    for (Snippets.Block block : Snippets.of(page).blocks()) {
      if (block.language().equals("console")) {
        for (Snippets.Command command : Snippets.commands(block)) {
          run(command);
        }
      } else if (!block.path().isEmpty()) {
        Path file = directory.resolve(block.path());
        assertThat(Files.exists(file) ? Files.readString(file) : "")
            .as(file + " is changed")
            .isNotEqualTo(block.text());
        Files.writeString(file, block.text());
      }
    }
  }

  private void run(Snippets.Command command) throws Exception {
    if (command.line().startsWith("./millrace status")) {
      // What was observed last: a turn in which a busy backend did not answer in time is one too.
      await().atMost(Duration.ofMinutes(1)).untilAsserted(() -> once(command));
    } else {
      once(command);
    }
  }

  private void once(Snippets.Command command) throws Exception {
    ProcessBuilder builder = new ProcessBuilder("bash", "-c", command.line().replace("HASH", hash));
    builder.directory(directory.toFile()).redirectErrorStream(true);
    builder.environment().put("MILLRACE_BUILD", "never");
    Installation.Result result = Installation.finish(builder, 300);
    System.out.println("$ " + command.line() + "\n" + result.output());
    assertThat(result.exitCode())
        .as(command.line() + "\n" + result.output())
        .isEqualTo(command.exitCode());
    printed(command, result.output());
    Matcher matcher = HASH.matcher(result.output());
    while (matcher.find()) {
      hash = matcher.group();
    }
  }

  private static void printed(Snippets.Command command, String output) {
    List<String> lines = output.lines().map(DocsIT::comparable).toList();
    int at = 0;
    boolean gap = false;
    for (String line : command.prints()) {
      String expected = comparable(line);
      if (expected.equals("...")) {
        gap = true;
        continue;
      }
      int found = at;
      while (gap && found < lines.size() && !lines.get(found).equals(expected)) {
        found++;
      }
      assertThat(found < lines.size() ? lines.get(found) : "(no more lines)")
          .as(command.line() + " prints '" + expected + "' in:\n" + output)
          .isEqualTo(expected);
      at = found + 1;
      gap = false;
    }
    assertThat(gap || at == lines.size() || command.prints().isEmpty())
        .as(command.line() + " prints no more than the page says:\n" + output)
        .isTrue();
  }

  /** A line without what is another one each time: hashes, and how long something took. */
  private static String comparable(String line) {
    return SECONDS.matcher(HASH.matcher(line.strip()).replaceAll("HASH")).replaceAll("SECONDS s");
  }
}
