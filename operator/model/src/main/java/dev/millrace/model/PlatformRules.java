package dev.millrace.model;

import java.util.Optional;

/**
 * What the fields of a Platform mean together: the rules of its CRD, for who reads it from a file.
 */
final class PlatformRules {
  static final String SECRETS_PATH =
      "is missing: connectors need it to read the Secrets of kafka, schemaRegistry and elasticsearch";

  static final String HTTPS = "expected https://, for tls is set";
  static final String CONNECT = "expected https:// where tls is set, and a URL where basicAuth is";
  static final String HTTPS_RULE = "!has(self.tls) || self.url.startsWith('https://')";

  private PlatformRules() {}

  /** What is wrong in a part of a Platform, its own fields apart. */
  static Optional<Problem> check(String path, Record part) {
    if (part instanceof Platform.Spec spec) {
      return secretsPath(path, spec);
    } else if (part instanceof Platform.SchemaRegistry registry) {
      return https(path, registry.url(), registry.tls());
    } else if (part instanceof Platform.Connect connect) {
      boolean right =
          (connect.tls() == null || (connect.url() != null && connect.url().startsWith("https://")))
              && (connect.basicAuth() == null || connect.url() != null);
      return right
          ? Optional.empty()
          : Optional.of(Problem.of(path + ".url", "'" + connect.url() + "': " + CONNECT));
    } else if (part instanceof Platform.Elasticsearch elasticsearch) {
      return https(path, elasticsearch.url(), elasticsearch.tls());
    } else if (part instanceof Platform.Kibana kibana) {
      return https(path, kibana.url(), kibana.tls());
    }
    return Optional.empty();
  }

  private static Optional<Problem> https(String path, String url, Platform.Tls tls) {
    return tls == null || url == null || url.startsWith("https://")
        ? Optional.empty()
        : Optional.of(Problem.of(path + ".url", "'" + url + "': " + HTTPS));
  }

  private static Optional<Problem> secretsPath(String path, Platform.Spec spec) {
    if (spec.kafka() == null
        || spec.schemaRegistry() == null
        || spec.connect() == null
        || spec.elasticsearch() == null
        || spec.connect().secretsPath() != null) {
      return Optional.empty();
    }
    boolean needed =
        spec.kafka().sasl() != null
            || (spec.kafka().tls() != null && spec.kafka().tls().caSecretRef() != null)
            || spec.schemaRegistry().basicAuth() != null
            || spec.schemaRegistry().tls() != null
            || spec.elasticsearch().basicAuth() != null
            || spec.elasticsearch().apiKey() != null
            || spec.elasticsearch().tls() != null;
    return needed
        ? Optional.of(Problem.of(path + ".connect.secretsPath", SECRETS_PATH))
        : Optional.empty();
  }
}
