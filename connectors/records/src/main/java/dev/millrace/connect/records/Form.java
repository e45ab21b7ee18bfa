package dev.millrace.connect.records;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * How values of one field are read, from JSON, from text or as Java objects, and written as Avro.
 * Compiled once for each field.
 */
abstract class Form {
  /** The field, as it is named to people: {@code address.street}. */
  final String path;

  /** What is expected, with its article. */
  final String expected;

  Form(String path, String expected) {
    this.path = path;
    this.expected = expected;
  }

  /** Writes the value whose first token the parser is at; leaves it at the last. */
  abstract void json(JsonParser parser, AvroBytes out) throws IOException, BadRecordException;

  /** Writes a value that is given as text: a cell of a CSV file, a part of a name. */
  void text(CharSequence text, AvroBytes out) throws BadRecordException {
    throw bad(text);
  }

  /** The same of text in ASCII, for those to whom that makes a difference. */
  void ascii(byte[] bytes, int offset, int count, AvroBytes out) throws BadRecordException {
    text(new String(bytes, offset, count, StandardCharsets.ISO_8859_1), out);
  }

  /** Writes a value: a number, text, {@code java.time}, or what Avro's generic readers return. */
  abstract void value(Object value, AvroBytes out) throws BadRecordException;

  final BadRecordException bad(Object value) {
    return BadRecordException.of(path, value, expected);
  }

  /** The same for what a parser is at. */
  final BadRecordException bad(JsonParser parser) throws IOException {
    JsonToken token = parser.currentToken();
    if (token == JsonToken.START_OBJECT) {
      return bad(new Literal("an object"));
    }
    if (token == JsonToken.START_ARRAY) {
      return bad(new Literal("an array"));
    }
    return BadRecordException.of(
        path,
        token == JsonToken.VALUE_STRING ? parser.getText() : new Literal(parser.getText()),
        expected);
  }

  /** Text that is shown without quotes. */
  record Literal(String text) {
    @Override
    public String toString() {
      return text;
    }
  }
}
