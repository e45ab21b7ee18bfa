package dev.millrace.local.connector;

import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.GroupListing;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a worker leaves in Kafka: its topics, and the group of its sink. */
record InternalTopics(Admin admin, String worker) {
  private static final Logger log = LoggerFactory.getLogger(InternalTopics.class);

  /** Deletes them, as far as they are there. */
  void delete() throws ExecutionException, InterruptedException {
    Set<String> there =
        admin.listTopics().names().get().stream()
            .filter(
                t ->
                    List.of(worker + "-config", worker + "-offset", worker + "-status").contains(t))
            .collect(Collectors.toSet());
    admin.deleteTopics(there).all().get();
    Set<String> groups =
        admin.listGroups().all().get().stream()
            .map(GroupListing::groupId)
            .filter(g -> g.equals(worker) || g.equals(group()))
            .collect(Collectors.toSet());
    try {
      admin.deleteConsumerGroups(groups).all().get();
    } catch (ExecutionException e) {
      // One whose member was killed has it for some seconds more. Kafka forgets empty ones itself.
      log.info("{}", e.getMessage());
    }
  }

  /** The group of a sink's consumers. */
  String group() {
    return worker + "-sink";
  }
}
