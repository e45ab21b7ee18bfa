package dev.millrace.spark.stream;

import dev.millrace.spark.sql.AvroTypes;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import org.apache.avro.Schema;
import org.apache.spark.sql.connector.catalog.SupportsRead;
import org.apache.spark.sql.connector.catalog.Table;
import org.apache.spark.sql.connector.catalog.TableCapability;
import org.apache.spark.sql.connector.catalog.TableProvider;
import org.apache.spark.sql.connector.expressions.Transform;
import org.apache.spark.sql.connector.read.Scan;
import org.apache.spark.sql.connector.read.ScanBuilder;
import org.apache.spark.sql.connector.read.streaming.MicroBatchStream;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/**
 * An append stream: its columns, and {@code _progress TIMESTAMP} and {@code _tick BOOLEAN} behind
 * them. Each batch has one tick row, whose columns are null; all rows of a batch bear the same
 * progress.
 */
public final class StreamProvider implements TableProvider {
  static final StructType EXTRA =
      new StructType()
          .add("_progress", DataTypes.TimestampType, true)
          .add("_tick", DataTypes.BooleanType, false);

  @Override
  public StructType inferSchema(CaseInsensitiveStringMap options) {
    return schema(StreamOptions.of(options));
  }

  static StructType schema(StreamOptions options) {
    StructType row =
        AvroTypes.structType(new Schema.Parser().parse(options.schema()), options.columns());
    for (StructField extra : EXTRA.fields()) {
      row = row.add(extra);
    }
    return row;
  }

  @Override
  public Table getTable(StructType schema, Transform[] partitioning, Map<String, String> options) {
    StreamOptions parsed = StreamOptions.of(new CaseInsensitiveStringMap(options));
    return new StreamTable(parsed, schema(parsed));
  }

  private record StreamTable(StreamOptions options, StructType rows)
      implements Table, SupportsRead {
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
      return EnumSet.of(TableCapability.MICRO_BATCH_READ);
    }

    @Override
    public ScanBuilder newScanBuilder(CaseInsensitiveStringMap ignored) {
      return () ->
          new Scan() {
            @Override
            public StructType readSchema() {
              return rows;
            }

            @Override
            public String description() {
              return "millrace stream " + options.topic();
            }

            @Override
            public MicroBatchStream toMicroBatchStream(String checkpointLocation) {
              return new StreamSource(options, java.time.Clock.systemUTC());
            }
          };
    }
  }
}
