package dev.millrace.connect.mqtt;

import com.hivemq.client.mqtt.MqttGlobalPublishFilter;
import com.hivemq.client.mqtt.datatypes.MqttQos;
import com.hivemq.client.mqtt.mqtt5.Mqtt5AsyncClient;
import com.hivemq.client.mqtt.mqtt5.exceptions.Mqtt5SubAckException;
import com.hivemq.client.mqtt.mqtt5.message.connect.Mqtt5Connect;
import com.hivemq.client.mqtt.mqtt5.message.disconnect.Mqtt5Disconnect;
import com.hivemq.client.mqtt.mqtt5.message.publish.Mqtt5Publish;
import com.hivemq.client.mqtt.mqtt5.message.subscribe.Mqtt5RetainHandling;
import com.hivemq.client.mqtt.mqtt5.message.subscribe.Mqtt5Subscribe;
import com.hivemq.client.mqtt.mqtt5.message.subscribe.Mqtt5Subscription;
import com.hivemq.client.mqtt.mqtt5.message.subscribe.suback.Mqtt5SubAck;
import com.hivemq.client.mqtt.mqtt5.message.unsubscribe.Mqtt5Unsubscribe;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** MQTT 5. */
final class Link5 extends Link {
  private final Mqtt5AsyncClient client;
  private final Mqtt5Connect connect;
  private final MqttQos qos;

  Link5(MqttConfig config, String clientId, Inbox inbox) {
    super(config, clientId, inbox);
    client = builder(config).useMqttVersion5().buildAsync();
    qos = MqttQos.fromCode(config.getInt(MqttConfig.QOS));
    var builder =
        Mqtt5Connect.builder()
            .cleanStart(false)
            .sessionExpiryInterval(config.getLong(MqttConfig.SESSION_EXPIRY))
            .keepAlive(config.getInt(MqttConfig.KEEP_ALIVE))
            .restrictions()
            .receiveMaximum(config.getInt(MqttConfig.RECEIVE_MAXIMUM))
            .applyRestrictions();
    if (config.username().isPresent()) {
      var auth = builder.simpleAuth().username(config.username().get());
      if (config.password().isPresent()) {
        auth = auth.password(config.password().get().getBytes(StandardCharsets.UTF_8));
      }
      builder = auth.applySimpleAuth();
    } else if (config.password().isPresent()) {
      builder =
          builder
              .simpleAuth()
              .password(config.password().get().getBytes(StandardCharsets.UTF_8))
              .applySimpleAuth();
    }
    connect = builder.build();
    // Before anything is connected: a session that is resumed sends at once.
    client.publishes(MqttGlobalPublishFilter.ALL, this::take, HERE, true);
  }

  private void take(Mqtt5Publish publish) {
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
    Mqtt5Subscribe subscribe =
        Mqtt5Subscribe.builder()
            .addSubscriptions(
                filters.stream()
                    .map(
                        f ->
                            Mqtt5Subscription.builder()
                                .topicFilter(f)
                                .qos(qos)
                                .retainHandling(
                                    Mqtt5RetainHandling.SEND_IF_SUBSCRIPTION_DOES_NOT_EXIST)
                                .build())
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
              if (e instanceof Mqtt5SubAckException refusal) {
                check(refusal.getMqttMessage(), filters);
                return null;
              }
              throw new CompletionException(e);
            });
  }

  private static void check(Mqtt5SubAck ack, List<String> filters) {
    for (int i = 0; i < filters.size() && i < ack.getReasonCodes().size(); i++) {
      if (ack.getReasonCodes().get(i).isError()) {
        throw refused(filters.get(i), ack.getReasonCodes().get(i).name());
      }
    }
  }

  @Override
  CompletableFuture<Void> leave(List<String> filters) {
    var first = Mqtt5Unsubscribe.builder().topicFilter(filters.get(0));
    for (String filter : filters.subList(1, filters.size())) {
      first = first.addTopicFilter(filter);
    }
    // A broker may say that there was no such subscription: as good.
    return client.unsubscribe(first.build()).<Void>handle((ack, e) -> null);
  }

  @Override
  CompletableFuture<?> disconnect() {
    return client.disconnect();
  }

  @Override
  CompletableFuture<?> forget() {
    return client.disconnect(Mqtt5Disconnect.builder().sessionExpiryInterval(0).build());
  }
}
