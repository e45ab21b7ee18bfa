package dev.millrace.connect.datagen;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.common.config.ConfigException;

/** Durations as text, such as {@code 500ms}, {@code 90s}, {@code 1.5h}; microseconds inside. */
final class Durations {
  private static final Pattern FORM = Pattern.compile("(\\d+(?:\\.\\d+)?)(us|ms|s|m|h|d)");

  private Durations() {}

  /** Microseconds; an error names the field. */
  static long micros(String field, String text) {
    Matcher matcher = FORM.matcher(text.trim());
    if (!matcher.matches()) {
      throw new ConfigException(field, text, "expected a duration such as 500ms, 90s, 5m, 1h");
    }
    double unit =
        switch (matcher.group(2)) {
          case "us" -> 1;
          case "ms" -> 1e3;
          case "s" -> 1e6;
          case "m" -> 60e6;
          case "h" -> 3600e6;
          default -> 86400e6;
        };
    return Math.round(Double.parseDouble(matcher.group(1)) * unit);
  }
}
