package dev.millrace.controller;

import dev.millrace.controller.ReferencedObjects.Key;
import dev.millrace.model.Pipeline;
import dev.millrace.model.Platform;
import dev.millrace.model.Rest;
import java.util.Set;
import java.util.TreeSet;

/** To which Secrets and ConfigMaps a resource refers, all of its own namespace. */
final class Referring {
  private static final java.util.Comparator<Key> ORDER =
      java.util.Comparator.comparing(Key::kind)
          .thenComparing(Key::namespace)
          .thenComparing(Key::name);

  private Referring() {}

  static Set<Key> of(Pipeline pipeline) {
    String namespace = pipeline.getMetadata().getNamespace();
    Set<Key> keys = new TreeSet<>(ORDER);
    Pipeline.Spec spec = pipeline.getSpec();
    for (Pipeline.Source source : spec.sources()) {
      source.secret().ifPresent(s -> keys.add(Key.secret(namespace, s.name())));
      if (source.cdc() != null && source.cdc().salt() != null) {
        keys.add(Key.secret(namespace, source.cdc().salt().secretRef().name()));
      }
      if (source.datagen() != null) {
        add(keys, namespace, source.datagen().schemaFrom());
      }
      if (source.files() != null) {
        add(keys, namespace, source.files().schemaFrom());
        if (source.files().s3() != null && source.files().s3().secretRef() != null) {
          keys.add(Key.secret(namespace, source.files().s3().secretRef().name()));
        }
      }
      if (source.rest() != null) {
        add(keys, namespace, source.rest());
      }
      if (source.mqtt() != null) {
        add(keys, namespace, source.mqtt().schemaFrom());
      }
    }
    for (Pipeline.Transform transform : spec.transforms()) {
      add(keys, namespace, transform.sqlFrom());
      if (transform.app() != null) {
        add(keys, namespace, transform.app().schemaFrom());
      }
    }
    spec.dashboards().forEach(d -> keys.add(Key.configMap(namespace, d.configMap().name())));
    return keys;
  }

  static Set<Key> of(Platform platform) {
    String namespace = platform.getMetadata().getNamespace();
    Set<Key> keys = new TreeSet<>(ORDER);
    Platform.Spec spec = platform.getSpec();
    if (spec.kafka().tls() != null && spec.kafka().tls().caSecretRef() != null) {
      keys.add(Key.secret(namespace, spec.kafka().tls().caSecretRef().name()));
    }
    if (spec.kafka().sasl() != null) {
      keys.add(Key.secret(namespace, spec.kafka().sasl().secretRef().name()));
    }
    Platform.SchemaRegistry registry = spec.schemaRegistry();
    add(keys, namespace, registry.basicAuth(), null, registry.tls());
    add(keys, namespace, spec.connect().basicAuth(), null, spec.connect().tls());
    Platform.Elasticsearch elasticsearch = spec.elasticsearch();
    add(keys, namespace, elasticsearch.basicAuth(), elasticsearch.apiKey(), elasticsearch.tls());
    if (spec.kibana() != null) {
      Platform.Kibana kibana = spec.kibana();
      add(keys, namespace, kibana.basicAuth(), kibana.apiKey(), kibana.tls());
    }
    return keys;
  }

  private static void add(
      Set<Key> keys,
      String namespace,
      Platform.BasicAuth basicAuth,
      Platform.ApiKey apiKey,
      Platform.Tls tls) {
    if (basicAuth != null) {
      keys.add(Key.secret(namespace, basicAuth.secretRef().name()));
    }
    if (apiKey != null) {
      keys.add(Key.secret(namespace, apiKey.secretRef().name()));
    }
    if (tls != null) {
      keys.add(Key.secret(namespace, tls.caSecretRef().name()));
    }
  }

  private static void add(Set<Key> keys, String namespace, Rest rest) {
    add(keys, namespace, rest.schemaFrom());
    if (rest.each() != null) {
      add(keys, namespace, rest.each().itemsFrom());
    }
    rest.secretNames().forEach(name -> keys.add(Key.secret(namespace, name)));
  }

  private static void add(Set<Key> keys, String namespace, Pipeline.ConfigMapRef ref) {
    if (ref != null) {
      keys.add(Key.configMap(namespace, ref.configMap()));
    }
  }
}
