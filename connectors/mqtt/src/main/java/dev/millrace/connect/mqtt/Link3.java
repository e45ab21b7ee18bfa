package dev.millrace.connect.mqtt;

import com.hivemq.client.mqtt.MqttGlobalPublishFilter;
import com.hivemq.client.mqtt.datatypes.MqttQos;
import com.hivemq.client.mqtt.mqtt3.Mqtt3AsyncClient;
import com.hivemq.client.mqtt.mqtt3.exceptions.Mqtt3SubAckException;
import com.hivemq.client.mqtt.mqtt3.message.connect.Mqtt3Connect;
import com.hivemq.client.mqtt.mqtt3.message.publish.Mqtt3Publish;
import com.hivemq.client.mqtt.mqtt3.message.subscribe.Mqtt3Subscribe;
import com.hivemq.client.mqtt.mqtt3.message.subscribe.Mqtt3Subscription;
import com.hivemq.client.mqtt.mqtt3.message.subscribe.suback.Mqtt3SubAck;
import com.hivemq.client.mqtt.mqtt3.message.unsubscribe.Mqtt3Unsubscribe;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** MQTT 3.1.1. */
final class Link3 extends Link {
  private final Mqtt3AsyncClient client;
  private final Mqtt3Connect connect;
  private final MqttQos qos;

  Link3(MqttConfig config, String clientId, Inbox inbox) {
    super(config, clientId, inbox);
    client = builder(config).useMqttVersion3().buildAsync();
    qos = MqttQos.fromCode(config.getInt(MqttConfig.QOS));
    var builder =
        Mqtt3Connect.builder().cleanSession(false).keepAlive(config.getInt(MqttConfig.KEEP_ALIVE));
    if (config.username().isPresent()) {
      var auth = builder.simpleAuth().username(config.username().get());
      if (config.password().isPresent()) {
        auth = auth.password(config.password().get().getBytes(StandardCharsets.UTF_8));
      }
      builder = auth.applySimpleAuth();
    }
    connect = builder.build();
    // Before anything is connected: a session that is resumed sends at once.
    client.publishes(MqttGlobalPublishFilter.ALL, this::take, HERE, true);
  }

  private void take(Mqtt3Publish publish) {
    inbox()
        .offer(
            publish.getTopic().toString(),
            publish.getPayloadAsBytes(),
            publish.getQos().getCode(),
            publish.isRetain(),
            publish::acknowledge);
  }

  @Override
  CompletableFuture<?> connect() {
    return client.connect(connect);
  }

  @Override
  CompletableFuture<Void> join(List<String> filters) {
    Mqtt3Subscribe subscribe =
        Mqtt3Subscribe.builder()
            .addSubscriptions(
                filters.stream()
                    .map(f -> Mqtt3Subscription.builder().topicFilter(f).qos(qos).build())
                    .toList())
            .build();
    return client
        .subscribe(subscribe)
        .<Void>handle(
            (ack, e) -> {
              if (e == null) {
                check(ack, filters);
                return null;
              }
              if (e instanceof Mqtt3SubAckException refusal) {
                check(refusal.getMqttMessage(), filters);
                return null;
              }
              throw new CompletionException(e);
            });
  }

  private static void check(Mqtt3SubAck ack, List<String> filters) {
    for (int i = 0; i < filters.size() && i < ack.getReturnCodes().size(); i++) {
      if (ack.getReturnCodes().get(i).isError()) {
        throw refused(filters.get(i), "MQTT 3.1.1 gives no reason; mostly it is not authorized");
      }
    }
  }

  @Override
  CompletableFuture<Void> leave(List<String> filters) {
    var first = Mqtt3Unsubscribe.builder().topicFilter(filters.get(0));
    for (String filter : filters.subList(1, filters.size())) {
      first = first.addTopicFilter(filter);
    }
    return client.unsubscribe(first.build());
  }

  @Override
  CompletableFuture<?> disconnect() {
    return client.disconnect();
  }

  /** A session of MQTT 3.1.1 ends with a clean one that takes its place. */
  @Override
  CompletableFuture<?> forget() {
    return client
        .disconnect()
        .thenCompose(ignored -> client.connect(connect.extend().cleanSession(true).build()));
  }
}
