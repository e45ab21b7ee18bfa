package dev.millrace.connect.files;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;

/** Where files are. */
interface FileStore extends AutoCloseable {

  /**
   * The files whose names match, in no order. Names of which a part begins with {@code .} or {@code
   * _} are left out, as writers of files have it: what is not finished, and what is no data.
   *
   * @throws StorageException {@code GONE} if the folder or bucket is not there
   */
  List<StoredFile> list() throws StorageException;

  /**
   * The bytes from a position on. What it throws while it is read is a {@link StorageException}.
   *
   * @throws StorageException {@code GONE} too if it is not the listed version any more, where the
   *     storage can tell
   */
  InputStream open(StoredFile file, long position) throws StorageException;

  /** The same for readers that go back and forth. */
  RandomAccess openRandom(StoredFile file) throws StorageException;

  /** Where it is, for people. */
  String describe();

  @Override
  void close();

  /** Bytes by position. */
  interface RandomAccess extends AutoCloseable {
    long length();

    /** Reads as many as are asked for, or up to the end; -1 there. */
    int read(long position, byte[] into, int offset, int length) throws IOException;

    @Override
    void close() throws IOException;
  }
}
