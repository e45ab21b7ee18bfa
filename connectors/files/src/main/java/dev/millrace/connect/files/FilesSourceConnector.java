package dev.millrace.connect.files;

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
 * Rows of files as records; see {@link FilesConfig} for what can be set.
 *
 * <p>Writes framed bytes, so its converters are {@code ByteArrayConverter}. Each file is a source
 * partition, and belongs to the task that its name's hash says. A bounded run ({@code once}) ends
 * without a failed task: each task writes a record to the topic of reports, whose offset has {@code
 * "done": true} and in {@code "partitions"} how many tasks there are.
 */
public final class FilesSourceConnector extends SourceConnector {
  private Map<String, String> properties;

  @Override
  public void start(Map<String, String> properties) {
    this.properties = Map.copyOf(properties);
    new FilesConfig(properties);
  }

  @Override
  public Class<? extends Task> taskClass() {
    return FilesSourceTask.class;
  }

  @Override
  public List<Map<String, String>> taskConfigs(int maxTasks) {
    int tasks = Math.max(1, maxTasks);
    List<Map<String, String>> configs = new ArrayList<>();
    for (int task = 0; task < tasks; task++) {
      Map<String, String> config = new HashMap<>(properties);
      config.put(FilesSourceTask.TASK, Integer.toString(task));
      config.put(FilesSourceTask.TASKS, Integer.toString(tasks));
      configs.add(config);
    }
    return configs;
  }

  @Override
  public Config validate(Map<String, String> properties) {
    Config config = super.validate(properties);
    if (config.configValues().stream().allMatch(v -> v.errorMessages().isEmpty())) {
      try {
        new FilesConfig(properties);
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
    return FilesConfig.DEFINITION;
  }

  @Override
  public String version() {
    String version = FilesSourceConnector.class.getPackage().getImplementationVersion();
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
