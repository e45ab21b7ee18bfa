package dev.millrace.connect.elasticsearch;

import co.elastic.clients.elasticsearch.ElasticsearchAsyncClient;
import co.elastic.clients.elasticsearch._types.ElasticsearchException;
import co.elastic.clients.elasticsearch._types.VersionType;
import co.elastic.clients.elasticsearch.core.BulkRequest;
import co.elastic.clients.elasticsearch.core.BulkResponse;
import co.elastic.clients.elasticsearch.core.bulk.BulkOperation;
import co.elastic.clients.elasticsearch.core.bulk.BulkResponseItem;
import co.elastic.clients.transport.TransportException;
import co.elastic.clients.util.BinaryData;
import co.elastic.clients.util.ContentType;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.connect.errors.ConnectException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Bulk requests under way. Each is sent again until every operation of it is settled: written,
 * superseded by a newer version, or refused for good. What may pass (no answer, 429, 502, 503, 504)
 * is tried again for ever, with jittered pauses of up to 10 s; meanwhile no more than so many
 * requests are accepted, which holds the consumer back.
 */
final class Bulks implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Bulks.class);
  private static final long FIRST_PAUSE_MS = 100;
  private static final long LONGEST_PAUSE_MS = 10_000;

  private final ElasticsearchAsyncClient client;
  private final int limit;
  private final BiConsumer<Operation, String> refused;
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "elasticsearch-retries");
            thread.setDaemon(true);
            return thread;
          });

  /** In the order in which they were accepted. */
  private final Deque<Bulk> underWay = new ArrayDeque<>();

  private boolean closed;
  private ConnectException fatal;

  /** Some operations, and the offsets that are done with once they are settled. */
  private static final class Bulk {
    final Map<TopicPartition, Long> next;
    boolean settled;

    Bulk(Map<TopicPartition, Long> next) {
      this.next = next;
    }
  }

  /**
   * None yet.
   *
   * @param limit most requests under way
   * @param refused told of operations that Elasticsearch refuses for good, with its reason
   */
  Bulks(ElasticsearchAsyncClient client, int limit, BiConsumer<Operation, String> refused) {
    this.client = client;
    this.limit = limit;
    this.refused = refused;
  }

  /** Accepts a request, waiting while too many are under way. */
  void submit(List<Operation> operations, Map<TopicPartition, Long> next)
      throws InterruptedException {
    Bulk bulk = new Bulk(next);
    synchronized (this) {
      while (count() >= limit && fatal == null && !closed) {
        wait(1000);
      }
      throwIfFatal();
      underWay.add(bulk);
    }
    if (operations.isEmpty()) {
      settle(bulk);
    } else {
      send(bulk, operations, FIRST_PAUSE_MS);
    }
  }

  private int count() {
    int count = 0;
    for (Bulk bulk : underWay) {
      count += bulk.settled ? 0 : 1;
    }
    return count;
  }

  /**
   * The offsets before which all is settled, for partitions of which anything was settled since.
   */
  synchronized Map<TopicPartition, Long> settled() {
    throwIfFatal();
    Map<TopicPartition, Long> offsets = new HashMap<>();
    while (!underWay.isEmpty() && underWay.peek().settled) {
      offsets.putAll(underWay.poll().next);
    }
    return offsets;
  }

  /** Waits until all is settled, or the time is over. */
  synchronized void drain(long atMostMs) throws InterruptedException {
    long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(atMostMs);
    while (count() > 0 && fatal == null) {
      long left = TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime());
      if (left <= 0) {
        return;
      }
      wait(left);
    }
  }

  /** Forgets what is under way: its records come again after a rebalance. */
  synchronized void forget() {
    underWay.clear();
  }

  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      notifyAll();
    }
    timer.shutdownNow();
  }

  private void throwIfFatal() {
    if (fatal != null) {
      throw fatal;
    }
  }

  private synchronized void settle(Bulk bulk) {
    bulk.settled = true;
    notifyAll();
  }

  private synchronized void fail(ConnectException e) {
    fatal = e;
    notifyAll();
  }

  private void send(Bulk bulk, List<Operation> operations, long pause) {
    BulkRequest.Builder request = new BulkRequest.Builder();
    for (Operation operation : operations) {
      request.operations(line(operation));
    }
    var unused =
        client
            .bulk(request.build())
            .whenComplete(
                (response, error) -> {
                  try {
                    if (error != null) {
                      onError(bulk, operations, pause, error);
                    } else {
                      onResponse(bulk, operations, pause, response);
                    }
                  } catch (RuntimeException e) {
                    fail(new ConnectException("a bulk request failed: " + e, e));
                  }
                });
  }

  private static BulkOperation line(Operation o) {
    if (o.document() == null) {
      return BulkOperation.of(
          b ->
              b.delete(
                  d ->
                      d.index(o.index())
                          .id(o.id())
                          .version(o.record().kafkaOffset())
                          .versionType(VersionType.ExternalGte)));
    }
    BinaryData document = BinaryData.of(o.document(), ContentType.APPLICATION_JSON);
    return BulkOperation.of(
        b ->
            b.index(
                i -> {
                  i.index(o.index()).id(o.id()).document(document);
                  return o.versioned()
                      ? i.version(o.record().kafkaOffset()).versionType(VersionType.ExternalGte)
                      : i;
                }));
  }

  private void onResponse(
      Bulk bulk, List<Operation> operations, long pause, BulkResponse response) {
    List<Operation> again = new ArrayList<>();
    if (response.errors()) {
      List<BulkResponseItem> items = response.items();
      for (int i = 0; i < items.size(); i++) {
        BulkResponseItem item = items.get(i);
        if (item.error() == null) {
          continue;
        }
        int status = item.status();
        String reason = item.error().type() + ": " + item.error().reason();
        if (status == 409) {
          // A newer version is there: nothing is lost.
          continue;
        } else if (status == 429 || status >= 500) {
          again.add(operations.get(i));
        } else if (status == 400 || status == 413) {
          refused.accept(operations.get(i), status + " " + reason);
        } else {
          fail(
              new ConnectException(
                  "index '" + operations.get(i).index() + "': " + status + " " + reason));
          return;
        }
      }
    }
    if (again.isEmpty()) {
      settle(bulk);
    } else {
      later(bulk, again, pause, again.size() + " operations were rejected for now");
    }
  }

  private void onError(Bulk bulk, List<Operation> operations, long pause, Throwable error) {
    Throwable cause = error instanceof CompletionException ? error.getCause() : error;
    int status = 0;
    if (cause instanceof ElasticsearchException e) {
      status = e.status();
    } else if (cause instanceof TransportException e && e.response() != null) {
      status = e.statusCode();
    }
    if (status == 413 && operations.size() > 1) {
      halves(bulk, operations, pause);
    } else if (status == 413) {
      refused.accept(operations.get(0), "413 the document is larger than Elasticsearch accepts");
      settle(bulk);
    } else if (status == 0 || status == 429 || status >= 500) {
      later(bulk, operations, pause, cause.toString());
    } else {
      fail(
          new ConnectException(
              "Elasticsearch refuses bulk requests: " + cause.getMessage(), cause));
    }
  }

  /** Sends a request that is too large in two parts, one after the other's settling. */
  private void halves(Bulk bulk, List<Operation> operations, long pause) {
    int middle = operations.size() / 2;
    Bulk second = new Bulk(Map.of());
    synchronized (this) {
      // The whole is settled when its last part is: the first part blocks it from behind.
      List<Bulk> order = new ArrayList<>(underWay);
      order.add(order.indexOf(bulk), second);
      underWay.clear();
      underWay.addAll(order);
    }
    send(second, operations.subList(0, middle), pause);
    send(bulk, operations.subList(middle, operations.size()), pause);
  }

  private void later(Bulk bulk, List<Operation> operations, long pause, String why) {
    long wait = pause / 2 + ThreadLocalRandom.current().nextLong(pause);
    log.warn("trying {} operations again in {} ms: {}", operations.size(), wait, why);
    synchronized (this) {
      if (closed) {
        return;
      }
      var unused =
          timer.schedule(
              () -> send(bulk, operations, Math.min(LONGEST_PAUSE_MS, pause * 2)),
              wait,
              TimeUnit.MILLISECONDS);
    }
  }
}
