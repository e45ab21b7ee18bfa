package dev.millrace.local.connector;

import dev.millrace.engine.Redactor;
import java.io.PrintWriter;
import java.util.Locale;

/** The terminal: who says it, and what, without secrets. Thread safe. */
final class Lines {
  private static final int LONGEST = 2000;

  private final PrintWriter out;
  private final Redactor redactor;

  Lines(PrintWriter out, Redactor redactor) {
    this.out = out;
    this.redactor = redactor;
  }

  synchronized void say(String who, String what) {
    String text = redactor.redact(what);
    text = text.length() > LONGEST ? text.substring(0, LONGEST) + "..." : text;
    // What others say must not steer the terminal.
    text = text.replaceAll("[\\p{Cntrl}&&[^\\n\\t]]", "?").replace("\n", "\n" + " ".repeat(13));
    out.println(String.format(Locale.ROOT, "  %-10s %s", who, text).stripTrailing());
    out.flush();
  }

  /** Says something that is wrong, as the file that it is in. */
  void wrong(Iterable<String> problems) {
    problems.forEach(problem -> say("wrong", problem));
  }
}
