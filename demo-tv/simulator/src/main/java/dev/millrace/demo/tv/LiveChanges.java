package dev.millrace.demo.tv;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Life in the operator's database while the demo runs: people move and change their plan, subscribe
 * and leave, and programme and ads are planned further ahead as days pass.
 *
 * <p>It never changes which user a device belongs to nor what is already planned: sums by show, by
 * ad and by user are therefore exact whenever a viewing was enriched.
 */
public final class LiveChanges {
  private static final Logger log = LoggerFactory.getLogger(LiveChanges.class);
  private static final int FIRST_FREE_USER = 100_000;

  private final Connection connection;
  private final Random random;
  private int nextUser;

  private LiveChanges(Connection connection, Random random) throws SQLException {
    this.connection = connection;
    this.random = random;
    try (Statement statement = connection.createStatement();
        ResultSet max = statement.executeQuery("SELECT max(user_id) FROM users")) {
      max.next();
      this.nextUser = Math.max(FIRST_FREE_USER, max.getInt(1) + 1);
    }
  }

  /**
   * Runs until it is terminated. {@code DATABASE_URL} says where the database is; {@code
   * CHANGES_PER_SECOND} (default 2) how lively it is.
   */
  public static void main(String[] args) throws InterruptedException {
    String url = System.getenv("DATABASE_URL");
    if (url == null || url.isBlank()) {
      System.err.println("DATABASE_URL is not set: expected mariadb://user:password@host:port/db");
      System.exit(2);
    }
    String pace = System.getenv().getOrDefault("CHANGES_PER_SECOND", "2");
    double perSecond = Double.parseDouble(pace);
    CountDownLatch stop = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(new Thread(stop::countDown));
    long pauseMs = Math.max(1, (long) (1000 / perSecond));
    while (stop.getCount() > 0) {
      try (Connection connection = Database.open(url)) {
        LiveChanges changes = new LiveChanges(connection, new Random());
        long done = 0;
        do {
          changes.once();
          if (done++ % 1000 == 0) {
            changes.planAhead();
            changes.sellAhead();
            log.info("{} changes so far", done);
          }
        } while (!stop.await(pauseMs, TimeUnit.MILLISECONDS));
      } catch (SQLException e) {
        log.warn("the database does not answer, trying again: {}", e.getMessage());
        if (stop.await(2, TimeUnit.SECONDS)) {
          return;
        }
      }
    }
  }

  private void once() throws SQLException {
    int dice = random.nextInt(100);
    if (dice < 60) {
      update(
          "UPDATE users SET region = ELT(1 + ?, 'north', 'northeast', 'east', 'southeast',"
              + " 'south', 'southwest', 'west', 'northwest') WHERE user_id = ?",
          random.nextInt(8),
          anyone());
    } else if (dice < 90) {
      update(
          "UPDATE users SET plan = ELT(1 + ?, 'basic', 'family', 'premium') WHERE user_id = ?",
          random.nextInt(3),
          anyone());
    } else if (dice < 98) {
      update(
          "INSERT INTO users VALUES (?, CONCAT('User ', user_id), 12 + ?, 'female', 'north', 'basic')",
          nextUser++,
          random.nextInt(75));
    } else {
      update(
          "DELETE FROM users WHERE user_id >= ? AND user_id % 5 = ? ORDER BY user_id LIMIT 1",
          FIRST_FREE_USER, random.nextInt(5));
    }
  }

  private int anyone() {
    return 1 + random.nextInt(3000);
  }

  /** Appends a day to each channel's programme while it reaches less than eight days ahead. */
  private void planAhead() throws SQLException {
    try (Statement statement = connection.createStatement()) {
      int rows =
          statement.executeUpdate(
              """
              INSERT INTO schedule
              SELECT last.schedule_id + 1, last.channel_id, 1 + CRC32(CONCAT('show', last.schedule_id)) % 200,
                     last.ends_at, last.ends_at + INTERVAL ELT(1 + CAST(SUBSTR(last.channel_id, 3) AS INT) % 4, 30, 45, 60, 90) MINUTE
              FROM schedule last
              JOIN (SELECT channel_id, max(schedule_id) AS schedule_id FROM schedule GROUP BY channel_id) m
                ON m.schedule_id = last.schedule_id
              WHERE last.ends_at < UTC_TIMESTAMP() + INTERVAL 7 DAY
              """);
      if (rows > 0) {
        log.info("{} programmes planned", rows);
      }
    }
  }

  /**
   * Sells the ad slots of a day as on the day before it, while they reach less than a day ahead.
   */
  private void sellAhead() throws SQLException {
    try (Statement statement = connection.createStatement()) {
      int rows;
      do {
        rows =
            statement.executeUpdate(
                """
                INSERT INTO ad_slots
                SELECT slot_id + 8640, channel_id, ad_id, starts_at + INTERVAL 1 DAY, ends_at + INTERVAL 1 DAY
                FROM ad_slots
                JOIN (SELECT max(slot_id) - 8640 AS day_before, max(starts_at) AS last FROM ad_slots) sold
                WHERE slot_id > day_before AND last < UTC_TIMESTAMP() + INTERVAL 1 DAY
                """);
        if (rows > 0) {
          log.info("{} ad slots sold", rows);
        }
      } while (rows > 0);
    }
  }

  private void update(String sql, int first, int second) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setInt(1, first);
      statement.setInt(2, second);
      statement.executeUpdate();
    }
  }
}
