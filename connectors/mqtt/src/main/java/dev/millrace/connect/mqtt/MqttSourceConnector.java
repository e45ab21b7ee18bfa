package dev.millrace.connect.mqtt;

import dev.millrace.connect.records.DeclaredSourceConnector;
import java.util.Map;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.connector.Task;
import org.apache.kafka.connect.source.ExactlyOnceSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads MQTT topics; see {@link MqttConfig} for what can be set.
 *
 * <p>Writes framed bytes, so its converters are {@code ByteArrayConverter}. A message of QoS 1 or 2
 * is acknowledged when Kafka has its record, so none is lost; one that was written and not yet
 * acknowledged when a task died comes again.
 */
public final class MqttSourceConnector extends DeclaredSourceConnector {
  private static final Logger log = LoggerFactory.getLogger(MqttSourceConnector.class);

  @Override
  protected AbstractConfig check(Map<String, String> properties) {
    return new MqttConfig(properties);
  }

  @Override
  protected int tasks(Map<String, String> properties, int most) {
    MqttConfig config = new MqttConfig(properties);
    int tasks = config.tasks(most);
    if (tasks < most) {
      log.warn(
          "{} is {}, and there is one task: several clients would each get every message of {}."
              + " They share those of $share/GROUP/FILTER{}.",
          "tasks.max",
          most,
          config.patterns().stream().filter(p -> !p.shared()).toList(),
          config.version5() ? "" : ", where a broker of MQTT 3.1.1 knows that");
    }
    return tasks;
  }

  @Override
  public Class<? extends Task> taskClass() {
    return MqttSourceTask.class;
  }

  @Override
  public ConfigDef config() {
    return MqttConfig.DEFINITION;
  }

  /** MQTT has no way to read from where one was: a broker that is not told sends again. */
  @Override
  public ExactlyOnceSupport exactlyOnceSupport(Map<String, String> properties) {
    return ExactlyOnceSupport.UNSUPPORTED;
  }
}
