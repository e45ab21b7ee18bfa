package dev.millrace.connect.datagen;

import dev.millrace.connect.datagen.Entities.State;
import dev.millrace.connect.datagen.Entities.Transition;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;

/**
 * All records of one partition, in the order in which they are emitted: a pure function of
 * configuration, start and partition. To go on after a restart it is run again from the start,
 * without writing what was emitted (some ten million records a second).
 */
final class PartitionGenerator {
  private final RecordWriter writer;
  private final int schemaId;
  private final Optional<Entities> entities;
  private final List<Actor> actors;
  private final PriorityQueue<Actor> acting;
  private final PriorityQueue<Pending> delayed = new PriorityQueue<>();
  private final DatagenConfig.Share outOfOrder;
  private final DatagenConfig.Share late;
  private final double duplicates;
  private final long quota;
  private final Random64 fate;
  private final long start;
  private final double plainPeriod;
  private final int partition;
  private final int partitions;
  private long events;
  private long sequence;
  private long emitted;
  private Pending head;

  /** An entity, where it is and when it acts next. */
  private static final class Actor implements Comparable<Actor> {
    final int index;
    final Object key;
    final Random64 random;
    State state;
    long next;

    Actor(int index, Object key, Random64 random) {
      this.index = index;
      this.key = key;
      this.random = random;
    }

    @Override
    public int compareTo(Actor other) {
      int byTime = Long.compare(next, other.next);
      return byTime != 0 ? byTime : Integer.compare(index, other.index);
    }
  }

  /** A record that is decided, and when it arrives. */
  private record Pending(
      long arrival,
      long sequence,
      Object key,
      Transition transition,
      long at,
      long random,
      long ordinal)
      implements Comparable<Pending> {
    @Override
    public int compareTo(Pending other) {
      int byTime = Long.compare(arrival, other.arrival);
      return byTime != 0 ? byTime : Long.compare(sequence, other.sequence);
    }
  }

  /**
   * A partition's records.
   *
   * @param keys of the entities in it, by their index
   * @param quota events of this partition; {@link Long#MAX_VALUE} if there is no end
   * @param start first event time, in microseconds
   */
  PartitionGenerator(
      DatagenConfig config,
      RecordWriter writer,
      int schemaId,
      int partition,
      java.util.Map<Integer, Object> keys,
      long quota,
      long start) {
    this.writer = writer;
    this.schemaId = schemaId;
    this.entities = config.entities();
    this.partition = partition;
    this.partitions = config.getInt(DatagenConfig.PARTITIONS);
    this.outOfOrder =
        DatagenConfig.Share.parse(
            DatagenConfig.OUT_OF_ORDER, config.getString(DatagenConfig.OUT_OF_ORDER));
    this.late = DatagenConfig.Share.parse(DatagenConfig.LATE, config.getString(DatagenConfig.LATE));
    this.duplicates = config.getDouble(DatagenConfig.DUPLICATES);
    this.quota = quota;
    this.start = start;
    long seed = config.getLong(DatagenConfig.SEED);
    this.fate = Random64.of(~seed, partition);
    double rate = config.rate();
    // Without entities event time runs at the rate, or a microsecond a record.
    this.plainPeriod = Double.isInfinite(rate) ? 1 : 1e6 / rate;
    this.actors =
        keys.entrySet().stream()
            .map(e -> new Actor(e.getKey(), e.getValue(), Random64.of(seed, e.getKey())))
            .toList();
    this.acting = new PriorityQueue<>(Math.max(1, actors.size()));
    for (Actor actor : actors) {
      Entities machine = entities.orElseThrow();
      actor.state = machine.states().get(machine.initial());
      actor.next = start + actor.state.dwell().sample(actor.random);
      acting.add(actor);
    }
    advance();
  }

  /** When the next record arrives, in microseconds; {@link Long#MAX_VALUE} after the last. */
  long nextArrival() {
    return head == null ? Long.MAX_VALUE : head.arrival;
  }

  boolean done() {
    return head == null;
  }

  /** Records emitted so far. */
  long emitted() {
    return emitted;
  }

  /** The next record, framed. */
  byte[] next() {
    Pending record = head;
    byte[] framed =
        writer.write(
            schemaId,
            record.key,
            record.transition,
            record.at,
            new Random64(record.random),
            record.ordinal);
    emitted++;
    advance();
    return framed;
  }

  /** Goes on behind what was emitted before a restart. */
  void skip(long records) {
    for (long i = 0; i < records && head != null; i++) {
      emitted++;
      advance();
    }
  }

  private void advance() {
    // An event is decided before anything that arrives after its event time can be emitted.
    while (events < quota && (delayed.isEmpty() || nextEventTime() <= delayed.peek().arrival)) {
      decide();
    }
    head = delayed.poll();
  }

  private long nextEventTime() {
    if (entities.isPresent()) {
      return acting.isEmpty() ? Long.MAX_VALUE : acting.peek().next;
    }
    return start + (long) ((events * partitions + partition) * plainPeriod);
  }

  private void decide() {
    long at = nextEventTime();
    long ordinal = events * partitions + partition;
    events++;
    if (entities.isEmpty()) {
      arrive(null, null, at, fate.nextLong(), ordinal);
      return;
    }
    Actor actor = acting.poll();
    Entities machine = entities.get();
    Transition transition = machine.choose(actor.state, actor.random);
    actor.state = machine.states().get(transition.to());
    long values = actor.random.nextLong();
    actor.next = at + actor.state.dwell().sample(actor.random);
    acting.add(actor);
    arrive(actor.key, transition, at, values, ordinal);
  }

  private void arrive(Object key, Transition transition, long at, long random, long ordinal) {
    delayed.add(new Pending(at + delay(), sequence++, key, transition, at, random, ordinal));
    if (duplicates > 0 && fate.nextDouble() < duplicates) {
      delayed.add(new Pending(at + delay(), sequence++, key, transition, at, random, ordinal));
    }
  }

  private long delay() {
    if (late.share() > 0 && fate.nextDouble() < late.share()) {
      return late.micros();
    }
    if (outOfOrder.share() > 0 && fate.nextDouble() < outOfOrder.share()) {
      return fate.nextLong(outOfOrder.micros() + 1);
    }
    return 0;
  }
}
