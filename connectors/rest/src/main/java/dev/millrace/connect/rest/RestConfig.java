package dev.millrace.connect.rest;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.millrace.connect.records.RecordSettings;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.apache.avro.Schema;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.Type;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.config.types.Password;

/** The connector's configuration, checked. */
final class RestConfig extends AbstractConfig {
  static final String URL = "url";
  static final String PATH = "path";
  static final String QUERY = "query";
  static final String HEADERS = "headers";
  static final String ITEMS = "items";
  static final String ITEM_NAME = "item.name";
  static final String EVERY = "every.ms";
  static final String CRON = "cron";
  static final String CRON_ZONE = "cron.time.zone";
  static final String BACKFILL_FROM = "backfill.from";
  static final String BACKFILL_TO = "backfill.to";
  static final String BACKFILL_WINDOW = "backfill.window.ms";
  static final String AUTH = "auth.type";
  static final String AUTH_NAME = "auth.name";
  static final String AUTH_SECRET = "auth.secret";
  static final String AUTH_USER = "auth.username";
  static final String AUTH_TOKEN_URL = "auth.token.url";
  static final String AUTH_SCOPE = "auth.scope";
  static final String AUTH_CLIENT = "auth.client.in";
  static final String PAGES = "pages.type";
  static final String PAGES_PARAMETER = "pages.parameter";
  static final String PAGES_FIRST = "pages.first";
  static final String PAGES_SIZE = "pages.size";
  static final String PAGES_CURSOR = "pages.cursor";
  static final String PAGES_MAX = "pages.max";
  static final String CONDITIONAL = "conditional";
  static final String RECORDS = "records";
  static final String COLUMNS = "columns";
  static final String FIELDS = "fields";
  static final String TIMESTAMPS = "timestamps";
  static final String TIMESTAMPS_ZONE = "timestamps.time.zone";
  static final String ONLY_CHANGED = "only.changed";
  static final String ONLY_CHANGED_KEYS = "only.changed.max.keys";
  static final String SNAPSHOT_MARK = "snapshot.mark";
  static final String CONNECT_TIMEOUT = "connect.timeout.ms";
  static final String REQUEST_TIMEOUT = "request.timeout.ms";
  static final String MAX_BYTES = "response.max.bytes";
  static final String IN_FLIGHT = "max.in.flight";
  static final String BACKOFF = "retry.backoff.ms";
  static final String BACKOFF_MAX = "retry.backoff.max.ms";
  static final String RETRIES = "retries";
  static final String FAIL_AFTER = "fail.after.ms";

  private static final ObjectMapper JSON = new ObjectMapper();

