package dev.millrace.spark.checkpoint;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.PathFilter;
import org.apache.spark.sql.execution.streaming.CheckpointFileManager;

/**
 * Checkpoint files on a local disk by java.nio. Hadoop's local file system starts a process for a
 * file's permissions where its native library is missing, which costs more than the rest of a small
 * batch.
 *
 * <p>A file appears whole or not at all: it is written aside, forced to the disk, moved into place,
 * and the directory is forced too, so that a log entry outlives a power cut as it does a kill.
 */
public final class NioCheckpointFileManager implements CheckpointFileManager {
  /** False where nothing has to outlive the process: then files are not forced to the disk. */
  public static final String FORCE = "millrace.checkpoint.force";

  private final Path root;
  private final FileSystem hadoop;
  private final boolean force;

  /** Called by Spark. */
  public NioCheckpointFileManager(Path root, Configuration configuration) throws IOException {
    this.root = root;
    this.force = configuration.getBoolean(FORCE, true);
    // Reading through Hadoop costs nothing; without its checksums, which are not written here.
    this.hadoop = FileSystem.getLocal(configuration).getRawFileSystem();
  }

  private static java.nio.file.Path nio(Path path) {
    return java.nio.file.Path.of(Path.getPathWithoutSchemeAndAuthority(path).toString());
  }

  @Override
  public CancellableFSDataOutputStream createAtomic(Path path, boolean overwriteIfPossible) {
    return unchecked(
        () -> {
          java.nio.file.Path target = nio(path);
          java.nio.file.Path aside =
              target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
          FileChannel channel =
              FileChannel.open(aside, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
          return new Atomic(
              Channels.newOutputStream(channel),
              channel,
              aside,
              target,
              overwriteIfPossible,
              force);
        });
  }

  private static final class Atomic extends CancellableFSDataOutputStream {
    private final FileChannel channel;
    private final java.nio.file.Path aside;
    private final java.nio.file.Path target;
    private final boolean overwrite;
    private final boolean force;
    private boolean done;

    Atomic(
        OutputStream out,
        FileChannel channel,
        java.nio.file.Path aside,
        java.nio.file.Path target,
        boolean overwrite,
        boolean force) {
      super(out);
      this.channel = channel;
      this.aside = aside;
      this.target = target;
      this.overwrite = overwrite;
      this.force = force;
    }

    @Override
    public synchronized void close() throws IOException {
      if (done) {
        return;
      }
      done = true;
      try {
        flush();
        if (force) {
          channel.force(true);
        }
        channel.close();
        if (overwrite) {
          Files.move(
              aside, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } else {
          // A hard link fails if the name is taken, in one step; a move would replace it.
          Files.createLink(target, aside);
          Files.delete(aside);
        }
        if (!force) {
          return;
        }
        try (FileChannel directory = FileChannel.open(target.getParent())) {
          directory.force(true);
        }
      } catch (FileAlreadyExistsException e) {
        Files.deleteIfExists(aside);
        org.apache.hadoop.fs.FileAlreadyExistsException taken =
            new org.apache.hadoop.fs.FileAlreadyExistsException(target + " exists already");
        taken.initCause(e);
        throw taken;
      } catch (IOException e) {
        Files.deleteIfExists(aside);
        throw e;
      }
    }

    @Override
    public synchronized void cancel() {
      if (done) {
        return;
      }
      done = true;
      try {
        channel.close();
        Files.deleteIfExists(aside);
      } catch (IOException e) {
        // What is left has a name that nothing reads.
      }
    }
  }

  @Override
  public FSDataInputStream open(Path path) {
    return unchecked(
        () -> {
          return hadoop.open(path);
        });
  }

  @Override
  public FileStatus[] list(Path path, PathFilter filter) {
    return unchecked(
        () -> {
          List<FileStatus> found = new ArrayList<>();
          try (DirectoryStream<java.nio.file.Path> files = Files.newDirectoryStream(nio(path))) {
            for (java.nio.file.Path file : files) {
              Path name = new Path(path, file.getFileName().toString());
              if (!filter.accept(name)) {
                continue;
              }
              try {
                found.add(
                    new FileStatus(
                        Files.isDirectory(file) ? 0 : Files.size(file),
                        Files.isDirectory(file),
                        1,
                        1,
                        Files.getLastModifiedTime(file).toMillis(),
                        name));
              } catch (NoSuchFileException e) {
                // Gone since the directory was read.
              }
            }
          } catch (NoSuchFileException e) {
            java.io.FileNotFoundException missing =
                new java.io.FileNotFoundException(path + " does not exist");
            missing.initCause(e);
            throw missing;
          }
          return found.toArray(FileStatus[]::new);
        });
  }

  @Override
  public void mkdirs(Path path) {
    unchecked(
        () -> {
          Files.createDirectories(nio(path));

          return null;
        });
  }

  @Override
  public boolean exists(Path path) {
    return Files.exists(nio(path));
  }

  @Override
  public void delete(Path path) {
    unchecked(
        () -> {
          java.nio.file.Path top = nio(path);
          if (!Files.exists(top)) {
            return null;
          }
          List<java.nio.file.Path> all;
          try (Stream<java.nio.file.Path> walk = Files.walk(top)) {
            all = walk.sorted(Comparator.reverseOrder()).toList();
          }
          for (java.nio.file.Path file : all) {
            Files.deleteIfExists(file);
          }

          return null;
        });
  }

  @Override
  public boolean isLocal() {
    return true;
  }

  @Override
  public Path createCheckpointDirectory() {
    return unchecked(
        () -> {
          mkdirs(root);
          return new Path(nio(root).toUri());
        });
  }

  /** A call whose {@link IOException} Spark's interface, being Scala's, throws undeclared. */
  private interface Io<T> {
    T call() throws IOException;
  }

  private static <T> T unchecked(Io<T> io) {
    try {
      return io.call();
    } catch (IOException e) {
      throw NioCheckpointFileManager.<RuntimeException>undeclared(e);
    }
  }

  @SuppressWarnings("unchecked")
  private static <E extends Throwable> E undeclared(Throwable e) throws E {
    throw (E) e;
  }
}
