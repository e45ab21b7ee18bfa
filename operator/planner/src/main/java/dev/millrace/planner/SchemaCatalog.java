package dev.millrace.planner;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.model.Pipeline.ConfigMapRef;
import dev.millrace.model.Pipeline.SecretRef;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.avro.Schema;

/** All that the planner must know and may not ask for itself. */
public interface SchemaCatalog {

  /** The newest schemas of a topic that is written by others, such as a CDC connector. */
  Known<StreamSchema> stream(String topic);

  /** What is not secret of a connection. */
  Known<ConnectionFacts> connection(SecretRef ref);

  /** Which keys a Secret has, never what they hold. */
  default Known<Set<String>> secretKeys(String name) {
    return new Known.Waiting<>("Secret '" + name + "' is not read yet");
  }

  /** Whether a Secret is there and has these keys: never what they hold. */
  default Known<Boolean> secret(String name, List<String> keys) {
    return new Known.Waiting<>("Secret '" + name + "' is not read yet");
  }

  /** Text of a ConfigMap's key. */
  Known<String> config(ConfigMapRef ref);

  /** All keys of a ConfigMap with their texts. */
  default Known<Map<String, String>> configMap(String name) {
    return new Known.Waiting<>("ConfigMap '" + name + "' is not read yet");
  }

  /**
   * A hash of what is in an application's file; empty where whoever runs it has it in an image,
   * which is known by its own name.
   */
  default Known<String> appFile(String path) {
    return new Known.Yes<>("");
  }

  /** What a transform's SQL reads and yields. */
  Known<SqlAnalysis> analyse(SqlRequest request);

  /** Value and key schema of a topic. */
  record StreamSchema(Schema value, Optional<Schema> key) {}

  /**
   * Where a connection leads: never user or password.
   *
   * @param credentials which of the keys {@code username}, {@code password}, {@code ca.crt}, {@code
   *     tls.crt} and {@code tls.key} its Secret has
   */
  record ConnectionFacts(
      String scheme, String host, int port, String database, Set<String> credentials) {
    /** A connection with user and password. */
    public ConnectionFacts(String scheme, String host, int port, String database) {
      this(scheme, host, port, database, Set.of("username", "password"));
    }
  }

  /**
   * A question to the SQL analyser.
   *
   * @param streams those that it names
   * @param pending others: their schemas are not known yet, or it does not name them
   */
  record SqlRequest(
      String sql,
      String transform,
      String namespace,
      Map<String, SqlStream> streams,
      List<String> pending) {}

  /**
   * A stream that SQL may read.
   *
   * @param kind {@code append} or {@code table}
   */
  record SqlStream(
      String kind,
      Optional<String> eventTime,
      Schema schema,
      List<String> keyFields,
      Optional<String> validFrom,
      Optional<String> validTo) {}

  /**
   * The analyser's answer: a result, or errors, or the streams whose schemas must be known first.
   *
   * @param lineage for each column of the result, the columns of streams that it is computed from
   * @param identity what tells the rows of an append result apart, all of which a key must hold;
   *     empty where that can not be seen
   */
  record SqlAnalysis(
      Optional<JsonNode> schema,
      String kind,
      List<String> groupKeys,
      List<Read> reads,
      List<String> pending,
      List<SqlError> errors,
      Map<String, List<Column>> lineage,
      List<Identifying> identity) {

    /** An answer that says nothing of lineage and identity. */
    public SqlAnalysis(
        Optional<JsonNode> schema,
        String kind,
        List<String> groupKeys,
        List<Read> reads,
        List<String> pending,
        List<SqlError> errors) {
      this(schema, kind, groupKeys, reads, pending, errors, Map.of(), List.of());
    }
  }

  /** A column of a stream. */
  record Column(String stream, String column) {}

  /**
   * A column of a stream that rows are told apart by.
   *
   * @param as the columns of the result that are equal to it
   */
  record Identifying(String stream, String column, List<String> as) {}

  /**
   * A stream that is read.
   *
   * @param role {@code drives} or {@code lookup}
   */
  record Read(String stream, String role, List<String> columns) {}

  /** An error at a place in the SQL; line and column from 1, or 0 where the whole is meant. */
  record SqlError(int line, int column, String message, Optional<String> suggestion) {}
}
