package dev.millrace.spark.table;

import java.io.IOException;
import java.io.Serializable;
import java.util.Iterator;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.UnsafeRow;
import org.apache.spark.sql.connector.read.Batch;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.read.PartitionReader;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;
import org.apache.spark.sql.connector.read.Scan;
import org.apache.spark.sql.types.StructType;

/**
 * The rows of a table up to given offsets, in one partition: it is joined by being broadcast.
 *
 * @param upTo how far it is read
 */
record TableScan(TableOptions options, StructType rows, Snapshots.Snapshot upTo)
    implements Scan, Batch {
  @Override
  public StructType readSchema() {
    return rows;
  }

  @Override
  public String description() {
    return "millrace table " + options.topic();
  }

  @Override
  public Batch toBatch() {
    return this;
  }

  @Override
  public InputPartition[] planInputPartitions() {
    return new InputPartition[] {new UpTo(upTo)};
  }

  @Override
  public PartitionReaderFactory createReaderFactory() {
    return new Factory(options);
  }

  private record UpTo(Snapshots.Snapshot snapshot) implements InputPartition {}

  private record Factory(TableOptions options) implements PartitionReaderFactory, Serializable {
    @Override
    public PartitionReader<InternalRow> createReader(InputPartition partition) {
      return new Rows(options, ((UpTo) partition).snapshot());
    }
  }

  private static final class Rows implements PartitionReader<InternalRow> {
    private final TableOptions options;
    private final Snapshots.Snapshot upTo;
    private Iterator<UnsafeRow> rows;
    private UnsafeRow row;

    Rows(TableOptions options, Snapshots.Snapshot upTo) {
      this.options = options;
      this.upTo = upTo;
    }

    @Override
    public boolean next() throws IOException {
      if (rows == null) {
        rows = TableCopy.of(options).upTo(upTo).iterator();
      }
      if (!rows.hasNext()) {
        return false;
      }
      row = rows.next();
      return true;
    }

    @Override
    public InternalRow get() {
      return row;
    }

    @Override
    public void close() {}
  }
}
