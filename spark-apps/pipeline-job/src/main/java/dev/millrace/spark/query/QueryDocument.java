package dev.millrace.spark.query;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.spark.options.RegistryAccess;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/**
 * A question.
 *
 * @param sql one SELECT
 * @param streams all that it may read
 * @param kafka properties for Kafka's clients
 * @param from of append streams: {@code earliest}, {@code latest}, or milliseconds since the epoch
 * @param follow whether to go on with what comes
 * @param limit at most so many rows; null for all
 * @param output {@code table}, {@code csv} or {@code json}
 * @param explain say what would be read and how, instead of reading it
 * @param timing say how long it took, and where
 * @param startedAt when the command began, in milliseconds since the epoch
 */
record QueryDocument(
    String sql,
    List<Stream> streams,
    Map<String, String> kafka,
    RegistryAccess registry,
    String from,
    boolean follow,
    Long limit,
    String output,
    boolean explain,
    boolean timing,
    long startedAt) {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

  /**
   * A stream.
   *
   * @param kind {@code append} or {@code table}
   * @param format see {@link dev.millrace.registry.format.StreamFormat}; null for its default
   * @param schema that its records are read with; null for the registry's newest
   */
  record Stream(
      String pipeline, String name, String kind, String topic, String format, String schema) {
    boolean table() {
      return kind.equals("table");
    }
  }

  static QueryDocument parse(String json) throws IOException {
    return JSON.readValue(json, QueryDocument.class);
  }
}
