package dev.millrace.local.guarded;

import dev.millrace.services.KafkaService;
import dev.millrace.services.Room;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;

/**
 * Kafka with a listener of SASL_SSL and SCRAM-SHA-512 beside the open one, by which Connect's
 * worker and this test reach it.
 */
public final class GuardedKafka extends GuardedService {
  private volatile int port;

  public GuardedKafka(KafkaService open, Certificate certificate) {
    super(open, certificate);
  }

  @Override
  Launch guard(Room room, Launch launch) throws Exception {
    port = room.port("guarded");
    append(
        room.path().resolve("server.properties"),
        """
        listeners=PLAINTEXT://127.0.0.1:%1$d,CONTROLLER://127.0.0.1:%2$d,SASL_SSL://127.0.0.1:%3$d
        advertised.listeners=PLAINTEXT://127.0.0.1:%1$d,SASL_SSL://127.0.0.1:%3$d
        listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL
        sasl.enabled.mechanisms=SCRAM-SHA-512
        ssl.keystore.type=PEM
        ssl.keystore.location=%4$s
        listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
        """
            .formatted(room.port("kafka"), room.port("controller"), port, keyStore(room)));
    return launch;
  }

  /** Lets a user in. */
  public void user(String name, String password) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", open.endpoint().orElseThrow()))) {
      admin
          .alterUserScramCredentials(
              List.of(
                  new UserScramCredentialUpsertion(
                      name, new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096), password)))
          .all()
          .get();
    }
  }

  /** Address of the listener that asks. */
  public Optional<String> guarded() {
    return port == 0 ? Optional.empty() : Optional.of("127.0.0.1:" + port);
  }
}
