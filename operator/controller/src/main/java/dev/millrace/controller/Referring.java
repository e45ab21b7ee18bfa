package dev.millrace.controller;

import dev.millrace.controller.ReferencedObjects.Key;
import dev.millrace.model.Pipeline;
import dev.millrace.model.Platform;
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
      if (source.cdc() != null) {
        keys.add(Key.secret(namespace, source.cdc().connection().secretRef().name()));
      }
      if (source.datagen() != null) {
        add(keys, namespace, source.datagen().schemaFrom());
      }
    }
    spec.transforms().forEach(t -> add(keys, namespace, t.sqlFrom()));
    spec.dashboards().forEach(d -> keys.add(Key.configMap(namespace, d.configMap().name())));
    return keys;
  }

  static Set<Key> of(Platform platform) {
    Platform.Kibana kibana = platform.getSpec().kibana();
    return kibana == null || kibana.secretRef() == null
        ? Set.of()
        : Set.of(Key.secret(platform.getMetadata().getNamespace(), kibana.secretRef().name()));
  }

  private static void add(Set<Key> keys, String namespace, Pipeline.ConfigMapRef ref) {
    if (ref != null) {
      keys.add(Key.configMap(namespace, ref.configMap()));
    }
  }
}
