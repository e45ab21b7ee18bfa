package dev.millrace.local;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.RandomAccessFile;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Starts a run in the background and shows its lines until its pipelines run. */
final class Detached {
  /** In the environment of a run whose files were checked by who started it. */
  static final String CHECKED = "MILLRACE_CHECKED";

  private static final Duration PATIENCE = Duration.ofMinutes(5);

  private final Path directory;
  private final StateDirectory state;
  private final boolean fresh;
  private final Optional<String> until;
  private final List<String> more;
  private final PrintWriter out;

  Detached(
      Path directory,
      StateDirectory state,
      boolean fresh,
      Optional<String> until,
      List<String> more,
      PrintWriter out) {
    this.directory = directory;
    this.state = state;
    this.fresh = fresh;
    this.until = until;
    this.more = List.copyOf(more);
    this.out = out;
  }

  int start() throws Refusal, IOException, InterruptedException {
    state.create();
    Files.deleteIfExists(state.path().resolve("status.json"));
    List<String> command = new ArrayList<>();
    if (Files.isExecutable(Path.of("/usr/bin/setsid"))) {
      command.add("setsid");
    }
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(List.of("run", directory.toAbsolutePath().toString()));
    if (fresh) {
      command.add("--fresh");
    }
    until.ifPresent(u -> command.addAll(List.of("--until", u)));
    command.addAll(more);
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put(CHECKED, "yes");
    builder.redirectErrorStream(true);
    builder.redirectOutput(state.output().toFile());
    builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
    return follow(builder.start());
  }

  private int follow(Process process) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    try (RandomAccessFile lines = new RandomAccessFile(state.output().toFile(), "r")) {
      while (true) {
        boolean ended = process.waitFor(200, TimeUnit.MILLISECONDS);
        show(lines);
        if (ended) {
          return process.exitValue();
        }
        Optional<JsonNode> status = state.status();
        if (status.isPresent() && running(status.get())) {
          out.println("running in the background: 'millrace stop " + directory + "' stops it");
          out.flush();
          return 0;
        }
        if (System.nanoTime() > deadline) {
          out.println(
              "not all of it runs after "
                  + PATIENCE.toMinutes()
                  + " min; it goes on trying: 'millrace status "
                  + directory
                  + "'");
          out.flush();
          return Main.FAILED;
        }
      }
    }
  }

  private static boolean running(JsonNode status) {
    if (!status.path("state").asText().equals("running")) {
      return false;
    }
    for (JsonNode service : status.path("services")) {
      if (!List.of("ready", "ended").contains(service.path("state").asText())) {
        return false;
      }
    }
    for (JsonNode pipeline : status.path("pipelines")) {
      if (!pipeline.path("ready").asBoolean()) {
        return false;
      }
    }
    return true;
  }

  private void show(RandomAccessFile lines) throws IOException {
    byte[] more = new byte[(int) (lines.length() - lines.getFilePointer())];
    lines.readFully(more);
    out.print(new String(more, StandardCharsets.UTF_8));
    out.flush();
  }
}
