package dev.millrace.local;

import com.github.difflib.DiffUtils;
import com.github.difflib.patch.AbstractDelta;
import dev.millrace.engine.DirectoryPlan;
import dev.millrace.engine.Preview;
import dev.millrace.planner.Change;
import dev.millrace.planner.Consent;
import dev.millrace.planner.FieldChange;
import dev.millrace.planner.Impact;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** A plan for people: a line for each change, its fields below. */
final class PlanText {
  private static final int WIDEST = 160;

  private PlanText() {}

  static List<String> of(DirectoryPlan plan) {
    List<String> lines = new ArrayList<>();
    for (Preview preview : plan.previews()) {
      lines.add("pipeline " + preview.pipeline());
      List<String> left = new ArrayList<>();
      for (Change change : preview.changes().all()) {
        if (change.action() == Change.Action.LEAVE) {
          left.add(change.type() + " " + change.name());
        } else {
          change(change, lines);
        }
      }
      preview
          .waiting()
          .forEach(
              (component, why) -> lines.add("  ? " + component + " is not planned yet: " + why));
      if (!left.isEmpty()) {
        lines.add("  = left there, as deletionPolicy is retain: " + String.join(", ", left));
      }
      lines.add("  " + summary(preview));
    }
    return lines;
  }

  /** What to do next with a plan. */
  static List<String> next(DirectoryPlan plan, String directory) {
    if (plan.differing().isEmpty()) {
      return List.of("plan " + plan.hash() + ": nothing to do");
    }
    if (!plan.refused().isEmpty()) {
      return List.of("plan " + plan.hash() + " can not be applied: see the lines with x");
    }
    return List.of(
        "plan " + plan.hash() + ", to be applied by",
        ("  millrace apply "
                + directory
                + " --plan "
                + plan.hash()
                + " "
                + plan.lacking(Consent.NONE))
            .stripTrailing());
  }

  private static String summary(Preview preview) {
    Map<Impact, Integer> count = preview.changes().count();
    int changes = count.values().stream().mapToInt(Integer::intValue).sum();
    String kinds =
        count.entrySet().stream()
            .map(e -> e.getValue() + " " + e.getKey().label())
            .collect(Collectors.joining(", "));
    return (changes == 0
            ? "no changes"
            : changes + (changes == 1 ? " change: " : " changes: ") + kinds)
        + "; "
        + preview.changes().unchanged()
        + " unchanged";
  }

  private static void change(Change change, List<String> lines) {
    lines.add(
        String.format(
            "  %s %-10s  %s %s (%s)%s",
            change.action().sign(),
            change.impact().label(),
            change.type(),
            change.name(),
            change.component(),
            change.drift() ? "  drift: somebody changed it" : ""));
    if (!change.reason().isEmpty()) {
      lines.add("      " + change.reason());
    }
    for (FieldChange field : change.fields()) {
      field(field, change.impact(), lines);
    }
  }

  private static void field(FieldChange field, Impact worst, List<String> lines) {
    String impact =
        field.impact() == worst || field.impact() == Impact.NONE
            ? ""
            : "  [" + field.impact().label() + "]";
    if (isLong(field)) {
      lines.add("      " + field.field() + ":" + impact);
      lines(field).forEach(l -> lines.add("        " + l));
    } else {
      lines.add("      " + field + impact);
    }
    if (!field.reason().isEmpty()) {
      lines.add("        " + field.reason());
    }
  }

  private static boolean isLong(FieldChange field) {
    return field.toString().length() > WIDEST || field.toString().contains("\n");
  }

  /** Only the differences, field by field, as {@code diff} writes them. */
  static List<String> differences(DirectoryPlan plan) {
    List<String> lines = new ArrayList<>();
    for (Change change : plan.differing()) {
      if (change.fields().isEmpty()) {
        lines.add((change.action() == Change.Action.DELETE ? "--- " : "+++ ") + change.resource());
        continue;
      }
      lines.add("@@@ " + change.resource());
      for (FieldChange field : change.fields()) {
        if (isLong(field)) {
          lines(field)
              .forEach(l -> lines.add(l.charAt(0) + " " + field.field() + ": " + l.substring(2)));
        } else {
          field.before().ifPresent(b -> lines.add("- " + field.field() + ": " + b));
          field.after().ifPresent(a -> lines.add("+ " + field.field() + ": " + a));
        }
      }
    }
    return lines;
  }

  /** The lines of a long text that differ. */
  private static List<String> lines(FieldChange field) {
    List<String> lines = new ArrayList<>();
    for (AbstractDelta<String> delta :
        DiffUtils.diff(split(field.before().orElse("")), split(field.after().orElse("")))
            .getDeltas()) {
      delta.getSource().getLines().forEach(l -> lines.add("- " + l.strip()));
      delta.getTarget().getLines().forEach(l -> lines.add("+ " + l.strip()));
    }
    return lines;
  }

  private static List<String> split(String text) {
    return text.isEmpty() ? List.of() : text.lines().toList();
  }
}
