package dev.millrace.connect.datagen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.metrics.PluginMetrics;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.source.SourceTaskContext;
import org.apache.kafka.connect.storage.OffsetStorageReader;
import org.junit.jupiter.api.Test;

class DatagenTaskTest {
  private static final String SCHEMA =
      """
      {"type":"record","name":"Event","fields":[
        {"name":"device_id","type":"string"},
        {"name":"type","type":"string"},
        {"name":"channel","type":["null",{"type":"string","arg.properties":{"options":["a","b","c"]}}]},
        {"name":"at","type":{"type":"long","logicalType":"timestamp-micros"}}]}
      """;
  private static final String ENTITIES =
      """
      {"count":200,"key":{"field":"device_id","format":"d%04d"},"type":{"field":"type"},"initial":"off",
       "states":{"off":{"dwell":{"distribution":"exponential","mean":"1m"},"next":[{"event":"start","to":"on"}]},
                 "on":{"dwell":{"distribution":"lognormal","median":"30s","sigma":1},
                       "next":[{"event":"switch","to":"on","weight":3},{"event":"stop","to":"off","unset":["channel"]}]}}}
      """;

  @Test
  void isTheSameForEveryNumberOfTasksAndAcrossRestarts() throws Exception {
    Map<String, String> config = config();
    List<SourceRecord> one = run(config, 1, Integer.MAX_VALUE);
    List<SourceRecord> three = run(config, 3, Integer.MAX_VALUE);
    List<SourceRecord> restarted = run(config, 2, 700);
    assertThat(byPartition(three)).isEqualTo(byPartition(one));
    assertThat(byPartition(restarted)).isEqualTo(byPartition(one));
    config.put("seed", "43");
    assertThat(byPartition(run(config, 1, Integer.MAX_VALUE))).isNotEqualTo(byPartition(one));
  }

  @Test
  void emitsExactlyTheCountThenSaysDoneInEachPartition() throws Exception {
    List<SourceRecord> records = run(config(), 2, Integer.MAX_VALUE);
    Set<List<Byte>> distinct = new HashSet<>();
    records.forEach(r -> distinct.add(bytes(r)));
    assertThat(distinct).hasSize(5000);
    assertThat(records.size()).isGreaterThan(5000).isLessThan(5400);
    Map<Object, Map<String, ?>> last = new HashMap<>();
    records.forEach(r -> last.put(r.kafkaPartition(), r.sourceOffset()));
    assertThat(last).hasSize(4);
    assertThat(last.values())
        .allSatisfy(
            o -> {
              assertThat(o.get("done")).isEqualTo(true);
              assertThat(o.get("partitions")).isEqualTo(4L);
            });
    assertThat(records.stream().filter(r -> Boolean.TRUE.equals(r.sourceOffset().get("done"))))
        .hasSize(4);
  }

  @Test
  void keepsItsBoundsAndTheStateMachine() throws Exception {
    Map<String, String> config = config();
    config.put("late", "0.01:5m");
    Map<Integer, Long> newest = new HashMap<>();
    Map<String, TreeMap<Long, String>> devices = new HashMap<>();
    int outOfOrder = 0;
    int late = 0;
    for (SourceRecord record : run(config, 1, Integer.MAX_VALUE)) {
      GenericRecord event = decode(record);
      long at = (Long) event.get("at");
      long max = newest.merge(record.kafkaPartition(), at, Math::max);
      assertThat(max - at).isLessThanOrEqualTo(300_000_000L);
      if (max - at > 8_000_000) {
        late++;
      } else if (max > at) {
        outOfOrder++;
      }
      assertThat(event.get("channel") == null)
          .isEqualTo(event.get("type").toString().equals("stop"));
      devices
          .computeIfAbsent(event.get("device_id").toString(), d -> new TreeMap<>())
          .put(at, event.get("type").toString());
    }
    assertThat(outOfOrder).isGreaterThan(300);
    assertThat(late).isBetween(20, 120);
    assertThat(devices).hasSize(200).containsKey("d0001").containsKey("d0200");
    devices
        .values()
        .forEach(
            events -> {
              String before = "stop";
              for (String type : events.values()) {
                assertThat(type.equals("start")).isEqualTo(before.equals("stop"));
                before = type;
              }
            });
  }

  @Test
  void anEntityStaysInOnePartition() throws Exception {
    Map<String, Set<Integer>> partitions = new HashMap<>();
    for (SourceRecord record : run(config(), 2, Integer.MAX_VALUE)) {
      partitions
          .computeIfAbsent(decode(record).get("device_id").toString(), d -> new HashSet<>())
          .add(record.kafkaPartition());
    }
    assertThat(partitions.values()).allSatisfy(p -> assertThat(p).hasSize(1));
  }

