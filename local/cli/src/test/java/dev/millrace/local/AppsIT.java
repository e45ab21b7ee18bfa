package dev.millrace.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Applications of one's own write each row once: one is killed on the way, and what it has written
 * is compared with what the records it read come to, computed here.
 */
class AppsIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long PAUSE_MICROS = 200_000;
  private static final int ORDERS = 30_000;

  @TempDir Path temporary;

  private Installation millrace;
  private Path directory;
  private final Map<Integer, Schema> schemas = new HashMap<>();

  @AfterEach
  void stop() throws Exception {
    millrace.run(120, "stop", directory.toString());
  }

  @Test
  void writeEachRowOnceThoughTheyAreKilled() throws Exception {
    millrace = new Installation(temporary);
    directory = millrace.copy("examples/apps", temporary);
    Path pipeline = directory.resolve("pipeline.yaml");
    Files.writeString(
        pipeline,
        Files.readString(pipeline)
            .replace("rate: 20/s", "rate: 3000/s")
            .replace("count: 6000", "count: " + ORDERS)
            .replace("15 seconds", "200 milliseconds"));
    Installation.Result started = millrace.run(180, "run", directory.toString(), "--detach");
    assertThat(started.exitCode()).as(started.output()).isZero();

    for (String app : List.of("baskets", "surprises")) {
      await()
          .atMost(Duration.ofMinutes(2))
          .pollInterval(Duration.ofMillis(300))
          .until(() -> records("apps." + app).size() > 0);
      Path pid = directory.resolve(".millrace/services/spark-apps." + app + "/pid");
      ProcessHandle process =
          ProcessHandle.of(Long.parseLong(Files.readString(pid).split(" ")[0])).orElseThrow();
      assertThat(process.destroyForcibly()).isTrue();
    }
    await()
        .atMost(Duration.ofMinutes(3))
        .pollInterval(Duration.ofSeconds(1))
        .until(() -> millrace.status(directory).at("/pipelines/0/drained").asBoolean());

    List<GenericRecord> orders = records("apps.orders");
    assertThat(orders).hasSize(ORDERS);
    assertThat(records("apps.baskets.late")).isEmpty();
    assertThat(shown(records("apps.baskets"))).isEqualTo(baskets(orders));
    surprises(orders, records("apps.surprises"));
    assertThat(
            records("apps.odd_minutes").stream()
                .collect(
                    Collectors.toMap(m -> m.get("minute"), m -> (long) m.get("orders"), Math::max))
                .values()
                .stream()
                .mapToLong(Long::longValue)
                .sum())
        .isEqualTo(orders.stream().filter(o -> bits(amount(o)) > 4).count());
  }

  /** Each basket that was written, as a text; how often, if not once. */
  private static Map<String, Integer> shown(List<GenericRecord> baskets) {
    Map<String, Integer> shown = new TreeMap<>();
    for (GenericRecord b : baskets) {
      shown.merge(
          basket(
              (int) b.get("customer"),
              (long) b.get("started_at"),
              (long) b.get("ended_at"),
              (long) b.get("orders"),
              (long) b.get("total_cents")),
          1,
          Integer::sum);
    }
    return shown;
  }

  private static String basket(int customer, long from, long to, long orders, long cents) {
    return "customer %d, %d to %d: %d orders, %d".formatted(customer, from, to, orders, cents);
  }

  /** The same by a sweep over what was ordered. */
  private static Map<String, Integer> baskets(List<GenericRecord> orders) {
    Map<Integer, TreeMap<Long, long[]>> byCustomer = new TreeMap<>();
    for (GenericRecord order : orders) {
      long[] sums =
          byCustomer
              .computeIfAbsent((int) order.get("customer"), c -> new TreeMap<>())
              .computeIfAbsent((long) order.get("ordered_at"), t -> new long[2]);
      sums[0]++;
      sums[1] += (int) order.get("quantity") * (long) order.get("cents");
    }
    Map<String, Integer> baskets = new TreeMap<>();
    byCustomer.forEach(
        (customer, times) -> {
          long from = times.firstKey();
          long last = from;
          long[] sums = new long[2];
          for (Map.Entry<Long, long[]> at : times.entrySet()) {
            if (at.getKey() - last > PAUSE_MICROS) {
              baskets.put(basket(customer, from, last + PAUSE_MICROS, sums[0], sums[1]), 1);
              from = at.getKey();
              sums = new long[2];
            }
            last = at.getKey();
            sums[0] += at.getValue()[0];
            sums[1] += at.getValue()[1];
          }
          baskets.put(basket(customer, from, last + PAUSE_MICROS, sums[0], sums[1]), 1);
        });
    assertThat(baskets.size()).isGreaterThan(1000);
    return baskets;
  }

  private static void surprises(List<GenericRecord> orders, List<GenericRecord> written) {
    assertThat(written).hasSameSizeAs(orders);
    Map<Long, Long> amounts =
        orders.stream().collect(Collectors.toMap(o -> (long) o.get("order_id"), AppsIT::amount));
    for (GenericRecord surprise : written) {
      long amount = amounts.remove((long) surprise.get("order_id"));
      assertThat(surprise.get("amount")).isEqualTo(amount);
      assertThat((double) surprise.get("bits")).isEqualTo(bits(amount), within(1e-9));
    }
    assertThat(amounts).isEmpty();
  }

  private static long amount(GenericRecord order) {
    return (int) order.get("quantity") * (long) order.get("cents");
  }

  /** Benford's law: digit d comes first in a share of log10(1 + 1/d). */
  private static double bits(long amount) {
    int first = Long.toString(amount).charAt(0) - '0';
    return -Math.log(Math.log10(1 + 1.0 / first)) / Math.log(2);
  }

  /** What is committed in a topic, read by Kafka's and Avro's own readers. */
  private List<GenericRecord> records(String topic) throws Exception {
    List<GenericRecord> records = new ArrayList<>();
    for (var record : CommittedRecords.of(endpoint("kafka"), topic)) {
      records.add(decoded(record.value()));
    }
    return records;
  }

  private GenericRecord decoded(byte[] framed) throws Exception {
    ByteBuffer buffer = ByteBuffer.wrap(framed);
    assertThat(buffer.get()).isZero();
    Schema schema = schema(buffer.getInt());
    return new GenericDatumReader<GenericRecord>(schema)
        .read(null, DecoderFactory.get().binaryDecoder(framed, 5, framed.length - 5, null));
  }

  private Schema schema(int id) throws Exception {
    if (!schemas.containsKey(id)) {
      HttpResponse<String> answer =
          HttpClient.newHttpClient()
              .send(
                  HttpRequest.newBuilder(URI.create(endpoint("registry") + "/schemas/ids/" + id))
                      .build(),
                  HttpResponse.BodyHandlers.ofString());
      schemas.put(
          id, new Schema.Parser().parse(JSON.readTree(answer.body()).path("schema").asText()));
    }
    return schemas.get(id);
  }

  private String endpoint(String service) throws IOException, InterruptedException {
    return millrace.endpoint(directory, service);
  }
}
