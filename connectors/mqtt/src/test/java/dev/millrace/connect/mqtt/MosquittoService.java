package dev.millrace.connect.mqtt;

import dev.millrace.services.Room;
import dev.millrace.services.Service;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Debian's Mosquitto, with a door for users with a password and one for clients with a certificate.
 */
final class MosquittoService implements Service {
  private static final Path PROGRAM = Path.of("/usr/sbin/mosquitto");

  private final Authority authority;
  private volatile Room room;
  private volatile int port;
  private volatile int tlsPort;

  MosquittoService(Authority authority) {
    this.authority = authority;
  }

  @Override
  public String name() {
    return "mosquitto";
  }

  @Override
  public Launch prepare(Room given) throws IOException, InterruptedException {
    if (!Files.isExecutable(PROGRAM)) {
      throw new IOException(PROGRAM + " is missing: apt-get install mosquitto, as ./test.sh does");
    }
    room = given;
    port = room.port("mqtt");
    tlsPort = room.port("mqtts");
    Path users = room.writeSecret("users", "it:" + room.password("it") + "\n");
    Process hashed =
        new ProcessBuilder("mosquitto_passwd", "-U", users.toString()).inheritIO().start();
    if (!hashed.waitFor(10, TimeUnit.SECONDS) || hashed.exitValue() != 0) {
      throw new IOException("mosquitto_passwd failed");
    }
    Path config =
        room.write(
            "mosquitto.conf",
            """
            %1$s
            per_listener_settings true
            persistence true
            persistence_location %2$s/
            autosave_interval 1
            max_queued_messages 0
            max_inflight_messages 1000

            listener %3$d 127.0.0.1
            allow_anonymous false
            password_file %4$s

            listener %5$d 127.0.0.1
            cafile %6$s
            certfile %7$s/server.pem
            keyfile %7$s/server.key
            require_certificate true
            use_identity_as_username true
            """
                .formatted(
                    System.getProperty("user.name").equals("root") ? "user root" : "",
                    room.folder("data"),
                    port,
                    users,
                    tlsPort,
                    authority.ca(),
                    authority.folder()));
    return new Launch(List.of(PROGRAM.toString(), "-c", config.toString()), Map.of(), room.path());
  }

  String password() throws IOException {
    return room.password("it");
  }

  int port() {
    return port;
  }

  int tlsPort() {
    return tlsPort;
  }

  @Override
  public boolean ready() throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.isConnected();
    }
  }

  @Override
  public Optional<String> endpoint() {
    return port == 0 ? Optional.empty() : Optional.of("127.0.0.1:" + port);
  }
}
