package dev.millrace.connect.datagen;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.avro.util.Utf8;
import org.apache.kafka.common.utils.Utils;

/**
 * Which entity is in which partition, and how many of the events each partition has. The same for
 * every number of tasks.
 *
 * @param keys of each partition's entities, by the entity's index
 * @param quotas of each partition; {@link Long#MAX_VALUE} if there is no end
 */
record Layout(List<Map<Integer, Object>> keys, long[] quotas) {

  static Layout of(DatagenConfig config, RecordWriter writer) {
    int partitions = config.getInt(DatagenConfig.PARTITIONS);
    long count = config.getLong(DatagenConfig.COUNT);
    List<Map<Integer, Object>> keys = new ArrayList<>();
    for (int p = 0; p < partitions; p++) {
      keys.add(new HashMap<>());
    }
    Optional<Entities> entities = config.entities();
    if (entities.isEmpty()) {
      return new Layout(keys, byTurns(count, partitions));
    }
    long[] weights = new long[partitions];
    for (int i = 0; i < entities.get().count(); i++) {
      Object key = entities.get().key(i);
      Object value = key instanceof String text ? new Utf8(text) : key;
      int partition = Utils.toPositive(Utils.murmur2(writer.keyBytes(value))) % partitions;
      keys.get(partition).put(i, value);
      weights[partition]++;
    }
    return new Layout(keys, quotas(count, weights));
  }

  /** Records are numbered in turns: so that there is none missing before the last. */
  private static long[] byTurns(long count, int partitions) {
    long[] quotas = new long[partitions];
    for (int p = 0; p < partitions; p++) {
      quotas[p] =
          count == 0 ? Long.MAX_VALUE : count / partitions + (p < count % partitions ? 1 : 0);
    }
    return quotas;
  }

  private static long[] quotas(long count, long[] weights) {
    long total = java.util.Arrays.stream(weights).sum();
    long[] quotas = new long[weights.length];
    long given = 0;
    long seen = 0;
    for (int p = 0; p < weights.length; p++) {
      seen += weights[p];
      if (count == 0) {
        quotas[p] = weights[p] == 0 ? 0 : Long.MAX_VALUE;
      } else {
        long upTo =
            Math.multiplyHigh(count, seen) == 0
                ? count * seen / total
                : (long) ((double) count * seen / total);
        quotas[p] = upTo - given;
        given = upTo;
      }
    }
    return quotas;
  }

  /** Partitions that have any record. */
  int used() {
    int used = 0;
    for (long quota : quotas) {
      used += quota > 0 ? 1 : 0;
    }
    return used;
  }

  /** A partition's share of the rate. */
  double share(int partition) {
    if (quotas[partition] == 0) {
      return 0;
    }
    long entities = keys.stream().mapToLong(Map::size).sum();
    return entities == 0 ? 1.0 / quotas.length : (double) keys.get(partition).size() / entities;
  }
}
