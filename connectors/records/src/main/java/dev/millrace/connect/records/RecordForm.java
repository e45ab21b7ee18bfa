package dev.millrace.connect.records;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.IndexedRecord;

/**
 * A record. Fields come in any order and Avro wants the schema's: each is written where it comes,
 * and its place remembered.
 */
final class RecordForm extends Form {
  private final Schema schema;
  private final String[] names;
  private final Form[] forms;
  private final byte[][] defaults;
  private final boolean[] nullable;
  private final Map<String, Integer> indexes = new HashMap<>();
  private Slots idle;

  /** The fields that have come so far. */
  static final class Slots {
    final AvroBytes bytes = new AvroBytes();
    final int[] start;
    final int[] end;

    Slots(int fields) {
      start = new int[fields];
      end = new int[fields];
    }

    void begin() {
      bytes.truncate(0);
      Arrays.fill(start, -1);
    }

    /** Notes a field whose bytes began there and end here. */
    void came(int field, int from) {
      start[field] = from;
      end[field] = bytes.length();
    }
  }

  RecordForm(String path, Schema schema) {
    super(path, "a record with the fields of " + schema.getName());
    this.schema = schema;
    int fields = schema.getFields().size();
    this.names = new String[fields];
    this.forms = new Form[fields];
    this.defaults = new byte[fields][];
    this.nullable = new boolean[fields];
  }

  /** Compiles the fields; apart from the constructor because a record may contain itself. */
  void compile(Forms compiler) {
    for (Schema.Field field : schema.getFields()) {
      int i = field.pos();
      names[i] = field.name();
      forms[i] =
          compiler.of(field.schema(), path.isEmpty() ? field.name() : path + "." + field.name());
      defaults[i] = Forms.byDefault(field);
      nullable[i] = field.schema().isNullable();
      indexes.put(field.name(), i);
      field.aliases().forEach(a -> indexes.putIfAbsent(a, i));
    }
  }

  Slots slots() {
    return new Slots(names.length);
  }

  /** The place of a field, by its name or an alias; -1 if there is none. */
  int index(String name) {
    return indexes.getOrDefault(name, -1);
  }

  Form form(int field) {
    return forms[field];
  }

  /** Notes the fields of an object; those that the schema does not have are passed over. */
  void fill(JsonParser parser, Slots slots) throws IOException, BadRecordException {
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      throw path.isEmpty()
          ? new BadRecordException("expected a JSON object, found " + parser.currentToken())
          : bad(parser);
    }
    int next = 0;
    for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
      // Mostly fields come in the same order as in the schema.
      int field = next < names.length && names[next].equals(name) ? next : index(name);
      JsonToken token = parser.nextToken();
      if (field < 0) {
        parser.skipChildren();
        continue;
      }
      next = field + 1;
      if (token == JsonToken.VALUE_NULL && defaults[field] != null && !nullable[field]) {
        slots.start[field] = -1;
        continue;
      }
      int start = slots.bytes.length();
      forms[field].json(parser, slots.bytes);
      slots.came(field, start);
    }
    if (parser.currentToken() != JsonToken.END_OBJECT) {
      throw new BadRecordException("truncated: an object does not end");
    }
  }

  void note(int field, CharSequence text, Slots slots) throws BadRecordException {
    int start = slots.bytes.length();
    forms[field].text(text, slots.bytes);
    slots.came(field, start);
  }

  void note(int field, byte[] ascii, int offset, int count, Slots slots) throws BadRecordException {
    int start = slots.bytes.length();
    forms[field].ascii(ascii, offset, count, slots.bytes);
    slots.came(field, start);
  }

  void note(int field, Object value, Slots slots) throws BadRecordException {
    if (value == null && defaults[field] != null) {
      slots.start[field] = -1;
      return;
    }
    int start = slots.bytes.length();
    forms[field].value(value, slots.bytes);
    slots.came(field, start);
  }

  /** Writes the fields in the schema's order, and defaults for those that did not come. */
  void finish(Slots slots, AvroBytes out) throws BadRecordException {
    for (int i = 0; i < names.length; i++) {
      field(i, slots, out);
    }
  }

  /** Writes one field. */
  void field(int field, Slots slots, AvroBytes out) throws BadRecordException {
    if (slots.start[field] >= 0) {
      out.slice(slots.bytes, slots.start[field], slots.end[field]);
    } else if (defaults[field] != null) {
      out.raw(defaults[field], 0, defaults[field].length);
    } else {
      throw new BadRecordException(
          "field '" + forms[field].path + "' is missing: expected " + forms[field].expected);
    }
  }

  private Slots take() {
    Slots slots = idle == null ? slots() : idle;
    // A record inside one of its own kind has slots of its own.
    idle = null;
    slots.begin();
    return slots;
  }

  @Override
  void json(JsonParser parser, AvroBytes out) throws IOException, BadRecordException {
    Slots slots = take();
    fill(parser, slots);
    finish(slots, out);
    idle = slots;
  }

  @Override
  void value(Object value, AvroBytes out) throws BadRecordException {
    Slots slots = take();
    if (value instanceof IndexedRecord record) {
      for (Schema.Field field : record.getSchema().getFields()) {
        int index = index(field.name());
        if (index >= 0) {
          note(index, record.get(field.pos()), slots);
        }
      }
    } else if (value instanceof Map<?, ?> map) {
      for (Map.Entry<?, ?> entry : map.entrySet()) {
        int index = index(entry.getKey().toString());
        if (index >= 0) {
          note(index, entry.getValue(), slots);
        }
      }
    } else {
      throw bad(value);
    }
    finish(slots, out);
    idle = slots;
  }
}
