package dev.millrace.demo.tv;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.hivemq.client.mqtt.MqttClient;
import com.hivemq.client.mqtt.datatypes.MqttQos;
import com.hivemq.client.mqtt.mqtt5.Mqtt5AsyncClient;
import com.hivemq.client.mqtt.mqtt5.Mqtt5ClientBuilder;
import com.hivemq.client.mqtt.mqtt5.message.publish.Mqtt5Publish;
import com.hivemq.client.mqtt.mqtt5.message.publish.Mqtt5PublishResult;
import com.hivemq.client.mqtt.mqtt5.message.publish.Mqtt5PublishResult.Mqtt5Qos1Result;
import com.hivemq.client.mqtt.mqtt5.message.publish.puback.Mqtt5PubAckReasonCode;
import dev.millrace.demo.tv.Device.Report;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way to the broker: reports go out with QoS 1 and come back as published, once the broker has
 * them for somebody, or as unsent. Used by one thread.
 */
final class Uplink implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Uplink.class);
  private static final int MOST_IN_FLIGHT = 200;
  private static final long FIRST_PAUSE_MS = 500;
  private static final long LONGEST_PAUSE_MS = 20_000;

  private final Mqtt5AsyncClient client;
  private final ObjectMapper json = new ObjectMapper();
  private final AtomicInteger inFlight = new AtomicInteger();
  private final Queue<Report> published = new ConcurrentLinkedQueue<>();
  private final Queue<Report> unsent = new ConcurrentLinkedQueue<>();
  private volatile boolean connecting;
  private volatile boolean unheard;
  private int failures;
  private long notBefore;

  /**
   * A way that is not open yet.
   *
   * @param url {@code mqtt://host:port}, or {@code mqtts://} with a certificate that Java trusts
   */
  Uplink(URI url, String username, String password) {
    boolean tls = url.getScheme().equals("mqtts");
    Mqtt5ClientBuilder builder =
        MqttClient.builder()
            .useMqttVersion5()
            .identifier("tv-fleet")
            .serverHost(url.getHost())
            .serverPort(url.getPort() < 0 ? (tls ? 8883 : 1883) : url.getPort());
    if (tls) {
      builder = builder.sslWithDefaultConfig();
    }
    if (username != null) {
      builder =
          builder
              .simpleAuth()
              .username(username)
              .password((password == null ? "" : password).getBytes(StandardCharsets.UTF_8))
              .applySimpleAuth();
    }
    client = builder.buildAsync();
  }

  /** Whether another report can be sent now; opens the way if it is time to try. */
  boolean open(long nowMillis) {
    if (connecting || nowMillis < notBefore) {
      return false;
    }
    if (unheard) {
      unheard = false;
      log.info("nobody has subscribed yet: reports are kept");
      pause(nowMillis);
      return false;
    }
    if (client.getState().isConnected()) {
      return inFlight.get() < MOST_IN_FLIGHT;
    }
    if (inFlight.get() == 0) {
      // What was on its way is back by now.
      pause(nowMillis);
      connect();
    }
    return false;
  }

  /** Growing pauses with jitter; the first success ends them. */
  private void pause(long nowMillis) {
    long whole = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS << Math.min(failures++, 10));
    notBefore = nowMillis + whole / 2 + ThreadLocalRandom.current().nextLong(whole / 2);
  }

  private void connect() {
    connecting = true;
    var unused =
        client
            .connectWith()
            .cleanStart(true)
            .send()
            .whenComplete(
                (ack, e) -> {
                  if (e != null) {
                    log.warn("the broker does not let us in, trying again: {}", e.getMessage());
                  }
                  connecting = false;
                });
  }

  /** Sends a report, which then is in flight until it is one of those published or unsent. */
  void send(Report report, boolean kept) {
    Device device = report.device();
    Mqtt5Publish publish =
        Mqtt5Publish.builder()
            .topic("tv/" + device.region() + "/" + device.id() + "/telemetry")
            .qos(MqttQos.AT_LEAST_ONCE)
            .payload(payload(report, kept))
            .build();
    inFlight.incrementAndGet();
    var unused =
        client
            .publish(publish)
            .whenComplete(
                (result, e) -> {
                  (e == null && taken(result) ? published : unsent).add(report);
                  inFlight.decrementAndGet();
                });
  }

  /** A broker without a subscriber for it says so, and forgets it. */
  private boolean taken(Mqtt5PublishResult result) {
    boolean nobody =
        result instanceof Mqtt5Qos1Result qos1
            && qos1.getPubAck().getReasonCode() == Mqtt5PubAckReasonCode.NO_MATCHING_SUBSCRIBERS;
    unheard |= nobody;
    return !nobody && result.getError().isEmpty();
  }

  private byte[] payload(Report report, boolean kept) {
    ObjectNode node = json.createObjectNode();
    node.put("seq", report.seq());
    node.put("at", Instant.ofEpochMilli(report.at()).toString());
    node.put("app_version", report.device().version());
    node.put("bitrate_kbps", report.bitrateKbps());
    node.put("buffering_ms", report.bufferingMs());
    node.put("dropped_frames", report.droppedFrames());
    node.put("kept", kept);
    try {
      return json.writeValueAsBytes(node);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("numbers and text are always JSON", e);
    }
  }

  /** The next report that the broker has taken; null if there is none. */
  Report published() {
    Report next = published.poll();
    if (next != null) {
      failures = 0;
    }
    return next;
  }

  /** The next report that has to be sent again; null if there is none. */
  Report unsent() {
    return unsent.poll();
  }

  int inFlight() {
    return inFlight.get();
  }

  @Override
  public void close() {
    if (client.getState().isConnected()) {
      var unused = client.disconnect();
    }
  }
}
