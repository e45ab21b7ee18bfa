package dev.millrace.model;

import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Durations as resources write them: {@code 500ms}, {@code 10s}, {@code 5m}, {@code 4h}, {@code
 * 7d}.
 */
public final class Durations {
  private static final Pattern FORM = Pattern.compile("(\\d{1,7})(ms|s|m|h|d)");

  private Durations() {}

  /** The duration, if the text is one. */
  public static Optional<Duration> parse(String text) {
    Matcher matcher = FORM.matcher(text.trim());
    if (matcher.matches()) {
      long n = Long.parseLong(matcher.group(1));
      return Optional.of(
          switch (matcher.group(2)) {
            case "ms" -> Duration.ofMillis(n);
            case "s" -> Duration.ofSeconds(n);
            case "m" -> Duration.ofMinutes(n);
            case "h" -> Duration.ofHours(n);
            default -> Duration.ofDays(n);
          });
    }
    return Optional.empty();
  }
}
