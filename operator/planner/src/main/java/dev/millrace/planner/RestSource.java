package dev.millrace.planner;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.Durations;
import dev.millrace.model.Problem;
import dev.millrace.model.Rest;
import java.time.DateTimeException;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A REST source: what its fields mean together, and its connector's settings. */
final class RestSource {
  private static final Pattern PLACE =
      Pattern.compile("\\{([A-Za-z_][A-Za-z0-9_]*)(?:\\.([A-Za-z0-9_-]+))?[^}]*}");

  private final Rest rest;
  private final SecretFiles mounted;

  RestSource(Rest rest, SecretFiles mounted) {
    this.rest = rest;
    this.mounted = mounted;
  }

  // ---- what is wrong

  /** What can be said without knowing anything outside the Pipeline. */
  List<Problem> problems(String path, List<String> key) {
    List<Problem> problems = new ArrayList<>();
    if (rest.path() != null && rest.connection() == null) {
      problems.add(
          Problem.of(path + ".path", "goes with connection; without one it is part of url"));
    }
    if ((rest.url() == null) == (rest.connection() == null)) {
      // The model says so.
      return problems;
    }
    if ((rest.schema() == null) == (rest.schemaFrom() == null)) {
      problems.add(Problem.of(path, "exactly one of schema, schemaFrom must be set"));
    }
    List<String> when = new ArrayList<>();
    if (rest.every() != null) {
      when.add("every");
    }
    if (rest.cron() != null) {
      when.add("cron");
    }
    if (rest.backfill() != null) {
      when.add("backfill");
      backfill(path + ".backfill", problems);
    }
    if (when.size() > 1) {
      problems.add(
          Problem.of(
              path,
              "at most one of every, cron, backfill may be set; "
                  + String.join(" and ", when)
                  + " are"));
    }
    if (rest.timeZone() != null && !zone(rest.timeZone())) {
      problems.add(
          Problem.of(
              path + ".timeZone",
              "'" + rest.timeZone() + "': expected a time zone such as Europe/Berlin"));
    }
    if (rest.pages() != null
        && rest.pages().by() != null
        && rest.pages().by().equals("cursor") != (rest.pages().cursor() != null)) {
      problems.add(Problem.of(path + ".pages", "cursor: goes with by: cursor, which needs it"));
    }
    if (Boolean.TRUE.equals(rest.onlyChanged()) && key.isEmpty()) {
      problems.add(
          Problem.of(
              path + ".onlyChanged",
              "needs the source's key: a record is compared with the last one of its key"));
    }
    templates(path, problems);
    return problems;
  }

  private void backfill(String path, List<Problem> problems) {
    String from = rest.backfill().from();
    String to = rest.backfill().to();
    if (from != null && to != null && instant(from).compareTo(instant(to)) >= 0) {
      problems.add(
          Problem.of(path + ".from", "'" + from + "': expected a time before 'to', " + to));
    }
  }

  /** Texts of one form, all in UTC: their order is that of time. */
  private static String instant(String moment) {
    return (moment.length() == 10 ? moment + "T00:00:00" : moment).replace("Z", "");
  }

  private static boolean zone(String name) {
    try {
      return ZoneId.of(name) != null;
    } catch (DateTimeException e) {
      return false;
    }
  }

  private String itemName() {
    return rest.each() == null || rest.each().as() == null ? "item" : rest.each().as();
  }

