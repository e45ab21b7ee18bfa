package dev.millrace.local.testing;

import dev.millrace.model.Names;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.avro.LogicalTypes;
import org.apache.avro.Schema;
import org.apache.avro.Schema.Type;

/**
 * The type of a declared column as people write it: a name, {@code decimal(precision,scale)}, and
 * {@code or null} or {@code ?} behind it where null is allowed.
 */
final class ColumnType {
  private static final Pattern DECIMAL =
      Pattern.compile("decimal\\(\\s*(\\d{1,2})\\s*,\\s*(\\d{1,2})\\s*\\)");

  /** YAML takes a question mark within braces for its own. */
  private static final Pattern NULLABLE = Pattern.compile("(.*\\S)(?:\\s*\\?|\\s+or\\s+null)");

  private static final Map<String, Schema> NAMED = new LinkedHashMap<>();

  static {
    for (Type type :
        List.of(
            Type.BOOLEAN, Type.INT, Type.LONG, Type.FLOAT, Type.DOUBLE, Type.STRING, Type.BYTES)) {
      NAMED.put(type.getName(), Schema.create(type));
    }
    NAMED.put("date", LogicalTypes.date().addToSchema(Schema.create(Type.INT)));
    NAMED.put("timestamp", LogicalTypes.timestampMicros().addToSchema(Schema.create(Type.LONG)));
  }

  private ColumnType() {}

  /** A schema, or empty with the reason in {@code problem}. */
  static Optional<Schema> parse(String text, java.util.function.Consumer<String> problem) {
    Matcher suffix = NULLABLE.matcher(text.strip());
    boolean nullable = suffix.matches();
    String name = nullable ? suffix.group(1) : text.strip();
    Schema schema = NAMED.get(name);
    Matcher decimal = DECIMAL.matcher(name);
    if (schema == null && decimal.matches()) {
      int precision = Integer.parseInt(decimal.group(1));
      int scale = Integer.parseInt(decimal.group(2));
      if (precision > 0 && precision <= 38 && scale <= precision) {
        schema = LogicalTypes.decimal(precision, scale).addToSchema(Schema.create(Type.BYTES));
      }
    }
    if (schema == null) {
      problem.accept(
          "'"
              + text
              + "' is not a type"
              + Names.nearest(name, NAMED.keySet())
                  .map(near -> " (did you mean '" + near + "'?)")
                  .orElse("")
              + ": "
              + String.join(", ", NAMED.keySet())
              + " or decimal(precision,scale), with 'or null' behind it if it may be null");
      return Optional.empty();
    }
    return Optional.of(nullable ? Schema.createUnion(Schema.create(Type.NULL), schema) : schema);
  }
}
