package dev.millrace.spark.sql;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** Guesses what a misspelt name was meant to be. */
public final class Names {
  private Names() {}

  /**
   * The candidate with the smallest edit distance (swapped neighbours count as one edit), if that
   * is at most a third of the name's length; a candidate that only has the name as a part of it is
   * the second choice.
   */
  public static Optional<String> nearest(String name, Collection<String> candidates) {
    String wanted = name.toLowerCase(Locale.ROOT);
    int limit = Math.max(1, (wanted.length() + 1) / 3);
    Optional<String> best =
        candidates.stream()
            .filter(c -> distance(wanted, c.toLowerCase(Locale.ROOT)) <= limit)
            .min(
                Comparator.<String>comparingInt(c -> distance(wanted, c.toLowerCase(Locale.ROOT)))
                    .thenComparing(Comparator.naturalOrder()));
    if (best.isPresent() || wanted.length() < 3) {
      return best;
    }
    return candidates.stream()
        .filter(
            c ->
                c.toLowerCase(Locale.ROOT).contains(wanted)
                    || (c.length() > 2 && wanted.contains(c.toLowerCase(Locale.ROOT))))
        .min(
            Comparator.<String>comparingInt(String::length)
                .thenComparing(Comparator.naturalOrder()));
  }

  /** Optimal string alignment distance. */
  static int distance(String a, String b) {
    int[] beforeLast = new int[b.length() + 1];
    int[] last = new int[b.length() + 1];
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      last[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int cost = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        row[j] = Math.min(Math.min(row[j - 1], last[j]) + 1, last[j - 1] + cost);
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          row[j] = Math.min(row[j], beforeLast[j - 2] + 1);
        }
      }
      int[] spare = beforeLast;
      beforeLast = last;
      last = row;
      row = spare;
    }
    return last[b.length()];
  }
}
