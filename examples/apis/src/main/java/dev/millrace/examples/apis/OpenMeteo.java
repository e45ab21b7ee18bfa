package dev.millrace.examples.apis;

import dev.millrace.examples.apis.ApiServer.Request;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/**
 * Hourly and daily weather in columns, as <a href="https://open-meteo.com/en/docs">documented</a>;
 * it needs no key.
 */
final class OpenMeteo implements Function<Request, Answer> {
  private final Clock clock;

  OpenMeteo(Clock clock) {
    this.clock = clock;
  }

  @Override
  public Answer apply(Request request) {
    LocalDate today = LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC);
    LocalDate start;
    LocalDate end;
    double latitude;
    double longitude;
    try {
      start = LocalDate.parse(request.query().getOrDefault("start_date", today.toString()));
      end = LocalDate.parse(request.query().getOrDefault("end_date", today.plusDays(6).toString()));
      latitude = Double.parseDouble(request.query().getOrDefault("latitude", ""));
      longitude = Double.parseDouble(request.query().getOrDefault("longitude", ""));
    } catch (DateTimeException | NumberFormatException e) {
      return Answer.status(
          400,
          "{\"error\":true,\"reason\":\"Parameter 'latitude' and 'longitude' must be given\"}");
    }
    StringBuilder body = new StringBuilder();
    body.append(
        String.format(
            Locale.ROOT,
            "{\"latitude\":%s,\"longitude\":%s,\"generationtime_ms\":0.031,\"utc_offset_seconds\":0,"
                + "\"timezone\":\"GMT\",\"timezone_abbreviation\":\"GMT\",\"elevation\":38.0",
            latitude,
            longitude));
    List<LocalDateTime> hours = new ArrayList<>();
    List<LocalDate> days = new ArrayList<>();
    for (LocalDate day = start; !day.isAfter(end); day = day.plusDays(1)) {
      days.add(day);
      for (int hour = 0; hour < 24; hour++) {
        hours.add(day.atTime(hour, 0));
      }
    }
    section(body, "hourly", "iso8601", hours, request.query().getOrDefault("hourly", ""));
    section(body, "daily", "iso8601", days, request.query().getOrDefault("daily", ""));
    return Answer.json(body.append('}').toString());
  }

  private static void section(
      StringBuilder body, String name, String unit, List<?> times, String variables) {
    if (variables.isEmpty()) {
      return;
    }
    StringBuilder units = new StringBuilder("\"time\":\"" + unit + "\"");
    StringBuilder columns = new StringBuilder("\"time\":[");
    for (int i = 0; i < times.size(); i++) {
      columns.append(i == 0 ? "\"" : ",\"").append(times.get(i)).append('"');
    }
    columns.append(']');
    for (String variable : variables.split(",", -1)) {
      units.append(",\"").append(variable).append("\":\"°C\"");
      columns.append(",\"").append(variable).append("\":[");
      for (int i = 0; i < times.size(); i++) {
        double value = 10 + 8 * Math.sin((times.get(i).hashCode() & 0xffff) / 1000.0);
        columns.append(i == 0 ? "" : ",").append(String.format(Locale.ROOT, "%.1f", value));
      }
      columns.append(']');
    }
    body.append(",\"").append(name).append("_units\":{").append(units).append("},\"");
    body.append(name).append("\":{").append(columns).append('}');
  }
}
