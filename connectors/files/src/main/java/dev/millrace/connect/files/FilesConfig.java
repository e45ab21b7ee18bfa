package dev.millrace.connect.files;

import dev.millrace.connect.files.Content.Packing;
import dev.millrace.connect.files.RowReader.Ending;
import dev.millrace.connect.records.AvroRecordWriter;
import dev.millrace.connect.records.RecordSettings;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.Charset;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.Type;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.config.types.Password;

/** The connector's configuration, checked. */
final class FilesConfig extends AbstractConfig {
  static final String PATH = "path";
  static final String BUCKET = "s3.bucket";
  static final String PREFIX = "s3.prefix";
  static final String ENDPOINT = "s3.endpoint";
  static final String REGION = "s3.region";
  static final String PATH_STYLE = "s3.path.style.access";
  static final String ACCESS_KEY = "s3.access.key.id";
  static final String SECRET_KEY = "s3.secret.access.key";
  static final String INCLUDE = "include";
  static final String FORMAT = "format";
  static final String COMPRESSION = "compression";
  static final String DELIMITER = "csv.delimiter";
  static final String QUOTE = "csv.quote";
  static final String ESCAPE = "csv.escape";
  static final String HEADER = "csv.header";
  static final String COLUMNS = "csv.columns";
  static final String NULL = "csv.null";
  static final String CHARSET = "charset";
  static final String INTERVAL = "poll.interval.ms";
  static final String ORDER = "order";
  static final String SPEED = "speed";
  static final String EVENT_TIME = "event.time.field";
  static final String ONCE = "once";
  static final String REPORTS = "report.topic";
  static final String SNAPSHOT_MARK = "snapshot.mark";
  static final String MAX_ROW = "row.max.bytes";
  static final String QUIET = "quiet.ms";
  static final String BATCH = "batch.max.records";

  static final ConfigDef DEFINITION =
      RecordSettings.define(
          new ConfigDef()
              .define(
                  PATH,
                  Type.STRING,
                  "",
                  checked(Path::of),
                  Importance.HIGH,
                  "Folder of the worker's machine where the files are. Either this or s3.bucket.")
              .define(BUCKET, Type.STRING, "", Importance.HIGH, "Bucket that holds the files.")
              .define(
                  PREFIX,
                  Type.STRING,
                  "",
                  Importance.MEDIUM,
                  "What the objects' keys begin with, such as in/orders/.")
              .define(
                  ENDPOINT,
                  Type.STRING,
                  "",
                  checked(FilesConfig::endpoint),
                  Importance.MEDIUM,
                  "URL of an S3-compatible server; empty: Amazon's own.")
              .define(REGION, Type.STRING, "us-east-1", Importance.LOW, "Region of the bucket.")
              .define(
                  PATH_STYLE,
                  Type.BOOLEAN,
                  true,
                  Importance.LOW,
                  "Whether the bucket stands in the URL's path, as most servers want it, and not in its host.")
              .define(
                  ACCESS_KEY,
                  Type.PASSWORD,
                  new Password(""),
                  Importance.MEDIUM,
                  "Access key id; empty: as the worker's environment has it (a pod's identity, variables).")
              .define(
                  SECRET_KEY,
                  Type.PASSWORD,
                  new Password(""),
                  Importance.MEDIUM,
                  "Secret access key.")
              .define(
                  INCLUDE,
                  Type.STRING,
                  "*",
                  checked(Names::new),
                  Importance.MEDIUM,
                  "Which names are read: a glob such as orders-*.csv, or **/*.parquet for folders too."
                      + " Names with a part that begins with . or _ never are.")
              .define(
                  FORMAT,
                  Type.STRING,
                  ConfigDef.NO_DEFAULT_VALUE,
                  ConfigDef.ValidString.in("csv", "jsonl", "parquet", "avro"),
                  Importance.HIGH,
                  "csv, jsonl (an object a line), parquet or avro (container files).")
              .define(
                  COMPRESSION,
                  Type.STRING,
                  "auto",
                  ConfigDef.ValidString.in("auto", "none", "gzip", "zip"),
                  Importance.LOW,
                  "How csv and jsonl are packed. auto: gzip where a name ends in .gz, zip where it ends in .zip.")
              .define(
                  DELIMITER,
                  Type.STRING,
                  ",",
                  one(false),
                  Importance.MEDIUM,
                  "What separates cells: one character, or \\t.")
              .define(
                  QUOTE,
                  Type.STRING,
                  "\"",
                  one(true),
                  Importance.LOW,
                  "What encloses cells that hold delimiters or line ends; empty: nothing does.")
              .define(
                  ESCAPE,
                  Type.STRING,
                  "",
                  one(true),
                  Importance.LOW,
                  "What makes the next character ordinary; empty: a quotation mark in quotes is doubled.")
              .define(
                  HEADER,
                  Type.BOOLEAN,
                  true,
                  Importance.MEDIUM,
                  "Whether each file begins with a line of names.")
              .define(
                  COLUMNS,
                  Type.LIST,
                  List.of(),
                  Importance.MEDIUM,
                  "Names of the columns, in place of a header's.")
              .define(
                  NULL,
                  Type.STRING,
                  "",
                  Importance.LOW,
                  "A cell without quotes that says this is null.")
              .define(
                  CHARSET,
                  Type.STRING,
                  "UTF-8",
                  checked(Charset::forName),
                  Importance.LOW,
                  "Charset of csv and jsonl.")
              .define(
                  INTERVAL,
                  Type.LONG,
                  10_000L,
                  ConfigDef.Range.between(100, 86_400_000L),
                  Importance.MEDIUM,
                  "How often is looked for new files and for what was added, in milliseconds.")
              .define(
                  ORDER,
                  Type.STRING,
                  "name",
                  ConfigDef.ValidString.in("name", "modified"),
                  Importance.LOW,
                  "In which order files that are there are read.")
              .define(
                  SPEED,
                  Type.DOUBLE,
                  0.0,
                  ConfigDef.Range.atLeast(0),
                  Importance.MEDIUM,
                  "Rows come at their own event times, so many times faster; 0: as fast as can be. Takes one task.")
              .define(
                  EVENT_TIME,
                  Type.STRING,
                  "",
                  Importance.MEDIUM,
                  "Field with the event time; needed for speed.")
              .define(
                  ONCE,
                  Type.BOOLEAN,
                  false,
                  Importance.MEDIUM,
                  "Whether it ends when all files that are there have been read.")
              .define(
                  REPORTS,
                  Type.STRING,
                  "",
                  Importance.MEDIUM,
                  "Topic for a record, as JSON, of each file that was read to its end, and of the end itself; needed for once.")
              .define(
                  SNAPSHOT_MARK,
                  Type.BOOLEAN,
                  false,
                  Importance.LOW,
                  "Whether a record in the topic of reports, and its offset, say when all files have been read that"
                      + " were there at first; needs that topic.")
              .define(
                  MAX_ROW,
                  Type.INT,
                  1 << 20,
                  ConfigDef.Range.between(1024, 1 << 28),
                  Importance.LOW,
                  "The longest row of csv and jsonl, in bytes; what is longer is a dead letter.")
              .define(
                  QUIET,
                  Type.LONG,
                  60_000L,
                  ConfigDef.Range.atLeast(0),
                  Importance.LOW,
                  "A file that has not changed for so long, in milliseconds, is reported as read, and a quotation"
                      + " mark that it leaves open is a mistake.")
              .define(
                  BATCH,
                  Type.INT,
                  30_000,
                  ConfigDef.Range.between(1, 100_000),
                  Importance.LOW,
                  "Most records of one poll, which is a transaction. It ends with 4 MiB of values, too."));

