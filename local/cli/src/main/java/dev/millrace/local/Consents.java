package dev.millrace.local;

import dev.millrace.planner.Consent;
import dev.millrace.planner.Impact;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import picocli.CommandLine.Option;

/** The flags by which somebody agrees. */
final class Consents {
  @Option(
      names = "--allow",
      split = ",",
      paramLabel = "IMPACT",
      description = "Agree to changes of this impact: state-loss, data-loss, or both with a comma.")
  List<Loss> allow = new ArrayList<>();

  @Option(
      names = "--adopt",
      description =
          "Take over what bears the pipeline's names in a backend and was not made by it.")
  boolean adopt;

  /** What may be agreed to. */
  enum Loss {
    STATE(Impact.STATE_LOSS),
    DATA(Impact.DATA_LOSS);

    private final Impact impact;

    Loss(Impact impact) {
      this.impact = impact;
    }

    @Override
    public String toString() {
      return impact.label();
    }
  }

  Consent consent() {
    Set<Impact> allowed = EnumSet.noneOf(Impact.class);
    allow.forEach(a -> allowed.add(a.impact));
    return new Consent(allowed, adopt);
  }

  /** The same flags, for another process. */
  List<String> arguments() {
    List<String> arguments = new ArrayList<>();
    if (!allow.isEmpty()) {
      arguments.add("--allow");
      arguments.add(String.join(",", allow.stream().map(Loss::toString).toList()));
    }
    if (adopt) {
      arguments.add("--adopt");
    }
    return arguments;
  }
}
