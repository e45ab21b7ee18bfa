package dev.millrace.connect.records;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import dev.millrace.registry.WireFormatException;
import dev.millrace.registry.format.EmbeddedAvro;
import dev.millrace.registry.format.StreamFormat;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.avro.Schema;

/**
 * Reads messages of a stream whose format is not {@link StreamFormat#AVRO}: which Avro binary they
 * stand for. Not thread safe.
 */
public interface MessageReader {
  /**
   * The record of a message.
   *
   * @throws BadRecordException if it is none, naming the field where one is wrong
   */
  EmbeddedAvro.Read read(byte[] message) throws BadRecordException;

  /**
   * A reader of a format.
   *
   * @param schema of the records; self-contained ones have their own, and it may be null
   * @throws IllegalArgumentException if JSON can not be of such a schema, or for {@link
   *     StreamFormat#AVRO}, whose schemas only the registry has
   */
  static MessageReader of(StreamFormat format, Schema schema) {
    return switch (format) {
      case JSON -> json(schema);
      case AVRO_EMBEDDED -> embedded();
      case AVRO -> throw new IllegalArgumentException("format avro is read by its schema id");
    };
  }

  private static MessageReader embedded() {
    EmbeddedAvro avro = new EmbeddedAvro();
    return message -> {
      try {
        return avro.read(message);
      } catch (WireFormatException e) {
        throw new BadRecordException(e.getMessage(), e);
      }
    };
  }

  private static MessageReader json(Schema schema) {
    JsonFactory json = new JsonFactory();
    AvroRecordWriter writer = new AvroRecordWriter(schema);
    return message -> {
      if (message.length > 0 && message[0] != '{' && !StreamFormat.hint(message).isEmpty()) {
        throw new BadRecordException("not a JSON object" + StreamFormat.hint(message));
      }
      writer.begin();
      try (JsonParser parser = json.createParser(message)) {
        writer.json(parser);
        if (parser.nextToken() != null) {
          throw new BadRecordException("not JSON: something follows the object");
        }
      } catch (JacksonException e) {
        throw new BadRecordException("not JSON: " + e.getOriginalMessage(), e);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return new EmbeddedAvro.Read(schema, writer.bytes());
    };
  }
}
