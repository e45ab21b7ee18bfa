package dev.millrace.connect.rest;

import com.cronutils.model.CronType;
import com.cronutils.model.definition.CronDefinitionBuilder;
import com.cronutils.model.time.ExecutionTime;
import com.cronutils.parser.CronParser;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import org.apache.kafka.common.config.ConfigException;

/** When an item is asked for. */
interface Schedule {
  /**
   * The first time after a start without a past.
   *
   * @param item number of the item
   * @param items how many there are
   */
  Instant first(Instant now, int item, int items);

  /** A first time that has come already, and after which the items are as far apart as else. */
  Instant atOnce(Instant now, int item, int items);

  /**
   * The time after one that was due, later than {@code now}: what was missed is not made up for.
   */
  Instant next(Instant due, Instant now);

  /** Every so often; the items evenly over that time. */
  static Schedule every(Duration interval) {
    return new Schedule() {
      @Override
      public Instant first(Instant now, int item, int items) {
        return now.plusMillis(interval.toMillis() * item / Math.max(1, items));
      }

      @Override
      public Instant atOnce(Instant now, int item, int items) {
        return first(now, item, items).minus(interval);
      }

      @Override
      public Instant next(Instant due, Instant now) {
        long millis = interval.toMillis();
        long past = Math.max(0, now.toEpochMilli() - due.toEpochMilli());
        return due.plusMillis((past / millis + 1) * millis);
      }
    };
  }

  /** By a cron expression of five fields, in a time zone. */
  static Schedule cron(String setting, String expression, ZoneId zone) {
    ExecutionTime times;
    try {
      times =
          ExecutionTime.forCron(
              new CronParser(CronDefinitionBuilder.instanceDefinitionFor(CronType.UNIX))
                  .parse(expression)
                  .validate());
    } catch (IllegalArgumentException e) {
      throw new ConfigException(
          setting, expression, "expected five fields such as '*/10 6-22 * * *': " + e.getMessage());
    }
    return new Schedule() {
      @Override
      public Instant first(Instant now, int item, int items) {
        return next(now, now);
      }

      @Override
      public Instant atOnce(Instant now, int item, int items) {
        return now;
      }

      @Override
      public Instant next(Instant due, Instant now) {
        return times
            .nextExecution(now.atZone(zone))
            .orElseThrow(
                () -> new IllegalStateException("cron " + expression + " has no next time"))
            .toInstant();
      }
    };
  }
}
