package dev.millrace.local.connector;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Secrets by name and key, as {@code --secret} names their files. A configuration refers to them as
 * <code>${secrets:NAME:KEY}</code>; Connect's config provider reads them from files that only their
 * owner reads.
 */
public final class DevSecrets {
  private static final Pattern REFERENCE = Pattern.compile("\\$\\{secrets:([^:}]*):([^}]*)}");
  private static final Pattern NAME = Pattern.compile("[a-z0-9]([a-z0-9.-]*[a-z0-9])?");
  private static final Pattern KEY = Pattern.compile("[A-Za-z0-9._-]+");
  private static final long BIGGEST = 1024 * 1024;

  private final Map<String, Map<String, String>> secrets = new TreeMap<>();

  /**
   * Takes what one option says.
   *
   * @param option {@code NAME=DIR}, a file for each key; {@code NAME=FILE}, lines {@code
   *     KEY=VALUE}; or {@code NAME/KEY=FILE}, all of which is the value
   */
  public void add(String option) throws ConnectorException {
    String said = "--secret " + option.replaceAll("=.*", "");
    int equals = option.indexOf('=');
    if (equals < 0) {
      throw new ConnectorException(said + ": expected NAME=FILE, NAME=DIR or NAME/KEY=FILE");
    }
    String[] name = option.substring(0, equals).split("/", 2);
    Path file = Path.of(option.substring(equals + 1));
    if (!NAME.matcher(name[0]).matches()) {
      throw new ConnectorException(
          said + ": expected a name of lower-case letters, digits, '-' and '.'");
    }
    Map<String, String> keys = secrets.computeIfAbsent(name[0], n -> new TreeMap<>());
    try {
      if (name.length == 2) {
        keys.put(name[1], value(file));
      } else if (Files.isDirectory(file)) {
        folder(file, keys);
      } else {
        Properties lines = new Properties();
        try (Reader reader = Files.newBufferedReader(file)) {
          lines.load(reader);
        }
        lines.forEach((k, v) -> keys.put(k.toString(), v.toString()));
      }
    } catch (IOException | IllegalArgumentException e) {
      throw new ConnectorException(said + ": " + file + " can not be read");
    }
    for (String key : keys.keySet()) {
      if (!KEY.matcher(key).matches()) {
        throw new ConnectorException(
            said + ": key '" + key + "': expected letters, digits, '.', '_' and '-'");
      }
    }
  }

  /** Takes the Secrets that a run keeps: a folder each, a file for each key. */
  public void addAll(Path folder) throws ConnectorException {
    if (!Files.isDirectory(folder)) {
      return;
    }
    try (Stream<Path> all = Files.list(folder)) {
      for (Path secret : all.filter(Files::isDirectory).sorted().toList()) {
        folder(
            secret, secrets.computeIfAbsent(secret.getFileName().toString(), n -> new TreeMap<>()));
      }
    } catch (IOException e) {
      throw new ConnectorException(folder + ": can not be read");
    }
  }

  private static void folder(Path folder, Map<String, String> keys) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
        String key = file.getFileName().toString();
        if (!key.startsWith(".") && !key.endsWith(".next")) {
          keys.put(key, value(file));
        }
      }
    }
  }

  private static String value(Path file) throws IOException {
    if (Files.size(file) > BIGGEST) {
      throw new IOException("is longer than 1 MiB");
    }
    return Files.readString(file);
  }

  /** By name and key. */
  public Map<String, Map<String, String>> all() {
    return secrets;
  }

  /** What is never to be shown. */
  Collection<String> values() {
    List<String> values = new ArrayList<>();
    for (Map<String, String> keys : secrets.values()) {
      keys.values().forEach(v -> values.add(v.strip()));
    }
    return values;
  }

  /**
   * The configuration with references as Connect's provider takes them.
   *
   * @param folder where the files are
   * @throws ConnectorException with each reference to what there is not
   */
  ConnectorConfig resolve(ConnectorConfig config, Path folder) throws ConnectorException {
    Map<String, String> resolved = new HashMap<>();
    List<String> wrong = new ArrayList<>();
    for (Map.Entry<String, String> entry : config.values().entrySet()) {
      Matcher reference = REFERENCE.matcher(entry.getValue());
      StringBuilder value = new StringBuilder();
      while (reference.find()) {
        String name = reference.group(1);
        String key = reference.group(2);
        if (!secrets.containsKey(name)) {
          wrong.add(
              missing(config, entry.getKey(), reference.group(), "no Secret '" + name + "'")
                  + ": --secret "
                  + name
                  + "=FILE names its file");
        } else if (!secrets.get(name).containsKey(key)) {
          wrong.add(
              missing(config, entry.getKey(), reference.group(), "no key '" + key + "'")
                  + "; there are "
                  + String.join(", ", secrets.get(name).keySet()));
        }
        reference.appendReplacement(
            value, Matcher.quoteReplacement("${secrets:" + folder.resolve(name) + ":" + key + "}"));
      }
      reference.appendTail(value);
      resolved.put(entry.getKey(), value.toString());
    }
    if (!wrong.isEmpty()) {
      throw new ConnectorException(wrong);
    }
    return config.with(resolved);
  }

  private static String missing(ConnectorConfig config, String key, String found, String why) {
    return config.file() + ": " + key + ": " + found + ": " + why;
  }
}
