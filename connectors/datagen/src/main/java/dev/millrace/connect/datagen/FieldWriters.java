package dev.millrace.connect.datagen;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.github.curiousoddman.rgxgen.RgxGen;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.avro.Schema;
import org.apache.avro.io.Encoder;
import org.apache.avro.util.Utf8;
import org.apache.kafka.common.config.ConfigException;

/**
 * Writers of random values, compiled from a schema's {@code arg.properties} annotations.
 *
 * <p>The annotations are those of Confluent's Avro Random Generator, as its README documents them:
 * {@code options}, {@code range}, {@code iteration}, {@code regex}, {@code length}, {@code prefix},
 * {@code suffix}, {@code odds}, {@code keys}. For a union a field may bear {@code
 * "arg.properties":{"odds.null":0.2}}; without it null is as likely as each other branch.
 */
final class FieldWriters {
  static final String ANNOTATION = "arg.properties";
  private static final ObjectMapper JSON = new ObjectMapper();

  private FieldWriters() {}

  /** Writes one random value as Avro binary. */
  @FunctionalInterface
  interface Writer {
    /**
     * Writes a value.
     *
     * @param ordinal number of the record, for {@code iteration}
     */
    void write(Encoder out, Random64 random, long ordinal) throws IOException;
  }

  /** The schema without annotations: what is registered. */
  static Schema strip(String annotated) {
    try {
      JsonNode node = JSON.readTree(annotated);
      strip(node);
      return new Schema.Parser().parse(node.toString());
    } catch (JsonProcessingException e) {
      throw new ConfigException("schema", annotated, "is not JSON: " + e.getOriginalMessage());
    } catch (RuntimeException e) {
      throw new ConfigException("schema", null, "is not an Avro schema: " + e.getMessage());
    }
  }

  private static void strip(JsonNode node) {
    if (node instanceof ObjectNode object) {
      object.remove(ANNOTATION);
    }
    node.forEach(FieldWriters::strip);
  }

  static Writer of(String path, Schema schema) {
    return of(path, schema, annotation(schema.getObjectProp(ANNOTATION)));
  }

  static Writer field(String path, Schema.Field field) {
    Schema schema = field.schema();
    JsonNode own = annotation(field.getObjectProp(ANNOTATION));
    if (schema.getType() == Schema.Type.UNION) {
      return union(path, schema, own);
    }
    return of(path, schema, own.isEmpty() ? annotation(schema.getObjectProp(ANNOTATION)) : own);
  }

  private static JsonNode annotation(Object property) {
    return property == null ? JSON.createObjectNode() : JSON.valueToTree(property);
  }

  private static Writer of(String path, Schema schema, JsonNode args) {
    if (args.has("options")) {
      return options(path, schema, args.get("options"));
    }
    return switch (schema.getType()) {
      case NULL -> (out, random, ordinal) -> out.writeNull();
      case BOOLEAN -> {
        double odds = args.path("odds").asDouble(0.5);
        yield (out, random, ordinal) -> out.writeBoolean(random.nextDouble() < odds);
      }
      case INT -> {
        Whole whole = Whole.parse(path, args, 0, Integer.MAX_VALUE);
        yield (out, random, ordinal) -> out.writeInt((int) whole.next(random, ordinal));
      }
      case LONG -> {
        Whole whole = Whole.parse(path, args, 0, Long.MAX_VALUE - 1);
        yield (out, random, ordinal) -> out.writeLong(whole.next(random, ordinal));
      }
      case FLOAT -> {
        double[] range = range(path, args, 0, 1);
        yield (out, random, ordinal) ->
            out.writeFloat((float) (range[0] + random.nextDouble() * (range[1] - range[0])));
      }
      case DOUBLE -> {
        double[] range = range(path, args, 0, 1);
        yield (out, random, ordinal) ->
            out.writeDouble(range[0] + random.nextDouble() * (range[1] - range[0]));
      }
      case STRING -> string(path, args);
      case BYTES -> {
        Length length = Length.parse(path, args);
        yield (out, random, ordinal) -> out.writeBytes(bytes(random, length.next(random)));
      }
      case FIXED -> {
        int size = schema.getFixedSize();
        yield (out, random, ordinal) -> out.writeFixed(bytes(random, size));
      }
      case ENUM -> {
        int symbols = schema.getEnumSymbols().size();
        yield (out, random, ordinal) -> out.writeEnum(random.nextInt(symbols));
      }
      case ARRAY -> {
        Length length = Length.parse(path, args);
        Writer item = of(path + "[]", schema.getElementType());
        yield (out, random, ordinal) -> {
          int n = length.next(random);
          out.writeArrayStart();
          out.setItemCount(n);
          for (int i = 0; i < n; i++) {
            out.startItem();
            item.write(out, random, ordinal);
          }
          out.writeArrayEnd();
        };
      }
      case MAP -> {
        Length length = Length.parse(path, args);
        Writer key = string(path + ".keys", args.path("keys"));
        Writer value = of(path + "{}", schema.getValueType());
        yield (out, random, ordinal) -> {
          int n = length.next(random);
          out.writeMapStart();
          out.setItemCount(n);
          for (int i = 0; i < n; i++) {
            out.startItem();
            key.write(out, random, ordinal);
            value.write(out, random, ordinal);
          }
          out.writeMapEnd();
        };
      }
      case UNION -> union(path, schema, args);
      case RECORD -> {
        List<Writer> fields = new ArrayList<>();
        for (Schema.Field field : schema.getFields()) {
          fields.add(field(path + "." + field.name(), field));
        }
        yield (out, random, ordinal) -> {
          for (Writer writer : fields) {
            writer.write(out, random, ordinal);
          }
        };
      }
    };
  }

