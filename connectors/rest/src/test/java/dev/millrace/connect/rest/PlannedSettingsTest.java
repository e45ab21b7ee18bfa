package dev.millrace.connect.rest;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What the planner writes into a connector's configuration, as its golden files have it. */
class PlannedSettingsTest {
  private static final Path PLANNED =
      Path.of("../../operator/planner/src/test/resources/golden/rest/out.yaml");

  @Test
  void areKnownAndAccepted() throws Exception {
    List<String> checked = new ArrayList<>();
    for (JsonNode resource : new YAMLMapper().readTree(PLANNED.toFile()).path("resources")) {
      if (!resource.path("id").asText().startsWith("Connector/")) {
        continue;
      }
      Map<String, String> config = new HashMap<>();
      resource
          .path("config")
          .properties()
          .forEach(
              e -> {
                // As Connect resolves it.
                String value = e.getValue().asText();
                config.put(
                    e.getKey(),
                    value.startsWith("${secrets:")
                        ? e.getKey().equals("url") ? "https://example.com/" : "s3cr3t"
                        : value);
              });
      assertThat(new RestSourceConnector().validate(config).configValues())
          .allSatisfy(v -> assertThat(v.errorMessages()).as(v.name()).isEmpty());
      assertThat(config.keySet())
          .as("the connector's own, and what every connector has")
          .allMatch(
              key ->
                  RestSourceConnector.DEFINITION.names().contains(key)
                      || key.startsWith("producer.override.")
                      || COMMON.contains(key));
      checked.add(resource.path("id").asText());
    }
    assertThat(checked).hasSize(3);
  }

  private static final List<String> COMMON =
      List.of(
          "connector.class",
          "tasks.max",
          "key.converter",
          "value.converter",
          "exactly.once.support");
}