  static ConfigDef own(ConfigDef definition) {
    return definition
        .define(
            URL,
            Type.STRING,
            ConfigDef.NO_DEFAULT_VALUE,
            new ConfigDef.NonEmptyString(),
            Importance.HIGH,
            "What is asked, http or https. {ITEM.FIELD} stands for a field of the item, {window.start} and {window.end} for"
                + " the window of a backfill ({window.last}: its last millisecond; {window.start:date|iso|epoch|millis}).")
        .define(
            PATH,
            Type.STRING,
            "",
            Importance.HIGH,
            "What follows the URL, where that is an address only: /v1/stations?contract={item.name}. A template too.")
        .define(
            QUERY,
            Type.STRING,
            "{}",
            checked(text -> texts(QUERY, text)),
            Importance.MEDIUM,
            "JSON object: parameters that are added to the URL, templates as it is.")
        .define(
            HEADERS,
            Type.STRING,
            "{}",
            checked(text -> texts(HEADERS, text)),
            Importance.MEDIUM,
            "JSON object: headers of each request, templates as the URL is. They go to no other host.")
        .define(
            ITEMS,
            Type.STRING,
            "[{}]",
            checked(RestConfig::items),
            Importance.HIGH,
            "JSON array of objects: for each, a request is made, evenly spread over the interval. An item that is changed is"
                + " another item.")
        .define(
            ITEM_NAME,
            Type.STRING,
            "item",
            Importance.MEDIUM,
            "How templates call the item: with city, {city.id}.")
        .define(
            EVERY,
            Type.LONG,
            30_000L,
            ConfigDef.Range.atLeast(100),
            Importance.HIGH,
            "How often each item is asked for, in milliseconds.")
        .define(
            CRON,
            Type.STRING,
            "",
            checked(text -> text.isBlank() ? null : Schedule.cron(CRON, text, ZoneId.of("UTC"))),
            Importance.HIGH,
            "When items are asked for, instead of every.ms: five fields, such as '*/10 6-22 * * *'.")
        .define(
            CRON_ZONE,
            Type.STRING,
            "UTC",
            checked(text -> zone(CRON_ZONE, text)),
            Importance.MEDIUM,
            "Time zone of cron, such as Europe/Berlin.")
        .define(
            BACKFILL_FROM,
            Type.STRING,
            "",
            Importance.HIGH,
            "A bounded run: the first date or instant. One request a window, and then the source is done.")
        .define(BACKFILL_TO, Type.STRING, "", Importance.HIGH, "Its end, exclusive.")
        .define(
            BACKFILL_WINDOW,
            Type.LONG,
            86_400_000L,
            ConfigDef.Range.atLeast(1000),
            Importance.HIGH,
            "Length of a window in milliseconds.")
        .define(
            AUTH,
            Type.STRING,
            "none",
            ConfigDef.ValidString.in("none", "query", "header", "basic", "bearer", "oauth2"),
            Importance.HIGH,
            "How the service is told who asks.")
        .define(
            AUTH_NAME,
            Type.STRING,
            "",
            Importance.MEDIUM,
            "Name of the query parameter or header that holds auth.secret.")
        .define(
            AUTH_SECRET,
            Type.PASSWORD,
            null,
            Importance.HIGH,
            "The key, token, password or client secret.")
        .define(
            AUTH_USER,
            Type.STRING,
            "",
            Importance.MEDIUM,
            "User of basic authentication, or client id of oauth2.")
        .define(
            AUTH_TOKEN_URL,
            Type.STRING,
            "",
            checked(text -> text.isBlank() ? null : http(AUTH_TOKEN_URL, text)),
            Importance.MEDIUM,
            "Where oauth2 client credentials bring a token.")
        .define(
            AUTH_SCOPE,
            Type.STRING,
            "",
            Importance.LOW,
            "Scope of that token; empty: none is asked for.")
        .define(
            AUTH_CLIENT,
            Type.STRING,
            "header",
            ConfigDef.ValidString.in("header", "body"),
            Importance.LOW,
            "Where the token's server expects client id and secret: header (basic authentication) or body.")
        .define(
            PAGES,
            Type.STRING,
            "none",
            ConfigDef.ValidString.in("none", "number", "cursor", "link"),
            Importance.MEDIUM,
            "How an answer goes on: page numbers, a cursor in the body, or a Link header with rel=next.")
        .define(
            PAGES_PARAMETER,
            Type.STRING,
            "page",
            new ConfigDef.NonEmptyString(),
            Importance.MEDIUM,
            "Query parameter of the page's number or cursor.")
        .define(
            PAGES_FIRST,
            Type.INT,
            1,
            ConfigDef.Range.atLeast(0),
            Importance.LOW,
            "Number of the first page.")
        .define(
            PAGES_SIZE,
            Type.INT,
            0,
            ConfigDef.Range.atLeast(0),
            Importance.LOW,
            "With numbers: a page of fewer records is the last one; 0: an empty one is.")
        .define(
            PAGES_CURSOR,
            Type.STRING,
            "",
            checked(text -> pointer(PAGES_CURSOR, text)),
            Importance.MEDIUM,
            "JSON pointer to the next cursor, or the next URL; missing, null or empty: it was the last page.")
        .define(
            PAGES_MAX,
            Type.INT,
            10_000,
            ConfigDef.Range.atLeast(1),
            Importance.LOW,
            "Most pages of one round; more are taken for a loop.")
        .define(
            CONDITIONAL,
            Type.BOOLEAN,
            true,
            Importance.LOW,
            "Whether ETag and Last-Modified are sent back, so that an unchanged answer is not sent again.")
        .define(
            RECORDS,
            Type.STRING,
            "",
            checked(text -> pointer(RECORDS, text)),
            Importance.HIGH,
            "JSON pointer to the record, or the array of records, in an answer; empty: the answer itself.")
        .define(
            COLUMNS,
            Type.BOOLEAN,
            false,
            Importance.MEDIUM,
            "Whether there is an object of arrays of one length, a column each, instead of an array of records.")
        .define(
            FIELDS,
            Type.STRING,
            "{}",
            checked(text -> texts(FIELDS, text)),
            Importance.HIGH,
            "JSON object: for a field of the schema a JSON pointer into the record (/main/temp), into the whole answer"
                + " ($/latitude), or a template ({city.region}, {request.time}, {request.url}, {window.start}). Others are"
                + " taken by name.")
        .define(
            TIMESTAMPS,
            Type.STRING,
            "seconds",
            ConfigDef.ValidString.in("seconds", "millis", "micros"),
            Importance.MEDIUM,
            "What numbers in fields of a timestamp type count, since 1970. Texts are ISO 8601.")
        .define(
            TIMESTAMPS_ZONE,
            Type.STRING,
            "UTC",
            checked(text -> zone(TIMESTAMPS_ZONE, text)),
            Importance.LOW,
            "Time zone of texts that name none, such as 2026-01-31T12:00.")
        .define(
            ONLY_CHANGED,
            Type.BOOLEAN,
            false,
            Importance.MEDIUM,
            "Whether a record is left out that is as the one before with its key. Fields of {request...} do not count.")
        .define(
            ONLY_CHANGED_KEYS,
            Type.INT,
            10_000,
            ConfigDef.Range.between(1, 10_000_000),
            Importance.LOW,
            "How many keys of an item are remembered, those that changed last; a restart remembers "
                + Changes.KEPT
                + " of them.")
        .define(
            SNAPSHOT_MARK,
            Type.BOOLEAN,
            false,
            Importance.LOW,
            "Whether all items are asked for at once at first, and their offsets say when that was done: each has"
                + " answered, or was given up.")
        .define(
            CONNECT_TIMEOUT,
            Type.INT,
            10_000,
            ConfigDef.Range.atLeast(1),
            Importance.LOW,
            "Milliseconds until a connection stands.")
        .define(
            REQUEST_TIMEOUT,
            Type.INT,
            30_000,
            ConfigDef.Range.atLeast(1),
            Importance.MEDIUM,
            "Milliseconds until the whole answer is there.")
        .define(
            MAX_BYTES,
            Type.INT,
            8 << 20,
            ConfigDef.Range.atLeast(1),
            Importance.MEDIUM,
            "Bytes of a body that are read at most; one that is longer is given up and named.")
        .define(
            IN_FLIGHT,
            Type.INT,
            4,
            ConfigDef.Range.between(1, 64),
            Importance.LOW,
            "Requests of a task at a time.")
        .define(
            BACKOFF,
            Type.LONG,
            1000L,
            ConfigDef.Range.atLeast(1),
            Importance.LOW,
            "Milliseconds before a request is repeated; twice as much each time, and by chance up to half less.")
        .define(
            BACKOFF_MAX,
            Type.LONG,
            60_000L,
            ConfigDef.Range.atLeast(1),
            Importance.LOW,
            "Milliseconds that it grows to.")
        .define(
            RETRIES,
            Type.INT,
            5,
            ConfigDef.Range.atLeast(0),
            Importance.LOW,
            "Repetitions before an item waits until it is due next. A backfill repeats without end: no window is left out.")
        .define(
            FAIL_AFTER,
            Type.LONG,
            300_000L,
            ConfigDef.Range.atLeast(0),
            Importance.LOW,
            "A task none of whose requests has succeeded for so many milliseconds fails, so that it is seen. One all of whose"
                + " items are refused fails at once.");
  }

