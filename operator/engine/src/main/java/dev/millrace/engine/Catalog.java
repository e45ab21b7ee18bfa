package dev.millrace.engine;

import dev.millrace.model.Pipeline.ConfigMapRef;
import dev.millrace.model.Pipeline.SecretRef;
import dev.millrace.planner.Known;
import dev.millrace.planner.SchemaCatalog;
import dev.millrace.registry.RegistryException;
import dev.millrace.registry.SchemaRegistryClient;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * What the planner asks, answered by the registry, Secrets, ConfigMaps and the SQL analyser. One
 * for each planning: within it, an answer stays the same.
 */
public final class Catalog implements SchemaCatalog {
  private static final Map<String, Integer> PORTS =
      Map.of(
          "mysql",
          3306,
          "mariadb",
          3306,
          "postgresql",
          5432,
          "postgres",
          5432,
          "mqtt",
          1883,
          "mqtts",
          8883);

  /** Keys of a Secret, beside the URL's, that say how to prove who one is. */
  private static final Set<String> CREDENTIALS =
      Set.of("username", "password", "ca.crt", "tls.crt", "tls.key");

  private final Optional<SchemaRegistryClient> registry;
  private final References references;
  private final SqlAnalyser analyser;
  private final Map<String, Known<StreamSchema>> streams = new HashMap<>();

  /**
   * A catalog.
   *
   * @param registry empty where none is running: schemas that only it knows are waited for
   */
  public Catalog(
      Optional<SchemaRegistryClient> registry, References references, SqlAnalyser analyser) {
    this.registry = registry;
    this.references = references;
    this.analyser = analyser;
  }

  @Override
  public Known<StreamSchema> stream(String topic) {
    return streams.computeIfAbsent(topic, this::ask);
  }

  private Known<StreamSchema> ask(String topic) {
    if (registry.isEmpty()) {
      return new Known.Waiting<>("its schema is known once it has been read for the first time");
    }
    try {
      Optional<SchemaRegistryClient.Registered> value = registry.get().latest(topic + "-value");
      if (value.isEmpty()) {
        return new Known.Waiting<>("subject " + topic + "-value is not registered yet");
      }
      Optional<SchemaRegistryClient.Registered> key = registry.get().latest(topic + "-key");
      return new Known.Yes<>(
          new StreamSchema(value.get().schema(), key.map(SchemaRegistryClient.Registered::schema)));
    } catch (RegistryException e) {
      return new Known.Waiting<>(e.getMessage());
    }
  }

  @Override
  public Known<ConnectionFacts> connection(SecretRef ref) {
    Known<Map<String, String>> secret = references.secret(ref.name());
    if (secret instanceof Known.Waiting<Map<String, String>> waiting) {
      return new Known.Waiting<>(waiting.why());
    }
    if (secret instanceof Known.No<Map<String, String>> no) {
      return new Known.No<>(no.why());
    }
    Map<String, String> keys = ((Known.Yes<Map<String, String>>) secret).value();
    String url = keys.get(ref.key());
    if (url == null) {
      return new Known.No<>(
          "Secret '" + ref.name() + "' has no key '" + ref.key() + "'; it has " + keys.keySet());
    }
    String where = "Secret '" + ref.name() + "', key '" + ref.key() + "': ";
    try {
      URI uri = new URI(url.strip());
      if (uri.getScheme() == null || uri.getHost() == null) {
        return new Known.No<>(where + "is no URL such as mariadb://user:password@host:3306/db");
      }
      // A broker of MQTT may know its clients by their certificates, or let in everybody.
      if (!uri.getScheme().startsWith("mqtt")) {
        for (String needed : new String[] {"username", "password"}) {
          if (!keys.containsKey(needed)) {
            return new Known.No<>("Secret '" + ref.name() + "' has no key '" + needed + "'");
          }
        }
      }
      int port = uri.getPort() < 0 ? PORTS.getOrDefault(uri.getScheme(), 0) : uri.getPort();
      String path = uri.getPath() == null ? "" : uri.getPath().replaceFirst("^/", "");
      return new Known.Yes<>(
          new ConnectionFacts(
              uri.getScheme(),
              uri.getHost(),
              port,
              path,
              keys.keySet().stream()
                  .filter(CREDENTIALS::contains)
                  .collect(Collectors.toUnmodifiableSet())));
    } catch (URISyntaxException e) {
      // Not its message: that has the URL, and so the password, in it.
      return new Known.No<>(where + "is no URL: " + e.getReason() + " at " + e.getIndex());
    }
  }

  @Override
  public Known<Set<String>> secretKeys(String name) {
    Known<Map<String, String>> secret = references.secret(name);
    if (secret instanceof Known.Waiting<Map<String, String>> waiting) {
      return new Known.Waiting<>(waiting.why());
    }
    if (secret instanceof Known.No<Map<String, String>> no) {
      return new Known.No<>(no.why());
    }
    return new Known.Yes<>(
        new TreeSet<>(((Known.Yes<Map<String, String>>) secret).value().keySet()));
  }

  @Override
  public Known<Boolean> secret(String name, List<String> keys) {
    Known<Set<String>> known = secretKeys(name);
    if (known instanceof Known.Waiting<Set<String>> waiting) {
      return new Known.Waiting<>(waiting.why());
    }
    if (known instanceof Known.No<Set<String>> no) {
      return new Known.No<>(no.why());
    }
    Set<String> there = ((Known.Yes<Set<String>>) known).value();
    for (String key : keys) {
      if (!there.contains(key)) {
        return new Known.No<>(
            "Secret '" + name + "' has no key '" + key + "'; it has " + String.join(", ", there));
      }
    }
    return new Known.Yes<>(true);
  }

  @Override
  public Known<String> config(ConfigMapRef ref) {
    Known<Map<String, String>> map = references.configMap(ref.configMap());
    if (map instanceof Known.Waiting<Map<String, String>> waiting) {
      return new Known.Waiting<>(waiting.why());
    }
    if (map instanceof Known.No<Map<String, String>> no) {
      return new Known.No<>(no.why());
    }
    Map<String, String> keys = ((Known.Yes<Map<String, String>>) map).value();
    String text = keys.get(ref.key());
    return text == null
        ? new Known.No<>(
            "ConfigMap '"
                + ref.configMap()
                + "' has no key '"
                + ref.key()
                + "'; it has "
                + keys.keySet())
        : new Known.Yes<>(text);
  }

  @Override
  public Known<Map<String, String>> configMap(String name) {
    return references.configMap(name);
  }

  @Override
  public Known<String> appFile(String path) {
    return references.appFile(path);
  }

  @Override
  public Known<SqlAnalysis> analyse(SqlRequest request) {
    return analyser.analyse(request);
  }
}
