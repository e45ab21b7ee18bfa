package dev.millrace.spark.job;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * The file beside a checkpoint that says: this transform has ended, when its inputs ended at these
 * offsets. It makes a restart of an ended transform cheap and sure.
 */
final class EndRecord {
  private static final ObjectMapper JSON = new ObjectMapper();
  private final Path file;
  private final Path state;
  private final Configuration configuration;

  EndRecord(String checkpoint, Configuration configuration) {
    this.file = new Path(checkpoint, "millrace-ended.json");
    this.state = new Path(checkpoint, "state");
    this.configuration = configuration;
  }

  /** Ends of the input streams by partition, when it was written. */
  Optional<Map<String, Map<Integer, Long>>> read() throws IOException {
    FileSystem fs = file.getFileSystem(configuration);
    if (!fs.exists(file)) {
      return Optional.empty();
    }
    try (InputStream in = fs.open(file)) {
      return Optional.of(
          JSON.readValue(in, new TypeReference<TreeMap<String, Map<Integer, Long>>>() {}));
    }
  }

  /** Whether the query remembers more than where it was: at its end all of that was closed. */
  boolean keptState() throws IOException {
    return state.getFileSystem(configuration).exists(state);
  }

  void write(Map<String, Map<Integer, Long>> inputs) throws IOException {
    FileSystem fs = file.getFileSystem(configuration);
    Path half = file.suffix(".new");
    try (OutputStream out = fs.create(half, true)) {
      JSON.writeValue(out, inputs);
    }
    fs.delete(file, false);
    if (!fs.rename(half, file)) {
      throw new IOException("could not rename " + half + " to " + file);
    }
  }

  void delete() throws IOException {
    file.getFileSystem(configuration).delete(file, false);
  }
}
