package dev.millrace.engine;

import dev.millrace.model.Platform;
import dev.millrace.registry.SchemaRegistryClient;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The clients of a platform's backends, all of which may still be starting. Thread safe, for
 * different pipelines at once.
 */
final class Backends implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Backends.class);

  /** A turn asks for many subjects: without a registry it is not to wait for each. */
  private static final Duration REGISTRY_REST = Duration.ofSeconds(1);

  final Credentials credentials;
  final SchemaRegistryClient registry;
  final Topics topics;
  final Subjects subjects;
  final IndexTemplates templates;
  final ConnectApi connect;
  final Connectors connectors;
  final ReplicationSlots slots;
  final SetAside setAside;
  private final MarkTopics markTopics;
  private final Clock clock;
  private final Map<String, SourceMarks> marks = new ConcurrentHashMap<>();

  /**
   * Makes the clients.
   *
   * @param resources where connectors are no REST API's; empty where they are
   * @throws UnresolvedException if a Secret that the platform names is not there
   */
  Backends(Platform platform, References references, Optional<ConnectApi> resources, Clock clock) {
    Platform.Spec spec = platform.getSpec();
    this.credentials = new Credentials(spec, references);
    this.registry =
        new SchemaRegistryClient(
            spec.schemaRegistry().url(),
            credentials.registryUser(),
            credentials.registry().trust(),
            Duration.ofSeconds(5),
            REGISTRY_REST);
    this.clock = clock;
    this.topics = new Topics(credentials.kafka());
    this.markTopics = new MarkTopics(credentials.kafka(), topics);
    this.subjects = new Subjects(registry, credentials.registry(), clock);
    this.templates = new IndexTemplates(spec.elasticsearch().url(), credentials.elasticsearch());
    this.connect =
        resources.orElseGet(() -> new ConnectRest(spec.connect().url(), credentials.connect()));
    this.connectors = new Connectors(connect, clock);
    this.slots = new ReplicationSlots(references, clock);
    this.setAside = new SetAside(credentials.kafka());
  }

  /** The marks in a topic, with all that was written to it until now. */
  SourceMarks marks(String topic) throws BackendException {
    SourceMarks known = marks.computeIfAbsent(topic, t -> new SourceMarks(markTopics, t, clock));
    known.refresh();
    return known;
  }

  /** What was made for a pipeline, as it was read last. */
  MadeRecord made(String marksTopic) {
    SourceMarks known = marks.get(marksTopic);
    return known == null ? MadeRecord.NONE : known.made();
  }

  /** Forgets a topic of marks that is of no more use. */
  void forget(String marksTopic) {
    marks.remove(marksTopic);
  }

  @Override
  public void close() {
    markTopics.close();
    topics.close();
    try {
      templates.close();
    } catch (IOException e) {
      log.debug("{}", e.getMessage());
    }
  }
}
