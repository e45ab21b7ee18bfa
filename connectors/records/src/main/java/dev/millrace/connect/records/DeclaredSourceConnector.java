package dev.millrace.connect.records;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.Config;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.connect.source.ExactlyOnceSupport;
import org.apache.kafka.connect.source.SourceConnector;

/**
 * A source connector with a declared schema. Each task gets the whole configuration, and which of
 * how many tasks it is; the connector itself does nothing.
 */
public abstract class DeclaredSourceConnector extends SourceConnector {
  /** Which task it is, from 0 on: in the configuration of a task. */
  public static final String TASK = "millrace.task";

  /** How many there are. */
  public static final String TASKS = "millrace.tasks";

  private Map<String, String> properties;

  /**
   * Reads a configuration, and looks at what a definition of keys can not see.
   *
   * @throws ConfigException naming the key at fault
   */
  protected abstract AbstractConfig check(Map<String, String> properties);

  /** How many tasks there are for a configuration that was checked, if there may be so many. */
  protected abstract int tasks(Map<String, String> properties, int most);

  @Override
  public final void start(Map<String, String> given) {
    properties = Map.copyOf(given);
    AbstractConfig unused = check(given);
  }

  @Override
  public final List<Map<String, String>> taskConfigs(int maxTasks) {
    int tasks = tasks(properties, maxTasks);
    List<Map<String, String>> configs = new ArrayList<>();
    for (int task = 0; task < tasks; task++) {
      Map<String, String> config = new HashMap<>(properties);
      config.put(TASK, Integer.toString(task));
      config.put(TASKS, Integer.toString(tasks));
      configs.add(config);
    }
    return configs;
  }

  /** What {@link #check} finds is shown at its key, as what the definition finds is. */
  @Override
  public final Config validate(Map<String, String> given) {
    Config config = super.validate(given);
    if (config.configValues().stream().allMatch(v -> v.errorMessages().isEmpty())) {
      try {
        AbstractConfig unused = check(given);
      } catch (ConfigException e) {
        // The longest: a key may begin as another one does.
        config.configValues().stream()
            .filter(v -> e.getMessage().contains("configuration " + v.name()))
            .max(Comparator.comparingInt(v -> v.name().length()))
            .or(() -> config.configValues().stream().findFirst())
            .ifPresent(v -> v.addErrorMessage(e.getMessage()));
      }
    }
    return config;
  }

  @Override
  public final void stop() {
    // Nothing was started.
  }

  @Override
  public final String version() {
    String version = getClass().getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }

  @Override
  public ExactlyOnceSupport exactlyOnceSupport(Map<String, String> given) {
    return ExactlyOnceSupport.SUPPORTED;
  }
}
