package dev.millrace.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.millrace.registry.RegistryException;
import dev.millrace.registry.SchemaRegistryClient;
import dev.millrace.registry.WireFormat;
import dev.millrace.registry.WireFormatException;
import dev.millrace.registry.format.EmbeddedAvro;
import dev.millrace.registry.format.StreamFormat;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.common.header.Header;

/**
 * Bytes of any topic as JSON for people: Avro of the registry, Avro with its schema, JSON, text,
 * and else hexadecimal. Thread safe.
 */
public final class RecordDecoder {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** A bigger record is named, and not shown. */
  private static final int BIGGEST = 64 * 1024;

  private final Optional<SchemaRegistryClient> registry;

  /** A decoder that asks this registry, if there is one. */
  public RecordDecoder(Optional<SchemaRegistryClient> registry) {
    this.registry = registry;
  }

  /** The value of a header; empty if there is none. */
  public static String header(Header header) {
    return header.value() == null ? "" : AvroJson.cut(header(header.key(), header.value()));
  }

  private static String header(String key, byte[] value) {
    String text = text(value);
    // The offset and partition of a record that a Connect sink set aside are texts too; what is
    // none is shown as bytes.
    return text == null ? key + ": " + AvroJson.hex(value) : text;
  }

  /** A key or a value; null if there is none. */
  public JsonNode decode(byte[] bytes) {
    if (bytes == null) {
      return JSON.nullNode();
    }
    if (bytes.length > BIGGEST) {
      return TextNode.valueOf("(" + bytes.length + " bytes: too big to be shown)");
    }
    try {
      if (StreamFormat.of(bytes) == StreamFormat.AVRO_EMBEDDED) {
        EmbeddedAvro.Read record = new EmbeddedAvro().read(bytes);
        return avro(record.schema(), record.avro(), 0);
      }
      if (registry.isEmpty()) {
        return plain(bytes);
      }
      Schema schema = registry.get().byId(WireFormat.schemaId(bytes));
      return avro(schema, bytes, WireFormat.HEADER_LENGTH);
    } catch (WireFormatException
        | RegistryException
        | IOException
        | AvroRuntimeException
        | IndexOutOfBoundsException e) {
      return plain(bytes);
    }
  }

  private static JsonNode avro(Schema schema, byte[] bytes, int offset) throws IOException {
    Object value =
        new GenericDatumReader<Object>(schema)
            .read(
                null,
                DecoderFactory.get().binaryDecoder(bytes, offset, bytes.length - offset, null));
    return AvroJson.of(schema, value);
  }

  /** What is no Avro of the registry: JSON, a text, or bytes. */
  private static JsonNode plain(byte[] bytes) {
    String text = text(bytes);
    if (text == null) {
      return TextNode.valueOf(AvroJson.hex(bytes));
    }
    if (text.startsWith("{") || text.startsWith("[")) {
      try {
        return JSON.readTree(text);
      } catch (IOException e) {
        return TextNode.valueOf(AvroJson.cut(text));
      }
    }
    return TextNode.valueOf(AvroJson.cut(text));
  }

  private static String text(byte[] bytes) {
    try {
      String text =
          StandardCharsets.UTF_8
              .newDecoder()
              .onMalformedInput(CodingErrorAction.REPORT)
              .decode(ByteBuffer.wrap(bytes))
              .toString();
      return text.chars().allMatch(c -> c >= ' ' || c == '\n' || c == '\r' || c == '\t')
          ? text
          : null;
    } catch (CharacterCodingException e) {
      return null;
    }
  }
}
