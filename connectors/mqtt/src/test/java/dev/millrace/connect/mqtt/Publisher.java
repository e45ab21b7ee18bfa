package dev.millrace.connect.mqtt;

import com.hivemq.client.mqtt.MqttClient;
import com.hivemq.client.mqtt.datatypes.MqttQos;
import com.hivemq.client.mqtt.mqtt5.Mqtt5AsyncClient;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/** Publishes, and knows that the broker has all of it. */
final class Publisher implements AutoCloseable {
  private static final int WINDOW = 200;

  private final Mqtt5AsyncClient client;
  private final Semaphore window = new Semaphore(WINDOW);
  private final AtomicReference<Throwable> failure = new AtomicReference<>();

  Publisher(int port, String username, String password) throws Exception {
    client =
        MqttClient.builder()
            .serverHost("127.0.0.1")
            .serverPort(port)
            .useMqttVersion5()
            .simpleAuth()
            .username(username)
            .password(password.getBytes(StandardCharsets.UTF_8))
            .applySimpleAuth()
            .buildAsync();
    var connected = client.connect().get(10, TimeUnit.SECONDS);
    assert !connected.getReasonCode().isError();
  }

  void publish(String topic, int qos, String payload) throws InterruptedException {
    publish(topic, qos, false, payload.getBytes(StandardCharsets.UTF_8));
  }

  void publish(String topic, int qos, boolean retain, byte[] payload) throws InterruptedException {
    window.acquire();
    var unused =
        client
            .publishWith()
            .topic(topic)
            .qos(MqttQos.fromCode(qos))
            .retain(retain)
            .payload(payload)
            .send()
            .whenComplete(
                (result, e) -> {
                  if (e != null) {
                    failure.set(e);
                  }
                  window.release();
                });
  }

  /** Returns when the broker has all that was published. */
  void flush() throws InterruptedException {
    if (!window.tryAcquire(WINDOW, 60, TimeUnit.SECONDS)) {
      throw new AssertionError("the broker does not acknowledge");
    }
    window.release(WINDOW);
    if (failure.get() != null) {
      throw new AssertionError("not published", failure.get());
    }
  }

  @Override
  public void close() throws Exception {
    flush();
    Object unused = client.disconnect().get(10, TimeUnit.SECONDS);
  }
}
