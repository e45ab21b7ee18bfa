package dev.millrace.local.guarded;

import dev.millrace.services.Room;
import dev.millrace.services.Service;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A service as a laptop has it, with another configuration. */
abstract class GuardedService implements Service {
  final Service open;
  final Certificate certificate;

  GuardedService(Service open, Certificate certificate) {
    this.open = open;
    this.certificate = certificate;
  }

  @Override
  public String name() {
    return open.name();
  }

  @Override
  public List<String> after() {
    return open.after();
  }

  @Override
  public Launch prepare(Room room) throws IOException, InterruptedException {
    Launch launch = open.prepare(room);
    try {
      return guard(room, launch);
    } catch (IOException | InterruptedException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException(e);
    }
  }

  abstract Launch guard(Room room, Launch launch) throws Exception;

  /** Key and certificate in one file, as Kafka takes them. */
  Path keyStore(Room room) throws Exception {
    return room.writeSecret("keystore.pem", certificate.key() + certificate.authority());
  }

  static void append(Path file, String more) throws IOException {
    Files.writeString(file, Files.readString(file) + more);
  }

  @Override
  public boolean ready() throws Exception {
    return open.ready();
  }

  @Override
  public Optional<String> endpoint() {
    return open.endpoint();
  }
}
