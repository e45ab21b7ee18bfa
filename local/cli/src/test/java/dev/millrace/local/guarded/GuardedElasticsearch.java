package dev.millrace.local.guarded;

import dev.millrace.services.ElasticsearchService;
import dev.millrace.services.Room;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Optional;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;

/** Elasticsearch with its security on, https and a user of its file realm. */
public final class GuardedElasticsearch extends GuardedService {
  private static final int COST = 10_000;

  private final Login login;
  private volatile int port;

  public GuardedElasticsearch(ElasticsearchService open, Certificate certificate, Login login) {
    super(open, certificate);
    this.login = login;
  }

  @Override
  Launch guard(Room room, Launch launch) throws Exception {
    port = room.port("http");
    Path config = room.folder("config");
    Path settings = config.resolve("elasticsearch.yml");
    Files.writeString(
        settings,
        Files.readString(settings)
            .replace(
                "xpack.security.enabled: false",
                """
                xpack.security.enabled: true
                xpack.security.enrollment.enabled: false
                xpack.security.http.ssl.enabled: true
                xpack.security.http.ssl.key: tls.key
                xpack.security.http.ssl.certificate: tls.crt"""));
    Files.writeString(config.resolve("tls.key"), certificate.key());
    Files.writeString(config.resolve("tls.crt"), certificate.authority());
    Files.writeString(config.resolve("users"), login.user() + ":" + hash(login.password()) + "\n");
    Files.writeString(config.resolve("users_roles"), "superuser:" + login.user() + "\n");
    return launch;
  }

  /** As the file realm keeps passwords. */
  private static String hash(String password) throws Exception {
    byte[] salt = new byte[32];
    new SecureRandom().nextBytes(salt);
    byte[] hash =
        SecretKeyFactory.getInstance("PBKDF2WithHmacSHA512")
            .generateSecret(new PBEKeySpec(password.toCharArray(), salt, COST, 256))
            .getEncoded();
    Base64.Encoder base64 = Base64.getEncoder();
    return "{PBKDF2}"
        + COST
        + "$"
        + new String(base64.encode(salt), StandardCharsets.US_ASCII)
        + "$"
        + new String(base64.encode(hash), StandardCharsets.US_ASCII);
  }

  @Override
  public boolean ready() throws Exception {
    return login.answers(url() + "/_cluster/health?wait_for_status=yellow&timeout=2s");
  }

  private String url() {
    return "https://127.0.0.1:" + port;
  }

  @Override
  public Optional<String> endpoint() {
    return port == 0 ? Optional.empty() : Optional.of(url());
  }
}
