package dev.millrace.connect.records;

import dev.millrace.registry.WireFormat;
import java.util.Arrays;

/**
 * A growing array of Avro binary, as Avro's specification, "Binary encoding", has it. Not thread
 * safe.
 */
final class AvroBytes {
  private byte[] bytes = new byte[512];
  private int length;

  int length() {
    return length;
  }

  void truncate(int to) {
    length = to;
  }

  private void room(int more) {
    if (bytes.length - length < more) {
      bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, Math.addExact(length, more)));
    }
  }

  void bool(boolean value) {
    room(1);
    bytes[length++] = (byte) (value ? 1 : 0);
  }

  /** An int or a long: they are written alike. */
  void number(long value) {
    room(10);
    long zigzag = (value << 1) ^ (value >> 63);
    while ((zigzag & ~0x7FL) != 0) {
      bytes[length++] = (byte) (zigzag | 0x80);
      zigzag >>>= 7;
    }
    bytes[length++] = (byte) zigzag;
  }

  void float32(float value) {
    room(4);
    int bits = Float.floatToIntBits(value);
    for (int i = 0; i < 4; i++) {
      bytes[length++] = (byte) (bits >>> (8 * i));
    }
  }

  void float64(double value) {
    room(8);
    long bits = Double.doubleToLongBits(value);
    for (int i = 0; i < 8; i++) {
      bytes[length++] = (byte) (bits >>> (8 * i));
    }
  }

  void raw(byte[] from, int offset, int count) {
    room(count);
    System.arraycopy(from, offset, bytes, length, count);
    length += count;
  }

  void withLength(byte[] from, int offset, int count) {
    number(count);
    raw(from, offset, count);
  }

  /** Text as UTF-8 with its length; a surrogate without its other half becomes {@code ?}. */
  void text(CharSequence text) {
    int chars = text.length();
    int size = 0;
    for (int i = 0; i < chars; i++) {
      char c = text.charAt(i);
      if (c < 0x80) {
        size++;
      } else if (c < 0x800) {
        size += 2;
      } else if (pairs(text, i)) {
        size += 4;
        i++;
      } else {
        size += Character.isSurrogate(c) ? 1 : 3;
      }
    }
    number(size);
    room(size);
    if (size == chars) {
      for (int i = 0; i < chars; i++) {
        char c = text.charAt(i);
        bytes[length++] = (byte) (c < 0x80 ? c : '?');
      }
      return;
    }
    for (int i = 0; i < chars; i++) {
      char c = text.charAt(i);
      if (c < 0x80) {
        bytes[length++] = (byte) c;
      } else if (c < 0x800) {
        bytes[length++] = (byte) (0xC0 | (c >> 6));
        bytes[length++] = (byte) (0x80 | (c & 0x3F));
      } else if (pairs(text, i)) {
        int point = Character.toCodePoint(c, text.charAt(++i));
        bytes[length++] = (byte) (0xF0 | (point >> 18));
        bytes[length++] = (byte) (0x80 | ((point >> 12) & 0x3F));
        bytes[length++] = (byte) (0x80 | ((point >> 6) & 0x3F));
        bytes[length++] = (byte) (0x80 | (point & 0x3F));
      } else if (Character.isSurrogate(c)) {
        bytes[length++] = '?';
      } else {
        bytes[length++] = (byte) (0xE0 | (c >> 12));
        bytes[length++] = (byte) (0x80 | ((c >> 6) & 0x3F));
        bytes[length++] = (byte) (0x80 | (c & 0x3F));
      }
    }
  }

  private static boolean pairs(CharSequence text, int at) {
    return Character.isHighSurrogate(text.charAt(at))
        && at + 1 < text.length()
        && Character.isLowSurrogate(text.charAt(at + 1));
  }

  /** Appends a part of another array. */
  void slice(AvroBytes from, int start, int end) {
    raw(from.bytes, start, end - start);
  }

  byte[] framed(int schemaId) {
    return WireFormat.frame(schemaId, bytes, length);
  }

  byte[] copy() {
    return Arrays.copyOf(bytes, length);
  }
}
