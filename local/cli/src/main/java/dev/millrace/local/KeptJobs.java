package dev.millrace.local;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.engine.JobView;
import dev.millrace.services.Room;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The documents of Spark jobs in the state directory, each in the room of its process: what runs
 * now or ran last.
 */
final class KeptJobs implements JobView {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final StateDirectory state;

  KeptJobs(StateDirectory state) {
    this.state = state;
  }

  private Path room(String job) {
    return state.folder("services").resolve(LocalSpark.service(job));
  }

  Path file(String job) {
    return room(job).resolve("plan.json");
  }

  void keep(String job, JsonNode document) throws IOException {
    new Room(room(job)).write("plan.json", document.toPrettyString());
  }

  @Override
  public Optional<JsonNode> document(String job) {
    try {
      ObjectNode document = (ObjectNode) JSON.readTree(file(job).toFile());
      // The checkpoints lie beside it, wherever the directory was moved to.
      document.put("checkpointDir", LocalPlatform.checkpoints(state) + "/" + job);
      return Optional.of(document);
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** Whether it is meant to run: it has a process, or had one a moment ago. */
  @Override
  public Optional<Observed> observe(String job) {
    return Files.exists(room(job).resolve("pid"))
        ? Optional.of(new Observed("", true, Optional.empty(), ""))
        : Optional.empty();
  }
}
