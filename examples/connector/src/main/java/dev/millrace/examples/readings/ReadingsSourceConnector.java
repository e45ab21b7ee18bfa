package dev.millrace.examples.readings;

import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.Range;
import org.apache.kafka.common.config.ConfigDef.Type;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.connect.connector.Task;
import org.apache.kafka.connect.source.SourceConnector;
import org.apache.kafka.connect.util.ConnectorUtils;

/** The temperatures that a greenhouse's thermometers have noted, from a time on. */
public final class ReadingsSourceConnector extends SourceConnector {
  static final String TOPIC = "topic";
  static final String SENSORS = "sensors";
  static final String START = "start";
  static final String EVERY_MS = "every.ms";

  static final ConfigDef CONFIG =
      new ConfigDef()
          .define(TOPIC, Type.STRING, Importance.HIGH, "The topic that readings go to.")
          .define(SENSORS, Type.LIST, Importance.HIGH, "Names of the thermometers.")
          .define(
              START,
              Type.STRING,
              ConfigDef.NO_DEFAULT_VALUE,
              ReadingsSourceConnector::checkInstant,
              Importance.HIGH,
              "When the first reading was: an instant.")
          .define(
              EVERY_MS,
              Type.LONG,
              60_000L,
              Range.atLeast(1),
              Importance.MEDIUM,
              "Milliseconds from a reading to the next one.");

  private Map<String, String> config;

  private static void checkInstant(String name, Object value) {
    try {
      Instant.parse((String) value);
    } catch (DateTimeParseException e) {
      throw new ConfigException(name, value, "expected an instant such as 2026-03-01T06:00:00Z");
    }
  }

  @Override
  public void start(Map<String, String> given) {
    new AbstractConfig(CONFIG, given);
    config = Map.copyOf(given);
  }

  @Override
  public Class<? extends Task> taskClass() {
    return ReadingsSourceTask.class;
  }

  /** Each task has some of the thermometers, and no other one has those. */
  @Override
  public List<Map<String, String>> taskConfigs(int maxTasks) {
    List<String> sensors = new AbstractConfig(CONFIG, config).getList(SENSORS);
    List<Map<String, String>> tasks = new ArrayList<>();
    for (List<String> some :
        ConnectorUtils.groupPartitions(sensors, Math.min(maxTasks, sensors.size()))) {
      Map<String, String> task = new HashMap<>(config);
      task.put(SENSORS, String.join(",", some));
      tasks.add(task);
    }
    return tasks;
  }

  @Override
  public void stop() {}

  @Override
  public ConfigDef config() {
    return CONFIG;
  }

  @Override
  public String version() {
    return "1.0";
  }
}
