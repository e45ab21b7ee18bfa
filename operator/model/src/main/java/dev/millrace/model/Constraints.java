package dev.millrace.model;

import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import java.lang.annotation.Annotation;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Checks a resource's fields, one by one, against the annotations that its CRD is made of: what is
 * refused here, an API server refuses too. What fields mean together is checked by the planner.
 */
public final class Constraints {
  private static final Map<String, java.util.regex.Pattern> PATTERNS = new ConcurrentHashMap<>();

  private final List<Problem> problems = new ArrayList<>();

  private Constraints() {}

  /** What is wrong in the fields of a spec, with their paths from {@code spec} on. */
  public static List<Problem> check(Record spec) {
    Constraints constraints = new Constraints();
    constraints.record("spec", spec);
    return List.copyOf(constraints.problems);
  }

  private void record(String path, Record record) {
    Union union = record.getClass().getAnnotation(Union.class);
    if (union != null) {
      union(path, record, union);
    }
    PlatformRules.check(path, record).ifPresent(problems::add);
    for (RecordComponent component : record.getClass().getRecordComponents()) {
      String at = path + "." + component.getName();
      Object value = value(component, record);
      if (value == null) {
        if (component.getAccessor().isAnnotationPresent(Required.class)) {
          problems.add(Problem.of(at, "is missing"));
        }
        continue;
      }
      if (value instanceof Record nested) {
        record(at, nested);
      } else if (value instanceof List<?> list) {
        list(at, component, list);
      } else if (value instanceof Number number) {
        number(at, component.getAccessor(), number);
      } else if (value instanceof String text) {
        text(at, component.getAccessor(), text);
      }
    }
  }

  private static Object value(RecordComponent component, Record record) {
    try {
      return component.getAccessor().invoke(record);
    } catch (IllegalAccessException | InvocationTargetException e) {
      throw new IllegalStateException(e);
    }
  }

  private void union(String path, Record record, Union union) {
    String[] members = union.value();
    List<String> set =
        Arrays.stream(record.getClass().getRecordComponents())
            .filter(c -> Arrays.asList(members).contains(c.getName()) && value(c, record) != null)
            .map(RecordComponent::getName)
            .toList();
    if (union.optional() && set.isEmpty()) {
      return;
    }
    if (members.length == 1 && set.isEmpty()) {
      problems.add(Problem.of(path, members[0] + " must be set"));
    } else if (set.size() != 1) {
      problems.add(
          Problem.of(
              path,
              (union.optional() ? "at most one of " : "exactly one of ")
                  + String.join(", ", members)
                  + (union.optional() ? " may be set; " : " must be set; ")
                  + (set.isEmpty() ? "none is" : String.join(" and ", set) + " are")));
    }
  }

  private void list(String path, RecordComponent component, List<?> list) {
    Size size = annotation(component.getAccessor(), Size.class).orElse(null);
    if (size != null && list.size() < size.min()) {
      problems.add(Problem.of(path, "is missing or empty"));
    }
    if (size != null && list.size() > size.max()) {
      problems.add(
          Problem.of(path, "has " + list.size() + " entries: expected at most " + size.max()));
      return;
    }
    Items items = annotation(component.getAccessor(), Items.class).orElse(null);
    for (int i = 0; i < list.size(); i++) {
      String at = path + "[" + i + "]";
      if (list.get(i) instanceof Record nested) {
        record(at, nested);
      } else if (items != null && list.get(i) instanceof String text) {
        if (text.length() > items.maxLength() || !matches(items.pattern(), text)) {
          problems.add(Problem.of(at, "'" + text + "': expected " + items.expected()));
        }
      }
    }
  }

  private void number(String path, AnnotatedElement field, Number number) {
    Optional<Min> min = annotation(field, Min.class);
    Optional<Max> max = annotation(field, Max.class);
    boolean low = min.isPresent() && number.doubleValue() < min.get().value();
    boolean high = max.isPresent() && number.doubleValue() > max.get().value();
    if (low || high) {
      String expected =
          max.isEmpty()
              ? plain(min.orElseThrow().value()) + " or more"
              : plain(min.map(Min::value).orElse(0.0)) + " to " + plain(max.get().value());
      problems.add(Problem.of(path, "'" + number + "': expected " + expected));
    }
  }

  private static String plain(double value) {
    return Long.toString((long) value);
  }

  private void text(String path, AnnotatedElement field, String text) {
    Optional<OneOf> oneOf = annotation(field, OneOf.class);
    if (oneOf.isPresent() && !Arrays.asList(oneOf.get().value()).contains(text)) {
      List<String> known = List.of(oneOf.get().value());
      problems.add(
          Problem.unknown(
              path, "'" + text + "': expected one of " + String.join(", ", known), text, known));
      return;
    }
    Optional<Pattern> pattern = annotation(field, Pattern.class);
    Optional<Size> size = annotation(field, Size.class);
    if (pattern.isPresent() && !matches(pattern.get().value(), text)) {
      String expected = annotation(field, Expected.class).map(Expected::value).orElse(null);
      problems.add(
          Problem.of(
              path,
              "'" + text + "': expected " + (expected == null ? pattern.get().value() : expected)));
    } else if (size.isPresent() && text.length() > size.get().max()) {
      problems.add(
          Problem.of(
              path, "has " + text.length() + " characters: expected at most " + size.get().max()));
    } else if (size.isPresent() && text.length() < size.get().min()) {
      problems.add(Problem.of(path, "is empty"));
    }
  }

  private static boolean matches(String pattern, String text) {
    return PATTERNS.computeIfAbsent(pattern, java.util.regex.Pattern::compile).matcher(text).find();
  }

  /** An annotation of a field, or of one of its annotations. */
  private static <A extends Annotation> Optional<A> annotation(
      AnnotatedElement field, Class<A> type) {
    A direct = field.getAnnotation(type);
    if (direct != null) {
      return Optional.of(direct);
    }
    for (Annotation annotation : field.getAnnotations()) {
      A nested = annotation.annotationType().getAnnotation(type);
      if (nested != null) {
        return Optional.of(nested);
      }
    }
    return Optional.empty();
  }
}
