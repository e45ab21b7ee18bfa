package dev.millrace.engine;

import dev.millrace.model.Platform;
import dev.millrace.planner.Known;
import dev.millrace.registry.Authorities;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import javax.net.ssl.SSLContext;

/**
 * Who we are to a platform's backends and whom we trust, read once from the Secrets that it names:
 * with other Secrets, other clients are made. In memory only.
 */
final class Credentials {
  private static final String LOGIN =
      "org.apache.kafka.common.security.%s required username=\"%s\" password=\"%s\";";

  private final References references;
  private final List<String> secrets = new ArrayList<>();
  private final Map<String, Object> kafka = new HashMap<>();
  private final Access connect;
  private final Access elasticsearch;
  private final Optional<Access> kibana;
  private final Access registry;
  private final Optional<String> registryUser;

  /**
   * Reads them.
   *
   * @throws UnresolvedException naming the first Secret or key that is missing or of no use
   */
  Credentials(Platform.Spec spec, References references) {
    this.references = references;
    kafka(spec.kafka());
    Platform.SchemaRegistry toRegistry = spec.schemaRegistry();
    this.registryUser = login("schemaRegistry", toRegistry.basicAuth());
    this.registry =
        access("schemaRegistry", toRegistry.basicAuth(), null, toRegistry.tls(), registryUser);
    this.connect = access("connect", spec.connect().basicAuth(), null, spec.connect().tls());
    Platform.Elasticsearch es = spec.elasticsearch();
    this.elasticsearch = access("elasticsearch", es.basicAuth(), es.apiKey(), es.tls());
    this.kibana =
        Optional.ofNullable(spec.kibana())
            .map(k -> access("kibana", k.basicAuth(), k.apiKey(), k.tls()));
  }

  /** What every client of Kafka is made with, {@code bootstrap.servers} among it. */
  Map<String, Object> kafka() {
    return Map.copyOf(kafka);
  }

  Access registry() {
    return registry;
  }

  /** {@code user:password}. */
  Optional<String> registryUser() {
    return registryUser;
  }

  Access connect() {
    return connect;
  }

  Access elasticsearch() {
    return elasticsearch;
  }

  /** Empty where the platform has no Kibana. */
  Optional<Access> kibana() {
    return kibana;
  }

  /** What nobody may read anywhere. */
  List<String> secrets() {
    return List.copyOf(secrets);
  }

  private void kafka(Platform.Kafka to) {
    kafka.put("bootstrap.servers", to.bootstrapServers());
    if (to.tls() != null || to.sasl() != null) {
      kafka.put("security.protocol", protocol(to));
    }
    if (to.tls() != null && to.tls().caSecretRef() != null) {
      Platform.CaSecret ca = to.tls().caSecretRef();
      String where = "kafka.tls.caSecretRef";
      String pem = value(where, ca.name(), ca.key());
      trust(where, ca, pem);
      kafka.put("ssl.truststore.type", "PEM");
      kafka.put("ssl.truststore.certificates", pem);
    }
    if (to.sasl() != null) {
      String where = "kafka.sasl.secretRef";
      Platform.LoginSecret ref = to.sasl().secretRef();
      kafka.put("sasl.mechanism", to.sasl().mechanism());
      kafka.put(
          "sasl.jaas.config",
          LOGIN.formatted(
              to.sasl().mechanism().equals("PLAIN")
                  ? "plain.PlainLoginModule"
                  : "scram.ScramLoginModule",
              quotable(where, ref.name(), ref.usernameKey()),
              secret(quotable(where, ref.name(), ref.passwordKey()))));
    }
  }

  private static String protocol(Platform.Kafka to) {
    if (to.sasl() == null) {
      return "SSL";
    }
    return to.tls() == null ? "SASL_PLAINTEXT" : "SASL_SSL";
  }

  private Access access(
      String field, Platform.BasicAuth basic, Platform.ApiKey apiKey, Platform.Tls tls) {
    return access(field, basic, apiKey, tls, login(field, basic));
  }

  private Access access(
      String field,
      Platform.BasicAuth basic,
      Platform.ApiKey apiKey,
      Platform.Tls tls,
      Optional<String> login) {
    Optional<String> authorization =
        login.map(
            l -> "Basic " + Base64.getEncoder().encodeToString(l.getBytes(StandardCharsets.UTF_8)));
    Optional<String> name = Optional.ofNullable(basic).map(b -> b.secretRef().name());
    if (apiKey != null) {
      Platform.ApiKeySecret ref = apiKey.secretRef();
      name = Optional.of(ref.name());
      authorization =
          Optional.of("ApiKey " + secret(line(field + ".apiKey.secretRef", ref.name(), ref.key())));
    }
    authorization.ifPresent(a -> secrets.add(a.substring(a.indexOf(' ') + 1)));
    Optional<SSLContext> trust =
        Optional.ofNullable(tls)
            .map(
                t -> {
                  String where = field + ".tls.caSecretRef";
                  Platform.CaSecret ca = t.caSecretRef();
                  return trust(where, ca, value(where, ca.name(), ca.key()));
                });
    return new Access(field, name, authorization, trust);
  }

  private Optional<String> login(String field, Platform.BasicAuth basic) {
    if (basic == null) {
      return Optional.empty();
    }
    String where = field + ".basicAuth.secretRef";
    Platform.LoginSecret ref = basic.secretRef();
    String user = line(where, ref.name(), ref.usernameKey());
    if (user.contains(":")) {
      throw unresolved(where, ref.name(), ref.usernameKey(), "has a ':', which no user's name may");
    }
    return Optional.of(user + ":" + secret(line(where, ref.name(), ref.passwordKey())));
  }

  private String secret(String value) {
    secrets.add(value);
    return value;
  }

  private static SSLContext trust(String where, Platform.CaSecret ca, String pem) {
    try {
      return Authorities.of(pem);
    } catch (IllegalArgumentException e) {
      throw unresolved(where, ca.name(), ca.key(), e.getMessage());
    }
  }

  /** A value that Kafka's login module reads between quotes, here and in connectors and jobs. */
  private String quotable(String where, String name, String key) {
    String value = line(where, name, key);
    if (value.contains("\"") || value.contains("\\")) {
      throw unresolved(
          where, name, key, "has a '\"' or '\\', which can not be given to Kafka's login module");
    }
    return value;
  }

  private String line(String where, String name, String key) {
    String value = value(where, name, key);
    if (value.isEmpty()) {
      throw unresolved(where, name, key, "is empty");
    }
    if (value.contains("\n") || value.contains("\r")) {
      throw unresolved(
          where,
          name,
          key,
          "has a line break: make it with 'kubectl create secret --from-literal'");
    }
    return value;
  }

  private String value(String where, String name, String key) {
    Known<Map<String, String>> known = references.secret(name);
    if (known instanceof Known.Yes<Map<String, String>> yes) {
      String value = yes.value().get(key);
      if (value == null) {
        throw new UnresolvedException(
            "spec."
                + where
                + ": Secret '"
                + name
                + "' has no key '"
                + key
                + "'; it has "
                + new TreeSet<>(yes.value().keySet()));
      }
      return value;
    }
    throw new UnresolvedException(
        "spec."
            + where
            + ": "
            + (known instanceof Known.Waiting<Map<String, String>> waiting
                ? waiting.why()
                : ((Known.No<Map<String, String>>) known).why()));
  }

  private static UnresolvedException unresolved(
      String where, String name, String key, String what) {
    return new UnresolvedException(
        "spec." + where + ": Secret '" + name + "', key '" + key + "', " + what);
  }
}
