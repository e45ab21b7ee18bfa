package dev.millrace.benchmark.sources;

import java.util.Optional;

/** Inserts that wait in the binary log; the bare client reads the log. */
final class StreamingSource implements Source {
  private static final String TABLE = "streaming";
  private static final String TOPIC = "cdc-streaming";

  private final int records;
  private final SnapshotSource.Shared shared;
  private Stack stack;
  private Database.Position position;

  StreamingSource(int records, SnapshotSource.Shared shared) {
    this.records = records;
    this.shared = shared;
  }

  @Override
  public String name() {
    return "cdc, streaming";
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
    database.insert(TABLE, 0, 1);
    stack.topics(TOPIC, TOPIC + ".dead");
    stack.put(TOPIC, database.connector(stack, TOPIC, TABLE));
    Stack.await(() -> !stack.offsets(TOPIC).isEmpty() && stack.end(TOPIC) > 0);
  }

  /** Adds the rows while the connector is stopped. */
  @Override
  public void before(int round) throws Exception {
    stack.stop(TOPIC);
    Database database = shared.get(stack);
    position = database.position();
    database.insert(TABLE, 1 + (long) round * records, records);
  }

  @Override
  public Optional<Double> bare() throws Exception {
    return Optional.of(shared.get(stack).binaryLog(position, records));
  }

  @Override
  public Stack.Arrival connector(int round) throws Exception {
    long from = stack.end(TOPIC);
    stack.resume(TOPIC);
    return stack.arrival(TOPIC, from, records);
  }

  @Override
  public void close() throws Exception {
    stack.delete(TOPIC);
  }
}
