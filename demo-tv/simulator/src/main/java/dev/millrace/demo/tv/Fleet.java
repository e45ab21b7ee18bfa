package dev.millrace.demo.tv;

import dev.millrace.demo.tv.Device.Report;
import java.io.IOException;
import java.io.Writer;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A fleet of the database's devices, each of which reports every ten seconds over MQTT how well it
 * plays. What a device can not send it keeps, for an hour at most, and sends later, the newest
 * first. A report counts as published once the broker has acknowledged it; what devices keep when
 * the fleet is stopped is gone, and was never promised.
 */
public final class Fleet {
  private static final Logger log = LoggerFactory.getLogger(Fleet.class);
  private static final int MOST_KEPT = 360;
  private static final long TICK_MS = 100;
  private static final long SAY_EVERY_MS = 60_000;

  private final Uplink uplink;
  private final Writer ledger;
  private final List<Sender> senders = new ArrayList<>();
  private final Map<Device, Sender> byDevice = new HashMap<>();
  private long published;
  private long forgotten;
  private long sayAt;

  /** A device's side: the reports that it keeps, the newest at the front, and its next one. */
  private static final class Sender {
    private final Device device;
    private final Deque<Report> kept = new ArrayDeque<>();
    private long nextSeq;

    Sender(Device device, long nextSeq) {
      this.device = device;
      this.nextSeq = nextSeq;
    }
  }

  /**
   * A fleet that begins at a time.
   *
   * @param ledger gets a line {@code device seq} for each report that is published
   */
  private Fleet(Uplink uplink, Writer ledger, String seed, int devices, long nowMillis) {
    this.uplink = uplink;
    this.ledger = ledger;
    this.sayAt = nowMillis + SAY_EVERY_MS;
    for (int number = 1; number <= devices; number++) {
      Device device = Device.of(seed, number);
      Sender sender = new Sender(device, nowMillis / Device.EVERY_MS + 1);
      senders.add(sender);
      byDevice.put(device, sender);
    }
  }

  /**
   * Runs until it is terminated. {@code MQTT_URL}, {@code MQTT_USERNAME} and {@code MQTT_PASSWORD}
   * say where the broker is; {@code DEVICES} (default 300) how many report, {@code SEED} (default
   * 42) what happens to them, {@code LEDGER} names a file for what was published.
   */
  public static void main(String[] args) throws IOException, InterruptedException {
    Map<String, String> env = System.getenv();
    URI url = url(env.get("MQTT_URL"));
    int devices = Integer.parseInt(env.getOrDefault("DEVICES", "300"));
    CountDownLatch stop = new CountDownLatch(1);
    Thread main = Thread.currentThread();
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  stop.countDown();
                  join(main);
                }));
    try (Uplink uplink = new Uplink(url, env.get("MQTT_USERNAME"), env.get("MQTT_PASSWORD"));
        Writer ledger = ledger(env.get("LEDGER"))) {
      Fleet fleet =
          new Fleet(
              uplink, ledger, env.getOrDefault("SEED", "42"), devices, System.currentTimeMillis());
      while (!stop.await(TICK_MS, TimeUnit.MILLISECONDS)) {
        fleet.tick(System.currentTimeMillis());
      }
      fleet.settle();
    }
  }

  private static URI url(String given) {
    URI url = given == null ? null : URI.create(given.strip());
    if (url == null
        || url.getHost() == null
        || !List.of("mqtt", "mqtts").contains(url.getScheme())) {
      System.err.println("MQTT_URL is '" + given + "': expected mqtt://host:port");
      System.exit(2);
    }
    return url;
  }

  private static Writer ledger(String file) throws IOException {
    return file == null
        ? Writer.nullWriter()
        : Files.newBufferedWriter(
            Path.of(file), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  private static void join(Thread thread) {
    try {
      thread.join(TimeUnit.SECONDS.toMillis(3));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** All that is due by now. */
  private void tick(long nowMillis) throws IOException {
    collect();
    for (Sender sender : senders) {
      while (sender.device.due(sender.nextSeq) <= nowMillis) {
        sender.kept.addFirst(sender.device.report(sender.nextSeq++));
      }
      while (sender.kept.size() > MOST_KEPT) {
        sender.kept.removeLast();
        forgotten++;
      }
      while (!sender.kept.isEmpty() && !sender.device.silent(nowMillis) && uplink.open(nowMillis)) {
        Report report = sender.kept.removeFirst();
        uplink.send(report, nowMillis - report.at() > Device.EVERY_MS);
      }
    }
    if (nowMillis >= sayAt) {
      sayAt = nowMillis + SAY_EVERY_MS;
      long kept = senders.stream().mapToLong(s -> s.kept.size()).sum();
      log.info("{} reports published, {} kept, {} forgotten", published, kept, forgotten);
    }
  }

  /** Notes what has become of the reports on their way. */
  private void collect() throws IOException {
    Report report;
    while ((report = uplink.published()) != null) {
      published++;
      ledger.write(report.device().id() + " " + report.seq() + "\n");
    }
    ledger.flush();
    while ((report = uplink.unsent()) != null) {
      byDevice.get(report.device()).kept.addLast(report);
    }
  }

  /** Waits a little for what is on its way. */
  private void settle() throws IOException, InterruptedException {
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(2);
    while (uplink.inFlight() > 0 && System.nanoTime() < until) {
      TimeUnit.MILLISECONDS.sleep(20);
    }
    collect();
  }
}
