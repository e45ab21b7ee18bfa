package dev.millrace.planner;

import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/**
 * What would happen to one resource, or to one transform of a job.
 *
 * @param resource identity, such as {@code Topic/tv.events}; a transform's is {@code
 *     SparkJob/tv#viewings}
 * @param component the source, transform or sink that it is for
 * @param impact the greatest of its fields'
 * @param reason of the change as a whole; may be empty
 * @param drift the backend differs from what was applied last: somebody changed it there
 */
public record Change(
    String resource,
    String component,
    Action action,
    Impact impact,
    String reason,
    List<FieldChange> fields,
    boolean drift) {

  /** What is done. */
  public enum Action {
    CREATE("+"),
    UPDATE("~"),
    DELETE("-"),
    /** It is not wanted any more, and stays: {@code deletionPolicy: retain}. */
    LEAVE("="),
    /** Something of this name is there that was not made by us. Taken over only when asked. */
    CONFLICT("!"),
    /** It can not be done. The reason says what can. */
    REFUSE("x");

    private final String sign;

    Action(String sign) {
      this.sign = sign;
    }

    /** One character for people. */
    public String sign() {
      return sign;
    }
  }

  public Change {
    fields = List.copyOf(fields);
  }

  static Change create(Resource resource, boolean drift, String reason) {
    return new Change(
        resource.id(),
        resource.component(),
        Action.CREATE,
        Impact.IN_PLACE,
        reason,
        List.of(),
        drift);
  }

  /** A change of what is there: its impact is that of its worst field. */
  static Change update(Resource resource, List<FieldChange> fields, boolean drift, String reason) {
    return of(resource, Action.UPDATE, fields, drift, reason);
  }

  static Change of(
      Resource resource, Action action, List<FieldChange> fields, boolean drift, String reason) {
    return new Change(
        resource.id(), resource.component(), action, worst(fields), reason, fields, drift);
  }

  static Impact worst(List<FieldChange> fields) {
    return fields.stream().map(FieldChange::impact).reduce(Impact.NONE, Impact::max);
  }

  Change texts(UnaryOperator<String> function) {
    List<FieldChange> hidden =
        fields.stream()
            .map(
                f ->
                    new FieldChange(
                        f.field(),
                        f.before().map(function),
                        f.after().map(function),
                        f.impact(),
                        function.apply(f.reason())))
            .toList();
    return new Change(resource, component, action, impact, function.apply(reason), hidden, drift);
  }

  /** Type of the resource: {@code Topic}. */
  public String type() {
    return resource.substring(0, resource.indexOf('/'));
  }

  /** Name of the resource in its backend. */
  public String name() {
    return resource.substring(resource.indexOf('/') + 1);
  }

  /** Whether something would be done, or would have to be. */
  public boolean differs() {
    return action != Action.LEAVE;
  }

  /** In a few words, for a log or a status. */
  public String summary() {
    String what = type() + " " + name();
    String how =
        fields.isEmpty()
            ? ""
            : ": " + fields.stream().map(FieldChange::toString).collect(Collectors.joining("; "));
    return what + how + (reason.isEmpty() ? "" : (how.isEmpty() ? ": " : "; ") + reason);
  }
}
