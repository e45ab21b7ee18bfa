package dev.millrace.crds;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * What is checked in is what the model says. {@code ./mvnw -pl operator/crds test
 * -Dmillrace.crds.update=true} writes it anew.
 */
class GeneratedFilesTest {
  private static final Path ROOT = Path.of(System.getProperty("millrace.root"));

  @Test
  void areWhatTheModelSays() throws IOException {
    if (Boolean.getBoolean("millrace.crds.update")) {
      Main.main(new String[] {ROOT.toString()});
    }
    for (Map.Entry<String, String> file : Main.files().entrySet()) {
      assertThat(ROOT.resolve(file.getKey()))
          .as("run: ./mvnw -pl operator/crds test -Dmillrace.crds.update=true")
          .hasContent(file.getValue());
    }
  }

  @Test
  void noFileIsLeftOver() throws IOException {
    Map<String, String> generated = new TreeMap<>(Main.files());
    for (String folder : new String[] {"crds", "schemas"}) {
      try (Stream<Path> files = Files.list(ROOT.resolve(folder))) {
        assertThat(files.filter(Files::isRegularFile).map(f -> folder + "/" + f.getFileName()))
            .allMatch(generated::containsKey);
      }
    }
  }

  @Test
  void everyFieldIsDescribed() {
    Crds.generate()
        .forEach(
            (kind, crd) ->
                described(kind.kind(), crd.at("/spec/versions/0/schema/openAPIV3Schema")));
  }

  private static void described(String path, JsonNode schema) {
    assertThat(schema.path("description").asText()).as(path).isNotBlank();
    schema
        .path("properties")
        .properties()
        .forEach(
            field -> {
              described(path + "." + field.getKey(), field.getValue());
              JsonNode items = field.getValue().path("items");
              if (items.has("properties")) {
                items
                    .path("properties")
                    .properties()
                    .forEach(
                        f ->
                            described(
                                path + "." + field.getKey() + "[]." + f.getKey(), f.getValue()));
              }
            });
  }
}
