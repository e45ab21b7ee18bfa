package dev.millrace.benchmark.sources;

import java.util.Optional;

/** The first snapshot of a table; the bare client selects all rows. */
final class SnapshotSource implements Source {
  private static final String TABLE = "snapshot";

  private final int records;
  private final Shared shared;
  private Stack stack;

  SnapshotSource(int records, Shared shared) {
    this.records = records;
    this.shared = shared;
  }

  /** One server for all sources of a database, started when the first one needs it. */
  static final class Shared {
    private Database database;

    Database get(Stack stack) throws Exception {
      if (database == null) {
        database = new Database(stack);
      }
      return database;
    }
  }

  @Override
  public String name() {
    return "cdc, snapshot";
  }

  @Override
  public int records() {
    return records;
  }

  @Override
  public void open(Stack given) throws Exception {
    stack = given;
    Database database = shared.get(stack);
    database.create(TABLE);
    database.insert(TABLE, 0, records);
  }

  @Override
  public Optional<Double> bare() throws Exception {
    return Optional.of(shared.get(stack).select(TABLE, records));
  }

  @Override
  public Stack.Arrival connector(int round) throws Exception {
    String topic = "cdc-snapshot-" + round;
    stack.topics(topic, topic + ".dead");
    stack.put(topic, shared.get(stack).connector(stack, topic, TABLE));
    Stack.Arrival arrival = stack.arrival(topic, 0, records);
    stack.delete(topic);
    stack.deleteTopics(topic);
    return arrival;
  }
}
