package dev.millrace.demo.tv;

import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;

/** The demo's chance: the CRC-32 of a text, as the database's {@code CRC32()} has it. */
final class Crc {
  private Crc() {}

  /** From 0 up to, and without, {@code bound}. */
  static int of(String text, int bound) {
    CRC32 crc = new CRC32();
    crc.update(text.getBytes(StandardCharsets.UTF_8));
    return (int) (crc.getValue() % bound);
  }

  /** One of them. */
  static String pick(String text, String... from) {
    return from[of(text, from.length)];
  }
}
