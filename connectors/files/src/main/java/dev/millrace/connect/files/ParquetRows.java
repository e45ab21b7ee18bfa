package dev.millrace.connect.files;

import dev.millrace.connect.records.AvroRecordWriter;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.zip.CRC32C;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.parquet.ParquetReadOptions;
import org.apache.parquet.avro.AvroReadSupport;
import org.apache.parquet.avro.AvroSchemaConverter;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.conf.ParquetConfiguration;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.api.ReadSupport.ReadContext;
import org.apache.parquet.io.ColumnIOFactory;
import org.apache.parquet.io.DelegatingSeekableInputStream;
import org.apache.parquet.io.InputFile;
import org.apache.parquet.io.RecordReader;
import org.apache.parquet.io.SeekableInputStream;
import org.apache.parquet.io.api.RecordMaterializer;
import org.apache.parquet.schema.MessageType;

/**
 * Rows of a Parquet file, a row group at a time, of which only the declared columns are read. Its
 * footer, with the places and statistics of all its columns, is what tells it from another file.
 */
final class ParquetRows extends ObjectRows {
  /** Key under which writers by Avro keep their schema in the footer. */
  private static final String AVRO_SCHEMA = "parquet.avro.schema";

  /** Key by which the reader is told the schema of what it makes. */
  private static final String READ_SCHEMA = "avro.read.schema";

  private static final int TAIL = 8;

  private final FileStore.RandomAccess bytes;
  private final ParquetFileReader reader;
  private final MessageType whole;
  private final MessageType columns;
  private final RecordMaterializer<GenericRecord> materializer;
  private final String createdBy;
  private final long checksum;
  private RecordReader<GenericRecord> group;
  private long left;

  ParquetRows(FileStore store, StoredFile file, AvroRecordWriter writer, Place place)
      throws IOException {
    super(file);
    this.bytes = store.openRandom(file);
    try {
      this.checksum = footer();
      if (place.position() > 0 && place.checksum() != checksum) {
        throw new ReplacedException(file.name());
      }
      ParquetConfiguration configuration = new PlainParquetConfiguration();
      configuration.setBoolean(AvroReadSupport.READ_INT96_AS_FIXED, true);
      configuration.setBoolean(AvroSchemaConverter.ADD_LIST_ELEMENT_RECORDS, false);
      this.reader =
          ParquetFileReader.open(
              new Input(bytes), ParquetReadOptions.builder(configuration).build());
      this.whole = reader.getFooter().getFileMetaData().getSchema();
      this.createdBy = reader.getFooter().getFileMetaData().getCreatedBy();
      Map<String, String> metadata = reader.getFooter().getFileMetaData().getKeyValueMetaData();
      Schema inFile =
          metadata.containsKey(AVRO_SCHEMA)
              ? new Schema.Parser().parse(metadata.get(AVRO_SCHEMA))
              : new AvroSchemaConverter(configuration).convert(whole);
      Schema projected = project(inFile, writer);
      this.columns =
          new MessageType(
              whole.getName(),
              whole.getFields().stream()
                  .filter(f -> projected.getField(f.getName()) != null)
                  .collect(Collectors.toList()));
      reader.setRequestedSchema(columns);
      this.materializer =
          new AvroReadSupport<GenericRecord>(new GenericData())
              .prepareForRead(
                  configuration,
                  metadata,
                  whole,
                  new ReadContext(columns, Map.of(READ_SCHEMA, projected.toString())));
      skip(place.position());
    } catch (IOException | RuntimeException e) {
      bytes.close();
      throw e;
    }
  }

  /** The checksum of the footer, after a look whether there is a whole one. */
  private long footer() throws IOException {
    long length = bytes.length();
    byte[] tail = new byte[TAIL];
    if (length < TAIL + 4) {
      throw new EOFException("is no Parquet file: it has " + length + " bytes");
    }
    fully(length - TAIL, tail);
    int size =
        (tail[0] & 0xff) | (tail[1] & 0xff) << 8 | (tail[2] & 0xff) << 16 | (tail[3] & 0xff) << 24;
    if (tail[4] != 'P'
        || tail[5] != 'A'
        || tail[6] != 'R'
        || tail[7] != '1'
        || size < 0
        || size > length - TAIL - 4) {
      throw new IOException("is no Parquet file, or truncated: it does not end with a footer");
    }
    byte[] footer = new byte[size];
    fully(length - TAIL - size, footer);
    CRC32C sum = new CRC32C();
    sum.update(footer);
    return sum.getValue();
  }

  private void fully(long position, byte[] into) throws IOException {
    for (int n = 0; n < into.length; ) {
      int read = bytes.read(position + n, into, n, into.length - n);
      if (read < 0) {
        throw new EOFException("ends at byte " + (position + n));
      }
      n += read;
    }
  }

  private void skip(long wanted) throws IOException {
    List<Long> groups = reader.getRowGroups().stream().map(g -> g.getRowCount()).toList();
    for (int i = 0; i < groups.size() && rows + groups.get(i) <= wanted; i++) {
      reader.skipNextRowGroup();
      rows += groups.get(i);
    }
    while (rows < wanted) {
      if (read() == null) {
        throw new ReplacedException(file.name());
      }
      rows++;
    }
  }

  @Override
  GenericRecord read() throws IOException {
    while (left == 0) {
      PageReadStore pages = reader.readNextRowGroup();
      if (pages == null) {
        return null;
      }
      left = pages.getRowCount();
      group =
          new ColumnIOFactory(createdBy)
              .getColumnIO(columns, whole)
              .getRecordReader(pages, materializer);
    }
    left--;
    return group.read();
  }

  @Override
  public Place place(Place before) {
    return new Place(
        file.size(),
        file.modified(),
        file.version(),
        0,
        rows,
        0,
        rows,
        before.rows(),
        before.dead(),
        checksum,
        before.state());
  }

  @Override
  public boolean grows() {
    return false;
  }

  @Override
  public void close() throws IOException {
    reader.close();
    bytes.close();
  }

  /** The file as Parquet's reader asks for it. */
  private record Input(FileStore.RandomAccess bytes) implements InputFile {
    @Override
    public long getLength() {
      return bytes.length();
    }

    @Override
    public SeekableInputStream newStream() {
      Positioned stream = new Positioned(bytes);
      return new DelegatingSeekableInputStream(stream) {
        @Override
        public long getPos() {
          return stream.at;
        }

        @Override
        public void seek(long position) {
          stream.at = position;
        }
      };
    }
  }

  private static final class Positioned extends InputStream {
    private final FileStore.RandomAccess bytes;
    private long at;

    Positioned(FileStore.RandomAccess bytes) {
      this.bytes = bytes;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
      int n = bytes.read(at, into, offset, length);
      at += Math.max(n, 0);
      return n;
    }
  }
}
