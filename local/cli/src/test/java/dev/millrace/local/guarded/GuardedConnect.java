package dev.millrace.local.guarded;

import dev.millrace.services.ConnectService;
import dev.millrace.services.Room;
import java.net.URL;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Connect by https, behind its own {@code BasicAuthSecurityRestExtension}. */
public final class GuardedConnect extends GuardedService {
  private static final String EXTENSION =
      "org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension";

  private final Login login;
  private volatile int port;

  public GuardedConnect(ConnectService open, Certificate certificate, Login login) {
    super(open, certificate);
    this.login = login;
  }

  @Override
  Launch guard(Room room, Launch launch) throws Exception {
    port = room.port("http");
    append(
        room.path().resolve("connect.properties"),
        """
        listeners=https://127.0.0.1:%1$d
        listeners.https.ssl.keystore.type=PKCS12
        listeners.https.ssl.keystore.location=%2$s
        listeners.https.ssl.keystore.password=%4$s
        listeners.https.ssl.key.password=%4$s
        rest.extension.classes=%3$s
        """
            .formatted(port, certificate.file(), EXTENSION, Certificate.PASSWORD));
    Path users = room.writeSecret("users.properties", login.user() + "=" + login.password());
    Path jaas =
        room.write(
            "jaas.conf",
            """
            KafkaConnect {
              org.apache.kafka.connect.rest.basic.auth.extension.PropertyFileLoginModule required
              file="%s";
            };
            """
                .formatted(users));
    List<String> command = new ArrayList<>(launch.command());
    command.add(1, "-Djava.security.auth.login.config=" + jaas);
    int classPath = command.indexOf("-cp") + 1;
    command.set(classPath, command.get(classPath) + ":" + jar());
    return new Launch(command, launch.env(), launch.workingDirectory());
  }

  /** The jar that the extension comes in. */
  private static Path jar() throws Exception {
    URL found =
        GuardedConnect.class.getClassLoader().getResource(EXTENSION.replace('.', '/') + ".class");
    String url = found.toString();
    return Path.of(new URL(url.substring("jar:".length(), url.indexOf('!'))).toURI());
  }

  @Override
  public boolean ready() throws Exception {
    return login.answers(url() + "/connectors");
  }

  private String url() {
    return "https://127.0.0.1:" + port;
  }

  @Override
  public Optional<String> endpoint() {
    return port == 0 ? Optional.empty() : Optional.of(url());
  }
}
