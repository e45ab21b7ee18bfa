package dev.millrace.spark.stream;

import dev.millrace.spark.sql.AvroTypes;
import java.util.EnumSet;
import java.util.List;
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
import org.apache.spark.sql.connector.read.SupportsPushDownRequiredColumns;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/**
 * The rows of a stream and nothing else, for whoever looks at it: as far as it goes now (a batch),
 * or as they come. Only the columns that are needed are decoded. No progress, no ticks, nothing is
 * late: what runs a pipeline is {@link StreamProvider}. A record that can not be decoded is passed
 * over and logged.
 */
public final class RowsProvider implements TableProvider {
  @Override
  public StructType inferSchema(CaseInsensitiveStringMap options) {
    return schema(RowsOptions.of(options));
  }

  private static StructType schema(RowsOptions options) {
    return AvroTypes.structType(new Schema.Parser().parse(options.schema()), options.columns());
  }

  @Override
  public Table getTable(StructType schema, Transform[] partitioning, Map<String, String> options) {
    RowsOptions parsed = RowsOptions.of(new CaseInsensitiveStringMap(options));
    return new Stream(parsed, schema(parsed));
  }

  private record Stream(RowsOptions options, StructType rows) implements Table, SupportsRead {
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
      return options.rows() == RowsOptions.Rows.LATEST
          ? EnumSet.of(TableCapability.BATCH_READ)
          : EnumSet.of(TableCapability.BATCH_READ, TableCapability.MICRO_BATCH_READ);
    }

    @Override
    public ScanBuilder newScanBuilder(CaseInsensitiveStringMap ignored) {
      return new Pruning(options);
    }
  }

  private static final class Pruning implements ScanBuilder, SupportsPushDownRequiredColumns {
    private RowsOptions options;

    Pruning(RowsOptions options) {
      this.options = options;
    }

    @Override
    public void pruneColumns(StructType required) {
      options = options.only(List.of(required.fieldNames()));
    }

    @Override
    public Scan build() {
      return new RowsScan(options, schema(options));
    }
  }
}
