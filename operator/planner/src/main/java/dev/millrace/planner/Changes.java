package dev.millrace.planner;

import dev.millrace.planner.Change.Action;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/**
 * What would happen if a plan were applied now.
 *
 * @param all in the order in which resources depend on one another
 * @param unchanged how many resources are as they should be
 * @param silent why a backend did not answer, by type of resource: what would happen there is not
 *     known
 * @param hash of what is wanted and of what would happen: another hash, another plan
 */
public record Changes(List<Change> all, int unchanged, Map<String, String> silent, String hash) {
  /** None at all, of a Pipeline that is wrong. */
  public static final Changes NONE = new Changes(List.of(), 0, Map.of(), "");

  public Changes {
    all = List.copyOf(all);
    silent = new TreeMap<>(silent);
  }

  static Changes of(Plan plan, List<Change> all, int unchanged, Map<String, String> silent) {
    StringBuilder text = new StringBuilder();
    plan.resources().forEach(r -> text.append(r.id()).append(' ').append(r.hash()).append('\n'));
    plan.waiting().keySet().forEach(w -> text.append("waiting ").append(w).append('\n'));
    silent.keySet().forEach(s -> text.append("silent ").append(s).append('\n'));
    all.forEach(c -> text.append(c).append('\n'));
    return new Changes(all, unchanged, silent, Hashes.of(text.toString()));
  }

  /** The same with other changes in place of some, and a hash that follows. */
  public Changes replaced(List<Change> others) {
    return new Changes(others, unchanged, silent, Hashes.of(hash + others));
  }

  /** The same with every text that comes from outside as a function makes it; the hash stays. */
  public Changes texts(UnaryOperator<String> function) {
    Map<String, String> reasons = new TreeMap<>(silent);
    reasons.replaceAll((type, why) -> function.apply(why));
    return new Changes(all.stream().map(c -> c.texts(function)).toList(), unchanged, reasons, hash);
  }

  /** Those that do something or would have to. */
  public List<Change> differing() {
    return all.stream().filter(Change::differs).toList();
  }

  /** The greatest impact. */
  public Impact impact() {
    return differing().stream().map(Change::impact).reduce(Impact.NONE, Impact::max);
  }

  /** Impacts for which somebody has to agree. */
  public Set<Impact> consents() {
    Set<Impact> needed = EnumSet.noneOf(Impact.class);
    for (Change change : all) {
      if (change.action() != Action.REFUSE) {
        needed.addAll(Consent.NONE.missing(change));
      }
    }
    return needed;
  }

  /** What is in the way because somebody else made it. */
  public List<Change> conflicts() {
    return with(Action.CONFLICT);
  }

  /** What can not be done at all. */
  public List<Change> refused() {
    return with(Action.REFUSE);
  }

  /** What somebody changed behind our back. */
  public List<Change> drift() {
    return all.stream().filter(Change::drift).toList();
  }

  private List<Change> with(Action action) {
    return all.stream().filter(c -> c.action() == action).toList();
  }

  /** How many changes of each impact. */
  public Map<Impact, Integer> count() {
    Map<Impact, Integer> count = new EnumMap<>(Impact.class);
    differing().forEach(c -> count.merge(c.impact(), 1, Integer::sum));
    return count;
  }

  /** Of one resource, or of the transforms of a job. */
  public List<Change> of(Resource resource) {
    List<Change> found = new ArrayList<>();
    for (Change change : all) {
      if (change.resource().equals(resource.id())
          || change.resource().startsWith(resource.id() + "#")) {
        found.add(change);
      }
    }
    return found;
  }
}
