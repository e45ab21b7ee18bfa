package dev.millrace.local.connector;

import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/** How far a sink has come in its topics. */
final class ConsumedRecords {
  private final Admin admin;
  private final String group;
  private final Lines lines;
  private long said = -1;
  private boolean all;

  ConsumedRecords(Admin admin, String group, Lines lines) {
    this.admin = admin;
    this.group = group;
    this.lines = lines;
  }

  /** Looks, and says it where that is something else than before. */
  void look() throws ExecutionException, InterruptedException {
    Map<TopicPartition, OffsetAndMetadata> committed =
        admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get();
    if (committed.isEmpty()) {
      return;
    }
    var ends =
        admin
            .listOffsets(
                committed.keySet().stream()
                    .collect(Collectors.toMap(p -> p, p -> OffsetSpec.latest())))
            .all()
            .get();
    long behind = 0;
    for (Map.Entry<TopicPartition, OffsetAndMetadata> partition : committed.entrySet()) {
      behind += ends.get(partition.getKey()).offset() - partition.getValue().offset();
    }
    all = behind == 0;
    if (behind != said) {
      said = behind;
      lines.say("records", all ? "all that there are have been taken" : behind + " to take");
    }
  }

  /** Whether it had come to the end. */
  boolean all() {
    return all;
  }
}
