package dev.millrace.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.millrace.engine.StepResult.Failure;
import dev.millrace.planner.Observed;
import dev.millrace.planner.Resource.Subject;
import dev.millrace.registry.RegistryException;
import dev.millrace.registry.SchemaRegistryClient;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Subjects of the schema registry: the compatibility level first, then a dry run of the schema, and
 * only then is it registered. What was seen to be as it should is not asked again for a while.
 */
final class Subjects {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration FRESH = Duration.ofSeconds(30);

  private final SchemaRegistryClient registry;
  private final Access access;
  private final Clock clock;
  private final Map<String, Seen> settled = new ConcurrentHashMap<>();
  private final Map<String, Integer> ids = new ConcurrentHashMap<>();

  private record Seen(Subject wanted, Observed.Subject subject, Instant at) {}

  Subjects(SchemaRegistryClient registry, Access access, Clock clock) {
    this.registry = registry;
    this.access = access;
    this.clock = clock;
  }

  /**
   * What is registered, and what the registry says against the schema that is wanted.
   *
   * @param again ask even if it was as wanted a moment ago
   */
  Optional<Observed.Subject> observe(Subject wanted, boolean again) throws BackendException {
    Seen seen = settled.get(wanted.name());
    if (!again
        && seen != null
        && seen.wanted().equals(wanted)
        && clock.instant().isBefore(seen.at().plus(FRESH))) {
      return Optional.of(seen.subject());
    }
    settled.remove(wanted.name());
    try {
      Optional<String> level = registry.compatibilityLevel(wanted.name());
      Optional<SchemaRegistryClient.Registered> latest = registry.latest(wanted.name());
      if (level.isEmpty() && latest.isEmpty()) {
        return Optional.empty();
      }
      boolean same = latest.map(l -> wanted.schema().equals(Optional.of(l.schema()))).orElse(false);
      List<String> refused = List.of();
      if (!same
          && latest.isPresent()
          && wanted.schema().isPresent()
          && level.equals(Optional.of(wanted.compatibility()))) {
        SchemaRegistryClient.Compatibility answer =
            registry.test(wanted.name(), wanted.schema().get());
        // Not every registry gives reasons; then the planner's own check does.
        refused = answer.compatible() ? List.of() : answer.messages();
      }
      Observed.Subject subject =
          new Observed.Subject(
              level.orElse(""), json(latest.map(SchemaRegistryClient.Registered::schema)), refused);
      if (same) {
        ids.put(wanted.name(), latest.get().id());
      }
      if ((same || wanted.schema().isEmpty())
          && level.equals(Optional.of(wanted.compatibility()))) {
        settled.put(wanted.name(), new Seen(wanted, subject, clock.instant()));
      }
      return Optional.of(subject);
    } catch (RegistryException e) {
      throw failed(e);
    }
  }

  private BackendException failed(RegistryException e) {
    return new BackendException(
        e.retryable() ? Failure.TRANSIENT : Failure.EXTERNAL,
        e.getMessage() + access.hint(e.status()),
        e);
  }

  private static JsonNode json(Optional<?> schema) {
    try {
      return schema.isPresent()
          ? JSON.readTree(schema.get().toString())
          : MissingNode.getInstance();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Sets the level, asks once more, registers. */
  StepResult apply(Subject wanted) throws BackendException {
    try {
      if (!registry.compatibilityLevel(wanted.name()).equals(Optional.of(wanted.compatibility()))) {
        registry.setCompatibilityLevel(wanted.name(), wanted.compatibility());
      }
      if (wanted.schema().isPresent()) {
        SchemaRegistryClient.Compatibility answer =
            registry.test(wanted.name(), wanted.schema().get());
        if (!answer.compatible()) {
          return StepResult.failed(
              Failure.INVALID_SPEC,
              "subject "
                  + wanted.name()
                  + ": the new schema is not "
                  + wanted.compatibility()
                  + " compatible with the one before: "
                  + String.join("; ", answer.messages()));
        }
        ids.put(wanted.name(), registry.register(wanted.name(), wanted.schema().get()));
      }
      return StepResult.READY;
    } catch (RegistryException e) {
      throw failed(e);
    }
  }

  void delete(String subject) throws BackendException {
    try {
      registry.delete(subject);
      settled.remove(subject);
    } catch (RegistryException e) {
      throw failed(e);
    }
  }

  /** The id of the schema that was registered last under a subject. */
  Optional<Integer> id(String subject) {
    return Optional.ofNullable(ids.get(subject));
  }
}
