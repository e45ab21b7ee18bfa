package dev.millrace.spark.table;

import dev.millrace.spark.sql.AvroTypes;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import org.apache.avro.Schema;
import org.apache.spark.sql.connector.catalog.SupportsRead;
import org.apache.spark.sql.connector.catalog.Table;
import org.apache.spark.sql.connector.catalog.TableCapability;
import org.apache.spark.sql.connector.expressions.Transform;
import org.apache.spark.sql.connector.read.Scan;
import org.apache.spark.sql.connector.read.ScanBuilder;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/** A table stream as a batch source. Each scan is of the rows as they are when it is built. */
public final class TableProvider implements org.apache.spark.sql.connector.catalog.TableProvider {
  @Override
  public StructType inferSchema(CaseInsensitiveStringMap options) {
    return schema(TableOptions.of(options));
  }

  private static StructType schema(TableOptions options) {
    return AvroTypes.structType(new Schema.Parser().parse(options.schema()), options.columns());
  }

  @Override
  public Table getTable(StructType schema, Transform[] partitioning, Map<String, String> options) {
    TableOptions parsed = TableOptions.of(new CaseInsensitiveStringMap(options));
    return new LookupTable(parsed, schema(parsed));
  }

  private record LookupTable(TableOptions options, StructType rows) implements Table, SupportsRead {
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
      return EnumSet.of(TableCapability.BATCH_READ);
    }

    @Override
    public ScanBuilder newScanBuilder(CaseInsensitiveStringMap ignored) {
      return new ScanBuilder() {
        @Override
        public Scan build() {
          return new TableScan(options, rows, Snapshots.now(options));
        }
      };
    }
  }
}
