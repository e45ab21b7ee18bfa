package dev.millrace.registry.connect;

import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.InvalidKeyException;
import java.security.NoSuchAlgorithmException;
import java.util.Date;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Hashes values so that equal ones stay equal, in every table and pipeline with the same salt, and
 * nobody without it can find them by trying: HMAC-SHA-256 of the value as text, in hex.
 */
final class Hasher {
  private static final String ALGORITHM = "HmacSHA256";

  private final Mac mac;

  Hasher(String salt) {
    try {
      mac = Mac.getInstance(ALGORITHM);
      mac.init(new SecretKeySpec(salt.getBytes(StandardCharsets.UTF_8), ALGORITHM));
    } catch (NoSuchAlgorithmException | InvalidKeyException e) {
      throw new IllegalStateException(e);
    }
  }

  String hash(Object value) {
    return HexFormat.of().formatHex(mac.doFinal(bytes(value)));
  }

  /** 5 and 5.00 are equal in a database. */
  private static byte[] bytes(Object value) {
    if (value instanceof byte[] array) {
      return array;
    }
    if (value instanceof ByteBuffer buffer) {
      byte[] array = new byte[buffer.remaining()];
      buffer.duplicate().get(array);
      return array;
    }
    String text =
        value instanceof BigDecimal decimal
            ? decimal.stripTrailingZeros().toPlainString()
            : value instanceof Date date ? Long.toString(date.getTime()) : value.toString();
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
