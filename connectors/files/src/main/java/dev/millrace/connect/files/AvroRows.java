package dev.millrace.connect.files;

import dev.millrace.connect.records.AvroRecordWriter;
import java.io.EOFException;
import java.io.IOException;
import java.util.zip.CRC32C;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;
import org.apache.avro.file.DataFileConstants;
import org.apache.avro.file.DataFileReader;
import org.apache.avro.file.SeekableInput;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;

/**
 * Rows of an Avro container file, block by block. Its header, which ends with a random mark, is
 * what tells it from another file; so one that was added to is the same.
 */
final class AvroRows extends ObjectRows {
  private final FileStore.RandomAccess bytes;
  private final DataFileReader<GenericRecord> reader;
  private final long checksum;
  private long block;
  private long inBlock;

  AvroRows(FileStore store, StoredFile file, AvroRecordWriter writer, Place place)
      throws IOException {
    super(file);
    this.bytes = store.openRandom(file);
    try {
      GenericDatumReader<GenericRecord> datums =
          new GenericDatumReader<>(null, null, new GenericData());
      this.reader = new DataFileReader<>(new Input(bytes), datums);
      Schema projected = project(reader.getSchema(), writer);
      datums.setExpected(projected);
      this.block = reader.previousSync();
      this.checksum = header();
      if (place.position() > 0) {
        if (place.checksum() != checksum || place.position() > file.size()) {
          throw new ReplacedException(file.name());
        }
        reader.seek(place.position());
        block = place.position();
        for (long i = 0; i < place.skip(); i++) {
          if (read() == null) {
            throw new ReplacedException(file.name());
          }
        }
        rows = place.line();
      }
    } catch (IOException | RuntimeException e) {
      bytes.close();
      throw e;
    }
  }

  private long header() throws IOException {
    byte[] mark = new byte[DataFileConstants.SYNC_SIZE];
    long at = block - mark.length;
    for (int n = 0; n < mark.length; ) {
      int read = bytes.read(at + n, mark, n, mark.length - n);
      if (read < 0) {
        throw new IOException("its header is truncated");
      }
      n += read;
    }
    CRC32C sum = new CRC32C();
    sum.update(mark);
    return sum.getValue();
  }

  @Override
  GenericRecord read() throws IOException {
    try {
      if (!reader.hasNext()) {
        if (reader.previousSync() != file.size()) {
          // The library takes a block that is not all there for the end.
          throw new EOFException("truncated: its last block is not whole");
        }
        return null;
      }
      if (reader.previousSync() != block) {
        block = reader.previousSync();
        inBlock = 0;
      }
      GenericRecord row = reader.next();
      inBlock++;
      return row;
    } catch (AvroRuntimeException e) {
      // It hides what its input threw.
      if (e.getCause() instanceof StorageException storage) {
        throw storage;
      }
      throw e;
    }
  }

  @Override
  public Place place(Place before) {
    return new Place(
        file.size(),
        file.modified(),
        file.version(),
        0,
        block,
        inBlock,
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
  }

  /** The file as Avro's reader asks for it. */
  private static final class Input implements SeekableInput {
    private final FileStore.RandomAccess bytes;
    private long at;

    Input(FileStore.RandomAccess bytes) {
      this.bytes = bytes;
    }

    @Override
    public void seek(long position) {
      at = position;
    }

    @Override
    public long tell() {
      return at;
    }

    @Override
    public long length() {
      return bytes.length();
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
      int n = at >= bytes.length() ? -1 : bytes.read(at, into, offset, length);
      at += Math.max(n, 0);
      return n;
    }

    @Override
    public void close() throws IOException {
      bytes.close();
    }
  }
}
