package dev.millrace.connect.files;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import dev.millrace.connect.records.AvroRecordWriter;
import dev.millrace.connect.records.BadRecordException;
import java.io.IOException;

/** JSON lines (jsonlines.org): an object a line; empty lines are passed over. */
final class JsonRows extends TextRows {
  private static final JsonFactory JSON = new JsonFactory();

  JsonRows(FileStore store, StoredFile file, Options options, Place place) throws IOException {
    super(store, file, options, place);
  }

  @Override
  Step row(AvroRecordWriter writer) throws IOException {
    while (true) {
      int searched = 0;
      int newline = newline(start);
      while (newline < 0) {
        if (end - start > options.maxRowBytes()) {
          return longLine();
        }
        searched = end - start;
        if (!fill()) {
          if (end == start || !complete()) {
            return Step.END;
          }
          break;
        }
        newline = newline(start + searched);
      }
      int to = newline < 0 ? end : newline;
      int length = (newline < 0 ? end : newline + 1) - start;
      if (blank(to)) {
        take(length, newline < 0 ? 0 : 1);
        continue;
      }
      if (to - start > options.maxRowBytes()) {
        return longLine();
      }
      about(start, to);
      Step step = object(writer, to);
      take(length, newline < 0 ? 0 : 1);
      return step;
    }
  }

  private boolean blank(int to) {
    for (int i = start; i < to; i++) {
      if (buffer[i] != ' ' && buffer[i] != '\t' && buffer[i] != '\r') {
        return false;
      }
    }
    return true;
  }

  private Step object(AvroRecordWriter writer, int to) throws IOException {
    writer.begin();
    try (JsonParser parser = JSON.createParser(buffer, start, to - start)) {
      writer.json(parser);
      return parser.nextToken() == null ? Step.ROW : bad("something follows the object");
    } catch (BadRecordException e) {
      return bad(e.getMessage());
    } catch (JacksonException e) {
      return bad("not JSON: " + e.getOriginalMessage());
    }
  }
}
