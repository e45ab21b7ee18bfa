package dev.millrace.spark.query;

import dev.millrace.registry.RegistryException;
import dev.millrace.registry.SchemaRegistryClient;
import dev.millrace.spark.stream.RowsProvider;
import dev.millrace.spark.table.TableProvider;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.functions;

/**
 * Streams as relations. Bounded: an append stream's rows, a table's latest row of each key.
 * Followed: append streams drive and tables are looked up; a table by itself is followed as it
 * changes.
 */
final class StreamReads {
  private final QueryDocument query;
  private final SchemaRegistryClient registry;
  private final Map<String, String> schemas = new ConcurrentHashMap<>();
  private final List<QueryDocument.Stream> read = new ArrayList<>();
  private volatile boolean tablesDrive;

  StreamReads(QueryDocument query) {
    this.query = query;
    this.registry = query.registry().client();
  }

  /** What has been read so far, in the order of the SQL. */
  synchronized List<QueryDocument.Stream> read() {
    return List.copyOf(read);
  }

  /** Begin again, with tables followed as they change. */
  synchronized void followTables() {
    tablesDrive = true;
    read.clear();
  }

  /** A stream's rows. */
  LogicalPlan of(SparkSession session, QueryDocument.Stream stream) {
    synchronized (this) {
      if (!read.contains(stream)) {
        read.add(stream);
      }
    }
    return dataset(session, stream).queryExecution().analyzed();
  }

  private Dataset<Row> dataset(SparkSession session, QueryDocument.Stream stream) {
    Map<String, String> options = new HashMap<>();
    query.kafka().forEach((k, v) -> options.put("kafka." + k, v));
    query.registry().put(options);
    options.put("topic", stream.topic());
    options.put("schema", schema(stream));
    if (stream.format() != null) {
      options.put("format", stream.format());
    }
    options.put("reader", "query");
    options.put("transform", "query");
    options.put("from", query.from());
    String rows = RowsProvider.class.getName();
    if (!query.follow()) {
      options.put("rows", stream.table() ? "latest" : "all");
      return session.read().format(rows).options(options).load();
    }
    if (stream.table() && !tablesDrive) {
      return functions.broadcast(
          session.read().format(TableProvider.class.getName()).options(options).load());
    }
    options.put("rows", stream.table() ? "changes" : "all");
    return session.readStream().format(rows).options(options).load();
  }

  /** Asks the registry once, where nobody says it. */
  String schema(QueryDocument.Stream stream) {
    if (stream.schema() != null) {
      return stream.schema();
    }
    return schemas.computeIfAbsent(
        stream.topic(),
        topic -> {
          try {
            return registry
                .latest(topic + "-value")
                .orElseThrow(
                    () ->
                        new QueryException(
                            "stream "
                                + stream.name()
                                + " has no schema yet: the registry has no subject "
                                + topic
                                + "-value"))
                .schema()
                .toString();
          } catch (RegistryException e) {
            throw new QueryException("schema of stream " + stream.name() + ": " + e.getMessage());
          }
        });
  }
}
