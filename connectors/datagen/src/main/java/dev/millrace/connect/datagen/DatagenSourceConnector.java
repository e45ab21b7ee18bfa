package dev.millrace.connect.datagen;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.Config;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.connect.connector.Task;
import org.apache.kafka.connect.source.ConnectorTransactionBoundaries;
import org.apache.kafka.connect.source.ExactlyOnceSupport;
import org.apache.kafka.connect.source.SourceConnector;

/**
 * Makes records from an annotated Avro schema; see {@link DatagenConfig} for what can be set.
 *
 * <p>Writes framed bytes, so its value converter is {@code ByteArrayConverter}. Each partition of
 * the topic is a source partition of its own, given whole to one task. A bounded run ends without a
 * failed task: each partition's last record carries an offset with {@code "done": true}, and every
 * offset says in {@code "partitions"} how many will.
 */
public final class DatagenSourceConnector extends SourceConnector {
  private Map<String, String> properties;

  @Override
  public void start(Map<String, String> properties) {
    this.properties = Map.copyOf(properties);
    new DatagenConfig(properties);
  }

  @Override
  public Class<? extends Task> taskClass() {
    return DatagenSourceTask.class;
  }

  @Override
  public List<Map<String, String>> taskConfigs(int maxTasks) {
    int partitions = new DatagenConfig(properties).getInt(DatagenConfig.PARTITIONS);
    int tasks = Math.min(maxTasks, partitions);
    List<Map<String, String>> configs = new ArrayList<>();
    for (int task = 0; task < tasks; task++) {
      Map<String, String> config = new HashMap<>(properties);
      config.put(DatagenSourceTask.TASK, Integer.toString(task));
      config.put(DatagenSourceTask.TASKS, Integer.toString(tasks));
      configs.add(config);
    }
    return configs;
  }

  @Override
  public Config validate(Map<String, String> properties) {
    Config config = super.validate(properties);
    if (config.configValues().stream().allMatch(v -> v.errorMessages().isEmpty())) {
      try {
        new DatagenConfig(properties);
      } catch (ConfigException e) {
        config.configValues().stream()
            .filter(v -> e.getMessage().contains(v.name()))
            .findFirst()
            .or(() -> config.configValues().stream().findFirst())
            .ifPresent(v -> v.addErrorMessage(e.getMessage()));
      }
    }
    return config;
  }

  @Override
  public void stop() {
    // Nothing was started.
  }

  @Override
  public ConfigDef config() {
    return DatagenConfig.DEFINITION;
  }

  @Override
  public String version() {
    String version = DatagenSourceConnector.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }

  @Override
  public ExactlyOnceSupport exactlyOnceSupport(Map<String, String> properties) {
    return ExactlyOnceSupport.SUPPORTED;
  }

  @Override
  public ConnectorTransactionBoundaries canDefineTransactionBoundaries(
      Map<String, String> properties) {
    return ConnectorTransactionBoundaries.UNSUPPORTED;
  }
}
