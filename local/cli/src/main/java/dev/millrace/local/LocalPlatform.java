package dev.millrace.local;

import dev.millrace.model.Platform;
import java.nio.file.Path;
import java.util.Map;

/** The Platform that a laptop's services are. */
final class LocalPlatform {
  private LocalPlatform() {}

  static Platform of(
      String kafka, String registry, String connect, String elasticsearch, StateDirectory state) {
    int cores = Math.max(2, Math.min(4, Runtime.getRuntime().availableProcessors()));
    return platform(
        kafka,
        registry,
        connect,
        elasticsearch,
        state.secrets(),
        state.path().getParent(),
        checkpoints(state),
        cores);
  }

  /** Where Spark's checkpoints are. */
  static String checkpoints(StateDirectory state) {
    // Not toUri(): Hadoop takes the path as it is, spaces and all.
    return "file://" + state.folder("spark").resolve("checkpoints");
  }

  /** One that leads nowhere, for plans that are only looked at. */
  static Platform offline() {
    return platform(
        "127.0.0.1:9092",
        "http://127.0.0.1:8081",
        "http://127.0.0.1:8083",
        "http://127.0.0.1:9200",
        Path.of("/secrets"),
        Path.of("/files"),
        "file:///checkpoints",
        2);
  }

  private static Platform platform(
      String kafka,
      String registry,
      String connect,
      String elasticsearch,
      Path secrets,
      Path files,
      String checkpoints,
      int cores) {
    return Platform.of(
        "default",
        new Platform.Spec(
            "",
            new Platform.Kafka(kafka, 4, 1),
            new Platform.SchemaRegistry(registry),
            new Platform.Connect(connect, secrets.toString(), files.toString()),
            new Platform.Elasticsearch(elasticsearch),
            new Platform.Spark(
                checkpoints,
                Map.of(
                    "master", "local[" + cores + "]",
                    "shufflePartitions", "2",
                    "maxOffsetsPerTrigger", "100000"),
                files.toString())));
  }
}