  private final Set<String> names;

  RestConfig(Map<String, String> properties) {
    super(RestSourceConnector.DEFINITION, properties);
    this.names = new TreeSet<>(List.of(getString(ITEM_NAME), "window", "request"));
    checkUrl();
    parameters(QUERY);
    parameters(HEADERS);
    fields();
    if (!getString(CRON).isBlank() && backfill().isPresent()) {
      throw new ConfigException(CRON, getString(CRON), "does not go with backfill.from");
    }
    Credentials.check(this);
    Fetcher.check(this);
    if (Set.of("window", "request").contains(getString(ITEM_NAME))) {
      throw new ConfigException(
          ITEM_NAME, getString(ITEM_NAME), "means something else in a template");
    }
    if (getBoolean(ONLY_CHANGED) && getList(RecordSettings.KEY_FIELDS).isEmpty()) {
      throw new ConfigException(
          ONLY_CHANGED,
          true,
          "needs key.fields: what a record is compared with is the last of its key");
    }
    records();
    new Requests(this).check(items());
    if (getString(PAGES).equals("cursor") && getString(PAGES_CURSOR).isEmpty()) {
      throw new ConfigException(PAGES_CURSOR, "", "is needed with pages.type=cursor");
    }
  }

  /** What is written; checks that fields which are given a source are in the schema. */
  RecordSettings records() {
    RecordSettings records = RecordSettings.of(this);
    for (String field : fields().keySet()) {
      if (records.schema().getField(field) == null) {
        throw new ConfigException(
            FIELDS,
            field,
            "the schema has no such field; it has "
                + records.schema().getFields().stream().map(Schema.Field::name).toList());
      }
    }
    return records;
  }

