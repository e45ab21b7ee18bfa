package dev.millrace.connect.mqtt;

import com.hivemq.client.mqtt.mqtt3.exceptions.Mqtt3ConnAckException;
import com.hivemq.client.mqtt.mqtt5.exceptions.Mqtt5ConnAckException;
import com.hivemq.client.mqtt.mqtt5.exceptions.Mqtt5DisconnectException;
import java.security.cert.CertificateException;
import java.util.Locale;
import java.util.Optional;
import javax.net.ssl.SSLException;

/**
 * Tells what passes by itself, a broker that is away, from what somebody must mend: a password that
 * is refused, a certificate that is not trusted.
 */
final class Refusals {
  private final String url;
  private final String clientId;
  private final Optional<String> username;
  private final boolean certificate;
  private final String version;

  Refusals(MqttConfig config, String clientId) {
    this.url = config.getString(MqttConfig.URL);
    this.clientId = clientId;
    this.username = config.username();
    this.certificate = !config.getString(MqttConfig.CERTIFICATE).isEmpty();
    this.version = config.getString(MqttConfig.VERSION);
  }

  /** What is to be mended; empty if waiting helps. */
  Optional<String> toMend(Throwable cause) {
    for (Throwable t = cause; t != null; t = t.getCause()) {
      Optional<String> found = of(t);
      if (found.isPresent()) {
        return found.map(what -> "the broker at " + url + " " + what);
      }
      if (t.getCause() == t) {
        break;
      }
    }
    return Optional.empty();
  }

  private Optional<String> of(Throwable t) {
    if (t instanceof Mqtt5ConnAckException e) {
      return code(e.getMqttMessage().getReasonCode().name());
    }
    if (t instanceof Mqtt3ConnAckException e) {
      return code(e.getMqttMessage().getReturnCode().name());
    }
    if (t instanceof Mqtt5DisconnectException e) {
      return code(e.getMqttMessage().getReasonCode().name());
    }
    if (t instanceof CertificateException) {
      return Optional.of(
          "shows a certificate that is not trusted: "
              + t.getMessage()
              + "; check tls.ca.file, and that the certificate names the host of the URL");
    }
    if (t instanceof SSLException) {
      return alert(String.valueOf(t.getMessage()));
    }
    return Optional.empty();
  }

  private Optional<String> code(String name) {
    return switch (name) {
      case "BAD_USER_NAME_OR_PASSWORD" ->
          Optional.of("refuses " + who() + ": bad user name or password");
      case "NOT_AUTHORIZED" -> Optional.of("refuses " + who() + ": not authorized");
      case "BANNED" -> Optional.of("has banned " + who());
      case "BAD_AUTHENTICATION_METHOD" ->
          Optional.of("refuses " + who() + ": it wants another method of authentication");
      case "UNSUPPORTED_PROTOCOL_VERSION" ->
          Optional.of(
              "does not speak MQTT "
                  + version
                  + ": try version="
                  + (version.equals("5") ? "3.1.1" : "5"));
      case "CLIENT_IDENTIFIER_NOT_VALID", "IDENTIFIER_REJECTED" ->
          Optional.of("refuses the client id '" + clientId + "': set another client.id");
      case "SHARED_SUBSCRIPTIONS_NOT_SUPPORTED" ->
          Optional.of("knows no shared subscriptions: leave out $share/GROUP/ and set tasks.max=1");
      case "WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED" ->
          Optional.of("allows no wildcards in subscriptions: name the topics one by one");
      case "TOPIC_FILTER_INVALID" -> Optional.of("finds one of topic.filters invalid");
      default -> Optional.empty();
    };
  }

  /** Alerts about certificates (RFC 8446, 6.2), as Java names them. */
  private Optional<String> alert(String message) {
    String text = message.toLowerCase(Locale.ROOT);
    if (!text.contains("alert")) {
      return Optional.empty();
    }
    if (text.contains("certificate_required")
        || (text.contains("handshake_failure") && !certificate)) {
      return Optional.of(
          "wants a client certificate ("
              + message
              + "): set tls.certificate.file and tls.key.file");
    }
    if (text.contains("bad_certificate")
        || text.contains("unknown_ca")
        || text.contains("certificate_unknown")
        || text.contains("certificate_expired")
        || text.contains("certificate_revoked")
        || text.contains("unsupported_certificate")) {
      return Optional.of(
          certificate
              ? "refuses the certificate of tls.certificate.file: " + message
              : "wants a client certificate ("
                  + message
                  + "): set tls.certificate.file and tls.key.file");
    }
    if (text.contains("protocol_version")) {
      return Optional.of("speaks no version of TLS that Java does: " + message);
    }
    return Optional.empty();
  }

  private String who() {
    return username.map(u -> "user '" + u + "'").orElse("a client without a user name")
        + (certificate ? " with the certificate of tls.certificate.file" : "");
  }

  /** What happened, in a few words. */
  static String shortly(Throwable cause) {
    Throwable t = cause;
    while (t.getCause() != null && t.getCause() != t) {
      t = t.getCause();
    }
    if (t instanceof Mqtt5DisconnectException e) {
      return "it ended the connection: " + e.getMqttMessage().getReasonCode();
    }
    return t.getMessage() == null ? t.getClass().getSimpleName() : t.getMessage();
  }
}
