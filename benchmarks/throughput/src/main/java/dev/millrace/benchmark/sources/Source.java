package dev.millrace.benchmark.sources;

import java.util.Optional;

/** Something that one of our connectors reads, and that a bare client can read too. */
interface Source extends AutoCloseable {
  /** Its name in the table. */
  String name();

  /** How many records one run brings. */
  int records();

  /** Makes what is to be read; called once, before anything is measured. */
  default void open(Stack stack) throws Exception {}

  /** Called before each round. */
  default void before(int round) throws Exception {}

  /**
   * Reads all of it with a client that only counts.
   *
   * @return seconds; nothing where there is nothing to read from
   */
  Optional<Double> bare() throws Exception;

  /** Has our connector bring all of it to Kafka. */
  Stack.Arrival connector(int round) throws Exception;

  /** Lets go of what was made. */
  @Override
  default void close() throws Exception {}
}
