package dev.millrace.registry;

import dev.millrace.registry.format.StreamFormat;

/**
 * Registry-framed Avro as Confluent's serializers write it: byte 0, the schema id as four bytes big
 * endian, Avro binary.
 */
public final class WireFormat {
  /** Bytes before the Avro binary. */
  public static final int HEADER_LENGTH = 5;

  private static final byte MAGIC = 0;

  private WireFormat() {}

  /**
   * The schema id of a framed record.
   *
   * @throws WireFormatException if the bytes are not framed
   */
  public static int schemaId(byte[] framed) {
    if (framed.length < HEADER_LENGTH) {
      throw new WireFormatException(
          "not registry-framed Avro: " + framed.length + " bytes, the frame alone has 5");
    }
    if (framed[0] != MAGIC) {
      throw new WireFormatException(
          "not registry-framed Avro: begins with byte "
              + (framed[0] & 0xff)
              + ", not 0"
              + StreamFormat.hint(framed));
    }
    return (framed[1] & 0xff) << 24
        | (framed[2] & 0xff) << 16
        | (framed[3] & 0xff) << 8
        | (framed[4] & 0xff);
  }

  /** Writes the frame's five bytes at an offset. */
  public static void writeHeader(byte[] target, int offset, int schemaId) {
    target[offset] = MAGIC;
    target[offset + 1] = (byte) (schemaId >>> 24);
    target[offset + 2] = (byte) (schemaId >>> 16);
    target[offset + 3] = (byte) (schemaId >>> 8);
    target[offset + 4] = (byte) schemaId;
  }

  /** A framed copy of {@code length} bytes of Avro binary. */
  public static byte[] frame(int schemaId, byte[] avro, int length) {
    byte[] framed = new byte[HEADER_LENGTH + length];
    writeHeader(framed, 0, schemaId);
    System.arraycopy(avro, 0, framed, HEADER_LENGTH, length);
    return framed;
  }
}
