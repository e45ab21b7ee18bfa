package dev.millrace.connect.rest;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What the records of an item were when they were seen last: 8 bytes of a hash by 8 bytes of a hash
 * of the key, of the keys that changed last. Two records that are not alike are taken for alike
 * once in 2^64.
 */
final class Changes {
  /** So many go into an offset, 22 characters each, and so survive a restart. */
  static final int KEPT = 2000;

  private final int most;
  private final LinkedHashMap<Long, Long> seen = new LinkedHashMap<>();

  /**
   * Remembers nothing yet.
   *
   * @param most how many keys are remembered
   */
  Changes(int most) {
    this.most = most;
  }

  /** Whether a record is another one than the last with its key, which it is from now on. */
  boolean changed(String key, String record) {
    long name = hash(key);
    long value = hash(record);
    Long before = seen.get(name);
    if (before != null && before == value) {
      return false;
    }
    // What changed last is last.
    seen.remove(name);
    seen.put(name, value);
    if (seen.size() > most) {
      Iterator<Long> oldest = seen.keySet().iterator();
      oldest.next();
      oldest.remove();
    }
    return true;
  }

  private static long hash(String text) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return ByteBuffer.wrap(digest).getLong();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The newest of them as text. */
  String text() {
    int skip = Math.max(0, seen.size() - KEPT);
    ByteBuffer bytes = ByteBuffer.allocate(16 * (seen.size() - skip));
    for (Map.Entry<Long, Long> entry : seen.entrySet()) {
      if (skip-- <= 0) {
        bytes.putLong(entry.getKey()).putLong(entry.getValue());
      }
    }
    return Base64.getEncoder().withoutPadding().encodeToString(bytes.array());
  }

  /** Takes up what {@link #text} has said. */
  void resume(String text) {
    ByteBuffer bytes = ByteBuffer.wrap(Base64.getDecoder().decode(text));
    while (bytes.remaining() >= 16) {
      seen.put(bytes.getLong(), bytes.getLong());
    }
  }
}
