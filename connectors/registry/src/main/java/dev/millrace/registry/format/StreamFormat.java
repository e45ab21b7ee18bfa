package dev.millrace.registry.format;

import dev.millrace.registry.WireFormat;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.apache.avro.file.DataFileConstants;

/** What a stream's keys and values are in Kafka. */
public enum StreamFormat {
  /** Avro behind the registry's id of its schema: {@link dev.millrace.registry.WireFormat}. */
  AVRO("avro"),

  /** A JSON object for each record: {@link JsonWriter}. */
  JSON("json"),

  /** Avro behind its whole schema: {@link EmbeddedAvro}. */
  AVRO_EMBEDDED("avro-embedded");

  private final String name;

  StreamFormat(String name) {
    this.name = name;
  }

  /**
   * The format of a name, as configurations and plans have it.
   *
   * @param name null or empty for {@link #AVRO}
   * @throws IllegalArgumentException if there is none of that name
   */
  public static StreamFormat of(String name) {
    if (name == null || name.isEmpty()) {
      return AVRO;
    }
    return Arrays.stream(values())
        .filter(f -> f.name.equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "format '"
                        + name
                        + "': expected one of "
                        + Arrays.stream(values())
                            .map(StreamFormat::toString)
                            .collect(Collectors.joining(", "))));
  }

  /** The format that a message looks like by how it begins; null if like none. */
  public static StreamFormat of(byte[] message) {
    if (message.length > 0 && message[0] == '{') {
      return JSON;
    }
    byte[] magic = DataFileConstants.MAGIC;
    if (message.length > magic.length
        && Arrays.equals(message, 0, magic.length, magic, 0, magic.length)) {
      return AVRO_EMBEDDED;
    }
    return message.length >= WireFormat.HEADER_LENGTH && message[0] == 0 ? AVRO : null;
  }

  /** What to end a message with about bytes that are not of the format expected. */
  public static String hint(byte[] message) {
    StreamFormat like = of(message);
    return like == null ? "" : "; it looks like format " + like;
  }

  @Override
  public String toString() {
    return name;
  }
}
