package dev.millrace.connect.rest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import org.apache.kafka.common.config.ConfigException;

/**
 * The time from {@code from} to {@code to}, exclusive, in windows.
 *
 * @param dates whether windows are whole days of UTC, which are shown as dates
 */
record Backfill(Instant from, Instant to, Duration window, boolean dates) {

  /** A part of it, the end exclusive. */
  record Window(Instant start, Instant end, boolean dates) {

    /** {@code start}, {@code end}, or {@code last}: the last millisecond, for ends inclusive. */
    JsonNode of(Template.Place place) {
      if (place.path().size() != 1) {
        return MissingNode.getInstance();
      }
      Instant instant =
          switch (place.path().get(0)) {
            case "start" -> start;
            case "end" -> end;
            case "last" -> end.minusMillis(1);
            default -> null;
          };
      if (instant == null) {
        return MissingNode.getInstance();
      }
      String format = place.format().isEmpty() ? (dates ? "date" : "iso") : place.format();
      return switch (format) {
        case "date" -> TextNode.valueOf(date(instant));
        case "epoch" -> LongNode.valueOf(instant.getEpochSecond());
        case "millis" -> LongNode.valueOf(instant.toEpochMilli());
        case "iso" -> TextNode.valueOf(instant.toString());
        default -> MissingNode.getInstance();
      };
    }

    private static String date(Instant instant) {
      return LocalDate.ofInstant(instant, ZoneOffset.UTC).toString();
    }

    @Override
    public String toString() {
      return dates ? date(start) + " to " + date(end) : start + " to " + end;
    }
  }

  static Backfill parse(
      String fromSetting, String from, String toSetting, String to, long windowMs) {
    Instant start = instant(fromSetting, from);
    Instant end = instant(toSetting, to);
    if (!start.isBefore(end)) {
      throw new ConfigException(toSetting, to, "is not after " + fromSetting + " " + from);
    }
    boolean dates =
        windowMs % Duration.ofDays(1).toMillis() == 0 && from.length() == 10 && to.length() == 10;
    return new Backfill(start, end, Duration.ofMillis(windowMs), dates);
  }

  private static Instant instant(String setting, String text) {
    try {
      return text.length() == 10
          ? LocalDate.parse(text).atStartOfDay(ZoneOffset.UTC).toInstant()
          : Instant.parse(text);
    } catch (DateTimeException e) {
      throw new ConfigException(
          setting, text, "expected a date like 2026-01-31 or an instant like 2026-01-31T00:00:00Z");
    }
  }

  /** The window that begins then. */
  Window at(Instant start) {
    Instant end = start.plus(window);
    return new Window(start, end.isAfter(to) ? to : end, dates);
  }
}
