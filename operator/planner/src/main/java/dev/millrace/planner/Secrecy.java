package dev.millrace.planner;

import java.util.regex.Pattern;

/** Keeps secrets out of what people read: configurations hold references, unless somebody erred. */
final class Secrecy {
  private static final Pattern NAMES =
      Pattern.compile("(?i)(password|passwd|secret|token|credential|private.?key|jaas|api.?key)");
  private static final Pattern REFERENCE = Pattern.compile("\\$\\{[^}]*}");
  private static final Pattern USER_INFO = Pattern.compile("(://)[^/@\\s]+@");

  private Secrecy() {}

  /** The value of a field as it may be shown. */
  static String hide(String field, String value) {
    if (NAMES.matcher(field).find() && !REFERENCE.matcher(value).matches()) {
      return "***";
    }
    return USER_INFO.matcher(value).replaceAll("$1***@");
  }
}
