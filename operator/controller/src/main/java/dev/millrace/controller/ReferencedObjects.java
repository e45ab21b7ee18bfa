package dev.millrace.controller;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The Secrets and ConfigMaps that Pipelines and Platforms refer to, each watched by its name: the
 * operator holds no other, and a role may name those that it is allowed to read. One watch serves
 * all who refer to the same object; who refers to it is told when it changes. Thread safe.
 */
final class ReferencedObjects implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ReferencedObjects.class);

  private final KubernetesClient client;
  private final Consumer<User> changed;
  private final Map<Key, Watched<?>> watched = new ConcurrentHashMap<>();
  private final Map<User, Set<Key>> users = new ConcurrentHashMap<>();

  /** Who refers to something: a resource by kind, namespace and name. */
  record User(String kind, String namespace, String name) {}

  /** An object: {@code Secret} or {@code ConfigMap}. */
  record Key(String kind, String namespace, String name) {
    static Key secret(String namespace, String name) {
      return new Key("Secret", namespace, name);
    }

    static Key configMap(String namespace, String name) {
      return new Key("ConfigMap", namespace, name);
    }
  }

  /** What is known of an object. */
  sealed interface State {
    /** It has not been read yet, and why, if it can not be. */
    record Unknown(String why) implements State {}

    /** There is none of this name. */
    record Absent() implements State {}

    /** It is there. */
    record Present(String resourceVersion, Map<String, String> data) implements State {
      @Override
      public String toString() {
        return "Present[" + resourceVersion + "]"; // Never the data: it may be a Secret's.
      }
    }
  }

  /**
   * Watches nothing yet.
   *
   * @param changed is told who refers to something that has changed; must not wait
   */
  ReferencedObjects(KubernetesClient client, Consumer<User> changed) {
    this.client = client;
    this.changed = changed;
  }

  /** Says to what somebody refers, in place of what was said before. */
  synchronized void refer(User user, Set<Key> keys) {
    Set<Key> before = users.getOrDefault(user, Set.of());
    if (before.equals(keys)) {
      return;
    }
    if (keys.isEmpty()) {
      users.remove(user);
    } else {
      users.put(user, Set.copyOf(keys));
    }
    for (Key key : keys) {
      if (!watched.containsKey(key)) {
        Watched<?> one =
            key.kind().equals("Secret") ? new SecretWatch(key) : new ConfigMapWatch(key);
        watched.put(key, one);
        one.start();
      }
    }
    Set<Key> unused = new HashSet<>(before);
    users.values().forEach(unused::removeAll);
    unused.forEach(key -> Optional.ofNullable(watched.remove(key)).ifPresent(Watched::stop));
  }

  /** What is known of an object to which somebody refers. */
  State state(Key key) {
    Watched<?> one = watched.get(key);
    return one == null ? new State.Unknown("") : one.state();
  }

  /** How many objects are watched. */
  int size() {
    return watched.size();
  }

  private void tell(Key key) {
    users.forEach(
        (user, keys) -> {
          if (keys.contains(key)) {
            changed.accept(user);
          }
        });
  }

  @Override
  public synchronized void close() {
    watched.values().forEach(Watched::stop);
    watched.clear();
    users.clear();
  }

  /** One object and its informer. */
  private abstract class Watched<T extends HasMetadata> implements ResourceEventHandler<T> {
    final Key key;
    private final SharedIndexInformer<T> informer;
    private volatile String failure = "";

    Watched(Key key, SharedIndexInformer<T> informer) {
      this.key = key;
      this.informer = informer;
    }

    abstract Map<String, String> data(T object);

    void start() {
      informer.addEventHandler(this);
      // It is tried again, whatever it is: a role may be mended later.
      informer.exceptionHandler(
          (started, failed) -> {
            log.warn("{} {}/{}: {}", key.kind(), key.namespace(), key.name(), failed.getMessage());
            failure = "can not be read: " + failed.getMessage();
            tell(key);
            return true;
          });
      informer
          .start()
          .whenComplete(
              (done, failed) -> {
                failure = "";
                tell(key);
              });
    }

    void stop() {
      informer.stop();
    }

    State state() {
      if (!informer.hasSynced()) {
        return new State.Unknown(failure);
      }
      return informer.getStore().list().stream()
          .findFirst()
          .<State>map(o -> new State.Present(o.getMetadata().getResourceVersion(), data(o)))
          .orElseGet(State.Absent::new);
    }

    @Override
    public void onAdd(T object) {
      tell(key);
    }

    @Override
    public void onUpdate(T before, T now) {
      tell(key);
    }

    @Override
    public void onDelete(T object, boolean unknown) {
      tell(key);
    }
  }

  private final class SecretWatch extends Watched<Secret> {
    SecretWatch(Key key) {
      super(
          key,
          client.secrets().inNamespace(key.namespace()).withName(key.name()).runnableInformer(0));
    }

    @Override
    Map<String, String> data(Secret secret) {
      Map<String, String> keys = new LinkedHashMap<>();
      if (secret.getData() != null) {
        secret
            .getData()
            .forEach(
                (name, value) ->
                    keys.put(
                        name,
                        new String(Base64.getDecoder().decode(value), StandardCharsets.UTF_8)));
      }
      return keys;
    }
  }

  private final class ConfigMapWatch extends Watched<ConfigMap> {
    ConfigMapWatch(Key key) {
      super(
          key,
          client
              .configMaps()
              .inNamespace(key.namespace())
              .withName(key.name())
              .runnableInformer(0));
    }

    @Override
    Map<String, String> data(ConfigMap map) {
      return map.getData() == null ? Map.of() : new TreeMap<>(map.getData());
    }
  }
}
