package dev.millrace.connect.elasticsearch;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** A document's id from the values of its key. */
final class DocumentIds {
  /**
   * Elasticsearch's own limit.
   *
   * @see <a
   *     href="https://www.elastic.co/guide/en/elasticsearch/reference/8.19/mapping-id-field.html">_id</a>
   */
  static final int MAX_BYTES = 512;

  private DocumentIds() {}

  /**
   * The values joined by {@code |}; a {@code |} or {@code \} in a value is escaped by {@code \},
   * null is {@code \N}. What is too long becomes its SHA-256.
   */
  static String of(String[] values) {
    StringBuilder id = new StringBuilder();
    for (int i = 0; i < values.length; i++) {
      if (i > 0) {
        id.append('|');
      }
      if (values[i] == null) {
        id.append("\\N");
        continue;
      }
      for (int j = 0; j < values[i].length(); j++) {
        char c = values[i].charAt(j);
        if (c == '|' || c == '\\') {
          id.append('\\');
        }
        id.append(c);
      }
    }
    String text = id.toString();
    // Elasticsearch takes no empty id.
    if (text.isEmpty()) {
      return "\\E";
    }
    // Up to a third of the limit no encoding can be too long.
    if (text.length() * 3 <= MAX_BYTES) {
      return text;
    }
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    if (bytes.length <= MAX_BYTES) {
      return text;
    }
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
