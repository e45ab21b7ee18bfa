package dev.millrace.services.mqtt;

import com.hivemq.configuration.service.InternalConfigurations;
import com.hivemq.embedded.EmbeddedExtension;
import com.hivemq.embedded.EmbeddedHiveMQ;
import com.hivemq.extension.sdk.api.ExtensionMain;
import com.hivemq.extension.sdk.api.auth.SimpleAuthenticator;
import com.hivemq.extension.sdk.api.auth.parameter.SimpleAuthInput;
import com.hivemq.extension.sdk.api.auth.parameter.SimpleAuthOutput;
import com.hivemq.extension.sdk.api.packets.connect.ConnackReasonCode;
import com.hivemq.extension.sdk.api.parameter.ExtensionStartInput;
import com.hivemq.extension.sdk.api.parameter.ExtensionStartOutput;
import com.hivemq.extension.sdk.api.parameter.ExtensionStopInput;
import com.hivemq.extension.sdk.api.parameter.ExtensionStopOutput;
import com.hivemq.extension.sdk.api.services.Services;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;

/** HiveMQ's Community Edition with one user. Ends on SIGTERM. */
public final class Broker {
  /** Messages of QoS 1 and 2 on their way to one client, as far as the client allows it. */
  private static final int IN_FLIGHT = 2000;

  private Broker() {}

  /**
   * Runs it.
   *
   * @param args the folder with {@code conf/config.xml}, where it keeps {@code data}; the user's
   *     name; the file with the user's password
   */
  public static void main(String[] args) throws Exception {
    Path home = Path.of(args[0]);
    // 50 by default: a client that acknowledges what is safe elsewhere would wait most of the time.
    InternalConfigurations.MAX_INFLIGHT_WINDOW_SIZE_MESSAGES = IN_FLIGHT;
    EmbeddedExtension users =
        EmbeddedExtension.builder()
            .withId("millrace-users")
            .withName("One user")
            .withVersion("1")
            .withAuthor("Millrace")
            .withExtensionMain(new OneUser(args[1], password(Path.of(args[2]))))
            .build();
    EmbeddedHiveMQ broker =
        EmbeddedHiveMQ.builder()
            .withConfigurationFolder(home.resolve("conf"))
            .withDataFolder(Files.createDirectories(home.resolve("data")))
            .withExtensionsFolder(Files.createDirectories(home.resolve("extensions")))
            .withEmbeddedExtension(users)
            .withoutLoggingBootstrap()
            .build();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(broker), "stop"));
    try {
      broker.start().get();
    } catch (ExecutionException e) {
      // Its threads would keep the process.
      System.out.println("ERROR the broker does not start: " + e.getCause());
      System.exit(1);
    }
    new CountDownLatch(1).await();
  }

  private static byte[] password(Path file) throws IOException {
    return Files.readString(file).strip().getBytes(StandardCharsets.UTF_8);
  }

  private static void stop(EmbeddedHiveMQ broker) {
    try {
      broker.close();
    } catch (ExecutionException e) {
      System.out.println("ERROR the broker did not stop cleanly: " + e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Lets one user in, and nobody else. */
  private record OneUser(String name, byte[] password)
      implements ExtensionMain, SimpleAuthenticator {

    @Override
    public void extensionStart(ExtensionStartInput input, ExtensionStartOutput output) {
      Services.securityRegistry().setAuthenticatorProvider(ignored -> this);
    }

    @Override
    public void extensionStop(ExtensionStopInput input, ExtensionStopOutput output) {
      // Nothing was opened.
    }

    @Override
    public void onConnect(SimpleAuthInput input, SimpleAuthOutput output) {
      byte[] given = input.getConnectPacket().getPassword().map(OneUser::bytes).orElse(new byte[0]);
      boolean known = input.getConnectPacket().getUserName().filter(name::equals).isPresent();
      if (known & MessageDigest.isEqual(password, given)) {
        output.authenticateSuccessfully();
      } else {
        output.failAuthentication(
            ConnackReasonCode.BAD_USER_NAME_OR_PASSWORD, "unknown user or wrong password");
      }
    }

    private static byte[] bytes(ByteBuffer buffer) {
      byte[] bytes = new byte[buffer.remaining()];
      buffer.duplicate().get(bytes);
      return bytes;
    }
  }
}
