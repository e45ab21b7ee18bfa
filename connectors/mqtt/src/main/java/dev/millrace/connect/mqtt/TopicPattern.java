package dev.millrace.connect.mqtt;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A topic filter whose levels may have names: {@code tv/{region}/{device_id}/telemetry} subscribes
 * to {@code tv/+/+/telemetry}, and a message's second and third level are fields.
 *
 * <p>{@code +}, {@code #} and {@code $share/group/} mean what MQTT says (MQTT 5.0, 4.7 and 4.8).
 * Split once; matching looks at each character of a topic once and makes nothing.
 */
final class TopicPattern {
  private static final Pattern FIELD = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
  private static final String SHARE = "$share/";

  /** Longest topic that MQTT can carry, in bytes of UTF-8. */
  private static final int LONGEST = 65_535;

  /** Where the fields of a topic are: offsets into it, of one pattern at a time. */
  static final class Match {
    private int[] bounds = new int[8];

    private void put(int field, int from, int to) {
      if (bounds.length < 2 * field + 2) {
        bounds = java.util.Arrays.copyOf(bounds, Math.max(2 * bounds.length, 2 * field + 2));
      }
      bounds[2 * field] = from;
      bounds[2 * field + 1] = to;
    }

    /** The level that a field is, by its place in {@link TopicPattern#fields()}. */
    String level(String topic, int field) {
      return topic.substring(bounds[2 * field], bounds[2 * field + 1]);
    }
  }

  private final String text;
  private final String share;

  /** A level's text; null where any text will do. */
  private final String[] levels;

  /** A level's place among the fields; -1 where it is none. */
  private final int[] fieldOfLevel;

  private final boolean rest;
  private final List<String> fields;
  private final String filter;

  private TopicPattern(
      String text, String share, List<String> levels, List<String> fields, boolean rest) {
    this.text = text;
    this.share = share;
    this.rest = rest;
    this.fields = List.copyOf(fields);
    this.levels = new String[levels.size()];
    this.fieldOfLevel = new int[levels.size()];
    List<String> plain = new ArrayList<>();
    for (int i = 0; i < levels.size(); i++) {
      String level = levels.get(i);
      boolean named = level.startsWith("{");
      fieldOfLevel[i] = named ? fields.indexOf(level.substring(1, level.length() - 1)) : -1;
      this.levels[i] = named || level.equals("+") ? null : level;
      plain.add(this.levels[i] == null ? "+" : level);
    }
    if (rest) {
      plain.add("#");
    }
    this.filter = share + String.join("/", plain);
  }

  /**
   * Reads a pattern.
   *
   * @throws IllegalArgumentException that says what is wrong with which level
   */
  static TopicPattern parse(String text) {
    String share = "";
    String pattern = text;
    if (text.startsWith(SHARE)) {
      int slash = text.indexOf('/', SHARE.length());
      String group = slash < 0 ? "" : text.substring(SHARE.length(), slash);
      if (group.isEmpty() || group.contains("+") || group.contains("#")) {
        throw new IllegalArgumentException(
            "expected $share/GROUP/FILTER, where GROUP is a name without '+' and '#'");
      }
      share = text.substring(0, slash + 1);
      pattern = text.substring(slash + 1);
    }
    if (pattern.isEmpty()) {
      throw new IllegalArgumentException(
          "is empty: expected a topic filter such as tv/+/telemetry");
    }
    if (pattern.indexOf('\0') >= 0) {
      throw new IllegalArgumentException("contains the character U+0000");
    }
    if (text.getBytes(java.nio.charset.StandardCharsets.UTF_8).length > LONGEST) {
      throw new IllegalArgumentException("is longer than the " + LONGEST + " bytes of a topic");
    }
    List<String> levels = new ArrayList<>(List.of(pattern.split("/", -1)));
    boolean rest = levels.get(levels.size() - 1).equals("#");
    if (rest) {
      levels.remove(levels.size() - 1);
    }
    List<String> fields = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    for (String level : levels) {
      if (level.startsWith("{") && level.endsWith("}")) {
        String field = level.substring(1, level.length() - 1);
        if (!FIELD.matcher(field).matches()) {
          throw new IllegalArgumentException(
              "level '" + level + "': expected the name of a field in the braces");
        }
        if (!seen.add(field)) {
          throw new IllegalArgumentException("field '" + field + "' is there twice");
        }
        fields.add(field);
      } else if (level.contains("#")) {
        throw new IllegalArgumentException(
            "level '" + level + "': '#' stands for all further levels, alone and at the end");
      } else if (level.contains("+") && !level.equals("+")) {
        throw new IllegalArgumentException(
            "level '" + level + "': '+' stands for a whole level, not a part of it");
      } else if (level.contains("{") || level.contains("}")) {
        throw new IllegalArgumentException(
            "level '" + level + "': {field} stands for a whole level, not a part of it");
      }
    }
    return new TopicPattern(text, share, levels, fields, rest);
  }

  /** What the broker is asked for, with the share group if there is one. */
  String filter() {
    return filter;
  }

  /** Whether several clients share what matches. */
  boolean shared() {
    return !share.isEmpty();
  }

  /** Names of the levels that are fields, in their order. */
  List<String> fields() {
    return fields;
  }

  /**
   * Whether a topic matches.
   *
   * @param match gets where the fields are; of use only after {@code true}
   */
  boolean matches(String topic, Match match) {
    int from = 0;
    int end = topic.length();
    for (int i = 0; i < levels.length; i++) {
      if (from > end) {
        return false;
      }
      int slash = topic.indexOf('/', from);
      int to = slash < 0 ? end : slash;
      String level = levels[i];
      if (level == null) {
        // A wildcard at the beginning leaves out the broker's own topics, such as $SYS.
        if (i == 0 && end > 0 && topic.charAt(0) == '$') {
          return false;
        }
        if (fieldOfLevel[i] >= 0) {
          match.put(fieldOfLevel[i], from, to);
        }
      } else if (to - from != level.length() || !topic.startsWith(level, from)) {
        return false;
      }
      from = to + 1;
    }
    if (!rest) {
      return from > end;
    }
    // '#' stands for the level above it too: a/# matches a.
    return levels.length > 0 || end == 0 || topic.charAt(0) != '$';
  }

  @Override
  public String toString() {
    return text;
  }
}