  private void checkUrl() {
    Template template = template(URL, url());
    String example = url().replaceAll("\\{[^}]*}", "0");
    http(URL, example);
    if (backfill().isEmpty()
        && template.places().stream().anyMatch(p -> p.name().equals("window"))) {
      throw new ConfigException(URL + ": {window...} has a value in a backfill only");
    }
  }

  /** What is asked, with its path. */
  String url() {
    String path = getString(PATH);
    String url = getString(URL).strip();
    return path.isEmpty() ? url : url.replaceAll("/+$", "") + path;
  }

  static URI http(String setting, String text) {
    try {
      URI uri = new URI(text);
      boolean http =
          "http".equalsIgnoreCase(uri.getScheme()) || "https".equalsIgnoreCase(uri.getScheme());
      if (http && uri.getHost() != null && uri.getUserInfo() == null) {
        return uri;
      }
    } catch (URISyntaxException e) {
      // Not its message: there may be a key in the URL.
    }
    throw new ConfigException(
        setting
            + ": expected a URL with http or https and a host, and without user and password: use auth.type=basic");
  }

  Template template(String setting, String text) {
    return Template.parse(setting, text, names);
  }

  /** Templates by name. */
  Map<String, Template> parameters(String setting) {
    Map<String, Template> templates = new LinkedHashMap<>();
    texts(setting, getString(setting))
        .forEach((name, text) -> templates.put(name, template(setting + "." + name, text)));
    return templates;
  }

  /** Where fields come from, by name. */
  Map<String, String> fields() {
    Map<String, String> fields = texts(FIELDS, getString(FIELDS));
    fields.forEach(
        (name, from) -> {
          if (from.startsWith("/") || from.startsWith("$/")) {
            pointer(FIELDS + "." + name, from.startsWith("$") ? from.substring(1) : from);
          } else {
            template(FIELDS + "." + name, from);
          }
        });
    return fields;
  }

  List<JsonNode> items() {
    return items(getString(ITEMS));
  }

  Schedule schedule() {
    return getString(CRON).isBlank()
        ? Schedule.every(Duration.ofMillis(getLong(EVERY)))
        : Schedule.cron(CRON, getString(CRON), zone(CRON_ZONE, getString(CRON_ZONE)));
  }

  Optional<Backfill> backfill() {
    String from = getString(BACKFILL_FROM);
    String to = getString(BACKFILL_TO);
    if (from.isBlank() && to.isBlank()) {
      return Optional.empty();
    }
    return Optional.of(
        Backfill.parse(BACKFILL_FROM, from, BACKFILL_TO, to, getLong(BACKFILL_WINDOW)));
  }

  String secret(String setting) {
    Password password = getPassword(setting);
    return password == null ? "" : password.value();
  }

  static ZoneId zone(String setting, String text) {
    try {
      return ZoneId.of(text);
    } catch (DateTimeException e) {
      throw new ConfigException(setting, text, "expected a time zone such as Europe/Berlin");
    }
  }

  static JsonPointer pointer(String setting, String text) {
    try {
      return JsonPointer.compile(text);
    } catch (IllegalArgumentException e) {
      throw new ConfigException(setting, text, "expected a JSON pointer such as /list, or nothing");
    }
  }

  private static List<JsonNode> items(String text) {
    JsonNode array = json(ITEMS, text);
    List<JsonNode> items = new ArrayList<>();
    array.forEach(items::add);
    if (!array.isArray() || items.isEmpty() || !items.stream().allMatch(JsonNode::isObject)) {
      throw new ConfigException(ITEMS, text, "expected a JSON array of objects, at least one");
    }
    if (Set.copyOf(items).size() < items.size()) {
      throw new ConfigException(ITEMS, text, "two items are alike");
    }
    return items;
  }

  private static Map<String, String> texts(String setting, String text) {
    JsonNode object = json(setting, text);
    if (!object.isObject() || !object.valueStream().allMatch(JsonNode::isTextual)) {
      throw new ConfigException(setting, text, "expected a JSON object of texts");
    }
    Map<String, String> texts = new LinkedHashMap<>();
    object.properties().forEach(e -> texts.put(e.getKey(), e.getValue().asText()));
    return texts;
  }

  private static JsonNode json(String setting, String text) {
    try {
      JsonNode node = JSON.readTree(text);
      return node == null ? MissingNode.getInstance() : node;
    } catch (JsonProcessingException e) {
      throw new ConfigException(setting, text, "is not JSON: " + e.getOriginalMessage());
    }
  }

  private static ConfigDef.Validator checked(java.util.function.Function<String, ?> parse) {
    return (name, value) -> {
      if (value != null) {
        Object unused = parse.apply((String) value);
      }
    };
  }
}
