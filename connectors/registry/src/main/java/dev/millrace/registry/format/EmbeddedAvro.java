package dev.millrace.registry.format;

import dev.millrace.registry.WireFormatException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import org.apache.avro.Schema;
import org.apache.avro.file.DataFileConstants;
import org.apache.avro.file.DataFileWriter;
import org.apache.avro.generic.GenericDatumWriter;

/**
 * Self-contained Avro: each message is an object container file of one record, with its schema in
 * the header. Not thread safe.
 *
 * <p>Equal records of one schema are equal bytes, for keys are compared by them: the marker that
 * the specification wants to be random is the schema's MD5.
 *
 * @see <a href="https://avro.apache.org/docs/1.12.0/specification/#object-container-files">Avro</a>
 */
public final class EmbeddedAvro {
  private static final int SYNC = DataFileConstants.SYNC_SIZE;

  private byte[] lastHeader;
  private Schema lastSchema;
  private byte[] bytes;
  private int position;

  /**
   * What a message holds.
   *
   * @param schema that the record was written with; the same object for messages with equal headers
   *     that follow one another
   * @param avro the record's Avro binary
   */
  public record Read(Schema schema, byte[] avro) {}

  /** A writer of messages. */
  static MessageWriter writer(Schema schema) {
    byte[] sync = md5(schema.toString());
    byte[] header = header(schema, sync);
    return (avro, offset) -> {
      int length = avro.length - offset;
      byte[] message = Arrays.copyOf(header, header.length + 1 + 10 + length + SYNC);
      int at = number(1, message, header.length);
      at = number(length, message, at);
      System.arraycopy(avro, offset, message, at, length);
      at += length;
      System.arraycopy(sync, 0, message, at, SYNC);
      return Arrays.copyOf(message, at + SYNC);
    };
  }

  private static byte[] header(Schema schema, byte[] sync) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (DataFileWriter<Object> file = new DataFileWriter<>(new GenericDatumWriter<>(schema))) {
      file.create(schema, out, sync);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  private static byte[] md5(String text) {
    try {
      return MessageDigest.getInstance("MD5").digest(text.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static int number(long value, byte[] out, int at) {
    long zigzag = (value << 1) ^ (value >> 63);
    int next = at;
    while ((zigzag & ~0x7FL) != 0) {
      out[next++] = (byte) (zigzag | 0x80);
      zigzag >>>= 7;
    }
    out[next++] = (byte) zigzag;
    return next;
  }

  /**
   * Takes a message apart.
   *
   * @throws WireFormatException if it is no container of exactly one record, or a compressed one
   */
  public Read read(byte[] message) {
    bytes = message;
    position = 0;
    try {
      if (lastHeader == null
          || !Arrays.equals(
              message,
              0,
              Math.min(message.length, lastHeader.length),
              lastHeader,
              0,
              lastHeader.length)) {
        lastHeader = null;
        lastSchema = header();
        lastHeader = Arrays.copyOf(message, position);
      } else {
        position = lastHeader.length;
      }
      int sync = position;
      skip(SYNC);
      long records = number();
      if (records != 1) {
        throw new WireFormatException(
            "self-contained Avro of " + records + " records: expected one in each message");
      }
      int length = length();
      byte[] avro = Arrays.copyOfRange(bytes, position, position + length);
      skip(length);
      int end = position;
      skip(SYNC);
      if (position != bytes.length
          || !Arrays.equals(bytes, sync, sync + SYNC, bytes, end, end + SYNC)) {
        throw new WireFormatException(
            "self-contained Avro: the record does not end with the file's marker");
      }
      return new Read(lastSchema, avro);
    } catch (IndexOutOfBoundsException e) {
      throw new WireFormatException("self-contained Avro that ends too early");
    }
  }

  private Schema header() {
    if (StreamFormat.of(bytes) != StreamFormat.AVRO_EMBEDDED) {
      throw new WireFormatException(
          "not self-contained Avro: does not begin with 'Obj' and byte 1"
              + StreamFormat.hint(bytes));
    }
    position = DataFileConstants.MAGIC.length;
    String schema = null;
    String codec = DataFileConstants.NULL_CODEC;
    for (long entries = number(); entries != 0; entries = number()) {
      if (entries < 0) {
        entries = -entries;
        var unused = number();
      }
      for (long i = 0; i < entries; i++) {
        String key = text();
        String value = text();
        if (key.equals(DataFileConstants.SCHEMA)) {
          schema = value;
        } else if (key.equals(DataFileConstants.CODEC)) {
          codec = value;
        }
      }
    }
    if (schema == null) {
      throw new WireFormatException("self-contained Avro without a schema");
    }
    if (!codec.equals(DataFileConstants.NULL_CODEC)) {
      throw new WireFormatException(
          "self-contained Avro compressed by "
              + codec
              + ": expected none, Kafka's producers compress whole batches");
    }
    try {
      return new Schema.Parser().parse(schema);
    } catch (RuntimeException e) {
      throw new WireFormatException("self-contained Avro whose schema is none: " + e.getMessage());
    }
  }

  private String text() {
    int length = length();
    String text = new String(bytes, position, length, StandardCharsets.UTF_8);
    skip(length);
    return text;
  }

  private int length() {
    long length = number();
    if (length < 0 || length > bytes.length - position) {
      throw new IndexOutOfBoundsException();
    }
    return (int) length;
  }

  private void skip(int length) {
    if (length > bytes.length - position) {
      throw new IndexOutOfBoundsException();
    }
    position += length;
  }

  private long number() {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      byte b = bytes[position++];
      value |= (b & 0x7FL) << shift;
      if (b >= 0) {
        return (value >>> 1) ^ -(value & 1);
      }
    }
    throw new WireFormatException("self-contained Avro: a number has more than ten bytes");
  }
}
