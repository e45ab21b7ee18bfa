package dev.millrace.connect.rest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.common.config.ConfigException;

/**
 * Text with places for values: {@code {city.id}}, {@code {window.start}}, {@code
 * {window.start:epoch}}.
 */
final class Template {
  private static final Pattern PLACE =
      Pattern.compile("\\{([A-Za-z_][A-Za-z0-9_]*)((?:\\.[A-Za-z0-9_-]+)*)(?::([a-z]+))?}");

  private final List<Object> parts;

  /**
   * A place for a value.
   *
   * @param name the first word
   * @param path the words after it
   * @param format what follows a colon; empty without
   */
  record Place(String name, List<String> path, String format) {
    /** What this place is for within a value. */
    JsonNode in(JsonNode value) {
      JsonNode at = value;
      for (String step : path) {
        at =
            at.isArray() && step.matches("\\d{1,9}")
                ? at.path(Integer.parseInt(step))
                : at.path(step);
      }
      return at;
    }

    @Override
    public String toString() {
      return "{"
          + name
          + String.join("", path.stream().map(p -> "." + p).toList())
          + (format.isEmpty() ? "" : ":" + format)
          + "}";
    }
  }

  /** Where the values come from. */
  interface Values {
    /** The value of a place; missing if there is none. */
    JsonNode of(Place place);
  }

  private Template(List<Object> parts) {
    this.parts = parts;
  }

  /**
   * Reads a template.
   *
   * @param setting named in errors
   * @param names the first words that are known
   */
  static Template parse(String setting, String text, Set<String> names) {
    String shown = Credentials.SECRET_PARAMETERS.matcher(text).replaceAll("$1$2=***");
    List<Object> parts = new ArrayList<>();
    Matcher matcher = PLACE.matcher(text);
    int from = 0;
    while (matcher.find()) {
      literal(setting, shown, text.substring(from, matcher.start()), parts);
      if (!names.contains(matcher.group(1))) {
        throw new ConfigException(
            setting,
            shown,
            matcher.group() + " is not known; there are " + new java.util.TreeSet<>(names));
      }
      List<String> path =
          matcher.group(2).isEmpty()
              ? List.of()
              : List.of(matcher.group(2).substring(1).split("\\.", -1));
      String format = matcher.group(3) == null ? "" : matcher.group(3);
      parts.add(new Place(matcher.group(1), path, format));
      from = matcher.end();
    }
    literal(setting, shown, text.substring(from), parts);
    return new Template(List.copyOf(parts));
  }

  private static void literal(String setting, String shown, String part, List<Object> parts) {
    if (part.indexOf('{') >= 0 || part.indexOf('}') >= 0) {
      throw new ConfigException(
          setting,
          shown,
          "a brace that is no place for a value such as {city.id} or {window.start}");
    }
    if (!part.isEmpty()) {
      parts.add(part);
    }
  }

  /** The places in it. */
  List<Place> places() {
    return parts.stream().filter(Place.class::isInstance).map(Place.class::cast).toList();
  }

  /** The place, if it is nothing but one. */
  Optional<Place> only() {
    return parts.size() == 1 && parts.get(0) instanceof Place place
        ? Optional.of(place)
        : Optional.empty();
  }

  /** The text with its values as they are. */
  String render(Values values) throws NoValueException {
    return render(values, false);
  }

  /** The text with its values percent-encoded, for a URL. */
  String renderUrl(Values values) throws NoValueException {
    return render(values, true);
  }

  private String render(Values values, boolean encoded) throws NoValueException {
    StringBuilder out = new StringBuilder();
    for (Object part : parts) {
      if (part instanceof Place place) {
        JsonNode value = values.of(place);
        if (!value.isValueNode() || value.isNull() || value instanceof MissingNode) {
          throw new NoValueException(place + " has no value");
        }
        out.append(encoded ? encode(value.asText()) : value.asText());
      } else {
        out.append(part);
      }
    }
    return out.toString();
  }

  /** A value as it may stand anywhere in a URL. */
  static String encode(String value) {
    return URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20");
  }

  /** A place that an item has nothing for. */
  static final class NoValueException extends Exception {
    private static final long serialVersionUID = 1L;

    NoValueException(String message) {
      super(message);
    }
  }
}
