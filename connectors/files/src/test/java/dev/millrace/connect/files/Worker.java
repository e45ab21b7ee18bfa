package dev.millrace.connect.files;

import dev.millrace.connect.records.RecordFactory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.common.metrics.PluginMetrics;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.source.SourceTaskContext;
import org.apache.kafka.connect.storage.OffsetStorageReader;

/**
 * A worker of Connect's as far as a task sees one: keeps offsets, and forgets nothing else of a
 * task that is started anew.
 */
final class Worker implements SourceTaskContext, OffsetStorageReader {
  final Map<String, String> config = new HashMap<>();
  final Map<Map<String, ?>, Map<String, Object>> offsets = new LinkedHashMap<>();
  final List<SourceRecord> all = new ArrayList<>();
  LongSupplier nanos = System::nanoTime;
  Clock clock = Clock.systemUTC();
  Function<FilesConfig, FileStore> stores = FilesConfig::store;
  private FilesSourceTask task;
  private int index;

  Worker(Path folder, String format, String schema) {
    config.put("path", folder.toString());
    config.put("format", format);
    config.put("schema", schema);
    config.put("topic", "t");
    config.put("dead.letter.topic", "t.dead");
    config.put("report.topic", "t.files");
    config.put("schema.registry.url", "http://127.0.0.1:1");
    config.put("poll.interval.ms", "100");
    config.put("once", "true");
  }

  Worker with(String key, String value) {
    config.put(key, value);
    return this;
  }

  /** Which of the tasks it runs, of those that {@code tasks.max} makes. */
  Worker task(int which) {
    stop();
    index = which;
    return this;
  }

  private FilesSourceTask task() {
    if (task == null) {
      FilesSourceConnector connector = new FilesSourceConnector();
      connector.start(config);
      int tasks = Integer.parseInt(config.getOrDefault("tasks.max", "1"));
      task = new FilesSourceTask(clock, nanos, stores, c -> new RecordFactory(c.records(), 1, 2));
      task.initialize(this);
      task.start(connector.taskConfigs(tasks).get(index));
    }
    return task;
  }

  /** One poll, whose records and offsets are kept. */
  List<SourceRecord> poll() throws InterruptedException {
    List<SourceRecord> records = task().poll();
    if (records == null) {
      return List.of();
    }
    for (SourceRecord record : records) {
      offsets.put(record.sourcePartition(), new HashMap<>(record.sourceOffset()));
    }
    all.addAll(records);
    return records;
  }

  /** One poll, of which nothing arrives: the worker is killed. */
  void killed() throws InterruptedException {
    List<SourceRecord> unused = task().poll();
    stop();
  }

  void stop() {
    if (task != null) {
      task.stop();
      task = null;
    }
  }

  /** Polls until the source says that it is done. */
  Worker drain() throws InterruptedException {
    long until = System.nanoTime() + 30_000_000_000L;
    while (!done()) {
      poll();
      if (System.nanoTime() > until) {
        throw new AssertionError("not done after 30 s: " + offsets);
      }
    }
    stop();
    return this;
  }

  /** Polls until so many records and dead letters are there. */
  Worker until(int count) throws InterruptedException {
    long until = System.nanoTime() + 20_000_000_000L;
    while (rows().size() + dead().size() < count) {
      poll();
      if (System.nanoTime() > until) {
        throw new AssertionError(rows().size() + " rows and " + dead().size() + " dead letters");
      }
    }
    return this;
  }

  /** As the engine decides it. */
  boolean done() {
    long done = offsets.values().stream().filter(o -> Boolean.TRUE.equals(o.get("done"))).count();
    return offsets.values().stream()
        .filter(o -> o.containsKey("partitions"))
        .anyMatch(o -> done >= ((Number) o.get("partitions")).longValue());
  }

  /** The records of the stream. */
  List<GenericRecord> rows() {
    Schema schema = new Schema.Parser().parse(config.get("schema"));
    List<GenericRecord> rows = new ArrayList<>();
    for (SourceRecord record : of("t")) {
      byte[] value = (byte[]) record.value();
      try {
        rows.add(
            new GenericDatumReader<GenericRecord>(schema)
                .read(null, DecoderFactory.get().binaryDecoder(value, 5, value.length - 5, null)));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return rows;
  }

  /** One field of all records, as text. */
  List<String> column(String field) {
    return rows().stream().map(r -> String.valueOf(r.get(field))).toList();
  }

  /** Dead letters: file, line, reason and what there was. */
  List<String> dead() {
    return of("t.dead").stream()
        .map(
            r ->
                header(r, RecordFactory.SOURCE)
                    + ":"
                    + header(r, FilesSourceTask.LINE)
                    + ": "
                    + header(r, RecordFactory.REASON)
                    + " <"
                    + text(r)
                    + ">")
        .toList();
  }

  List<String> reports() {
    return of("t.files").stream().map(Worker::text).toList();
  }

  private List<SourceRecord> of(String topic) {
    return all.stream().filter(r -> r.topic().equals(topic)).toList();
  }

  private static String header(SourceRecord record, String name) {
    return String.valueOf(record.headers().lastWithName(name).value());
  }

  private static String text(SourceRecord record) {
    return new String((byte[]) record.value(), StandardCharsets.UTF_8);
  }

  @Override
  public Map<String, String> configs() {
    return config;
  }

  @Override
  public PluginMetrics pluginMetrics() {
    throw new UnsupportedOperationException();
  }

  @Override
  public OffsetStorageReader offsetStorageReader() {
    return this;
  }

  @Override
  public <T> Map<String, Object> offset(Map<String, T> partition) {
    return offsets.get(partition);
  }

  @Override
  public <T> Map<Map<String, T>, Map<String, Object>> offsets(
      Collection<Map<String, T>> partitions) {
    Map<Map<String, T>, Map<String, Object>> found = new HashMap<>();
    partitions.forEach(p -> found.put(p, offsets.get(p)));
    return found;
  }
}
