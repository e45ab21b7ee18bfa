package dev.millrace.connect.datagen;

import dev.millrace.connect.records.DeclaredSourceConnector;
import java.util.Map;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.connector.Task;

/**
 * Makes records from an annotated Avro schema; see {@link DatagenConfig} for what can be set.
 *
 * <p>Writes framed bytes, so its value converter is {@code ByteArrayConverter}. Each partition of
 * the topic is a source partition of its own, given whole to one task. A bounded run ends without a
 * failed task: each partition's last record carries an offset with {@code "done": true}, and every
 * offset says in {@code "partitions"} how many will.
 */
public final class DatagenSourceConnector extends DeclaredSourceConnector {
  @Override
  protected AbstractConfig check(Map<String, String> properties) {
    return new DatagenConfig(properties);
  }

  @Override
  protected int tasks(Map<String, String> properties, int most) {
    return Math.min(most, new DatagenConfig(properties).getInt(DatagenConfig.PARTITIONS));
  }

  @Override
  public Class<? extends Task> taskClass() {
    return DatagenSourceTask.class;
  }

  @Override
  public ConfigDef config() {
    return DatagenConfig.DEFINITION;
  }
}