  private void templates(String path, List<Problem> problems) {
    Map<String, String> templates = new LinkedHashMap<>();
    put(templates, path + ".url", rest.url());
    put(templates, path + ".path", rest.path());
    rest.query().forEach((name, text) -> templates.put(path + ".query." + name, text));
    rest.headers().forEach((name, text) -> templates.put(path + ".headers." + name, text));
    rest.fields()
        .forEach(
            (name, text) -> {
              if (!text.startsWith("/") && !text.startsWith("$/")) {
                templates.put(path + ".fields." + name, text);
              }
            });
    Set<String> known = new TreeSet<>(Set.of("request"));
    if (rest.each() != null) {
      known.add(itemName());
    }
    if (rest.backfill() != null) {
      known.add("window");
    }
    templates.forEach(
        (at, text) -> {
          Matcher place = PLACE.matcher(text);
          while (place.find()) {
            if (!known.contains(place.group(1))) {
              problems.add(
                  Problem.unknown(
                      at,
                      place.group() + " is not known; there are " + String.join(", ", known),
                      place.group(1),
                      known));
            } else if (place.group(1).equals(itemName()) && place.group(2) != null) {
              eachHas(path, at, place.group(2), problems);
            }
          }
        });
  }

  private void eachHas(String path, String at, String field, List<Problem> problems) {
    JsonNode items = rest.each() == null ? null : rest.each().items();
    if (items == null || !items.isObject() || field.equals("name")) {
      return;
    }
    items
        .properties()
        .forEach(
            item -> {
              if (!item.getValue().has(field)) {
                problems.add(
                    Problem.of(
                        path + ".each.items." + item.getKey(),
                        "has no '"
                            + field
                            + "', which "
                            + at.substring(path.length() + 1)
                            + " uses"));
              }
            });
  }

  private static void put(Map<String, String> into, String key, String value) {
    if (value != null) {
      into.put(key, value);
    }
  }

  // ---- what it refers to

  /**
   * The Secrets that it needs, and the keys that must be in them.
   *
   * @param path of the source's field, which begins the keys of the result
   */
  Map<String, Needed> secrets(String path) {
    Map<String, Needed> needed = new LinkedHashMap<>();
    if (rest.connection() != null) {
      needed.put(
          path + ".connection.secretRef",
          new Needed(
              rest.connection().secretRef().name(), List.of(rest.connection().secretRef().key())));
    }
    Rest.Auth auth = rest.auth();
    if (auth == null) {
      return needed;
    }
    if (auth.query() != null || auth.header() != null || auth.bearer() != null) {
      Rest.SecretKey ref =
          auth.query() != null
              ? auth.query().secretRef()
              : auth.header() != null ? auth.header().secretRef() : auth.bearer().secretRef();
      needed.put(path + ".auth", new Needed(ref.name(), List.of(ref.key())));
    } else if (auth.basic() != null) {
      needed.put(
          path + ".auth.basic.secretRef",
          new Needed(auth.basic().secretRef().name(), List.of("username", "password")));
    } else if (auth.oauth2() != null) {
      needed.put(
          path + ".auth.oauth2.secretRef",
          new Needed(auth.oauth2().secretRef().name(), List.of("clientId", "clientSecret")));
    }
    return needed;
  }

  /** A Secret and its keys. */
  record Needed(String secret, List<String> keys) {}

  /**
   * The items as an array, each with its name, in an order and form that stay; or what is wrong.
   */
  static Optional<String> items(JsonNode given, List<String> wrong) {
    ArrayNode items = Schemas.JSON.createArrayNode();
    if (given.isObject()) {
      for (Map.Entry<String, JsonNode> entry : given.properties()) {
        if (!(entry.getValue() instanceof ObjectNode item)) {
          wrong.add("'" + entry.getKey() + "': expected a mapping of values");
          continue;
        }
        ObjectNode named = item.deepCopy();
        if (!named.has("name")) {
          named.put("name", entry.getKey());
        }
        items.add(named);
      }
    } else if (given.isArray()) {
      given.forEach(
          item -> {
            if (item.isObject()) {
              items.add(item);
            } else {
              wrong.add(item + ": expected a mapping of values");
            }
          });
    }
    if (items.isEmpty() && wrong.isEmpty()) {
      wrong.add("expected a mapping of items by name, or an array of them, at least one");
    }
    return wrong.isEmpty() ? Optional.of(sorted(items)) : Optional.empty();
  }

