package dev.millrace.planner;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.model.Pipeline.ConfigMapRef;
import dev.millrace.model.Pipeline.SecretRef;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.apache.avro.Schema;

/** What is known, from a file; what does not stand in it is not known yet. */
record FileCatalog(JsonNode known) implements SchemaCatalog {
  private static final ObjectMapper JSON = new ObjectMapper();

  @Override
  public Known<StreamSchema> stream(String topic) {
    JsonNode found = known.path("streams").path(topic);
    if (found.isMissingNode()) {
      return new Known.Waiting<>("subject " + topic + "-value is not registered yet");
    }
    Schema value = new Schema.Parser().parse(found.path("value").toString());
    return new Known.Yes<>(
        new StreamSchema(
            value,
            found.has("key")
                ? Optional.of(new Schema.Parser().parse(found.path("key").toString()))
                : Optional.empty()));
  }

  @Override
  public Known<ConnectionFacts> connection(SecretRef ref) {
    JsonNode found = known.path("connections").path(ref.name());
    return found.isMissingNode()
        ? new Known.No<>("no Secret '" + ref.name() + "'")
        : new Known.Yes<>(
            new ConnectionFacts(
                found.path("scheme").asText(),
                found.path("host").asText(),
                found.path("port").asInt(),
                found.path("database").asText(),
                found.has("credentials")
                    ? Set.copyOf(texts(found, "credentials"))
                    : Set.of("username", "password")));
  }

  @Override
  public Known<Boolean> secret(String name, List<String> keys) {
    if (known.path("secrets").path(name).isMissingNode()) {
      return new Known.No<>("no Secret '" + name + "'");
    }
    List<String> there = texts(known.path("secrets"), name);
    return there.containsAll(keys)
        ? new Known.Yes<>(true)
        : new Known.No<>("Secret '" + name + "' has " + there + ", not all of " + keys);
  }

  @Override
  public Known<Set<String>> secretKeys(String name) {
    JsonNode found = known.path("secrets").path(name);
    return found.isMissingNode()
        ? new Known.No<>("no Secret '" + name + "'")
        : new Known.Yes<>(JSON.convertValue(found, new TypeReference<TreeSet<String>>() {}));
  }

  @Override
  public Known<String> config(ConfigMapRef ref) {
    JsonNode found = known.path("configs").path(ref.configMap()).path(ref.key());
    return found.isMissingNode()
        ? new Known.No<>("no ConfigMap '" + ref.configMap() + "'")
        : new Known.Yes<>(found.asText());
  }

  @Override
  public Known<String> appFile(String path) {
    JsonNode found = known.path("apps").path(path);
    return found.isMissingNode()
        ? new Known.No<>("'" + path + "': there is no such file")
        : new Known.Yes<>(found.asText());
  }

  @Override
  public Known<Map<String, String>> configMap(String name) {
    JsonNode found = known.path("configs").path(name);
    return found.isMissingNode()
        ? new Known.No<>("no ConfigMap '" + name + "'")
        : new Known.Yes<>(JSON.convertValue(found, new TypeReference<Map<String, String>>() {}));
  }

  @Override
  public Known<SqlAnalysis> analyse(SqlRequest request) {
    JsonNode found = known.path("analyses").path(request.transform());
    if (found.isMissingNode()) {
      return new Known.Waiting<>("its SQL is being analysed");
    }
    List<Read> reads = new ArrayList<>();
    found
        .path("reads")
        .forEach(
            r ->
                reads.add(
                    new Read(
                        r.path("stream").asText(), r.path("role").asText(), texts(r, "columns"))));
    List<SqlError> errors = new ArrayList<>();
    found
        .path("errors")
        .forEach(
            e ->
                errors.add(
                    new SqlError(
                        e.path("line").asInt(),
                        e.path("column").asInt(),
                        e.path("message").asText(),
                        Optional.ofNullable(e.path("suggestion").textValue()))));
    return new Known.Yes<>(
        new SqlAnalysis(
            Optional.ofNullable(found.get("schema")),
            found.path("kind").asText(""),
            texts(found, "groupKeys"),
            reads,
            texts(found, "pending"),
            errors,
            Map.of(),
            identity(found)));
  }

  private static List<Identifying> identity(JsonNode found) {
    List<Identifying> identity = new ArrayList<>();
    found
        .path("identity")
        .forEach(
            i ->
                identity.add(
                    new Identifying(
                        i.path("stream").asText(), i.path("column").asText(), texts(i, "as"))));
    return identity;
  }

  private static List<String> texts(JsonNode node, String field) {
    List<String> out = new ArrayList<>();
    node.path(field).forEach(n -> out.add(n.asText()));
    return out;
  }
}
