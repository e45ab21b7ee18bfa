package dev.millrace.registry.connect;

import dev.millrace.registry.Authorities;
import dev.millrace.registry.SchemaRegistryClient;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.Type;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.config.types.Password;

/** What a plugin's configuration says of the schema registry: the same keys in each of them. */
public final class RegistrySettings {
  /** Base URL. */
  public static final String URL = "schema.registry.url";

  static final String USER_INFO = "schema.registry.basic.auth.user.info";
  static final String TRUSTSTORE = "schema.registry.ssl.truststore.location";

  private static final Duration DEADLINE = Duration.ofSeconds(15);

  private RegistrySettings() {}

  /**
   * Adds the keys.
   *
   * @param whenUrl what the URL is without a value: {@link ConfigDef#NO_DEFAULT_VALUE} if there
   *     must be one
   */
  public static ConfigDef define(ConfigDef definition, Object whenUrl) {
    return definition
        .define(
            URL,
            Type.STRING,
            whenUrl,
            RegistrySettings::url,
            Importance.HIGH,
            "Base URL of a schema registry with Confluent's API.")
        .define(
            USER_INFO,
            Type.PASSWORD,
            null,
            Importance.MEDIUM,
            "user:password for the registry's basic authentication.")
        .define(
            TRUSTSTORE,
            Type.STRING,
            "",
            Importance.MEDIUM,
            "File with the certificates, in PEM, of the authorities that a registry by https is"
                + " trusted by; empty: those that Java knows.");
  }

  /** A client of the registry that a configuration names. */
  public static SchemaRegistryClient client(AbstractConfig config) {
    return new SchemaRegistryClient(
        config.getString(URL),
        Optional.ofNullable(config.getPassword(USER_INFO)).map(Password::value),
        Optional.of(config.getString(TRUSTSTORE))
            .filter(f -> !f.isBlank())
            .map(Authorities::ofFile),
        DEADLINE);
  }

  private static void url(String name, Object value) {
    if (value == null || value.toString().isEmpty()) {
      return;
    }
    try {
      URI uri = URI.create(value.toString());
      if (("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))
          && uri.getHost() != null) {
        return;
      }
    } catch (IllegalArgumentException e) {
      // Said below.
    }
    throw new ConfigException(name, value, "expected http://host:port or https://host:port");
  }
}