  private final RecordSettings records;

  FilesConfig(Map<String, String> properties) {
    super(DEFINITION, properties);
    this.records = RecordSettings.of(this);
    boolean folder = !getString(PATH).isEmpty();
    if (folder == !getString(BUCKET).isEmpty()) {
      throw new ConfigException(
          PATH, getString(PATH), "exactly one of path, s3.bucket must be set");
    }
    if (key(ACCESS_KEY).isEmpty() != key(SECRET_KEY).isEmpty()) {
      throw new ConfigException(
          key(ACCESS_KEY).isEmpty() ? ACCESS_KEY : SECRET_KEY,
          null,
          "s3.access.key.id and s3.secret.access.key go together");
    }
    if (records.deadLetters().isEmpty()) {
      throw new ConfigException(
          RecordSettings.DEAD_LETTERS, "", "is needed: a malformed row has to go somewhere");
    }
    if (getBoolean(ONCE) && getString(REPORTS).isEmpty()) {
      throw new ConfigException(REPORTS, "", "is needed for once: the end is told by a record");
    }
    if (getBoolean(SNAPSHOT_MARK) && getString(REPORTS).isEmpty()) {
      throw new ConfigException(
          REPORTS, "", "is needed for snapshot.mark: that it is complete is told by a record");
    }
    if (getString(FORMAT).equals("csv")) {
      csv();
    } else if (!getString(FORMAT).equals("jsonl") && !getString(COMPRESSION).matches("auto|none")) {
      throw new ConfigException(
          COMPRESSION,
          getString(COMPRESSION),
          "is for csv and jsonl: parquet and avro are compressed inside");
    }
    if (getDouble(SPEED) > 0) {
      if (getString(EVENT_TIME).isEmpty()) {
        throw new ConfigException(EVENT_TIME, "", "is needed for speed");
      }
      new EventTime(records.schema(), getString(EVENT_TIME));
      if (Integer.parseInt(properties.getOrDefault("tasks.max", "1")) > 1) {
        throw new ConfigException(
            SPEED, getDouble(SPEED), "takes tasks.max=1: several tasks have no common pace");
      }
    }
  }

