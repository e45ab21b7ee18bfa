package dev.millrace.engine;

import dev.millrace.engine.StepResult.Failure;
import dev.millrace.planner.Resource.Subject;
import dev.millrace.registry.RegistryException;
import dev.millrace.registry.SchemaRegistryClient;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;

/**
 * Subjects of the schema registry: the compatibility level first, then a dry run of the schema, and
 * only then is it registered. What was seen to be as it should is not asked again.
 */
final class Subjects {
  private final SchemaRegistryClient registry;
  private final Map<String, Subject> settled = new ConcurrentHashMap<>();
  private final Map<String, Integer> ids = new ConcurrentHashMap<>();

  Subjects(SchemaRegistryClient registry) {
    this.registry = registry;
  }

  StepResult apply(Subject subject) {
    if (subject.equals(settled.get(subject.name()))) {
      return StepResult.READY;
    }
    try {
      if (!registry
          .compatibilityLevel(subject.name())
          .equals(Optional.of(subject.compatibility()))) {
        registry.setCompatibilityLevel(subject.name(), subject.compatibility());
      }
      if (subject.schema().isPresent()) {
        Schema schema = subject.schema().get();
        Optional<SchemaRegistryClient.Registered> latest = registry.latest(subject.name());
        if (latest.isPresent() && latest.get().schema().equals(schema)) {
          ids.put(subject.name(), latest.get().id());
        } else {
          SchemaRegistryClient.Compatibility answer = registry.test(subject.name(), schema);
          if (!answer.compatible()) {
            return StepResult.failed(
                Failure.INVALID_SPEC,
                "subject "
                    + subject.name()
                    + ": the new schema is not "
                    + subject.compatibility()
                    + " compatible with the one before: "
                    + reasons(schema, latest.map(SchemaRegistryClient.Registered::schema), answer));
          }
          ids.put(subject.name(), registry.register(subject.name(), schema));
        }
      }
      settled.put(subject.name(), subject);
      return StepResult.READY;
    } catch (RegistryException e) {
      return StepResult.failed(
          e.retryable() ? Failure.TRANSIENT : Failure.EXTERNAL, e.getMessage());
    }
  }

  /** What the registry says, or, as not every one gives reasons, what Avro's own check says. */
  private static String reasons(
      Schema schema, Optional<Schema> before, SchemaRegistryClient.Compatibility answer) {
    if (!answer.messages().isEmpty() || before.isEmpty()) {
      return String.join("; ", answer.messages());
    }
    return SchemaCompatibility.checkReaderWriterCompatibility(schema, before.get())
        .getResult()
        .getIncompatibilities()
        .stream()
        .map(
            i ->
                switch (i.getType()) {
                  case READER_FIELD_MISSING_DEFAULT_VALUE ->
                      "field '"
                          + i.getMessage()
                          + "' is new and has no default, so older records can not be read";
                  default -> i.getType() + " at " + i.getLocation() + ": " + i.getMessage();
                })
        .collect(Collectors.joining("; "));
  }

  /** The id of the schema that was registered last under a subject. */
  Optional<Integer> id(String subject) {
    return Optional.ofNullable(ids.get(subject));
  }
}
