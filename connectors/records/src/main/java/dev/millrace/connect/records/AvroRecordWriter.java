package dev.millrace.connect.records;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import org.apache.avro.Schema;

/**
 * Writes records of one schema: fields come by name, in any order, and leave as Avro binary,
 * without an object for the record in between. What does not come is null or the schema's default.
 * Not thread safe.
 *
 * <p>Call {@link #begin}, then {@link #json}, {@link #text} and {@link #value} for whatever there
 * is (of the same field twice, the later counts), then {@link #framed}.
 */
public final class AvroRecordWriter {
  private final Schema schema;
  private final RecordForm form;
  private final RecordForm.Slots slots;
  private final AvroBytes out = new AvroBytes();

  /**
   * A writer.
   *
   * @throws IllegalArgumentException naming the field, if one is a union of several types
   */
  public AvroRecordWriter(Schema schema) {
    if (schema.getType() != Schema.Type.RECORD) {
      throw new IllegalArgumentException("is a " + schema.getType() + ", not a record");
    }
    this.schema = schema;
    this.form = Forms.record(schema);
    this.slots = form.slots();
    begin();
  }

  /** The schema that is written. */
  public Schema schema() {
    return schema;
  }

  /** The number of a field, by its name or an alias; -1 if the schema has none such. */
  public int field(String name) {
    return form.index(name);
  }

  /** Begins another record. */
  public void begin() {
    slots.begin();
  }

  /**
   * The fields of a JSON object; those that the schema does not have are passed over. Dates and
   * times are ISO text or numbers of the schema's unit, bytes are Base64, decimals numbers or text.
   *
   * @param parser at the object's beginning, or before it; is left at its end
   * @throws BadRecordException if it is no JSON, no object, or has a value that does not fit
   * @throws IOException if the parser's input fails
   */
  public void json(JsonParser parser) throws IOException, BadRecordException {
    try {
      if (parser.currentToken() == null) {
        parser.nextToken();
      }
      form.fill(parser, slots);
    } catch (com.fasterxml.jackson.core.JacksonException e) {
      throw new BadRecordException("not JSON: " + e.getOriginalMessage(), e);
    }
  }

  /**
   * One field's JSON.
   *
   * @param parser at the value's first token, or before it; is left at its last
   */
  public void json(int field, JsonParser parser) throws IOException, BadRecordException {
    try {
      if (parser.currentToken() == null) {
        parser.nextToken();
      }
      if (parser.currentToken() == JsonToken.VALUE_NULL) {
        form.note(field, (Object) null, slots);
        return;
      }
      int start = slots.bytes.length();
      form.form(field).json(parser, slots.bytes);
      slots.came(field, start);
    } catch (com.fasterxml.jackson.core.JacksonException e) {
      throw new BadRecordException(
          "field '" + form.form(field).path + "': not JSON: " + e.getOriginalMessage(), e);
    }
  }

  /** One field's value as text, such as a CSV file has it: never null. */
  public void text(int field, CharSequence text) throws BadRecordException {
    form.note(field, text, slots);
  }

  /** The same as {@link #text}, of bytes that are all ASCII: text goes from array to array. */
  public void ascii(int field, byte[] bytes, int offset, int count) throws BadRecordException {
    form.note(field, bytes, offset, count, slots);
  }

  /**
   * One field's value: a number, text, a boolean, bytes, a value of {@code java.time}, or what
   * Avro's generic readers return; null as if it did not come.
   */
  public void value(int field, Object value) throws BadRecordException {
    form.note(field, value, slots);
  }

  /**
   * The record, framed for the registry's id of its schema.
   *
   * @throws BadRecordException if a field that may not be null and has no default did not come
   */
  public byte[] framed(int schemaId) throws BadRecordException {
    out.truncate(0);
    form.finish(slots, out);
    return out.framed(schemaId);
  }

  /** The record's Avro binary; throws as {@link #framed(int)} does. */
  public byte[] bytes() throws BadRecordException {
    out.truncate(0);
    form.finish(slots, out);
    return out.copy();
  }

  /** A part of the record: these fields, one after the other, framed. */
  byte[] framed(int[] fields, int schemaId) throws BadRecordException {
    copy(fields);
    return out.framed(schemaId);
  }

  /** The Avro binary of these fields, one after the other. */
  byte[] bytes(int[] fields) throws BadRecordException {
    copy(fields);
    return out.copy();
  }

  private void copy(int[] fields) throws BadRecordException {
    out.truncate(0);
    for (int field : fields) {
      form.field(field, slots, out);
    }
  }
}
