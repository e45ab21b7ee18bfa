package dev.millrace.connect.elasticsearch;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.connector.Task;
import org.apache.kafka.connect.sink.SinkConnector;

/**
 * Writes registry-framed Avro to Elasticsearch; see {@link ElasticsearchSinkConfig} for what can be
 * set. Takes bytes, so its converters are {@code ByteArrayConverter}.
 */
public final class ElasticsearchSinkConnector extends SinkConnector {
  private Map<String, String> properties;

  @Override
  public void start(Map<String, String> properties) {
    this.properties = Map.copyOf(properties);
  }

  @Override
  public Class<? extends Task> taskClass() {
    return ElasticsearchSinkTask.class;
  }

  @Override
  public List<Map<String, String>> taskConfigs(int maxTasks) {
    return Collections.nCopies(maxTasks, properties);
  }

  @Override
  public void stop() {
    // Nothing was started.
  }

  @Override
  public ConfigDef config() {
    return ElasticsearchSinkConfig.DEFINITION;
  }

  @Override
  public String version() {
    String version = ElasticsearchSinkConnector.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }
}
