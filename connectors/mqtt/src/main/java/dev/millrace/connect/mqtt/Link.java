package dev.millrace.connect.mqtt;

import com.hivemq.client.mqtt.MqttClient;
import com.hivemq.client.mqtt.MqttClientBuilder;
import com.hivemq.client.mqtt.MqttClientSslConfig;
import com.hivemq.client.mqtt.lifecycle.MqttClientConnectedContext;
import com.hivemq.client.mqtt.lifecycle.MqttClientDisconnectedContext;
import com.hivemq.client.mqtt.lifecycle.MqttClientReconnector;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.apache.kafka.connect.errors.ConnectException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A session with the broker, and the connection it has at the moment: waits for a broker that is
 * away, as long as it takes, and says so once.
 *
 * <p>Messages go to the inbox on the client's own thread, as they are read from the socket: the
 * client itself then queues nothing, and so drops nothing unseen.
 */
abstract class Link {
  private static final Logger log = LoggerFactory.getLogger(Link.class);

  /** Runs callbacks where they are called. */
  static final Executor HERE = Runnable::run;

  private static final CompletableFuture<Void> NOTHING = CompletableFuture.completedFuture(null);

  private final String clientId;
  private final String url;
  private final Inbox inbox;
  private final Refusals refusals;
  private final Backoff backoff;
  private volatile boolean closed;
  private volatile ConnectException failure;
  private volatile CompletableFuture<Void> again = new CompletableFuture<>();
  private volatile boolean connected;

  /** When the connection was lost, by {@link System#nanoTime}; only the client's thread looks. */
  private long lostAt;

  private boolean away;

  Link(MqttConfig config, String clientId, Inbox inbox) {
    this.clientId = clientId;
    this.url = config.getString(MqttConfig.URL);
    this.inbox = inbox;
    this.refusals = new Refusals(config, clientId);
    this.backoff =
        new Backoff(config.getInt(MqttConfig.RECONNECT_MAX), RandomGenerator.getDefault());
  }

  /** A session of the version of MQTT that is configured; call {@link #open}. */
  static Link of(MqttConfig config, String clientId, Inbox inbox) {
    return config.version5()
        ? new Link5(config, clientId, inbox)
        : new Link3(config, clientId, inbox);
  }

  /**
   * Begins to connect, and subscribes.
   *
   * @param filters to subscribe to
   * @param former that the session may still be subscribed to, and is no longer to be
   * @return done when all is subscribed, or can not be: {@link #check} says why
   */
  final CompletableFuture<?> open(List<String> filters, List<String> former) {
    return connect()
        .thenCompose(ignored -> former.isEmpty() ? NOTHING : leave(former))
        .thenCompose(ignored -> filters.isEmpty() ? NOTHING : join(filters))
        .handle(
            (ignored, e) -> {
              if (e != null && !closed && failure == null) {
                failure =
                    new ConnectException(
                        refusals
                            .toMend(e)
                            .orElse("the broker at " + url + ": " + Refusals.shortly(e)));
              }
              return null;
            });
  }

  /** Connects with the session kept; tries again until it succeeds or {@link #close} is called. */
  abstract CompletableFuture<?> connect();

  /** Subscribes; fails with a message that names the filter if the broker refuses one. */
  abstract CompletableFuture<Void> join(List<String> filters);

  /** Unsubscribes. */
  abstract CompletableFuture<Void> leave(List<String> filters);

  /** Says goodbye; the broker keeps the session. */
  abstract CompletableFuture<?> disconnect();

  /** Says goodbye; the broker forgets the session. */
  abstract CompletableFuture<?> forget();

  /** Whether there is a connection at the moment. */
  final boolean connected() {
    return connected;
  }

  /**
   * Returns if all is well or will be by itself.
   *
   * @throws ConnectException that says what is to be mended
   */
  final void check() {
    if (failure != null) {
      throw failure;
    }
  }

  /** Ends the connection within a second or so; the broker keeps the session. */
  final void close() {
    end(true);
  }

  /** Likewise, and the broker forgets the session. */
  final void closeForGood() {
    end(false);
  }

  private void end(boolean keep) {
    closed = true;
    again.complete(null);
    try {
      CompletableFuture<?> unused =
          (keep ? disconnect() : forget())
              .orTimeout(900, TimeUnit.MILLISECONDS)
              .exceptionally(e -> null);
      Object done = unused.join();
      log.debug("{}: closed {}", clientId, done);
    } catch (RuntimeException e) {
      log.debug("{}: was not connected: {}", clientId, e.getMessage());
    }
  }

  /** A filter that the broker did not accept. */
  static ConnectException refused(String filter, String reason) {
    return new ConnectException("refuses the subscription to '" + filter + "': " + reason);
  }

  /** What both versions of the protocol have in common. */
  final MqttClientBuilder builder(MqttConfig config) {
    MqttConfig.Address address = config.address();
    MqttClientBuilder builder =
        MqttClient.builder()
            .identifier(clientId)
            .serverHost(address.host())
            .serverPort(address.port())
            .addConnectedListener(this::onConnected)
            .addDisconnectedListener(this::onDisconnected);
    if (address.tls()) {
      builder = builder.sslConfig(ssl(config));
    }
    return builder;
  }

  private static MqttClientSslConfig ssl(MqttConfig config) {
    var ssl = MqttClientSslConfig.builder();
    String ca = config.getString(MqttConfig.CA);
    if (!ca.isEmpty()) {
      ssl = ssl.trustManagerFactory(Tls.trust(MqttConfig.CA, ca));
    }
    String certificate = config.getString(MqttConfig.CERTIFICATE);
    if (!certificate.isEmpty()) {
      ssl =
          ssl.keyManagerFactory(
              Tls.identity(
                  MqttConfig.CERTIFICATE,
                  certificate,
                  MqttConfig.KEY,
                  config.getString(MqttConfig.KEY)));
    }
    return ssl.build();
  }

  final Inbox inbox() {
    return inbox;
  }

  private void onConnected(MqttClientConnectedContext context) {
    connected = true;
    if (away) {
      log.info(
          "{}: the broker at {} is back after {} s",
          clientId,
          url,
          TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - lostAt));
      away = false;
    } else {
      log.info("{}: connected to {}", clientId, url);
    }
    if (closed) {
      CompletableFuture<?> unused = disconnect();
    }
  }

  private void onDisconnected(MqttClientDisconnectedContext context) {
    connected = false;
    MqttClientReconnector reconnector = context.getReconnector();
    if (closed) {
      reconnector.reconnect(false);
      return;
    }
    Throwable cause = context.getCause();
    Optional<String> toMend = refusals.toMend(cause);
    if (toMend.isPresent()) {
      failure = new ConnectException(toMend.get());
      reconnector.reconnect(false);
      return;
    }
    if (!away) {
      away = true;
      lostAt = System.nanoTime();
      log.warn(
          "{}: the broker at {} is away: {}. Trying again until it is back.",
          clientId,
          url,
          Refusals.shortly(cause));
    }
    // Not before Kafka has all that came: the broker sends those again, and what is in Kafka by
    // then need not count against the receive maximum.
    CompletableFuture<Void> next = new CompletableFuture<>();
    again = next;
    CompletableFuture.delayedExecutor(
            backoff.pause(reconnector.getAttempts()), TimeUnit.MILLISECONDS)
        .execute(() -> inbox.whenAllAcknowledged(() -> next.complete(null)));
    reconnector
        .reconnectWhen(
            next,
            (ignored, e) -> {
              if (closed) {
                reconnector.reconnect(false);
              }
            })
        .delay(0, TimeUnit.MILLISECONDS);
  }
}
