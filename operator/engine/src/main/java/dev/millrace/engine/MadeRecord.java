package dev.millrace.engine;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.planner.Observed.Made;
import dev.millrace.planner.Observed.Reading;
import dev.millrace.planner.Resource;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What the engine has made for a pipeline, where the backends can not carry it: Kafka's topics and
 * the registry's subjects have no place for an owner. A record in the pipeline's topic of marks,
 * written before a topic is created, so that what is there and not in it was made by others.
 *
 * @param made by resource id
 * @param ids of topics, by who has read or filled them: one that was made again is another
 * @param rewriting transforms that are being reprocessed from the start, until their job was
 *     started so: whoever finds them here begins again
 */
record MadeRecord(Map<String, Made> made, Map<Reading, String> ids, Set<String> rewriting) {
  static final MadeRecord NONE = new MadeRecord(Map.of(), Map.of(), Set.of());
  private static final ObjectMapper JSON = new ObjectMapper();

  MadeRecord {
    made = new TreeMap<>(made);
    ids = new TreeMap<>(ids);
    rewriting = new TreeSet<>(rewriting);
  }

  MadeRecord with(Resource resource) {
    Map<String, Made> more = new TreeMap<>(made);
    more.put(
        resource.id(),
        resource instanceof Resource.Topic topic
            ? new Made(topic.partitions(), new TreeMap<>(topic.config()))
            : resource instanceof Resource.SavedObjects objects
                ? Made.hash(objects.hash())
                : Made.IT);
    return new MadeRecord(more, ids, rewriting);
  }

  MadeRecord without(String id) {
    Map<String, Made> fewer = new TreeMap<>(made);
    fewer.remove(id);
    return new MadeRecord(fewer, ids, rewriting);
  }

  MadeRecord rewriting(Set<String> transforms) {
    return new MadeRecord(made, ids, transforms);
  }

  MadeRecord ids(Map<Reading, String> known) {
    return new MadeRecord(made, known, rewriting);
  }

  byte[] value() {
    ObjectNode node = JSON.createObjectNode();
    ObjectNode all = node.putObject("made");
    made.forEach(
        (id, one) -> {
          ObjectNode out = all.putObject(id);
          if (one.partitions() > 0) {
            out.put("partitions", one.partitions());
          }
          if (!one.config().isEmpty()) {
            one.config().forEach(out.putObject("config")::put);
          }
        });
    ObjectNode topics = node.putObject("topics");
    ids.forEach((r, id) -> topics.withObject("/" + r.component()).put(r.topic(), id));
    rewriting.forEach(node.putArray("rewriting")::add);
    try {
      return JSON.writeValueAsBytes(node);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  static MadeRecord parse(byte[] value) {
    try {
      JsonNode node = JSON.readTree(value);
      Map<String, Made> made = new TreeMap<>();
      node.path("made")
          .properties()
          .forEach(
              e -> {
                Map<String, String> config = new TreeMap<>();
                e.getValue()
                    .path("config")
                    .properties()
                    .forEach(c -> config.put(c.getKey(), c.getValue().asText()));
                made.put(e.getKey(), new Made(e.getValue().path("partitions").asInt(), config));
              });
      Map<Reading, String> ids = new TreeMap<>();
      node.path("topics")
          .properties()
          .forEach(
              c ->
                  c.getValue()
                      .properties()
                      .forEach(
                          t ->
                              ids.put(new Reading(c.getKey(), t.getKey()), t.getValue().asText())));
      Set<String> rewriting = new TreeSet<>();
      node.path("rewriting").forEach(r -> rewriting.add(r.asText()));
      return new MadeRecord(made, ids, rewriting);
    } catch (IOException e) {
      throw new IllegalStateException("not a record of what was made: " + e.getMessage(), e);
    }
  }
}
