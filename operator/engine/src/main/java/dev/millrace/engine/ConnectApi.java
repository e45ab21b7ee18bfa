package dev.millrace.engine;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * What is done with connectors, however Connect is asked for it. Each call has a deadline and waits
 * for nothing to happen. Thread safe, for different connectors at once.
 */
public interface ConnectApi {
  /**
   * A connector.
   *
   * @param config as it was put, with {@code name}
   * @param status as Connect's REST API has it: {@code connector} and {@code tasks} with {@code
   *     state} and {@code trace}; empty if no worker runs it yet
   */
  record Seen(Map<String, String> config, JsonNode status) {}

  /** What a connector is to do. */
  enum State {
    RUNNING,
    PAUSED,
    STOPPED
  }

  /** All connectors, by name; else it fails with a {@link BackendException}. */
  CompletableFuture<Map<String, Seen>> connectors();

  /** The configuration of one that may not be listed yet; empty if there is none. */
  Optional<Map<String, String>> config(String name) throws BackendException;

  /** Makes a connector, or gives it another configuration. */
  void configure(String name, Map<String, String> config) throws BackendException;

  /** Says what a connector is to do. */
  void state(String name, State state) throws BackendException;

  /** Starts what has failed of a connector again. */
  void restart(String name) throws BackendException;

  void delete(String name) throws BackendException;

  /** Offsets of a source connector, as Connect's REST API lists them; empty while not known. */
  JsonNode offsets(String name) throws BackendException;

  /**
   * Has a connector that is stopped forget its offsets.
   *
   * @return whether it has; else it is about to, and the next call may say so
   */
  boolean forgetOffsets(String name) throws BackendException;

  /** The consumer group in which a sink's tasks commit. */
  default String group(String name) {
    return "connect-" + name;
  }

  /** Connect's version, if it says so: for who only wants to know whether it answers. */
  Optional<String> version() throws BackendException;
}
