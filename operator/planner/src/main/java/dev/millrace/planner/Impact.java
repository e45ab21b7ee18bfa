package dev.millrace.planner;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** What a change costs, from nothing to data that is gone. */
public enum Impact {
  /** Nothing changes. */
  NONE,
  /** Changed where it is, while everything runs. */
  IN_PLACE,
  /** Something is started again and goes on where it was. */
  RESTART,
  /** Positions or state are given up; input is read again. Needs consent. */
  STATE_LOSS,
  /** Records or documents are deleted. Needs consent. */
  DATA_LOSS;

  /** As people write it: {@code in-place}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Whether somebody has to agree first. */
  public boolean needsConsent() {
    return compareTo(STATE_LOSS) >= 0;
  }

  /** The greater of two. */
  public Impact max(Impact other) {
    return compareTo(other) >= 0 ? this : other;
  }

  /** The impact of a label. */
  public static Optional<Impact> of(String label) {
    return Arrays.stream(values()).filter(i -> i.label().equals(label)).findFirst();
  }

  @Override
  public String toString() {
    return label();
  }
}
