package dev.millrace.controller;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes Events about resources. The same thing said again of the same resource is the same Event
 * with a higher count. An Event that can not be written is logged, and nothing depends on it.
 */
final class EventRecorder {
  private static final Logger log = LoggerFactory.getLogger(EventRecorder.class);
  private static final int LONGEST = 1024;

  private final KubernetesClient client;
  private final Clock clock;

  EventRecorder(KubernetesClient client, Clock clock) {
    this.client = client;
    this.clock = clock;
  }

  void normal(HasMetadata about, String reason, String message) {
    record(about, "Normal", reason, message);
  }

  void warning(HasMetadata about, String reason, String message) {
    record(about, "Warning", reason, message);
  }

  private void record(HasMetadata about, String type, String reason, String text) {
    String message = text.length() > LONGEST ? text.substring(0, LONGEST) : text;
    String namespace = about.getMetadata().getNamespace();
    String hash =
        Integer.toHexString((about.getMetadata().getUid() + type + reason + message).hashCode());
    String name = about.getMetadata().getName() + "." + hash;
    String now = clock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
    log.info(
        "{} {}/{}: {}: {}",
        about.getKind(),
        namespace,
        about.getMetadata().getName(),
        reason,
        message);
    Event event =
        new EventBuilder()
            .withNewMetadata()
            .withName(name)
            .withNamespace(namespace)
            .endMetadata()
            .withNewInvolvedObject()
            .withApiVersion(about.getApiVersion())
            .withKind(about.getKind())
            .withName(about.getMetadata().getName())
            .withNamespace(namespace)
            .withUid(about.getMetadata().getUid())
            .endInvolvedObject()
            .withType(type)
            .withReason(reason)
            .withMessage(message)
            .withFirstTimestamp(now)
            .withLastTimestamp(now)
            .withCount(1)
            .withNewSource()
            .withComponent("millrace-operator")
            .endSource()
            .build();
    try {
      try {
        client.v1().events().inNamespace(namespace).resource(event).create();
      } catch (KubernetesClientException e) {
        if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
          throw e;
        }
        again(namespace, name, now);
      }
    } catch (KubernetesClientException e) {
      log.warn("event {} was not written: {}", reason, e.getMessage());
    }
  }

  private void again(String namespace, String name, String now) {
    Event before = client.v1().events().inNamespace(namespace).withName(name).get();
    if (before != null) {
      int count = Optional.ofNullable(before.getCount()).orElse(1) + 1;
      client
          .v1()
          .events()
          .inNamespace(namespace)
          .withName(name)
          .patch(
              io.fabric8.kubernetes.client.dsl.base.PatchContext.of(
                  io.fabric8.kubernetes.client.dsl.base.PatchType.JSON_MERGE),
              "{\"count\":" + count + ",\"lastTimestamp\":\"" + now + "\"}");
    }
  }
}