  @Test
  void writesWhatTheAnnotationsSay() throws Exception {
    Map<String, String> config = config();
    config.put("entities", "");
    config.put("event.time.field", "");
    config.put("duplicates", "0");
    config.put("partition.by", "");
    config.put("count", "4000");
    config.put(
        "schema",
        """
        {"type":"record","name":"R","fields":[
         {"name":"i","type":{"type":"int","arg.properties":{"range":{"min":5,"max":8}}}},
         {"name":"n","type":{"type":"long","arg.properties":{"iteration":{"start":100,"step":2}}}},
         {"name":"r","type":{"type":"string","arg.properties":{"regex":"[A-C]{2}-\\\\d{3}"}}},
         {"name":"l","type":{"type":"string","arg.properties":{"length":{"min":3,"max":6},"prefix":"<","suffix":">"}}},
         {"name":"b","type":{"type":"boolean","arg.properties":{"odds":0.9}}},
         {"name":"u","type":["null","int"],"arg.properties":{"odds.null":0.25}},
         {"name":"d","type":{"type":"double","arg.properties":{"range":{"min":-1,"max":1}}}},
         {"name":"o","type":{"type":"int","arg.properties":{"options":[7,9]}}},
         {"name":"e","type":{"type":"enum","name":"E","symbols":["X","Y"]}},
         {"name":"a","type":{"type":"array","items":"int","arg.properties":{"length":2}}},
         {"name":"m","type":{"type":"map","values":"int","arg.properties":{"length":1,"keys":{"length":4}}}},
         {"name":"s","type":{"type":"record","name":"S","fields":[{"name":"x","type":"float"}]}}]}
        """);
    Schema schema = FieldWriters.strip(config.get("schema"));
    assertThat(schema.toString()).doesNotContain("arg.properties");
    Set<Long> iterated = new HashSet<>();
    int yes = 0;
    int nulls = 0;
    for (SourceRecord record : run(config, 2, Integer.MAX_VALUE)) {
      GenericRecord r = decode(schema, record);
      assertThat((Integer) r.get("i")).isBetween(5, 7);
      assertThat(iterated.add((Long) r.get("n"))).isTrue();
      assertThat(r.get("r").toString()).matches("[A-C]{2}-\\d{3}");
      assertThat(r.get("l").toString()).matches("<[a-z]{3,5}>");
      assertThat((Double) r.get("d")).isBetween(-1.0, 1.0);
      assertThat(r.get("o")).isIn(7, 9);
      assertThat((Collection<?>) r.get("a")).hasSize(2);
      yes += Boolean.TRUE.equals(r.get("b")) ? 1 : 0;
      nulls += r.get("u") == null ? 1 : 0;
    }
    assertThat(iterated).hasSize(4000).contains(100L, 102L, 8098L);
    assertThat(yes).isBetween(3450, 3750);
    assertThat(nulls).isBetween(850, 1150);
  }

  /** However many partitions share them. */
  @Test
  void anIterationHasNoGaps() throws Exception {
    String counted =
        """
        {"type":"record","name":"R","fields":[
         {"name":"n","type":{"type":"long","arg.properties":{"iteration":{"start":1}}}}]}
        """;
    for (int count = 1; count <= 9; count++) {
      Map<String, String> config = config();
      config.put("entities", "");
      config.put("event.time.field", "");
      config.put("duplicates", "0");
      config.put("partition.by", "");
      config.put("count", Integer.toString(count));
      config.put("schema", counted);
      List<Long> numbers = new ArrayList<>();
      for (SourceRecord record : run(config, 2, Integer.MAX_VALUE)) {
        numbers.add((Long) decode(FieldWriters.strip(counted), record).get("n"));
      }
      assertThat(numbers)
          .containsExactlyInAnyOrderElementsOf(LongStream.rangeClosed(1, count).boxed().toList());
    }
  }