  private static Writer union(String path, Schema schema, JsonNode args) {
    List<Writer> branches = new ArrayList<>();
    for (Schema branch : schema.getTypes()) {
      branches.add(of(path, branch));
    }
    int nullIndex = nullIndex(schema);
    double oddsOfNull = nullIndex < 0 ? 0 : args.path("odds.null").asDouble(-1);
    if (args.has("odds.null") && !(oddsOfNull >= 0 && oddsOfNull <= 1)) {
      throw new ConfigException(
          path + ": odds.null", args.get("odds.null").asText(), "expected 0 to 1");
    }
    return (out, random, ordinal) -> {
      int index;
      if (oddsOfNull < 0 || branches.size() == 1) {
        index = random.nextInt(branches.size());
      } else if (nullIndex >= 0 && random.nextDouble() < oddsOfNull) {
        index = nullIndex;
      } else if (nullIndex < 0) {
        index = random.nextInt(branches.size());
      } else {
        int other = random.nextInt(branches.size() - 1);
        index = other >= nullIndex ? other + 1 : other;
      }
      out.writeIndex(index);
      branches.get(index).write(out, random, ordinal);
    };
  }

  static int nullIndex(Schema union) {
    for (int i = 0; i < union.getTypes().size(); i++) {
      if (union.getTypes().get(i).getType() == Schema.Type.NULL) {
        return i;
      }
    }
    return -1;
  }

  private static Writer options(String path, Schema schema, JsonNode options) {
    if (!options.isArray() || options.isEmpty()) {
      throw new ConfigException(
          path + ": options", options.toString(), "expected a list that is not empty");
    }
    List<Writer> constants = new ArrayList<>();
    for (JsonNode option : options) {
      constants.add(constant(path, schema, option));
    }
    return (out, random, ordinal) ->
        constants.get(random.nextInt(constants.size())).write(out, random, ordinal);
  }

  /** A writer of one value, given as JSON; for a union, of the branch that takes it. */
  static Writer constant(String path, Schema schema, JsonNode value) {
    String wrong = path + ": '" + value.asText() + "' is no " + schema.getType();
    switch (schema.getType()) {
      case UNION -> {
        for (int i = 0; i < schema.getTypes().size(); i++) {
          Schema branch = schema.getTypes().get(i);
          if (value.isNull() == (branch.getType() == Schema.Type.NULL)) {
            int index = i;
            Writer inner = constant(path, branch, value);
            return (out, random, ordinal) -> {
              out.writeIndex(index);
              inner.write(out, random, ordinal);
            };
          }
        }
      }
      case NULL -> {
        if (value.isNull()) {
          return (out, random, ordinal) -> out.writeNull();
        }
      }
      case STRING -> {
        if (value.isValueNode() && !value.isNull()) {
          Utf8 text = new Utf8(value.asText());
          return (out, random, ordinal) -> out.writeString(text);
        }
      }
      case INT -> {
        if (value.canConvertToInt() && value.isIntegralNumber()) {
          int number = value.asInt();
          return (out, random, ordinal) -> out.writeInt(number);
        }
      }
      case LONG -> {
        if (value.isIntegralNumber()) {
          long number = value.asLong();
          return (out, random, ordinal) -> out.writeLong(number);
        }
      }
      case DOUBLE -> {
        if (value.isNumber()) {
          double number = value.asDouble();
          return (out, random, ordinal) -> out.writeDouble(number);
        }
      }
      case FLOAT -> {
        if (value.isNumber()) {
          float number = value.floatValue();
          return (out, random, ordinal) -> out.writeFloat(number);
        }
      }
      case BOOLEAN -> {
        if (value.isBoolean()) {
          boolean flag = value.asBoolean();
          return (out, random, ordinal) -> out.writeBoolean(flag);
        }
      }
      case ENUM -> {
        if (schema.hasEnumSymbol(value.asText())) {
          int symbol = schema.getEnumOrdinal(value.asText());
          return (out, random, ordinal) -> out.writeEnum(symbol);
        }
      }
      default -> wrong = path + ": a value for " + schema.getType() + " can not be given here";
    }
    throw new ConfigException("schema", null, wrong);
  }

