package dev.millrace.connect.rest;

import dev.millrace.connect.records.RecordSettings;
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
 * Asks a REST service for JSON, for each of some items by schedule, or once for each window of
 * time; see {@link RestConfig} for what can be set.
 *
 * <p>Writes framed bytes, so its value converter is {@code ByteArrayConverter}. Each item is a
 * source partition of its own, given whole to one task. A backfill ends without a failed task: the
 * last record of each item carries an offset with {@code "done": true}, and every offset says in
 * {@code "partitions"} how many will.
 */
public final class RestSourceConnector extends SourceConnector {
  static final ConfigDef DEFINITION = RestConfig.own(RecordSettings.define(new ConfigDef()));

  private Map<String, String> properties;

  @Override
  public void start(Map<String, String> properties) {
    this.properties = Map.copyOf(properties);
    new RestConfig(properties);
  }

  @Override
  public Class<? extends Task> taskClass() {
    return RestSourceTask.class;
  }

  @Override
  public List<Map<String, String>> taskConfigs(int maxTasks) {
    int tasks = Math.min(maxTasks, new RestConfig(properties).items().size());
    List<Map<String, String>> configs = new ArrayList<>();
    for (int task = 0; task < tasks; task++) {
      Map<String, String> config = new HashMap<>(properties);
      config.put(RestSourceTask.TASK, Integer.toString(task));
      config.put(RestSourceTask.TASKS, Integer.toString(tasks));
      configs.add(config);
    }
    return configs;
  }

  @Override
  public Config validate(Map<String, String> properties) {
    Config config = super.validate(properties);
    if (config.configValues().stream().allMatch(v -> v.errorMessages().isEmpty())) {
      try {
        new RestConfig(properties);
      } catch (ConfigException e) {
        config.configValues().stream()
            .filter(v -> e.getMessage().contains("configuration " + v.name()))
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
    return DEFINITION;
  }

  @Override
  public String version() {
    String version = RestSourceConnector.class.getPackage().getImplementationVersion();
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
