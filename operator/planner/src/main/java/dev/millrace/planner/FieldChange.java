package dev.millrace.planner;

import java.util.Optional;

/**
 * One field that differs.
 *
 * @param field its name within the resource
 * @param before what is there; empty if the field is new
 * @param after what is wanted; empty if the field goes
 * @param reason why it has this impact, and what follows from it; may be empty
 */
public record FieldChange(
    String field, Optional<String> before, Optional<String> after, Impact impact, String reason) {

  static FieldChange of(String field, String before, String after, Impact impact, String reason) {
    return new FieldChange(
        field,
        Optional.ofNullable(before).map(b -> Secrecy.hide(field, b)),
        Optional.ofNullable(after).map(a -> Secrecy.hide(field, a)),
        impact,
        reason);
  }

  /** In one line: {@code tasks.max: 1 -> 2}. */
  @Override
  public String toString() {
    return field + ": " + before.orElse("(none)") + " -> " + after.orElse("(none)");
  }
}
