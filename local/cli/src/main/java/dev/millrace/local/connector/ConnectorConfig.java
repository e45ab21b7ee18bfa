package dev.millrace.local.connector;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A connector's configuration as a developer writes it down: YAML or JSON, flat or as Connect's
 * REST API takes it ({@code name} and {@code config}), or properties.
 *
 * @param values without {@code name}
 */
public record ConnectorConfig(Path file, String name, Map<String, String> values) {
  private static final YAMLMapper YAML = new YAMLMapper();
  private static final long BIGGEST = 1024 * 1024;
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,99}");
  private static final Pattern PLACE = Pattern.compile("\\$\\{([A-Za-z.]+)}");

  /** Whoever needs it writes {@code ${kafka.bootstrap.servers}}. */
  static final String KAFKA = "kafka.bootstrap.servers";

  /** Whoever needs it writes {@code ${registry.url}}. */
  static final String REGISTRY = "registry.url";

  public ConnectorConfig {
    values = Map.copyOf(values);
  }

  /**
   * Reads a file.
   *
   * @throws ConnectorException with file and key, if it is none
   */
  public static ConnectorConfig read(Path file) throws ConnectorException {
    Map<String, String> values = new TreeMap<>(values(file, text(file)));
    String stem = file.getFileName().toString().replaceFirst("\\.[^.]*$", "");
    String name = values.containsKey("name") ? values.remove("name") : stem;
    if (!NAME.matcher(name).matches()) {
      throw new ConnectorException(
          file + ": name '" + name + "': expected letters, digits, '.', '_' and '-', at most 100");
    }
    if (values.getOrDefault("connector.class", "").isBlank()) {
      throw new ConnectorException(
          file
              + ": connector.class is missing: the connector's class, such as org.example.MySource");
    }
    return new ConnectorConfig(file, name, values);
  }

  private static String text(Path file) throws ConnectorException {
    try {
      if (Files.size(file) > BIGGEST) {
        throw new ConnectorException(file + ": is longer than 1 MiB");
      }
      return Files.readString(file);
    } catch (NoSuchFileException e) {
      throw new ConnectorException(file + ": no such file");
    } catch (MalformedInputException e) {
      throw new ConnectorException(file + ": is not UTF-8");
    } catch (IOException e) {
      throw new ConnectorException(file + ": can not be read: " + e.getMessage());
    }
  }

  private static Map<String, String> values(Path file, String text) throws ConnectorException {
    String name = file.getFileName().toString();
    if (name.endsWith(".properties")) {
      Properties properties = new Properties();
      try {
        properties.load(new StringReader(text));
      } catch (IOException | IllegalArgumentException e) {
        throw new ConnectorException(file + ": " + e.getMessage());
      }
      Map<String, String> values = new TreeMap<>();
      properties.forEach((k, v) -> values.put(k.toString(), v.toString().strip()));
      return values;
    }
    if (!name.matches(".*\\.(ya?ml|json)")) {
      throw new ConnectorException(file + ": expected a .yaml, .json or .properties file");
    }
    try {
      // JSON is YAML.
      return flat(file, YAML.readTree(text));
    } catch (JsonProcessingException e) {
      String where = e.getLocation() == null ? "" : "line " + e.getLocation().getLineNr() + ": ";
      throw new ConnectorException(
          file + ": " + where + e.getOriginalMessage().lines().findFirst().orElse("is no YAML"));
    }
  }

  private static Map<String, String> flat(Path file, JsonNode document) throws ConnectorException {
    if (!(document instanceof ObjectNode)) {
      throw new ConnectorException(file + ": expected keys and values");
    }
    ObjectNode all = ((ObjectNode) document).deepCopy();
    if (all.get("config") instanceof ObjectNode config) {
      all.remove("config");
      all.setAll(config);
    }
    Map<String, String> values = new TreeMap<>();
    List<String> wrong = new ArrayList<>();
    for (Map.Entry<String, JsonNode> entry : all.properties()) {
      if (entry.getValue().isValueNode() && !entry.getValue().isNull()) {
        values.put(entry.getKey(), entry.getValue().asText());
      } else if (!entry.getValue().isNull()) {
        wrong.add(
            file
                + ": "
                + entry.getKey()
                + ": expected a text, a number or a boolean; Connect has no lists and objects: write"
                + " them as the connector's documentation says, in quotes");
      }
    }
    if (!wrong.isEmpty()) {
      throw new ConnectorException(wrong);
    }
    return values;
  }

  /**
   * With what only this run knows in place of <code>${kafka.bootstrap.servers}</code> and <code>
   * ${registry.url}</code>.
   *
   * @param known by these names; one that is not there is a mistake
   */
  ConnectorConfig placed(Map<String, String> known) throws ConnectorException {
    Map<String, String> placed = new TreeMap<>();
    List<String> wrong = new ArrayList<>();
    for (Map.Entry<String, String> entry : values.entrySet()) {
      Matcher place = PLACE.matcher(entry.getValue());
      StringBuilder value = new StringBuilder();
      while (place.find()) {
        String found = known.get(place.group(1));
        if (found == null && List.of(KAFKA, REGISTRY).contains(place.group(1))) {
          wrong.add(
              file
                  + ": "
                  + entry.getKey()
                  + ": "
                  + place.group()
                  + " is not known here: --registry URL says it");
        }
        place.appendReplacement(
            value, Matcher.quoteReplacement(found == null ? place.group() : found));
      }
      place.appendTail(value);
      placed.put(entry.getKey(), value.toString());
    }
    if (!wrong.isEmpty()) {
      throw new ConnectorException(wrong);
    }
    return new ConnectorConfig(file, name, placed);
  }

  /** With other values. */
  ConnectorConfig with(Map<String, String> others) {
    return new ConnectorConfig(file, name, others);
  }
}
