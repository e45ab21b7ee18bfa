package dev.millrace.connect.rest;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.connect.records.AvroRecordWriter;
import dev.millrace.connect.records.BadRecordException;
import dev.millrace.connect.rest.Fetcher.Answer;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.apache.avro.LogicalTypes;
import org.apache.avro.Schema;

/** From an answer to records, and from a record to fields. */
final class Extraction {
  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  /** Microseconds until the year 10000: what is later counts other units than it is said to. */
  private static final long END_OF_TIME = 253_402_300_800_000_000L;

  private static final Pattern OFFSET = Pattern.compile("[+-]\\d\\d(:?\\d\\d)?$");

  private final JsonPointer records;
  private final boolean columns;
  private final List<From> fields = new ArrayList<>();
  private final String timestamps;
  private final ZoneId zone;

  /** Where a field comes from: one of the three. */
  private record From(
      String field,
      Optional<JsonPointer> inRecord,
      Optional<JsonPointer> inAnswer,
      Optional<Template> template,
      boolean timestamp) {
    /** Whether it says something of the request, and nothing of what was asked. */
    boolean request() {
      return template
          .filter(t -> t.places().stream().anyMatch(p -> p.name().equals("request")))
          .isPresent();
    }
  }

  Extraction(RestConfig config, Schema schema) {
    this.records = RestConfig.pointer(RestConfig.RECORDS, config.getString(RestConfig.RECORDS));
    this.columns = config.getBoolean(RestConfig.COLUMNS);
    this.timestamps = config.getString(RestConfig.TIMESTAMPS);
    this.zone =
        RestConfig.zone(RestConfig.TIMESTAMPS_ZONE, config.getString(RestConfig.TIMESTAMPS_ZONE));
    Map<String, String> given = config.fields();
    for (Schema.Field field : schema.getFields()) {
      String from = given.getOrDefault(field.name(), "/" + field.name());
      boolean inRecord = from.startsWith("/");
      boolean inAnswer = from.startsWith("$/");
      fields.add(
          new From(
              field.name(),
              inRecord ? Optional.of(JsonPointer.compile(from)) : Optional.empty(),
              inAnswer ? Optional.of(JsonPointer.compile(from.substring(1))) : Optional.empty(),
              inRecord || inAnswer
                  ? Optional.empty()
                  : Optional.of(config.template(RestConfig.FIELDS + "." + field.name(), from)),
              isTimestamp(field.schema())));
    }
  }

  private static boolean isTimestamp(Schema schema) {
    if (schema.getType() == Schema.Type.UNION) {
      return schema.getTypes().stream().anyMatch(Extraction::isTimestamp);
    }
    return schema.getLogicalType() instanceof LogicalTypes.TimestampMicros
        || schema.getLogicalType() instanceof LogicalTypes.TimestampMillis;
  }

