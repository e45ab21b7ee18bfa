package dev.millrace.connect.files;

/**
 * CRC-32C (RFC 3720, appendix B.4) of two stretches of bytes together, from that of each: the
 * register of {@link java.util.zip.CRC32C} can not be set, and a stretch that was read before a
 * restart is not read again.
 */
final class Checksums {
  /** The polynomial, its highest power left out, lowest bit the highest power. */
  private static final int POLYNOMIAL = 0x82F63B78;

  private Checksums() {}

  /**
   * The checksum of the first stretch followed by the second.
   *
   * @param length of the second, in bytes
   */
  static long join(long first, long second, long length) {
    // A checksum is a polynomial over two elements: bytes that follow multiply it by x^(8 length).
    int shift = 1 << 31;
    int square = 1 << (31 - 8);
    for (long n = length; n > 0; n >>= 1) {
      if ((n & 1) == 1) {
        shift = multiply(shift, square);
      }
      square = multiply(square, square);
    }
    return (multiply(shift, (int) first) ^ second) & 0xFFFFFFFFL;
  }

  private static int multiply(int a, int b) {
    int product = 0;
    for (int bit = 31; bit >= 0; bit--) {
      if ((a >>> bit & 1) == 1) {
        product ^= b;
      }
      b = (b & 1) == 1 ? b >>> 1 ^ POLYNOMIAL : b >>> 1;
    }
    return product;
  }
}
