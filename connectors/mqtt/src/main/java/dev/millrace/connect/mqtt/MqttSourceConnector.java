package dev.millrace.connect.mqtt;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.Config;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.connect.connector.Task;
import org.apache.kafka.connect.source.ExactlyOnceSupport;
import org.apache.kafka.connect.source.SourceConnector;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads MQTT topics; see {@link MqttConfig} for what can be set.
 *
 * <p>Writes framed bytes, so its converters are {@code ByteArrayConverter}. A message of QoS 1 or 2
 * is acknowledged when Kafka has its record, so none is lost; one that was written and not yet
 * acknowledged when a task died comes again.
 */
public final class MqttSourceConnector extends SourceConnector {
  private static final Logger log = LoggerFactory.getLogger(MqttSourceConnector.class);

  private Map<String, String> properties;

  @Override
  public void start(Map<String, String> properties) {
    this.properties = Map.copyOf(properties);
    new MqttConfig(properties);
  }

  @Override
  public Class<? extends Task> taskClass() {
    return MqttSourceTask.class;
  }

  @Override
  public List<Map<String, String>> taskConfigs(int maxTasks) {
    MqttConfig config = new MqttConfig(properties);
    int tasks = config.tasks(maxTasks);
    if (tasks < maxTasks) {
      log.warn(
          "{} is {}, and there is one task: several clients would each get every message of {}."
              + " They share those of $share/GROUP/FILTER{}.",
          "tasks.max",
          maxTasks,
          config.patterns().stream().filter(p -> !p.shared()).toList(),
          config.version5() ? "" : ", where a broker of MQTT 3.1.1 knows that");
    }
    List<Map<String, String>> configs = new ArrayList<>();
    for (int task = 0; task < tasks; task++) {
      Map<String, String> of = new HashMap<>(properties);
      of.put(MqttSourceTask.TASK, Integer.toString(task));
      of.put(MqttSourceTask.TASKS, Integer.toString(tasks));
      configs.add(of);
    }
    return configs;
  }

  @Override
  public Config validate(Map<String, String> properties) {
    Config config = super.validate(properties);
    if (config.configValues().stream().allMatch(v -> v.errorMessages().isEmpty())) {
      try {
        new MqttConfig(properties);
      } catch (ConfigException e) {
        config.configValues().stream()
            .filter(v -> e.getMessage().contains("configuration " + v.name() + ":"))
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
    return MqttConfig.DEFINITION;
  }

  @Override
  public String version() {
    String version = MqttSourceConnector.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }

  /** MQTT has no way to read from where one was: a broker that is not told sends again. */
  @Override
  public ExactlyOnceSupport exactlyOnceSupport(Map<String, String> properties) {
    return ExactlyOnceSupport.UNSUPPORTED;
  }
}