  /** The answer's JSON. */
  static JsonNode parse(Answer answer, String shown) throws FetchException {
    if (answer.body().length == 0) {
      return MissingNode.getInstance();
    }
    try {
      return JSON.readTree(answer.body());
    } catch (JsonProcessingException e) {
      String type = answer.headers().firstValue("Content-Type").orElse("no Content-Type");
      throw FetchException.unreadable(
          "JSON",
          shown
              + ": the answer ("
              + type
              + ", "
              + answer.body().length
              + " bytes) is not JSON: "
              + e.getOriginalMessage().replaceAll("\\s*\\(start marker at .*?]\\)", "")
              + (e.getLocation() == null
                  ? ""
                  : " (line "
                      + e.getLocation().getLineNr()
                      + ", column "
                      + e.getLocation().getColumnNr()
                      + ")"),
          Fetcher.excerpt(answer.body()));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The records of an answer. */
  List<JsonNode> records(JsonNode body, String shown) throws FetchException {
    JsonNode at = body.at(records);
    if (at.isMissingNode() && body.isMissingNode()) {
      // 204, or nothing.
      return List.of();
    }
    if (at.isMissingNode()) {
      throw unreadable(shown, "has nothing at '" + records + "'", body);
    }
    if (at.isNull()) {
      return List.of();
    }
    if (columns) {
      return rows(at, shown, body);
    }
    if (at.isObject()) {
      return List.of(at);
    }
    if (!at.isArray()) {
      throw unreadable(
          shown, "has " + name(at) + " at '" + records + "': expected an object or an array", body);
    }
    List<JsonNode> all = new ArrayList<>(at.size());
    at.forEach(all::add);
    return all;
  }

  private FetchException unreadable(String shown, String what, JsonNode body) {
    return FetchException.unreadable(
        "records",
        shown + ": the answer " + what,
        Fetcher.excerpt(body.toString().getBytes(java.nio.charset.StandardCharsets.UTF_8)));
  }

  private static String name(JsonNode node) {
    return node.isTextual() ? "a text" : node.isNumber() ? "a number" : "a " + node.getNodeType();
  }

  /** Columns to rows: what is no array is the same in each row. */
  private List<JsonNode> rows(JsonNode at, String shown, JsonNode body) throws FetchException {
    Map<String, Integer> lengths = new LinkedHashMap<>();
    at.properties().stream()
        .filter(e -> e.getValue().isArray())
        .forEach(e -> lengths.put(e.getKey(), e.getValue().size()));
    if (!at.isObject() || lengths.isEmpty()) {
      throw unreadable(shown, "has no object of arrays at '" + records + "'", body);
    }
    if (lengths.values().stream().distinct().count() > 1) {
      throw unreadable(
          shown, "has columns of different lengths at '" + records + "': " + lengths, body);
    }
    int length = lengths.values().iterator().next();
    List<JsonNode> rows = new ArrayList<>(length);
    for (int i = 0; i < length; i++) {
      ObjectNode row = JSON.createObjectNode();
      for (Map.Entry<String, JsonNode> column : at.properties()) {
        row.set(
            column.getKey(),
            column.getValue().isArray() ? column.getValue().get(i) : column.getValue());
      }
      rows.add(row);
    }
    return rows;
  }

  /** Fills a record in. */
  void write(AvroRecordWriter out, JsonNode record, JsonNode body, Template.Values values)
      throws BadRecordException {
    out.begin();
    for (From from : fields) {
      int field = out.field(from.field());
      if (from.template().isPresent()) {
        template(out, field, from.template().get(), values);
        continue;
      }
      JsonNode value = value(from, record, body);
      if (value.isMissingNode()) {
        continue;
      }
      Optional<Instant> instant =
          from.timestamp() && !plain(value) ? instant(from.field(), value) : Optional.empty();
      if (instant.isPresent()) {
        out.value(field, instant.get());
        continue;
      }
      try (JsonParser parser = value.traverse(JSON)) {
        out.json(field, parser);
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private static JsonNode value(From from, JsonNode record, JsonNode body) {
    return from.inRecord().isPresent()
        ? record.at(from.inRecord().get())
        : body.at(from.inAnswer().orElseThrow());
  }

  private static void template(
      AvroRecordWriter out, int field, Template template, Template.Values values)
      throws BadRecordException {
    if (template.only().isPresent()) {
      JsonNode value = values.of(template.only().get());
      if (value.isMissingNode() || value.isNull()) {
        return;
      }
      if (value.isContainerNode()) {
        try (JsonParser parser = value.traverse(JSON)) {
          out.json(field, parser);
        } catch (IOException e) {
          throw new IllegalStateException(e);
        }
        return;
      }
    }
    try {
      out.text(field, template.render(values));
    } catch (Template.NoValueException e) {
      throw new BadRecordException(e.getMessage());
    }
  }

  /**
   * Text such as {@code 2026-01-31T12:30:00Z}: the writer reads that itself, in a tenth of the time
   * that a general parser takes.
   */
  private static boolean plain(JsonNode value) {
    String text = value.textValue();
    return text != null && text.length() > 10 && text.charAt(10) == 'T' && text.endsWith("Z");
  }

  /** A time as these services give them; empty for text that the writer may know better. */
  private Optional<Instant> instant(String field, JsonNode value) throws BadRecordException {
    if (value.isNumber()) {
      try {
        long micros =
            value
                .decimalValue()
                .movePointRight(
                    timestamps.equals("seconds") ? 6 : timestamps.equals("millis") ? 3 : 0)
                .longValueExact();
        if (Math.abs(micros) < END_OF_TIME) {
          return Optional.of(
              Instant.ofEpochSecond(
                  Math.floorDiv(micros, 1_000_000L), Math.floorMod(micros, 1_000_000L) * 1000));
        }
      } catch (ArithmeticException e) {
        // Said below.
      }
      throw new BadRecordException(
          "field '" + field + "': " + value + ": is no time in " + timestamps + " since 1970");
    }
    try {
      return value.isTextual()
          ? Optional.of(instant(value.asText().strip().replace(' ', 'T')))
          : Optional.empty();
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }

  private Instant instant(String text) {
    if (text.length() == 10) {
      return java.time.LocalDate.parse(text).atStartOfDay(zone).toInstant();
    }
    boolean zoned = text.endsWith("Z") || OFFSET.matcher(text).find();
    return zoned && text.indexOf('T') > 0
        ? OffsetDateTime.parse(text).toInstant()
        : LocalDateTime.parse(text).atZone(zone).toInstant();
  }

  /** What of a record decides whether it has changed. */
  String fingerprint(JsonNode record, JsonNode body, Template.Values values, List<String> only) {
    StringBuilder text = new StringBuilder();
    for (From from : fields) {
      if (from.request() || !(only.isEmpty() || only.contains(from.field()))) {
        continue;
      }
      text.append(from.field()).append('=');
      if (from.template().isPresent()) {
        from.template().get().places().forEach(p -> text.append(values.of(p)).append(','));
      } else {
        text.append(value(from, record, body));
      }
      text.append('\n');
    }
    return text.toString();
  }
}
