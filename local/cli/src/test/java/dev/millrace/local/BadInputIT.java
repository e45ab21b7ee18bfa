package dev.millrace.local;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What is wrong with a directory is said with its place, and neither command leaves a trace. */
class BadInputIT {
  @TempDir Path temporary;

  static Stream<Arguments> mistakes() {
    return Stream.of(
        mistake(
            "unknown field",
            "pipeline.yaml",
            "seed: 42",
            "sead: 42",
            "spec.sources[1].datagen.sead: unknown field (did you mean 'seed'?)"),
        mistake(
            "unknown stream in SQL",
            "sql/show_views.sql",
            "FROM viewings v",
            "FROM viewngs v",
            "line 27, column 6: unknown stream viewngs"),
        mistake(
            "misspelt column",
            "sql/show_views.sql",
            "SELECT v.device_id",
            "SELECT v.devise_id",
            "line 1, column 8: unknown column v.devise_id"),
        mistake(
            "cycle",
            "sql/show_views.sql",
            "FROM viewings v",
            "FROM viewing_minutes v",
            "reads itself: show_views -> viewing_minutes -> show_views"),
        mistake(
            "wrong Avro",
            "schemas/event.avsc",
            "\"type\": \"record\"",
            "\"type\": \"rekord\"",
            "spec.sources[1].datagen.schema: is not an Avro schema"),
        mistake(
            "missing Secret",
            "pipeline.yaml",
            "secretRef: { name: tv-mysql }",
            "secretRef: { name: tv-pg }",
            "spec.sources[0].cdc.connection.secretRef: no Secret 'tv-pg'"),
        mistake(
            "two sources in one",
            "pipeline.yaml",
            "    - name: events\n",
            "    - name: events\n      topic: { name: t }\n",
            "spec.sources[1]: exactly one of cdc, mqtt, rest, datagen, files, topic must be set; datagen and topic are"),
        mistake(
            "not YAML", "pipeline.yaml", "  sources:\n", "  sources: [\n", "pipeline.yaml: line"),
        mistake(
            "an unknown field of the kustomization",
            "kustomization.yaml",
            "resources:",
            "namePrefix: a-\nresources:",
            "namePrefix"),
        mistake(
            "a seed file that is not there",
            "local.yaml",
            "database/data.sql",
            "database/dat.sql",
            "no file 'database/dat.sql'"));
  }

  private static Arguments mistake(
      String name, String file, String right, String wrong, String said) {
    return Arguments.of(name, file, right, wrong, said);
  }

  private Path broken(Installation millrace, String file, String right, String wrong)
      throws IOException {
    Path directory = millrace.copy("demo-tv", temporary);
    Path path = directory.resolve(file);
    String text = Files.readString(path);
    assertThat(text).contains(right);
    Files.writeString(path, text.replace(right, wrong));
    return directory;
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("mistakes")
  void isSaidAndNothingIsTouched(String name, String file, String right, String wrong, String said)
      throws Exception {
    Installation millrace = new Installation(temporary);
    Path directory = broken(millrace, file, right, wrong);
    for (String command : new String[] {"validate", "run"}) {
      Installation.Result result = millrace.run(90, command, directory.toString());
      assertThat(result.output()).contains(said).doesNotContain("\tat ");
      assertThat(result.exitCode()).isEqualTo(1);
      assertThat(directory.resolve(".millrace")).doesNotExist();
    }
  }

  @Test
  void theCommandLineItself() throws Exception {
    Installation millrace = new Installation(temporary);
    assertThat(millrace.run(90, "run", "nowhere").output()).contains("nowhere: not a directory");
    assertThat(millrace.run(90, "run").exitCode()).isEqualTo(2);
    Installation.Result until = millrace.run(90, "run", ".", "--until", "soon");
    assertThat(until.exitCode()).isEqualTo(2);
    assertThat(until.output()).contains("--until 'soon': expected 'drained' or a duration");
    assertThat(millrace.run(90, "status", temporary.toString()).exitCode()).isEqualTo(3);
    assertThat(millrace.run(90, "logs", temporary.toString(), "kafka").output())
        .contains("no log of 'kafka'");
    Installation.Result help = millrace.run(90, "run", "--help");
    assertThat(help.exitCode()).isZero();
    assertThat(help.output()).contains("Examples:").contains("--fresh");
    assertThat(millrace.run(90, "completion").output()).contains("complete -F");
  }
}
