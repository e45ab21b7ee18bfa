package dev.millrace.examples.readings;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.data.Timestamp;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.source.SourceTask;

/** Reads some thermometers; knows of each one which reading is the next. */
public final class ReadingsSourceTask extends SourceTask {
  private static final int MOST = 200;

  /** Made once: a converter knows it again. */
  private static final Schema READING =
      SchemaBuilder.struct()
          .name("dev.millrace.examples.Reading")
          .field("sensor", Schema.STRING_SCHEMA)
          .field("at", Timestamp.SCHEMA)
          .field("celsius", Schema.FLOAT64_SCHEMA)
          .build();

  private final Map<String, Long> next = new TreeMap<>();
  private String topic;
  private long start;
  private long every;

  @Override
  public void start(Map<String, String> given) {
    AbstractConfig config = new AbstractConfig(ReadingsSourceConnector.CONFIG, given);
    topic = config.getString(ReadingsSourceConnector.TOPIC);
    start = Instant.parse(config.getString(ReadingsSourceConnector.START)).toEpochMilli();
    every = config.getLong(ReadingsSourceConnector.EVERY_MS);
    for (String sensor : config.getList(ReadingsSourceConnector.SENSORS)) {
      Map<String, Object> offset = context.offsetStorageReader().offset(partition(sensor));
      next.put(sensor, offset == null ? 0L : (Long) offset.get("next"));
    }
  }

  /** What is there of each thermometer, but not too much at once; null when there is nothing. */
  @Override
  public List<SourceRecord> poll() throws InterruptedException {
    List<SourceRecord> records = new ArrayList<>();
    for (Map.Entry<String, Long> sensor : next.entrySet()) {
      long reading = sensor.getValue();
      long most = reading + MOST;
      while (at(reading) <= System.currentTimeMillis() && reading < most) {
        records.add(record(sensor.getKey(), reading++));
      }
      sensor.setValue(reading);
    }
    if (records.isEmpty()) {
      Thread.sleep(Math.min(every, 200));
      return null;
    }
    return records;
  }

  private long at(long reading) {
    return start + reading * every;
  }

  /** With the place from which to go on: after this one. Connect keeps both in one transaction. */
  private SourceRecord record(String sensor, long reading) {
    Struct value =
        new Struct(READING)
            .put("sensor", sensor)
            .put("at", new Date(at(reading)))
            .put("celsius", celsius(sensor, reading));
    return new SourceRecord(partition(sensor), Map.of("next", reading + 1), topic, READING, value);
  }

  /** Where a real one asks its device. */
  private static double celsius(String sensor, long reading) {
    return 18 + Math.floorMod(sensor.hashCode() + reading * 7, 80) / 10.0;
  }

  private static Map<String, String> partition(String sensor) {
    return Map.of("sensor", sensor);
  }

  @Override
  public void stop() {}

  @Override
  public String version() {
    return "1.0";
  }
}
