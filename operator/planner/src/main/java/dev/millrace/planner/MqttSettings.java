package dev.millrace.planner;

import dev.millrace.model.Durations;
import dev.millrace.model.Pipeline.Mqtt;
import dev.millrace.model.Pipeline.MqttFields;
import dev.millrace.model.Problem;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.avro.Schema;

/** What the connector of an MQTT source is told, beside what all declared sources are. */
final class MqttSettings {
  private static final Pattern SHARED = Pattern.compile("\\$share/[^/+#]+/(.+)");
  private static final Pattern NAMED = Pattern.compile("\\{([A-Za-z_][A-Za-z0-9_]*)}");

  private MqttSettings() {}

  /** The connector's settings; secrets in them are references. */
  static Map<String, String> of(
      Mqtt mqtt, SchemaCatalog.ConnectionFacts facts, SecretFiles mounted) {
    String secret = mqtt.connection().secretRef().name();
    Map<String, String> config = new TreeMap<>();
    config.put("connector.class", "dev.millrace.connect.mqtt.MqttSourceConnector");
    config.put("tasks.max", Integer.toString(mqtt.tasks() == null ? 1 : mqtt.tasks()));
    config.put("url", facts.scheme() + "://" + facts.host() + ":" + facts.port());
    for (String login : List.of("username", "password")) {
      if (facts.credentials().contains(login)) {
        config.put(login, mounted.value(secret, login));
      }
    }
    if (facts.scheme().equals("mqtts")) {
      if (facts.credentials().contains("ca.crt")) {
        config.put("tls.ca.file", mounted.file(secret, "ca.crt"));
      }
      if (facts.credentials().containsAll(Set.of("tls.crt", "tls.key"))) {
        config.put("tls.certificate.file", mounted.file(secret, "tls.crt"));
        config.put("tls.key.file", mounted.file(secret, "tls.key"));
      }
    }
    config.put("version", mqtt.version());
    config.put("topic.filters", String.join(",", mqtt.topics()));
    config.put("qos", Integer.toString(mqtt.qos()));
    config.put("format", mqtt.format());
    if (mqtt.sessionExpiry() != null) {
      config.put(
          "session.expiry.seconds",
          Long.toString(
              Math.max(1, Durations.parse(mqtt.sessionExpiry()).orElseThrow().toSeconds())));
    }
    if (mqtt.fields() != null) {
      put(config, "topic.field", mqtt.fields().topic());
      put(config, "time.field", mqtt.fields().arrivedAt());
      put(config, "retained.field", mqtt.fields().retained());
      put(config, "qos.field", mqtt.fields().qos());
      put(config, "payload.field", mqtt.fields().payload());
    }
    return config;
  }

  private static void put(Map<String, String> config, String key, String value) {
    if (value != null) {
      config.put(key, value);
    }
  }

  /** What is wrong with the topics and fields of a source whose records have this schema. */
  static List<Problem> check(String path, Mqtt mqtt, Schema schema) {
    List<Problem> problems = new ArrayList<>();
    for (int i = 0; i < mqtt.topics().size(); i++) {
      filter(path + ".topics[" + i + "]", mqtt.topics().get(i), schema, problems);
    }
    MqttFields fields = mqtt.fields();
    if (fields != null) {
      String at = path + ".fields";
      typed(at + ".topic", fields.topic(), schema, "string", Set.of("string"), problems);
      typed(
          at + ".arrivedAt",
          fields.arrivedAt(),
          schema,
          "timestamp-micros or timestamp-millis",
          Set.of("timestamp-micros", "timestamp-millis"),
          problems);
      typed(at + ".retained", fields.retained(), schema, "boolean", Set.of("boolean"), problems);
      typed(at + ".qos", fields.qos(), schema, "int or long", Set.of("int", "long"), problems);
      typed(
          at + ".payload",
          fields.payload(),
          schema,
          "bytes or string",
          Set.of("bytes", "string"),
          problems);
    }
    return problems;
  }

  /** A filter, as MQTT 5.0, 4.7, has it, and the fields that its levels are. */
  private static void filter(String path, String text, Schema schema, List<Problem> problems) {
    String filter = text;
    if (text.startsWith("$share/")) {
      Matcher shared = SHARED.matcher(text);
      if (!shared.matches()) {
        problems.add(Problem.of(path, "'" + text + "': expected $share/GROUP/FILTER"));
        return;
      }
      filter = shared.group(1);
    }
    String[] levels = filter.split("/", -1);
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < levels.length; i++) {
      String level = levels[i];
      Matcher named = NAMED.matcher(level);
      if (named.matches()) {
        if (!seen.add(level)) {
          problems.add(Problem.of(path, "'" + text + "': " + level + " is there twice"));
        }
        known(path, named.group(1), schema, problems);
      } else if (level.contains("#") && !(level.equals("#") && i == levels.length - 1)) {
        problems.add(
            Problem.of(
                path, "'" + text + "': '#' stands for all further levels, alone and at the end"));
      } else if (level.contains("+") && !level.equals("+")) {
        problems.add(
            Problem.of(path, "'" + text + "': '+' stands for a whole level, not a part of it"));
      } else if (level.contains("{") || level.contains("}")) {
        problems.add(
            Problem.of(
                path, "'" + text + "': {field} stands for a whole level, and names a field"));
      }
    }
  }

  private static boolean known(String path, String field, Schema schema, List<Problem> problems) {
    if (schema.getField(field) != null) {
      return true;
    }
    List<String> fields = Schemas.fields(schema);
    problems.add(
        Problem.unknown(
            path,
            "no field '" + field + "'; there are " + String.join(", ", fields),
            field,
            fields));
    return false;
  }

  private static void typed(
      String path,
      String field,
      Schema schema,
      String expected,
      Set<String> types,
      List<Problem> problems) {
    if (field == null || !known(path, field, schema, problems)) {
      return;
    }
    Schema type = Schemas.notNull(schema.getField(field).schema());
    String name =
        type.getLogicalType() == null ? type.getType().getName() : type.getLogicalType().getName();
    if (!types.contains(name)) {
      problems.add(Problem.of(path, "field '" + field + "' is no " + expected + ", but " + name));
    }
  }
}
