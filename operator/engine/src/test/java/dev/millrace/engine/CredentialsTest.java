package dev.millrace.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.model.Platform;
import dev.millrace.planner.Known;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What is made of the Secrets that a Platform names, and what is said of those that are no use. */
class CredentialsTest {
  private final Map<String, Map<String, String>> secrets = new HashMap<>();

  private final References references =
      new References() {
        @Override
        public Known<Map<String, String>> secret(String name) {
          return secrets.containsKey(name)
              ? new Known.Yes<>(secrets.get(name))
              : new Known.Waiting<>("no Secret '" + name + "' in namespace 'team'");
        }

        @Override
        public Known<Map<String, String>> configMap(String name) {
          throw new AssertionError("asks for no ConfigMap");
        }
      };

  private Credentials credentials(Platform.Kafka kafka, Platform.Elasticsearch elasticsearch) {
    return new Credentials(
        new Platform.Spec(
            "",
            kafka,
            new Platform.SchemaRegistry("http://registry"),
            new Platform.Connect("http://connect", "/secrets"),
            elasticsearch,
            new Platform.Spark("file:///nowhere", Map.of())),
        references);
  }

  private static Platform.Kafka kafka(String mechanism, Platform.KafkaTls tls) {
    return new Platform.Kafka(
        "kafka:9093",
        1,
        1,
        tls,
        new Platform.Sasl(mechanism, new Platform.LoginSecret("kafka", null, null)));
  }

  private static final Platform.Elasticsearch OPEN = new Platform.Elasticsearch("http://es");

  @Test
  void kafkaIsToldByItsOwnProperties() {
    secrets.put("kafka", Map.of("username", "u", "password", "t0p-secret"));
    Credentials found = credentials(kafka("PLAIN", new Platform.KafkaTls(null)), OPEN);
    assertThat(found.kafka())
        .containsEntry("bootstrap.servers", "kafka:9093")
        .containsEntry("security.protocol", "SASL_SSL")
        .containsEntry("sasl.mechanism", "PLAIN")
        .containsEntry(
            "sasl.jaas.config",
            "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"u\""
                + " password=\"t0p-secret\";")
        .doesNotContainKey("ssl.truststore.type");
    assertThat(found.secrets()).contains("t0p-secret");
    assertThat(credentials(kafka("SCRAM-SHA-256", null), OPEN).kafka())
        .containsEntry("security.protocol", "SASL_PLAINTEXT");
    assertThat(credentials(new Platform.Kafka("kafka:9092", 1, 1), OPEN).kafka())
        .containsOnlyKeys("bootstrap.servers");
  }

  @Test
  void anApiKeyGoesAsItIs() {
    secrets.put("key", Map.of("apiKey", "aWQ6a2V5"));
    Platform.ApiKey key = new Platform.ApiKey(new Platform.ApiKeySecret("key", null));
    Credentials found =
        credentials(
            new Platform.Kafka("kafka:9092", 1, 1),
            new Platform.Elasticsearch("https://es", null, key, null));
    assertThat(found.elasticsearch().authorization()).contains("ApiKey aWQ6a2V5");
    assertThat(found.elasticsearch().hint(403)).contains("Secret 'key'");
    assertThat(found.elasticsearch().toString()).doesNotContain("aWQ6a2V5");
    assertThat(found.connect().hint(401)).contains("spec.connect names no Secret");
    assertThat(found.secrets()).contains("aWQ6a2V5");
  }

  @Test
  void whatIsOfNoUseIsNamedWithoutItsValue() {
    Platform.Kafka sasl = kafka("SCRAM-SHA-512", null);
    assertThatThrownBy(() -> credentials(sasl, OPEN))
        .isInstanceOf(UnresolvedException.class)
        .hasMessage("spec.kafka.sasl.secretRef: no Secret 'kafka' in namespace 'team'");
    secrets.put("kafka", Map.of("username", "u", "passwort", "t0p-secret"));
    assertThatThrownBy(() -> credentials(sasl, OPEN))
        .hasMessage(
            "spec.kafka.sasl.secretRef: Secret 'kafka' has no key 'password'; it has [passwort,"
                + " username]");
    for (Map.Entry<String, String> wrong :
        Map.of(
                "t0p-secret\n", "has a line break",
                "t0p\"secret", "can not be given to Kafka's login module",
                "", "is empty")
            .entrySet()) {
      secrets.put("kafka", Map.of("username", "u", "password", wrong.getKey()));
      assertThatThrownBy(() -> credentials(sasl, OPEN))
          .hasMessageStartingWith("spec.kafka.sasl.secretRef: Secret 'kafka', key 'password', ")
          .hasMessageContaining(wrong.getValue())
          .hasMessageNotContaining("t0p");
    }
    secrets.put("kafka", Map.of("username", "u", "password", "p4ssword"));
    secrets.put("ca", Map.of("ca.crt", "t0p-secret, and no certificate"));
    Platform.KafkaTls tls = new Platform.KafkaTls(new Platform.CaSecret("ca", null));
    assertThatThrownBy(() -> credentials(kafka("PLAIN", tls), OPEN))
        .hasMessage(
            "spec.kafka.tls.caSecretRef: Secret 'ca', key 'ca.crt', holds no certificate in PEM");
  }
}
