package dev.millrace.planner;

import dev.millrace.model.Platform;
import java.util.Map;
import java.util.TreeMap;

/**
 * How connectors and jobs come to what a Platform's Secrets hold: by references to mounted files,
 * which Kafka's {@code DirectoryConfigProvider} resolves where they run. No configuration and no
 * plan holds a secret.
 */
final class SecretFiles {
  private static final String PROVIDER =
      "org.apache.kafka.common.config.provider.DirectoryConfigProvider";

  private final String folder;

  /**
   * @param folder that holds a folder for each Secret, with a file for each key
   */
  SecretFiles(String folder) {
    this.folder = folder == null ? "" : folder.replaceAll("/+$", "");
  }

  /** A reference to the value of a key. */
  String value(String secret, String key) {
    return "${secrets:" + folder + "/" + secret + ":" + key + "}";
  }

  /** The path of a key's file. */
  String file(String secret, String key) {
    return folder + "/" + secret + "/" + key;
  }

  private String file(Platform.CaSecret ca) {
    return file(ca.name(), ca.key());
  }

  /** Properties of a Kafka client, but for {@code bootstrap.servers}. */
  Map<String, String> kafka(Platform.Kafka kafka) {
    Map<String, String> properties = new TreeMap<>();
    if (kafka.tls() != null || kafka.sasl() != null) {
      properties.put(
          "security.protocol",
          kafka.sasl() == null ? "SSL" : kafka.tls() == null ? "SASL_PLAINTEXT" : "SASL_SSL");
    }
    if (kafka.tls() != null && kafka.tls().caSecretRef() != null) {
      properties.put("ssl.truststore.type", "PEM");
      properties.put("ssl.truststore.location", file(kafka.tls().caSecretRef()));
    }
    if (kafka.sasl() != null) {
      Platform.LoginSecret ref = kafka.sasl().secretRef();
      String module =
          kafka.sasl().mechanism().equals("PLAIN")
              ? "plain.PlainLoginModule"
              : "scram.ScramLoginModule";
      properties.put("sasl.mechanism", kafka.sasl().mechanism());
      properties.put(
          "sasl.jaas.config",
          "org.apache.kafka.common.security."
              + module
              + " required username=\""
              + value(ref.name(), ref.usernameKey())
              + "\" password=\""
              + value(ref.name(), ref.passwordKey())
              + "\";");
    }
    return properties;
  }

  /** The same for a client that is no connector's, and resolves references itself. */
  Map<String, String> kafkaOfJob(Platform.Kafka kafka) {
    Map<String, String> properties = kafka(kafka);
    if (kafka.sasl() != null) {
      properties.put("config.providers", "secrets");
      properties.put("config.providers.secrets.class", PROVIDER);
      properties.put("config.providers.secrets.param.allowed.paths", folder);
    }
    return properties;
  }

  /** What a connector or converter of ours needs to speak to the registry. */
  Map<String, String> registry(Platform.SchemaRegistry registry) {
    Map<String, String> config = new TreeMap<>();
    config.put("schema.registry.url", registry.url());
    if (registry.basicAuth() != null) {
      Platform.LoginSecret ref = registry.basicAuth().secretRef();
      config.put(
          "schema.registry.basic.auth.user.info",
          value(ref.name(), ref.usernameKey()) + ":" + value(ref.name(), ref.passwordKey()));
    }
    if (registry.tls() != null) {
      config.put("schema.registry.ssl.truststore.location", file(registry.tls().caSecretRef()));
    }
    return config;
  }

  /** The same for a job: files instead of references. */
  Map<String, String> registryOfJob(Platform.SchemaRegistry registry) {
    Map<String, String> access = new TreeMap<>();
    access.put("url", registry.url());
    if (registry.basicAuth() != null) {
      Platform.LoginSecret ref = registry.basicAuth().secretRef();
      access.put("usernameFile", file(ref.name(), ref.usernameKey()));
      access.put("passwordFile", file(ref.name(), ref.passwordKey()));
    }
    if (registry.tls() != null) {
      access.put("caFile", file(registry.tls().caSecretRef()));
    }
    return access;
  }

  /** What the sink needs to speak to Elasticsearch. */
  Map<String, String> elasticsearch(Platform.Elasticsearch elasticsearch) {
    Map<String, String> config = new TreeMap<>();
    config.put("connection.url", elasticsearch.url());
    if (elasticsearch.basicAuth() != null) {
      Platform.LoginSecret ref = elasticsearch.basicAuth().secretRef();
      config.put("connection.username", value(ref.name(), ref.usernameKey()));
      config.put("connection.password", value(ref.name(), ref.passwordKey()));
    }
    if (elasticsearch.apiKey() != null) {
      Platform.ApiKeySecret ref = elasticsearch.apiKey().secretRef();
      config.put("connection.api.key", value(ref.name(), ref.key()));
    }
    if (elasticsearch.tls() != null) {
      config.put("connection.ssl.truststore.location", file(elasticsearch.tls().caSecretRef()));
    }
    return config;
  }
}
