package dev.millrace.connect.files;

import dev.millrace.connect.records.DeclaredSourceConnector;
import java.util.Map;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.connector.Task;

/**
 * Rows of files as records; see {@link FilesConfig} for what can be set.
 *
 * <p>Writes framed bytes, so its converters are {@code ByteArrayConverter}. Each file is a source
 * partition, and belongs to the task that its name's hash says. A bounded run ({@code once}) ends
 * without a failed task: each task writes a record to the topic of reports, whose offset has {@code
 * "done": true} and in {@code "partitions"} how many tasks there are.
 */
public final class FilesSourceConnector extends DeclaredSourceConnector {
  @Override
  protected AbstractConfig check(Map<String, String> properties) {
    return new FilesConfig(properties);
  }

  @Override
  protected int tasks(Map<String, String> properties, int most) {
    return Math.max(1, most);
  }

  @Override
  public Class<? extends Task> taskClass() {
    return FilesSourceTask.class;
  }

  @Override
  public ConfigDef config() {
    return FilesConfig.DEFINITION;
  }
}
