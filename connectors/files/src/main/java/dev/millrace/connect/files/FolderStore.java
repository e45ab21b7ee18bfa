package dev.millrace.connect.files;

import dev.millrace.connect.files.StorageException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A folder of this machine; links are followed. */
final class FolderStore implements FileStore {
  private final Path folder;
  private final Names names;

  FolderStore(Path folder, Names names) {
    this.folder = folder;
    this.names = names;
  }

  @Override
  public String describe() {
    return "folder " + folder;
  }

  @Override
  public List<StoredFile> list() throws StorageException {
    if (!Files.isDirectory(folder)) {
      throw new StorageException(Kind.GONE, describe() + " is not there", null);
    }
    List<StoredFile> files = new ArrayList<>();
    try {
      Files.walkFileTree(
          folder,
          EnumSet.of(FileVisitOption.FOLLOW_LINKS),
          names.deep() ? Integer.MAX_VALUE : 1,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
              String name = folder.relativize(file).toString().replace('\\', '/');
              if (attributes.isRegularFile() && names.match(name)) {
                files.add(
                    new StoredFile(
                        name,
                        attributes.size(),
                        attributes.lastModifiedTime().to(TimeUnit.NANOSECONDS),
                        String.valueOf(attributes.fileKey())));
              }
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
              if (file.equals(folder)) {
                throw e;
              }
              // Deleted between its folder's listing and now, or a folder that nobody may list.
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      throw failed(folder.toString(), e);
    }
    return files;
  }

  @Override
  public InputStream open(StoredFile file, long position) throws StorageException {
    FileChannel channel = channel(file);
    return new InputStream() {
      private long at = position;

      @Override
      public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
      }

      @Override
      public int read(byte[] into, int offset, int length) throws IOException {
        try {
          int n = channel.read(ByteBuffer.wrap(into, offset, length), at);
          at += Math.max(n, 0);
          return n;
        } catch (IOException e) {
          throw failed(file.name(), e);
        }
      }

      @Override
      public void close() throws IOException {
        channel.close();
      }
    };
  }

  @Override
  public RandomAccess openRandom(StoredFile file) throws StorageException {
    FileChannel channel = channel(file);
    return new RandomAccess() {
      @Override
      public long length() {
        return file.size();
      }

      @Override
      public int read(long position, byte[] into, int offset, int length) throws IOException {
        try {
          return channel.read(ByteBuffer.wrap(into, offset, length), position);
        } catch (IOException e) {
          throw failed(file.name(), e);
        }
      }

      @Override
      public void close() throws IOException {
        channel.close();
      }
    };
  }

  private FileChannel channel(StoredFile file) throws StorageException {
    try {
      return FileChannel.open(folder.resolve(file.name()), StandardOpenOption.READ);
    } catch (IOException e) {
      throw failed(file.name(), e);
    }
  }

  private static StorageException failed(String name, IOException e) {
    if (e instanceof AccessDeniedException) {
      return new StorageException(Kind.DENIED, name + ": may not be read by this user", e);
    }
    if (e instanceof NoSuchFileException) {
      return new StorageException(Kind.GONE, name + ": is not there any more", e);
    }
    return new StorageException(Kind.TRANSIENT, name + ": " + e.getMessage(), e);
  }

  @Override
  public void close() {
    // Nothing is held.
  }
}
