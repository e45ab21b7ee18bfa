package dev.millrace.connect.records;

import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;

/** Avro's logical types of date and time: what text they are in, and which numbers. */
enum TimeUnits {
  DATE("a date such as 2026-01-31") {
    @Override
    long parse(String text) {
      return LocalDate.parse(text).toEpochDay();
    }

    @Override
    boolean fits(long number) {
      return number == (int) number;
    }

    @Override
    long convert(Object value) {
      return ((LocalDate) value).toEpochDay();
    }
  },
  TIME_MILLIS("a time of day such as 12:30:00") {
    @Override
    long parse(String text) {
      return LocalTime.parse(text).toNanoOfDay() / 1_000_000;
    }

    @Override
    boolean fits(long number) {
      return number >= 0 && number < 86_400_000;
    }

    @Override
    long convert(Object value) {
      return ((LocalTime) value).toNanoOfDay() / 1_000_000;
    }
  },
  TIME_MICROS("a time of day such as 12:30:00") {
    @Override
    long parse(String text) {
      return LocalTime.parse(text).toNanoOfDay() / 1000;
    }

    @Override
    boolean fits(long number) {
      return number >= 0 && number < 86_400_000_000L;
    }

    @Override
    long convert(Object value) {
      return ((LocalTime) value).toNanoOfDay() / 1000;
    }
  },
  TIMESTAMP_MILLIS("an instant such as 2026-01-31T12:30:00Z, or a number of milliseconds") {
    @Override
    long parse(String text) {
      return Math.floorDiv(instant(text), 1000);
    }

    @Override
    long convert(Object value) {
      return Math.floorDiv(micros(value), 1000);
    }
  },
  TIMESTAMP_MICROS("an instant such as 2026-01-31T12:30:00Z, or a number of microseconds") {
    @Override
    long parse(String text) {
      return instant(text);
    }

    @Override
    long convert(Object value) {
      return micros(value);
    }
  },
  LOCAL_TIMESTAMP_MILLIS("a time such as 2026-01-31T12:30:00, or a number of milliseconds") {
    @Override
    long parse(String text) {
      return Math.floorDiv(local(LocalDateTime.parse(text.replace(' ', 'T'))), 1000);
    }

    @Override
    long convert(Object value) {
      return Math.floorDiv(local((LocalDateTime) value), 1000);
    }
  },
  LOCAL_TIMESTAMP_MICROS("a time such as 2026-01-31T12:30:00, or a number of microseconds") {
    @Override
    long parse(String text) {
      return local(LocalDateTime.parse(text.replace(' ', 'T')));
    }

    @Override
    long convert(Object value) {
      return local((LocalDateTime) value);
    }
  };

  private final String expected;

  TimeUnits(String expected) {
    this.expected = expected;
  }

  /** The units of a logical type; null of others. */
  static TimeUnits of(String logicalType) {
    return switch (logicalType) {
      case "date" -> DATE;
      case "time-millis" -> TIME_MILLIS;
      case "time-micros" -> TIME_MICROS;
      case "timestamp-millis" -> TIMESTAMP_MILLIS;
      case "timestamp-micros" -> TIMESTAMP_MICROS;
      case "local-timestamp-millis" -> LOCAL_TIMESTAMP_MILLIS;
      case "local-timestamp-micros" -> LOCAL_TIMESTAMP_MICROS;
      default -> null;
    };
  }

  String expected() {
    return expected;
  }

  /** A number of these units, from text; throws any RuntimeException if it is none. */
  abstract long parse(String text);

  /** Whether a number can be of this type. */
  boolean fits(long number) {
    return true;
  }

  /** A number of these units, from a number of them or a value of {@code java.time}. */
  long of(Object value) {
    if (value instanceof Long || value instanceof Integer) {
      long number = ((Number) value).longValue();
      if (fits(number)) {
        return number;
      }
      throw new IllegalArgumentException();
    }
    return convert(value);
  }

  abstract long convert(Object value);

  private static long micros(Object value) {
    Instant instant =
        value instanceof OffsetDateTime offset
            ? offset.toInstant()
            : value instanceof ZonedDateTime zoned ? zoned.toInstant() : (Instant) value;
    return micros(instant);
  }

  private static long micros(Instant instant) {
    return Math.addExact(
        Math.multiplyExact(instant.getEpochSecond(), 1_000_000), instant.getNano() / 1000);
  }

  private static long local(LocalDateTime time) {
    return micros(time.toInstant(ZoneOffset.UTC));
  }

  /** Microseconds since 1970 of an instant with its offset. */
  private static long instant(String text) {
    long quick = quick(text);
    return quick != Long.MIN_VALUE
        ? quick
        : micros(OffsetDateTime.parse(text.replace(' ', 'T')).toInstant());
  }

  /**
   * {@code 2026-01-31T12:30:00[.123456]Z}, which nearly all are: a tenth of what a general parser
   * takes. Anything else, and what is out of range, is the general parser's.
   */
  private static long quick(String text) {
    int length = text.length();
    if (length < 20
        || length > 27
        || text.charAt(4) != '-'
        || text.charAt(7) != '-'
        || text.charAt(10) != 'T'
        || text.charAt(13) != ':'
        || text.charAt(16) != ':'
        || text.charAt(length - 1) != 'Z'
        || (length > 20 && (text.charAt(19) != '.' || length == 21))) {
      return Long.MIN_VALUE;
    }
    int year = digits(text, 0, 4);
    int month = digits(text, 5, 7);
    int day = digits(text, 8, 10);
    int hour = digits(text, 11, 13);
    int minute = digits(text, 14, 16);
    int second = digits(text, 17, 19);
    int fraction = length > 20 ? digits(text, 20, length - 1) : 0;
    if ((year | month | day | hour | minute | second | fraction) < 0
        || month < 1
        || month > 12
        || day < 1
        || day > 28
        || hour > 23
        || minute > 59
        || second > 59) {
      // The last days of a month too: which there are, the general parser knows.
      return Long.MIN_VALUE;
    }
    for (int i = length - 1; length > 20 && i < 26; i++) {
      fraction *= 10;
    }
    long days = epochDay(year, month, day);
    return ((days * 24 + hour) * 60 + minute) * 60_000_000L + second * 1_000_000L + fraction;
  }

  private static int digits(String text, int from, int to) {
    int value = 0;
    for (int i = from; i < to; i++) {
      int digit = text.charAt(i) - '0';
      if (digit < 0 || digit > 9) {
        return -1;
      }
      value = value * 10 + digit;
    }
    return value;
  }

  /** Days since 1970 in the Gregorian calendar, as {@link LocalDate#toEpochDay} counts them. */
  private static long epochDay(int year, int month, int day) {
    long years = month > 2 ? year : year - 1L;
    long era = Math.floorDiv(years, 400);
    long ofEra = years - era * 400;
    long ofYear = (153L * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468;
  }
}
