package dev.millrace.engine;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;

/** Takes secrets out of what backends say, before anybody reads it. */
public final class Redactor {
  /** Shorter values would take ordinary words out of messages. */
  private static final int SHORTEST = 4;

  private static final Pattern USER_INFO = Pattern.compile("(://)[^/@\\s]+@");

  private final List<String> secrets;

  /** A redactor of these values. */
  public Redactor(Collection<String> secrets) {
    this.secrets =
        secrets.stream()
            .filter(s -> s.length() >= SHORTEST)
            .distinct()
            .sorted(Comparator.comparing(String::length).reversed())
            .toList();
  }

  /** The text without them, and without the user information of any URL. */
  public String redact(String text) {
    String out = text;
    for (String secret : secrets) {
      out = out.replace(secret, "***");
    }
    return USER_INFO.matcher(out).replaceAll("$1***@");
  }
}
