package dev.millrace.crds;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Writes everything that is generated from the model into a checkout. */
public final class Main {
  private static final ObjectWriter JSON = new ObjectMapper().writerWithDefaultPrettyPrinter();

  private Main() {}

  /** Arguments: the root of the checkout. */
  public static void main(String[] args) throws IOException {
    for (Map.Entry<String, String> file : files().entrySet()) {
      Path path = Path.of(args[0], file.getKey());
      Files.createDirectories(path.getParent());
      Files.writeString(path, file.getValue(), StandardCharsets.UTF_8);
    }
  }

  /** Texts by their paths from the root. */
  static Map<String, String> files() throws IOException {
    Map<String, String> files = new TreeMap<>();
    for (var crd : Crds.generate().entrySet()) {
      Crds.Kind kind = crd.getKey();
      String name = kind.kind().toLowerCase(Locale.ROOT);
      files.put(
          "crds/" + kind.crdName() + ".yaml",
          "# Generated from operator/model; do not edit.\n"
              + Crds.YAML.writeValueAsString(crd.getValue()));
      files.put(
          "schemas/" + name + ".json",
          JSON.writeValueAsString(JsonSchemas.of(kind, crd.getValue())) + "\n");
      files.put("docs/reference/" + name + ".md", ReferencePages.of(kind, crd.getValue()));
    }
    return files;
  }
}
