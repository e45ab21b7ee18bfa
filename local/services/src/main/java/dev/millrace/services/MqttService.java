package dev.millrace.services;

import dev.millrace.services.mqtt.Broker;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * An MQTT broker (HiveMQ Community Edition: MQTT 3.1, 3.1.1 and 5) with one user, for development
 * and tests. Sessions, and messages that wait in them, are on disk and survive a kill.
 */
public final class MqttService implements DevelopmentService {
  private static final String USER = "millrace";

  private final Distribution distribution;
  private final String name;
  private volatile Room room;
  private volatile int port;

  /**
   * A broker.
   *
   * @param name names the service and its room
   */
  public MqttService(Distribution distribution, String name) {
    this.distribution = distribution;
    this.name = name;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Launch prepare(Room given) throws IOException {
    room = given;
    port = room.port("mqtt");
    Path jars = distribution.root().resolve("mqtt");
    if (!Files.isDirectory(jars)) {
      throw new IOException(
          "the MQTT broker is not there: build it with './mvnw -pl local/services package'");
    }
    room.folder("conf");
    // The queue of a client that is away holds 1,000 messages by default, and drops the next ones:
    // a pipeline that was stopped over night would miss most of them.
    room.write(
        "conf/config.xml",
        """
        <?xml version="1.0"?>
        <hivemq xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
          <listeners>
            <tcp-listener><port>%d</port><bind-address>127.0.0.1</bind-address></tcp-listener>
          </listeners>
          <mqtt>
            <queued-messages><max-queue-size>5000000</max-queue-size><strategy>discard</strategy></queued-messages>
          </mqtt>
          <persistence><mode>file</mode></persistence>
          <anonymous-usage-statistics><enabled>false</enabled></anonymous-usage-statistics>
        </hivemq>
        """
            .formatted(port));
    Path logback =
        room.write(
            "logback.xml",
            """
            <configuration>
              <appender name="STDOUT" class="ch.qos.logback.core.ConsoleAppender">
                <encoder><pattern>%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %-5level [%thread] %logger{0}: %msg%n</pattern></encoder>
              </appender>
              <root level="INFO"><appender-ref ref="STDOUT"/></root>
              <logger name="jetbrains.exodus" level="WARN"/>
            </configuration>
            """);
    String unused = room.password("mqtt");
    return new Launch(
        new JavaCommand(192)
            .options(
                "-XX:TieredStopAtLevel=1",
                "-Xss512k",
                "-Dlogback.configurationFile=" + logback,
                "-Djava.io.tmpdir=" + room.folder("tmp"),
                "--add-opens=java.base/java.lang=ALL-UNNAMED",
                "--add-opens=java.base/java.nio=ALL-UNNAMED",
                "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
                "--add-opens=jdk.management/com.sun.management.internal=ALL-UNNAMED",
                "--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED")
            .main(
                List.of(ours().toString(), jars + "/*"),
                Broker.class.getName(),
                room.path().toString(),
                USER,
                room.path().resolve("password.mqtt").toString())
            .build(),
        Map.of(),
        room.path());
  }

  /** Where this module's classes are: the broker's main class is one of them. */
  private static Path ours() throws IOException {
    try {
      return Path.of(MqttService.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new IOException(e);
    }
  }

  @Override
  public boolean ready() throws InterruptedException {
    return Probe.port(port);
  }

  @Override
  public Optional<String> endpoint() {
    return port == 0 ? Optional.empty() : Optional.of("127.0.0.1:" + port);
  }

  /** The keys url, username, password, host, port. */
  @Override
  public Map<String, String> credentials() throws IOException {
    Map<String, String> keys = new TreeMap<>();
    keys.put("url", "mqtt://127.0.0.1:" + port);
    keys.put("username", USER);
    keys.put("password", room.password("mqtt"));
    keys.put("host", "127.0.0.1");
    keys.put("port", Integer.toString(port));
    return keys;
  }

  @Override
  public Duration startDeadline() {
    return Duration.ofSeconds(90);
  }
}