  @Test
  void namesTheFieldAndTheValueThatAreWrong() {
    wrong("rate", "fast", "rate", "fast");
    wrong("out.of.order", "2:1s", "out.of.order", "2:1s");
    wrong("start", "yesterday", "start", "yesterday");
    wrong("schema", "{\"type\":\"recor\"}", "schema", "recor");
    wrong("event.time.field", "when", "event.time.field", "when");
    wrong("entities", "{\"count\":0}", "entities.count", "0");
    wrong("entities", ENTITIES.replace("\"to\":\"on\"}", "\"to\":\"onn\"}"), "next[0].to", "onn");
    wrong("entities", ENTITIES.replace("\"weight\":3", "\"weight\":-3"), "weight", "-3");
    wrong("entities", ENTITIES.replace("\"1m\"", "\"1 minute\""), "dwell.mean", "1 minute");
    wrong("entities", ENTITIES.replace("\"count\"", "\"cuont\""), "entities.cuont", "unknown");
    wrong("partition.by", "type", "partition.by", "device_id");
    wrong("count", "-1", "count", "-1");
    wrong(
        "entities",
        ENTITIES.replace("\"unset\":[\"channel\"]", "\"set\":{\"channel\":null}"),
        "next[1].set.channel",
        "unset: [channel]");
    wrong(
        "entities",
        ENTITIES.replace("\"unset\":", "\"set\":{\"channel\":\"c\"},\"unset\":"),
        "next[1].unset",
        "in set too");
    Map<String, String> realtime = config();
    realtime.put("clock", "realtime");
    realtime.put("rate", "10/s");
    assertThatThrownBy(() -> new DatagenConfig(realtime)).hasMessageContaining("dwell times");
  }

  private static void wrong(String key, String value, String... said) {
    Map<String, String> config = config();
    config.put(key, value);
    assertThatThrownBy(() -> new DatagenConfig(config))
        .isInstanceOf(ConfigException.class)
        .satisfies(e -> assertThat(e.getMessage()).contains(said));
  }

  private static Map<String, String> config() {
    Map<String, String> config = new HashMap<>();
    config.put("topic", "t");
    config.put("schema", SCHEMA);
    config.put("schema.id", "1");
    config.put("partitions", "4");
    config.put("partition.by", "device_id");
    config.put("clock", "simulated");
    config.put("start", "2026-01-01T00:00:00Z");
    config.put("event.time.field", "at");
    config.put("out.of.order", "0.1:8s");
    config.put("duplicates", "0.02");
    config.put("count", "5000");
    config.put("entities", ENTITIES);
    config.put("batch.max.records", "300");
    return config;
  }

  /** Runs all tasks to their end; each is stopped and resumed after so many records. */
  private static List<SourceRecord> run(Map<String, String> config, int tasks, int restartAfter)
      throws InterruptedException {
    DatagenSourceConnector connector = new DatagenSourceConnector();
    connector.start(config);
    List<SourceRecord> all = new ArrayList<>();
    Map<Map<String, ?>, Map<String, Object>> offsets = new HashMap<>();
    for (Map<String, String> taskConfig : connector.taskConfigs(tasks)) {
      boolean ended = false;
      while (!ended) {
        DatagenSourceTask task = new DatagenSourceTask();
        task.initialize(new Context(offsets));
        task.start(taskConfig);
        int since = 0;
        while (since < restartAfter) {
          List<SourceRecord> records = task.poll();
          if (records == null) {
            ended = true;
            break;
          }
          since += records.size();
          all.addAll(records);
          for (SourceRecord record : records) {
            offsets.put(record.sourcePartition(), new HashMap<>(record.sourceOffset()));
          }
        }
        task.stop();
      }
    }
    return all;
  }

  private record Context(Map<Map<String, ?>, Map<String, Object>> offsets)
      implements SourceTaskContext, OffsetStorageReader {
    @Override
    public Map<String, String> configs() {
      return Map.of();
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

  private static Map<Integer, List<List<Byte>>> byPartition(List<SourceRecord> records) {
    Map<Integer, List<List<Byte>>> sorted = new TreeMap<>();
    for (SourceRecord record : records) {
      sorted.computeIfAbsent(record.kafkaPartition(), p -> new ArrayList<>()).add(bytes(record));
    }
    return sorted;
  }

  private static List<Byte> bytes(SourceRecord record) {
    byte[] value = (byte[]) record.value();
    Byte[] boxed = new Byte[value.length];
    Arrays.setAll(boxed, i -> value[i]);
    return List.of(boxed);
  }

  private static GenericRecord decode(SourceRecord record) throws IOException {
    return decode(FieldWriters.strip(SCHEMA), record);
  }

  private static GenericRecord decode(Schema schema, SourceRecord record) throws IOException {
    byte[] value = (byte[]) record.value();
    assertThat(value).startsWith(0, 0, 0, 0, 1);
    return new GenericDatumReader<GenericRecord>(schema)
        .read(null, DecoderFactory.get().binaryDecoder(value, 5, value.length - 5, null));
  }
}
