package dev.millrace.engine;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;

/** Who we are to a backend that speaks HTTP, and whom we trust. It never shows what it holds. */
final class Access {
  private final String field;
  private final Optional<String> secret;
  private final Optional<String> authorization;
  private final Optional<SSLContext> trust;

  /**
   * @param field of the Platform's spec that describes the backend
   * @param secret name of the Secret that says who we are
   * @param authorization value of the header of that name
   * @param trust empty for the authorities that Java knows
   */
  Access(
      String field,
      Optional<String> secret,
      Optional<String> authorization,
      Optional<SSLContext> trust) {
    this.field = field;
    this.secret = secret;
    this.authorization = authorization;
    this.trust = trust;
  }

  /** Somebody who is asked nothing. */
  static Access open(String field) {
    return new Access(field, Optional.empty(), Optional.empty(), Optional.empty());
  }

  HttpClient client() {
    HttpClient.Builder client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(2));
    trust.ifPresent(client::sslContext);
    return client.build();
  }

  HttpRequest.Builder sign(HttpRequest.Builder request) {
    authorization.ifPresent(a -> request.header("Authorization", a));
    return request;
  }

  Optional<String> authorization() {
    return authorization;
  }

  Optional<SSLContext> trust() {
    return trust;
  }

  /** What may be wrong with us, if the backend answers with this status; else nothing. */
  String hint(int status) {
    if (status != 401 && status != 403) {
      return "";
    }
    return secret
        .map(s -> "; is the Secret '" + s + "' right, and may its user do this?")
        .orElse("; the Platform's spec." + field + " names no Secret");
  }

  /** Why there was no answer. */
  String why(Throwable failure) {
    String why = failure.getMessage() == null ? failure.toString() : failure.getMessage();
    boolean distrusted =
        failure instanceof SSLException
            || (failure instanceof IOException && failure.getCause() instanceof SSLException);
    return distrusted
        ? why
            + "; spec."
            + field
            + (trust.isPresent()
                ? ".tls.caSecretRef may name another authority than that of its certificate"
                : ".tls.caSecretRef names the authority of its certificate where Java knows it not")
        : why;
  }
}
