package dev.millrace.spark.avro;

/**
 * Reads Avro's binary encoding from a byte array.
 *
 * @see <a href="https://avro.apache.org/docs/1.12.0/specification/#binary-encoding">the
 *     encoding</a>
 */
final class Cursor {
  byte[] bytes;
  int position;
  private int end;

  void reset(byte[] source, int offset) {
    bytes = source;
    position = offset;
    end = source.length;
  }

  boolean atEnd() {
    return position == end;
  }

  boolean readBoolean() {
    return bytes[position++] != 0;
  }

  int readInt() {
    return (int) readLong();
  }

  long readLong() {
    int shift = 0;
    long value = 0;
    byte b;
    do {
      if (shift > 63) {
        throw new CorruptRecordException("a number has more than ten bytes");
      }
      b = bytes[position++];
      value |= (b & 0x7fL) << shift;
      shift += 7;
    } while (b < 0);
    return (value >>> 1) ^ -(value & 1);
  }

  float readFloat() {
    int value =
        (bytes[position] & 0xff)
            | (bytes[position + 1] & 0xff) << 8
            | (bytes[position + 2] & 0xff) << 16
            | (bytes[position + 3] & 0xff) << 24;
    position += 4;
    return Float.intBitsToFloat(value);
  }

  double readDouble() {
    long value = 0;
    for (int i = 7; i >= 0; i--) {
      value = value << 8 | (bytes[position + i] & 0xff);
    }
    position += 8;
    return Double.longBitsToDouble(value);
  }

  /** The length of bytes or a string that follows; it lies within the array. */
  int readLength() {
    long length = readLong();
    if (length < 0 || length > end - position) {
      throw new CorruptRecordException(
          "a string or bytes of length "
              + length
              + ", but "
              + (end - position)
              + " bytes are left");
    }
    return (int) length;
  }

  void skip(int n) {
    if (n > end - position) {
      throw new CorruptRecordException("the record ends too early");
    }
    position += n;
  }

  /** The number of items in the next block of an array or map; 0 at its end. */
  int readBlock() {
    long count = readLong();
    if (count < 0) {
      readLong();
      count = -count;
    }
    // An item takes a byte at least, but for null: a larger number can only be damage.
    if (count > Math.max(1024, (long) end - position)) {
      throw new CorruptRecordException("a block of " + count + " items");
    }
    return (int) count;
  }
}
