package dev.millrace.connect.datagen;

import com.fasterxml.jackson.databind.JsonNode;
import org.apache.kafka.common.config.ConfigException;

/** How long an entity stays in a state; at least a microsecond, so that its times increase. */
sealed interface Dwell {
  /** Microseconds. */
  long sample(Random64 random);

  record Fixed(long value) implements Dwell {
    @Override
    public long sample(Random64 random) {
      return value;
    }
  }

  record Uniform(long min, long max) implements Dwell {
    @Override
    public long sample(Random64 random) {
      return min + random.nextLong(max - min + 1);
    }
  }

  record Exponential(double mean, long max) implements Dwell {
    @Override
    public long sample(Random64 random) {
      return bounded(-mean * StrictMath.log(1.0 - random.nextDouble()), max);
    }
  }

  record LogNormal(double median, double sigma, long max) implements Dwell {
    @Override
    public long sample(Random64 random) {
      return bounded(median * StrictMath.exp(sigma * random.nextGaussian()), max);
    }
  }

  private static long bounded(double value, long max) {
    return Math.max(1, Math.min(max, (long) value));
  }

  static Dwell parse(String field, JsonNode node) {
    if (node.isTextual()) {
      return new Fixed(Math.max(1, Durations.micros(field, node.asText())));
    }
    String distribution = node.path("distribution").asText("");
    long max = node.has("max") ? duration(field, node, "max") : Durations.micros(field, "365d");
    return switch (distribution) {
      case "fixed" -> new Fixed(Math.max(1, duration(field, node, "value")));
      case "uniform" -> {
        long min = Math.max(1, duration(field, node, "min"));
        long top = duration(field, node, "max");
        if (top < min) {
          throw new ConfigException(field + ".max", node.get("max").asText(), "is less than min");
        }
        yield new Uniform(min, top);
      }
      case "exponential" -> new Exponential(duration(field, node, "mean"), max);
      case "lognormal" -> {
        double sigma = node.path("sigma").asDouble(-1);
        if (sigma < 0) {
          throw new ConfigException(
              field + ".sigma", node.path("sigma").asText(), "expected a number, 0 or more");
        }
        yield new LogNormal(duration(field, node, "median"), sigma, max);
      }
      default ->
          throw new ConfigException(
              field + ".distribution",
              distribution,
              "expected fixed, uniform, exponential or lognormal");
    };
  }

  private static long duration(String field, JsonNode node, String key) {
    if (!node.hasNonNull(key)) {
      throw new ConfigException(field + "." + key, null, "is missing");
    }
    return Durations.micros(field + "." + key, node.get(key).asText());
  }
}
