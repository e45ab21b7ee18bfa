package dev.millrace.local;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each example is accepted as it is, with what stands in for the world and without. */
class ExamplesIT {
  @TempDir Path temporary;

  static Stream<Path> examples() throws IOException {
    try (Stream<Path> folders =
        Files.list(new Installation(Path.of("")).home().resolve("examples"))) {
      List<Path> found =
          folders.filter(f -> Files.exists(f.resolve("kustomization.yaml"))).sorted().toList();
      assertThat(found).hasSizeGreaterThanOrEqualTo(4);
      return found.stream();
    }
  }

  @ParameterizedTest
  @MethodSource("examples")
  void isValid(Path example) throws Exception {
    Installation installation = new Installation(temporary);
    Path copy = installation.copy("examples/" + example.getFileName(), temporary);
    if (Files.readString(copy.resolve("kustomization.yaml")).contains("../../demo-tv")
        && Files.notExists(temporary.resolve("demo-tv"))) {
      // It builds on what that directory yields.
      installation.copy("demo-tv", temporary);
    }
    Installation.Result result = installation.run(120, "validate", copy.toString());
    assertThat(result.exitCode()).as(result.output()).isZero();
    if (Files.deleteIfExists(copy.resolve("local.yaml"))) {
      Installation.Result alone = installation.run(120, "validate", copy.toString());
      assertThat(alone.output()).contains("no problem found");
    }
  }
}
