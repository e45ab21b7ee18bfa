package dev.millrace.connect.rest;

import dev.millrace.connect.records.DeclaredSourceConnector;
import dev.millrace.connect.records.RecordSettings;
import java.util.Map;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.connector.Task;

/**
 * Asks a REST service for JSON, for each of some items by schedule, or once for each window of
 * time; see {@link RestConfig} for what can be set.
 *
 * <p>Writes framed bytes, so its value converter is {@code ByteArrayConverter}. Each item is a
 * source partition of its own, given whole to one task. A backfill ends without a failed task: the
 * last record of each item carries an offset with {@code "done": true}, and every offset says in
 * {@code "partitions"} how many will.
 */
public final class RestSourceConnector extends DeclaredSourceConnector {
  static final ConfigDef DEFINITION = RestConfig.own(RecordSettings.define(new ConfigDef()));

  @Override
  protected AbstractConfig check(Map<String, String> properties) {
    return new RestConfig(properties);
  }

  @Override
  protected int tasks(Map<String, String> properties, int most) {
    return Math.min(most, new RestConfig(properties).items().size());
  }

  @Override
  public Class<? extends Task> taskClass() {
    return RestSourceTask.class;
  }

  @Override
  public ConfigDef config() {
    return DEFINITION;
  }
}
