package dev.millrace.controller;

import dev.millrace.controller.ReferencedObjects.Key;
import dev.millrace.controller.ReferencedObjects.State;
import dev.millrace.engine.Engine;
import dev.millrace.engine.References;
import dev.millrace.engine.UnresolvedException;
import dev.millrace.model.Platform;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The engines, one for each Platform, each with a lane of its own on which alone it is called: a
 * few pipelines at a time, and one whose backend hangs keeps only its own pipelines waiting.
 */
final class PlatformRooms implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(PlatformRooms.class);

  /**
   * A turn is mostly waiting for answers; more at a time would be of no use to a few processors.
   */
  private static final int TURNS = 8;

  private final Executor threads;
  private final BiFunction<Platform, References, Engine> engines;
  private final ReferencedObjects objects;
  private final Map<ResourceID, Room> rooms = new ConcurrentHashMap<>();

  /**
   * No room yet.
   *
   * @param engines makes an engine; may wait, and may throw
   */
  PlatformRooms(
      Executor threads,
      BiFunction<Platform, References, Engine> engines,
      ReferencedObjects objects) {
    this.threads = threads;
    this.engines = engines;
    this.objects = objects;
  }

  /** One Platform's lanes and its engine. */
  final class Room {
    private final ResourceID id;
    private final Lane turns = new Lane(threads, TURNS);
    private final Lane probes = new Lane(threads, 1);
    private volatile Version version = Version.NONE;
    private volatile Engine engine;
    private volatile Platform platform;
    private volatile NoEngine failure = NoEngine.NOT_YET;
    private volatile Set<Key> refers = Set.of();

    private Room(ResourceID id, Platform platform) {
      this.id = id;
      this.platform = platform;
    }

    /** The Platform that the engine follows, or will after what is under way. */
    Version version() {
      return version;
    }

    /** Whether the Secrets that the Platform names are still being read for the first time. */
    boolean begins() {
      return version.equals(Version.NONE) && failure.equals(NoEngine.NOT_YET);
    }

    /** To what the Platform itself refers. */
    Set<Key> refers() {
      return refers;
    }

    /** The Platform, as it was last known. */
    Platform platform() {
      return platform;
    }

    /** The engine, for what any thread may ask of it; empty while there is none. */
    Optional<Engine> engine() {
      return Optional.ofNullable(engine);
    }

    /** Calls the engine, beside calls of other keys; instead of one of the same key that waits. */
    void turn(Object key, Consumer<Engine> call, Consumer<NoEngine> noEngine) {
      turns.submit(
          key,
          () -> {
            if (engine == null) {
              noEngine.accept(failure);
            } else {
              call.accept(engine);
            }
          });
    }

    /** Asks the backends, beside the engine's calls. */
    void probe(Consumer<List<Platform.Backend>> answers, Consumer<NoEngine> noEngine) {
      Runnable look =
          () -> {
            Engine now = engine;
            if (now == null) {
              noEngine.accept(failure);
              return;
            }
            List<Platform.Backend> backends;
            try {
              backends = now.probe().look();
            } catch (RuntimeException e) {
              // Its clients may have been closed meanwhile, since another engine takes its place.
              noEngine.accept(
                  new NoEngine("its backends could not be asked: " + e.getMessage(), false));
              return;
            }
            answers.accept(backends);
          };
      if (engine == null) {
        // It is being made, or just failed to be.
        turns.submit("probe", () -> probes.submit("probe", look));
      } else {
        probes.submit("probe", look);
      }
    }

    int waiting() {
      return turns.size();
    }

    ResourceID id() {
      return id;
    }

    private void follow(Platform platform, Version wanted) {
      version = wanted;
      turns.submitAlone(
          "engine",
          () -> {
            leave();
            try {
              engine =
                  engines.apply(
                      platform, new ClusterReferences(id.getNamespace().orElseThrow(), objects));
              failure = NoEngine.NOT_YET;
            } catch (UnresolvedException e) {
              // It goes on once the Secret is another: that is another version.
              log.warn("platform {}: {}", id, e.getMessage());
              failure = new NoEngine(e.getMessage(), true);
            } catch (RuntimeException e) {
              // A host name that does not resolve, for one. The next look tries again.
              Throwable cause = e.getCause() == null ? e : e.getCause();
              log.warn("platform {}: {}", id, cause.getMessage());
              failure = new NoEngine(cause.getMessage(), false);
              version = Version.NONE;
            }
          });
    }

    private void leave() {
      Engine before = engine;
      engine = null;
      if (before != null) {
        before.close();
      }
    }
  }

  /**
   * A Platform of this identity in this generation.
   *
   * @param secrets resource versions of those that it names; empty for what is not there
   */
  record Version(String uid, long generation, Map<String, String> secrets) {
    static final Version NONE = new Version("", 0, Map.of());
  }

  /**
   * Why there is no engine.
   *
   * @param unresolved whether a Secret, or a key of one, is missing
   */
  record NoEngine(String why, boolean unresolved) {
    static final NoEngine NOT_YET = new NoEngine("", false);
  }

  static ResourceID id(String namespace, String name) {
    return new ResourceID(name, namespace);
  }

  /** The room of a Platform, whose engine follows it from the next call on. */
  synchronized Room enter(Platform platform) {
    Room room =
        rooms.computeIfAbsent(ResourceID.fromResource(platform), id -> new Room(id, platform));
    room.refers = Referring.of(platform);
    room.platform = platform;
    Map<String, String> secrets = new TreeMap<>();
    for (Key key : room.refers) {
      State state = objects.state(key);
      if (state instanceof State.Unknown unknown && unknown.why().isEmpty()) {
        return room; // It is being read; whoever refers to it is told then.
      }
      secrets.put(
          key.name(), state instanceof State.Present present ? present.resourceVersion() : "");
    }
    Version wanted =
        new Version(
            platform.getMetadata().getUid(),
            Optional.ofNullable(platform.getMetadata().getGeneration()).orElse(0L),
            secrets);
    if (!wanted.equals(room.version())) {
      room.follow(platform, wanted);
    }
    return room;
  }

  Optional<Room> find(ResourceID platform) {
    return Optional.ofNullable(rooms.get(platform));
  }

  Collection<Room> all() {
    return rooms.values();
  }

  synchronized void leave(ResourceID platform) {
    Room room = rooms.remove(platform);
    if (room != null) {
      room.probes.close(() -> {});
      room.turns.close(room::leave);
    }
  }

  @Override
  public synchronized void close() {
    List.copyOf(rooms.keySet()).forEach(this::leave);
  }
}
