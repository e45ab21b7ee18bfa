package dev.millrace.connect.rest;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.examples.apis.Answer;
import dev.millrace.examples.apis.ApiServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.common.metrics.PluginMetrics;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.source.SourceTaskContext;
import org.apache.kafka.connect.storage.OffsetStorageReader;

/**
 * Runs tasks as Connect does with exactly-once support: what a poll returns and its offsets are
 * kept together. Offsets go through JSON, as they do there.
 */
final class TaskBench implements AutoCloseable, SourceTaskContext, OffsetStorageReader {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  final ApiServer api = new ApiServer(0, Clock.systemUTC());
  final Map<String, String> config = new HashMap<>();
  final Map<Map<String, ?>, Map<String, Object>> offsets = new HashMap<>();
  final List<SourceRecord> all = new ArrayList<>();

  TaskBench(String path, String schema) {
    api.on("/subjects/t-value/versions", r -> Answer.json("{\"id\":7}"));
    api.on("/subjects/t-key/versions", r -> Answer.json("{\"id\":8}"));
    config.put("topic", "t");
    config.put("dead.letter.topic", "t.dead");
    config.put("schema", schema);
    config.put("schema.registry.url", api.url());
    config.put("partitions", "2");
    config.put("url", api.url() + path);
    config.put("every.ms", "100");
    config.put("retry.backoff.ms", "10");
    config.put("retry.backoff.max.ms", "50");
    config.put("request.timeout.ms", "400");
  }

  TaskBench with(String key, String value) {
    config.put(key, value);
    return this;
  }

  /** Runs all tasks, one after the other, each until what was kept is enough. */
  List<SourceRecord> run(Predicate<List<SourceRecord>> enough) throws InterruptedException {
    return run(1, enough);
  }

  List<SourceRecord> run(int tasks, Predicate<List<SourceRecord>> enough)
      throws InterruptedException {
    List<SourceRecord> kept = new ArrayList<>();
    for (Map<String, String> taskConfig : taskConfigs(tasks)) {
      RestSourceTask task = start(taskConfig);
      try {
        long until = System.nanoTime() + PATIENCE.toNanos();
        while (!enough.test(kept)) {
          assertThat(System.nanoTime())
              .as("enough within %s; kept %s, dead %s", PATIENCE, kept.size(), reasons())
              .isLessThan(until);
          keep(task.poll(), kept);
        }
      } finally {
        task.stop();
      }
    }
    return kept;
  }

  List<Map<String, String>> taskConfigs(int tasks) {
    RestSourceConnector connector = new RestSourceConnector();
    connector.start(config);
    return connector.taskConfigs(tasks);
  }

  RestSourceTask start() {
    return start(taskConfigs(1).get(0));
  }

  RestSourceTask start(Map<String, String> taskConfig) {
    RestSourceTask task = new RestSourceTask();
    task.initialize(this);
    task.start(taskConfig);
    return task;
  }

  void keep(List<SourceRecord> polled, List<SourceRecord> kept) {
    if (polled != null) {
      for (SourceRecord record : polled) {
        kept.add(record);
        all.add(record);
        offsets.put(record.sourcePartition(), throughJson(record.sourceOffset()));
      }
    }
  }

  private static Map<String, Object> throughJson(Map<String, ?> offset) {
    try {
      return JSON.readValue(JSON.writeValueAsString(offset), new TypeReference<>() {});
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Records of the stream, decoded. */
  List<GenericRecord> records() {
    List<GenericRecord> records = new ArrayList<>();
    all.stream().filter(r -> r.topic().equals("t")).forEach(r -> records.add(decode(r)));
    return records;
  }

  GenericRecord decode(SourceRecord record) {
    byte[] value = (byte[]) record.value();
    assertThat(value).startsWith(0, 0, 0, 0, 7);
    Schema schema = new Schema.Parser().parse(config.get("schema"));
    try {
      return new GenericDatumReader<GenericRecord>(schema)
          .read(null, DecoderFactory.get().binaryDecoder(value, 5, value.length - 5, null));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Why there are dead letters. */
  List<String> reasons() {
    return all.stream()
        .filter(r -> r.topic().equals("t.dead"))
        .map(r -> r.headers().lastWithName("millrace.reason").value().toString())
        .toList();
  }

  /** All that is said of a dead letter. */
  static Map<String, String> headers(SourceRecord record) {
    Map<String, String> headers = new TreeMap<>();
    record.headers().forEach(h -> headers.put(h.key(), String.valueOf(h.value())));
    return headers;
  }

  static Predicate<List<SourceRecord>> records(int count) {
    return kept -> kept.stream().filter(r -> r.topic().equals("t")).count() >= count;
  }

  static Predicate<List<SourceRecord>> letters(int count) {
    return kept -> kept.stream().filter(r -> r.topic().equals("t.dead")).count() >= count;
  }

  @Override
  public void close() {
    api.close();
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
    throw new UnsupportedOperationException();
  }
}
