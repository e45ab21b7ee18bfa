package dev.millrace.demo.tv;

/**
 * One of the database's devices, as {@code database/data.sql} makes it, with what the simulated
 * network and application do to it: a function of seed, device and time alone.
 *
 * @param seed another one makes other times
 * @param number of the row in table devices
 * @param region where its user lived at first
 */
record Device(String seed, int number, String id, String region, String kind, String version) {
  /** Milliseconds from one report to the next. */
  static final long EVERY_MS = 10_000;

  /** Networks and devices have their bad times in periods of this length. */
  private static final long PERIOD_MS = 300_000;

  private static final int USERS = 3000;

  /** The device of a row. */
  static Device of(String seed, int number) {
    int user = 1 + (number - 1) % USERS;
    return new Device(
        seed,
        number,
        String.format("d%06d", number),
        Crc.pick(
            "region" + user,
            "north",
            "northeast",
            "east",
            "southeast",
            "south",
            "southwest",
            "west",
            "northwest"),
        Crc.pick("kind" + number, "tv", "stick", "phone", "tablet"),
        Crc.pick("version" + number, "5.1.4", "5.2.0", "5.2.1", "5.3.0"));
  }

  /** When a report is due, in milliseconds since 1970: devices do not report all at once. */
  long due(long seq) {
    return seq * EVERY_MS + number * 37L % EVERY_MS;
  }

  /** Whether it can not send at this time. One in ten is cut off in each period, up to 130 s. */
  boolean silent(long millis) {
    long period = millis / PERIOD_MS;
    String name = seed + "silent" + number + "/" + period;
    long from = Crc.of(name + "from", 150) * 1000L;
    long within = millis % PERIOD_MS - from;
    return Crc.of(name, 10) == 0 && within >= 0 && within < 40_000 + Crc.of(name + "for", 90_000);
  }

  /** Whether its region's network is poor: one region at a time, two minutes of each period. */
  boolean poor(long millis) {
    String worst = of(seed, 1 + Crc.of(seed + "poor" + millis / PERIOD_MS, USERS)).region;
    long within = millis % PERIOD_MS;
    return region.equals(worst) && within >= 60_000 && within < 180_000;
  }

  /** What it has to say of the ten seconds before. */
  Report report(long seq) {
    long at = due(seq);
    boolean poor = poor(at);
    String name = seed + number + "/" + seq;
    int best =
        switch (kind) {
          case "tv" -> 12_000;
          case "stick" -> 8_000;
          case "tablet" -> 5_000;
          default -> 3_500;
        };
    int percent = (poor ? 25 : 80) + Crc.of(name + "rate", 21);
    int stallsInHundred = (poor ? 50 : 3) + (version.equals("5.3.0") ? 20 : 0);
    boolean stalled = Crc.of(name + "stalls", 100) < stallsInHundred;
    int buffering = stalled ? 300 + Crc.of(name + "buffering", poor ? 5_000 : 2_500) : 0;
    int dropped = Crc.of(name + "dropped", stalled ? 120 : 4);
    return new Report(this, seq, best * percent / 100, buffering, dropped);
  }

  /** A report; {@code bufferingMs} is how long the picture stood still in its ten seconds. */
  record Report(Device device, long seq, int bitrateKbps, int bufferingMs, int droppedFrames) {
    long at() {
      return device.due(seq);
    }
  }
}