  private static Writer string(String path, JsonNode args) {
    if (args.has("options")) {
      return options(path, Schema.create(Schema.Type.STRING), args.get("options"));
    }
    String prefix = args.path("prefix").asText("");
    String suffix = args.path("suffix").asText("");
    if (args.has("regex")) {
      RgxGen regex;
      try {
        regex = RgxGen.parse(args.get("regex").asText());
      } catch (RuntimeException e) {
        throw new ConfigException(
            path + ": regex", args.get("regex").asText(), "cannot be generated: " + e.getMessage());
      }
      return (out, random, ordinal) ->
          out.writeString(prefix + regex.generate(new Random(random.nextLong())) + suffix);
    }
    if (args.has("iteration") || args.has("range")) {
      Whole whole = Whole.parse(path, args, 0, Long.MAX_VALUE - 1);
      return (out, random, ordinal) ->
          out.writeString(prefix + whole.next(random, ordinal) + suffix);
    }
    Length length = Length.parse(path, args);
    byte[] before = prefix.getBytes(StandardCharsets.UTF_8);
    byte[] after = suffix.getBytes(StandardCharsets.UTF_8);
    return (out, random, ordinal) -> {
      int n = length.next(random);
      byte[] text = new byte[before.length + n + after.length];
      System.arraycopy(before, 0, text, 0, before.length);
      for (int i = 0; i < n; i++) {
        text[before.length + i] = (byte) ('a' + random.nextInt(26));
      }
      System.arraycopy(after, 0, text, before.length + n, after.length);
      out.writeString(new Utf8(text));
    };
  }

  private static byte[] bytes(Random64 random, int length) {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = (byte) random.nextLong();
    }
    return bytes;
  }

  private static double[] range(String path, JsonNode args, double min, double max) {
    JsonNode range = args.path("range");
    double low = range.path("min").asDouble(min);
    double high = range.path("max").asDouble(max);
    if (!(low <= high)) {
      throw new ConfigException(path + ": range", range.toString(), "min is above max");
    }
    return new double[] {low, high};
  }

  /** Whole numbers: a range (max exclusive, as in the format) or an iteration. */
  private record Whole(boolean iterates, long min, long size, long step) {
    static Whole parse(String path, JsonNode args, long min, long max) {
      if (args.has("iteration")) {
        JsonNode iteration = args.get("iteration");
        long start = iteration.path("start").asLong(0);
        long step = iteration.path("step").asLong(1);
        if (step == 0) {
          throw new ConfigException(path + ": iteration.step", "0", "expected another number");
        }
        long rounds = Long.MAX_VALUE;
        if (iteration.has("restart")) {
          rounds = Math.max(1, (iteration.get("restart").asLong() - start + step - 1) / step);
        }
        return new Whole(true, start, rounds, step);
      }
      JsonNode range = args.path("range");
      long low = range.path("min").asLong(min);
      long high = range.path("max").asLong(max);
      if (high <= low && range.has("max")) {
        throw new ConfigException(path + ": range", range.toString(), "max is not above min");
      }
      return new Whole(false, low, Math.max(1, high - low), 0);
    }

    long next(Random64 random, long ordinal) {
      return iterates ? min + ordinal % size * step : min + random.nextLong(size);
    }
  }

  /** A number of characters or items: fixed, or at least min and below max. */
  private record Length(int min, int size) {
    static Length parse(String path, JsonNode args) {
      JsonNode length = args.path("length");
      if (length.isNumber()) {
        return new Length(length.asInt(), 1);
      }
      int min = length.path("min").asInt(8);
      int max = length.path("max").asInt(min + 1);
      if (max <= min || min < 0) {
        throw new ConfigException(path + ": length", length.toString(), "max is not above min");
      }
      return new Length(min, max - min);
    }

    int next(Random64 random) {
      return min + random.nextInt(size);
    }
  }
}
