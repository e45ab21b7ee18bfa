package dev.millrace.connect.rest;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.connect.records.DeclaredSourceConnector;
import dev.millrace.registry.connect.RegistrySettings;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.source.SourceTask;

/**
 * Asks for the items that it was given. Its threads ask and hand over what an answer holds, an
 * answer at a time, so that with exactly-once support an answer is in one transaction.
 */
public final class RestSourceTask extends SourceTask {
  private final Clock clock;
  private Rounds rounds;

  /** Called by Connect. */
  public RestSourceTask() {
    this(Clock.systemUTC());
  }

  RestSourceTask(Clock clock) {
    this.clock = clock;
  }

  @Override
  public String version() {
    return new RestSourceConnector().version();
  }

  @Override
  public void start(Map<String, String> properties) {
    RestConfig config = new RestConfig(properties);
    int task = Integer.parseInt(properties.getOrDefault(DeclaredSourceConnector.TASK, "0"));
    int tasks = Integer.parseInt(properties.getOrDefault(DeclaredSourceConnector.TASKS, "1"));
    List<JsonNode> items = config.items();
    Instant now = clock.instant();
    boolean mark = config.getBoolean(RestConfig.SNAPSHOT_MARK) && config.backfill().isEmpty();
    List<Lane> lanes = new ArrayList<>();
    for (int i = task; i < items.size(); i += tasks) {
      Lane lane =
          new Lane(
              items.get(i),
              items.get(i).toString(),
              items.size(),
              config.backfill(),
              config.getBoolean(RestConfig.ONLY_CHANGED)
                  ? Optional.of(new Changes(config.getInt(RestConfig.ONLY_CHANGED_KEYS)))
                  : Optional.empty(),
              mark
                  ? config.schedule().atOnce(now, i, items.size())
                  : config.schedule().first(now, i, items.size()),
              mark);
      Map<String, Object> offset = context.offsetStorageReader().offset(lane.partition);
      if (offset != null) {
        lane.resume(offset);
      }
      lanes.add(lane);
    }
    rounds =
        new Rounds(
            config, config.records().register(RegistrySettings.client(config)), lanes, clock);
    rounds.start();
  }

  @Override
  public List<SourceRecord> poll() throws InterruptedException {
    return rounds.take();
  }

  @Override
  public void stop() {
    if (rounds != null) {
      rounds.stop();
    }
  }
}
