package dev.millrace.local.manifest;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A pipeline directory, read whole.
 *
 * @param root the directory
 * @param manifests every {@code millrace.dev} document in it, with the file it stands in
 * @param configMaps text by ConfigMap name and key
 * @param secrets bytes as text by Secret name and key; never printed
 * @param environment {@code local.yaml}, if there is one
 */
public record PipelineDirectory(
    Path root,
    List<Manifest> manifests,
    Map<String, Map<String, String>> configMaps,
    Map<String, Map<String, String>> secrets,
    Optional<LocalEnvironment> environment) {

  /**
   * A document of ours, not yet typed.
   *
   * @param file where it stands
   * @param kind {@code Pipeline}, {@code Platform} ...
   * @param text the document as YAML
   */
  public record Manifest(Path file, String kind, JsonNode document, String text) {}

  @Override
  public String toString() {
    return "PipelineDirectory[" + root + "]";
  }
}