  /** An item is known by its text: the order of its values is to say nothing. */
  private static String sorted(JsonNode node) {
    try {
      return Schemas.JSON
          .writer(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
          .writeValueAsString(Schemas.JSON.treeToValue(node, Object.class));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  // ---- the connector

  /**
   * The connector's own settings.
   *
   * @param items as {@link #items} has them; empty without
   */
  Map<String, String> settings(Optional<String> items) {
    Map<String, String> config = new TreeMap<>();
    config.put("connector.class", "dev.millrace.connect.rest.RestSourceConnector");
    config.put("tasks.max", Integer.toString(rest.tasks() == null ? 1 : rest.tasks()));
    config.put(
        "url",
        rest.url() != null
            ? rest.url()
            : mounted.value(
                rest.connection().secretRef().name(), rest.connection().secretRef().key()));
    put(config, "path", rest.path());
    texts(config, "query", rest.query());
    texts(config, "headers", rest.headers());
    texts(config, "fields", rest.fields());
    items.ifPresent(
        text -> {
          config.put("items", text);
          config.put("item.name", itemName());
        });
    millis(config, "every.ms", rest.every());
    put(config, "cron", rest.cron());
    if (rest.timeZone() != null) {
      config.put("cron.time.zone", rest.timeZone());
      config.put("timestamps.time.zone", rest.timeZone());
    }
    if (rest.backfill() != null) {
      config.put("backfill.from", rest.backfill().from());
      config.put("backfill.to", rest.backfill().to());
      millis(config, "backfill.window.ms", rest.backfill().window());
    }
    if (rest.auth() != null) {
      auth(config, rest.auth());
    }
    if (rest.pages() != null) {
      config.put("pages.type", rest.pages().by());
      put(config, "pages.parameter", rest.pages().parameter());
      put(config, "pages.first", text(rest.pages().first()));
      put(config, "pages.size", text(rest.pages().size()));
      put(config, "pages.cursor", rest.pages().cursor());
    }
    put(config, "records", rest.records());
    put(config, "columns", text(rest.columns()));
    put(config, "timestamps", rest.timestamps());
    put(config, "only.changed", text(rest.onlyChanged()));
    millis(config, "request.timeout.ms", rest.timeout());
    put(config, "response.max.bytes", text(rest.maxBytes()));
    return config;
  }

  private static String text(Object value) {
    return value == null ? null : value.toString();
  }

  private static void millis(Map<String, String> config, String key, String duration) {
    if (duration != null) {
      config.put(key, Long.toString(Durations.parse(duration).orElseThrow().toMillis()));
    }
  }

  private static void texts(Map<String, String> config, String key, Map<String, String> texts) {
    if (!texts.isEmpty()) {
      config.put(key, sorted(Schemas.JSON.valueToTree(texts)));
    }
  }

  private void auth(Map<String, String> config, Rest.Auth auth) {
    if (auth.query() != null) {
      named(config, "query", auth.query());
    } else if (auth.header() != null) {
      named(config, "header", auth.header());
    } else if (auth.bearer() != null) {
      config.put("auth.type", "bearer");
      config.put(
          "auth.secret",
          mounted.value(auth.bearer().secretRef().name(), auth.bearer().secretRef().key()));
    } else if (auth.basic() != null) {
      String secret = auth.basic().secretRef().name();
      config.put("auth.type", "basic");
      config.put("auth.username", mounted.value(secret, "username"));
      config.put("auth.secret", mounted.value(secret, "password"));
    } else {
      String secret = auth.oauth2().secretRef().name();
      config.put("auth.type", "oauth2");
      config.put("auth.username", mounted.value(secret, "clientId"));
      config.put("auth.secret", mounted.value(secret, "clientSecret"));
      config.put("auth.token.url", auth.oauth2().tokenUrl());
      config.put("auth.client.in", auth.oauth2().clientIn());
      put(config, "auth.scope", auth.oauth2().scope());
    }
  }

  private void named(Map<String, String> config, String type, Rest.Named named) {
    config.put("auth.type", type);
    config.put("auth.name", named.name());
    config.put("auth.secret", mounted.value(named.secretRef().name(), named.secretRef().key()));
  }
}
