package dev.millrace.spark.sink;

import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import org.apache.spark.sql.connector.catalog.SupportsWrite;
import org.apache.spark.sql.connector.catalog.Table;
import org.apache.spark.sql.connector.catalog.TableCapability;
import org.apache.spark.sql.connector.catalog.TableProvider;
import org.apache.spark.sql.connector.expressions.Transform;
import org.apache.spark.sql.connector.write.LogicalWriteInfo;
import org.apache.spark.sql.connector.write.Write;
import org.apache.spark.sql.connector.write.WriteBuilder;
import org.apache.spark.sql.connector.write.streaming.StreamingWrite;
import org.apache.spark.sql.internal.connector.SupportsStreamingUpdateAsAppend;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/**
 * A stream as a streaming sink, in the stream's format and in one transaction a task and epoch. An
 * epoch that Kafka has already is not written again, and who was replaced is fenced.
 *
 * <p>The rows stay in the tasks that made them. A replayed batch has the same tasks (they follow
 * from the source's offsets, or from the partitions of the state), so what a task has written it
 * recognises; a shuffle by key here would let a row whose key changed with a lookup wander to a
 * task that has not written yet.
 */
public final class SinkProvider implements TableProvider {
  @Override
  public boolean supportsExternalMetadata() {
    return true;
  }

  @Override
  public StructType inferSchema(CaseInsensitiveStringMap options) {
    throw new UnsupportedOperationException("a sink is given its schema");
  }

  @Override
  public Table getTable(StructType schema, Transform[] partitioning, Map<String, String> options) {
    return new StreamTable(SinkOptions.of(new CaseInsensitiveStringMap(options)), schema);
  }

  private record StreamTable(SinkOptions options, StructType rows) implements Table, SupportsWrite {
    @Override
    public String name() {
      return options.topic();
    }

    @Override
    public StructType schema() {
      return rows;
    }

    @Override
    public Set<TableCapability> capabilities() {
      return EnumSet.of(TableCapability.STREAMING_WRITE, TableCapability.ACCEPT_ANY_SCHEMA);
    }

    @Override
    public WriteBuilder newWriteBuilder(LogicalWriteInfo info) {
      return new Builder(options, info.schema(), info.queryId());
    }
  }

  /** A row that changed is written as it is now: the key says what it replaces. */
  private record Builder(SinkOptions options, StructType rows, String queryId)
      implements WriteBuilder, SupportsStreamingUpdateAsAppend {
    @Override
    public Write build() {
      return new Write() {
        @Override
        public String description() {
          return "millrace stream " + options.topic();
        }

        @Override
        public StreamingWrite toStreaming() {
          return new StreamSink(options, rows, queryId);
        }
      };
    }
  }
}
