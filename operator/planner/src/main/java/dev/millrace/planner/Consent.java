package dev.millrace.planner;

import java.util.EnumSet;
import java.util.Set;

/**
 * What somebody has agreed to.
 *
 * @param allowed impacts beyond {@code restart} that may be had
 * @param adopt whether what bears our name and was not made by us is taken over
 */
public record Consent(Set<Impact> allowed, boolean adopt) {
  /** To nothing that loses anything. */
  public static final Consent NONE = new Consent(Set.of(), false);

  public Consent {
    allowed = Set.copyOf(allowed);
  }

  /** Whether an impact may be had. Who agrees to lose data has not agreed to lose state. */
  public boolean allows(Impact impact) {
    return !impact.needsConsent() || allowed.contains(impact);
  }

  /** This consent, and another impact. */
  public Consent and(Impact impact) {
    Set<Impact> more = EnumSet.of(impact);
    more.addAll(allowed);
    return new Consent(more, adopt);
  }

  /** Which impacts of a change's fields are not allowed. */
  Set<Impact> missing(Change change) {
    Set<Impact> missing = EnumSet.noneOf(Impact.class);
    change.fields().stream().map(FieldChange::impact).filter(i -> !allows(i)).forEach(missing::add);
    if (!allows(change.impact())) {
      missing.add(change.impact());
    }
    return missing;
  }
}
