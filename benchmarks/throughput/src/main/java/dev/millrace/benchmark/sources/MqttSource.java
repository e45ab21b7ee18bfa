package dev.millrace.benchmark.sources;

import com.hivemq.client.mqtt.MqttClient;
import com.hivemq.client.mqtt.MqttGlobalPublishFilter;
import com.hivemq.client.mqtt.datatypes.MqttQos;
import com.hivemq.client.mqtt.mqtt5.Mqtt5AsyncClient;
import com.hivemq.client.mqtt.mqtt5.Mqtt5BlockingClient;
import com.hivemq.client.mqtt.mqtt5.message.connect.Mqtt5Connect;
import dev.millrace.services.MqttService;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Messages of QoS 1 that wait in two sessions at the local runtime's broker: one is the bare
 * client's, which counts and acknowledges, one the connector's.
 */
final class MqttSource implements Source {
  private static final int WINDOW = 500;
  private static final String NAME = "mqtt";
  private static final Mqtt5Connect SESSION =
      Mqtt5Connect.builder().cleanStart(false).sessionExpiryInterval(86_400).build();

  private final int records;
  private Stack stack;
  private MqttService broker;

  MqttSource(int records) {
    this.records = records;
  }

  @Override
  public String name() {
    return "mqtt, QoS 1";
  }

  @Override
  public int records() {
    return records;
  }

  @Override
  public void open(Stack given) throws Exception {
    stack = given;
    broker = new MqttService(stack.distribution(), "broker");
    stack.start(broker);
    Mqtt5BlockingClient client = client("bare").toBlocking();
    client.connect(SESSION);
    client.subscribeWith().topicFilter("events/#").qos(MqttQos.AT_LEAST_ONCE).send();
    client.disconnect();
    stack.topics(NAME, NAME + ".dead");
    Map<String, String> login = broker.credentials();
    Map<String, String> config = stack.source(NAME);
    config.put("connector.class", "dev.millrace.connect.mqtt.MqttSourceConnector");
    config.put("url", login.get("url"));
    config.put("username", login.get("username"));
    config.put("password", login.get("password"));
    config.put("topic.filters", "events/{device}");
    stack.put(NAME, config);
    stack.awaitRunning(NAME);
  }

  private Mqtt5AsyncClient client(String id) throws IOException {
    Map<String, String> login = broker.credentials();
    return MqttClient.builder()
        .identifier(id)
        .serverHost(login.get("host"))
        .serverPort(Integer.parseInt(login.get("port")))
        .useMqttVersion5()
        .simpleAuth()
        .username(login.get("username"))
        .password(login.get("password").getBytes(StandardCharsets.UTF_8))
        .applySimpleAuth()
        .buildAsync();
  }

  /** Fills both sessions. */
  @Override
  public void before(int round) throws Exception {
    stack.stop(NAME);
    Mqtt5AsyncClient client = client("publisher");
    var connected = client.connect().get(10, TimeUnit.SECONDS);
    if (connected.getReasonCode().isError()) {
      throw new IOException("the broker refuses the publisher: " + connected);
    }
    Semaphore window = new Semaphore(WINDOW);
    AtomicReference<Throwable> failure = new AtomicReference<>();
    for (int i = 0; i < records; i++) {
      Event event = new Event(i);
      window.acquire();
      var unused =
          client
              .publishWith()
              .topic("events/" + event.device())
              .qos(MqttQos.AT_LEAST_ONCE)
              .payload(event.json().getBytes(StandardCharsets.UTF_8))
              .send()
              .whenComplete(
                  (result, e) -> {
                    if (e != null) {
                      failure.set(e);
                    }
                    window.release();
                  });
    }
    window.acquire(WINDOW);
    client.disconnect().get(10, TimeUnit.SECONDS);
    if (failure.get() != null) {
      throw new IOException("not published", failure.get());
    }
  }

  @Override
  public Optional<Double> bare() throws Exception {
    Mqtt5AsyncClient client = client("bare");
    CountDownLatch left = new CountDownLatch(records);
    CountDownLatch first = new CountDownLatch(1);
    client.publishes(
        MqttGlobalPublishFilter.ALL,
        message -> {
          first.countDown();
          left.countDown();
        },
        Runnable::run);
    client.connect(SESSION).get(10, TimeUnit.SECONDS);
    first.await();
    long began = System.nanoTime();
    if (!left.await(5, TimeUnit.MINUTES)) {
      throw new IOException(left.getCount() + " messages have not come");
    }
    double seconds = (System.nanoTime() - began) / 1e9;
    client.disconnect().get(10, TimeUnit.SECONDS);
    return Optional.of(seconds);
  }

  @Override
  public Stack.Arrival connector(int round) throws Exception {
    long from = stack.end(NAME);
    stack.resume(NAME);
    return stack.arrival(NAME, from, records);
  }

  @Override
  public void close() throws Exception {
    stack.delete(NAME);
  }
}
