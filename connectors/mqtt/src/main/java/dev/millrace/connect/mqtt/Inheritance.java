package dev.millrace.connect.mqtt;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sessions of tasks that there are no longer since tasks.max was lowered. The broker still puts
 * their share of a shared subscription aside: it is taken over, and the sessions are ended.
 */
final class Inheritance {
  private static final Logger log = LoggerFactory.getLogger(Inheritance.class);

  /** So many polls without a message, each half a second, and nothing more is thought to come. */
  private static final int QUIET_POLLS = 10;

  private final Inbox inbox;
  private final List<Link> links = new ArrayList<>();
  private int quiet;

  Inheritance(
      MqttConfig config, Inbox inbox, int task, int tasks, long tasksBefore, List<String> filters) {
    this.inbox = inbox;
    for (int former = tasks; former < tasksBefore; former++) {
      if (former % tasks == task) {
        String clientId = config.clientId(former);
        log.info("{}: takes over what the broker keeps for {}", config.clientId(task), clientId);
        Link link = Link.of(config, clientId, inbox);
        CompletableFuture<?> unused = link.open(List.of(), filters);
        links.add(link);
      }
    }
  }

  /**
   * Whether there is nothing left to take over.
   *
   * @param nothingCame in the poll that asks
   */
  boolean settled(boolean nothingCame) {
    if (links.isEmpty()) {
      return true;
    }
    links.forEach(Link::check);
    quiet = nothingCame && links.stream().allMatch(Link::connected) ? quiet + 1 : 0;
    if (quiet < QUIET_POLLS || !inbox.allAcknowledged()) {
      return false;
    }
    links.forEach(Link::closeForGood);
    links.clear();
    return true;
  }

  /** Ends the connections; the broker keeps what was not taken over yet. */
  void close() {
    links.forEach(Link::close);
  }
}