  private void csv() {
    if (!getBoolean(HEADER) && getList(COLUMNS).isEmpty()) {
      throw new ConfigException(
          COLUMNS, List.of(), "is needed where csv.header is false: which column is which field");
    }
    List<String> marks =
        List.of(getString(DELIMITER), getString(QUOTE), getString(ESCAPE)).stream()
            .filter(m -> !m.isEmpty())
            .toList();
    if (marks.stream().distinct().count() < marks.size()) {
      throw new ConfigException(
          DELIMITER,
          getString(DELIMITER),
          "csv.delimiter, csv.quote and csv.escape must differ (a quotation mark that is doubled needs no escape)");
    }
  }

  RecordSettings records() {
    return records;
  }

  private String key(String name) {
    Password value = getPassword(name);
    return value == null ? "" : value.value();
  }

  /** Where the files are. */
  FileStore store() {
    Names names = new Names(getString(INCLUDE));
    if (!getString(PATH).isEmpty()) {
      return new FolderStore(Path.of(getString(PATH)), names);
    }
    return new S3Store(
        new S3Store.Access(
            getString(BUCKET),
            getString(PREFIX),
            getString(ENDPOINT),
            getString(REGION),
            getBoolean(PATH_STYLE),
            key(ACCESS_KEY),
            key(SECRET_KEY)),
        names);
  }

  boolean once() {
    return getBoolean(ONCE);
  }

  Optional<Pace> pace() {
    return getDouble(SPEED) > 0 ? Optional.of(new Pace(getDouble(SPEED))) : Optional.empty();
  }

  Optional<EventTime> eventTime() {
    return getDouble(SPEED) > 0
        ? Optional.of(new EventTime(records.schema(), getString(EVENT_TIME)))
        : Optional.empty();
  }

  /** Whether what is added to a file is a part of it, and not another version. */
  boolean grows(StoredFile file) {
    String format = getString(FORMAT);
    return (format.equals("csv") || format.equals("jsonl")) && packing(file) == Packing.NONE;
  }

  /** Whether positions in a file's text are those of its bytes. */
  boolean positionsAreBytes(StoredFile file) {
    return Content.plain(packing(file), Charset.forName(getString(CHARSET)));
  }

  private Packing packing(StoredFile file) {
    return switch (getString(COMPRESSION)) {
      case "none" -> Packing.NONE;
      case "gzip" -> Packing.GZIP;
      case "zip" -> Packing.ZIP;
      default -> Packing.of(file.name());
    };
  }

  /** Opens a file at a place. */
  RowReader open(
      FileStore store, StoredFile file, Place place, Ending ending, AvroRecordWriter writer)
      throws IOException {
    TextRows.Options text =
        new TextRows.Options(
            packing(file), Charset.forName(getString(CHARSET)), getInt(MAX_ROW), ending);
    return switch (getString(FORMAT)) {
      case "csv" -> new CsvRows(store, file, text, dialect(), writer, place);
      case "jsonl" -> new JsonRows(store, file, text, place);
      case "parquet" -> new ParquetRows(store, file, writer, place);
      default -> new AvroRows(store, file, writer, place);
    };
  }

  private CsvRows.Dialect dialect() {
    return new CsvRows.Dialect(
        mark(getString(DELIMITER)),
        mark(getString(QUOTE)),
        mark(getString(ESCAPE)),
        getBoolean(HEADER),
        List.copyOf(getList(COLUMNS)),
        getString(NULL));
  }

  private static byte mark(String text) {
    return text.isEmpty() ? 0 : text.equals("\\t") ? (byte) '\t' : (byte) text.charAt(0);
  }

  private static ConfigDef.Validator one(boolean none) {
    return (name, value) -> {
      String text = String.valueOf(value);
      boolean fits =
          text.isEmpty() ? none : text.equals("\\t") || (text.length() == 1 && plain(text));
      if (!fits) {
        throw new ConfigException(
            name, value, "expected one character of ASCII that is no line end, or \\t");
      }
    };
  }

  private static boolean plain(String text) {
    char c = text.charAt(0);
    return c < 0x80 && c != '\n' && c != '\r';
  }

  private static String endpoint(String text) {
    if (!text.isEmpty()) {
      URI uri = URI.create(text);
      if (uri.getHost() == null || !List.of("http", "https").contains(uri.getScheme())) {
        throw new IllegalArgumentException("expected http://host:port or https://host:port");
      }
    }
    return text;
  }

  private static ConfigDef.Validator checked(Function<String, ?> parse) {
    return (name, value) -> {
      if (value != null) {
        try {
          Object unused = parse.apply((String) value);
        } catch (RuntimeException e) {
          throw new ConfigException(name, value, e.getMessage());
        }
      }
    };
  }
}
