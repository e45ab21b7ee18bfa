package dev.millrace.local.connector;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How a connector is tried.
 *
 * @param plugins files and folders of plugins
 * @param config the connector's configuration
 * @param state folder for what a run leaves behind
 * @param kafka {@code host:port} of somebody's Kafka; empty for one of its own
 * @param client what clients of that Kafka need besides
 * @param registry URL of a registry with Confluent's API; empty for the one beside an own Kafka
 * @param converters folders of plugins with converters
 * @param show how many records are shown after each start
 * @param once whether it ends by itself
 * @param within how long {@code once} waits
 * @param fresh whether offsets of earlier runs are forgotten
 * @param keep whether offsets stay on somebody's Kafka
 * @param level at which the plugin logs
 * @param verbose whether Connect's own log is shown too
 */
public record DevSettings(
    List<Path> plugins,
    Path config,
    Path state,
    Optional<String> kafka,
    Map<String, String> client,
    Optional<String> registry,
    List<Path> converters,
    DevSecrets secrets,
    int show,
    boolean once,
    Duration within,
    boolean fresh,
    boolean keep,
    String level,
    boolean verbose) {}
