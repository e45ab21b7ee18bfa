package dev.millrace.engine;

import dev.millrace.model.Platform;
import dev.millrace.registry.SchemaRegistryClient;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The clients of a platform's backends, all of which may still be starting. Not thread safe. */
final class Backends implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Backends.class);

  final Credentials credentials;
  final SchemaRegistryClient registry;
  final Topics topics;
  final Subjects subjects;
  final IndexTemplates templates;
  final ConnectApi connect;
  final Connectors connectors;
  private final Map<String, SourceMarks> marks = new HashMap<>();

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
            Duration.ofSeconds(5));
    this.topics = new Topics(credentials.kafka());
    this.subjects = new Subjects(registry, credentials.registry(), clock);
    this.templates = new IndexTemplates(spec.elasticsearch().url(), credentials.elasticsearch());
    this.connect =
        resources.orElseGet(() -> new ConnectRest(spec.connect().url(), credentials.connect()));
    this.connectors = new Connectors(connect, clock);
  }

  /** The marks in a topic, with all that was written to it until now. */
  SourceMarks marks(String topic) throws BackendException {
    SourceMarks known = marks.computeIfAbsent(topic, t -> new SourceMarks(credentials.kafka(), t));
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
    Optional.ofNullable(marks.remove(marksTopic)).ifPresent(SourceMarks::close);
  }

  @Override
  public void close() {
    marks.values().forEach(SourceMarks::close);
    topics.close();
    try {
      templates.close();
    } catch (IOException e) {
      log.debug("{}", e.getMessage());
    }
  }
}
