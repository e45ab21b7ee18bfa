package dev.millrace.local;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Runs the built command as a user does: in a process of its own, in a directory of the test's. */
final class Installation {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path home;
  private final Path workingDirectory;

  Installation(Path workingDirectory) {
    this.workingDirectory = workingDirectory;
    Path candidate = Path.of("").toAbsolutePath();
    while (!Files.exists(candidate.resolve("mvnw"))) {
      candidate = candidate.getParent();
    }
    this.home = candidate;
  }

  record Result(int exitCode, String output) {}

  Path home() {
    return home;
  }

  ProcessBuilder command(String... args) {
    List<String> command = new ArrayList<>();
    command.add(home.resolve("millrace").toString());
    command.addAll(List.of(args));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.directory(workingDirectory.toFile());
    builder.environment().put("MILLRACE_BUILD", "never");
    builder.redirectErrorStream(true);
    return builder;
  }

  /** Runs the command to its end. */
  Result run(long timeoutSeconds, String... args) throws IOException, InterruptedException {
    return finish(command(args), timeoutSeconds);
  }

  static Result finish(ProcessBuilder builder, long timeoutSeconds)
      throws IOException, InterruptedException {
    File output = File.createTempFile("millrace", ".out");
    builder.redirectOutput(output);
    Process process = builder.start();
    if (!process.waitFor(timeoutSeconds, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError(
          "not done after " + timeoutSeconds + " s: " + Files.readString(output.toPath()));
    }
    String text = Files.readString(output.toPath());
    Files.delete(output.toPath());
    return new Result(process.exitValue(), text);
  }

  JsonNode status(Path directory) throws IOException, InterruptedException {
    Result result = run(90, "status", directory.toString(), "-o", "json");
    return JSON.readTree(result.output());
  }

  /** A service of a directory's run, as its status has it. */
  JsonNode service(Path directory, String name) throws IOException, InterruptedException {
    for (JsonNode service : status(directory).path("services")) {
      if (service.path("name").asText().equals(name)) {
        return service;
      }
    }
    throw new AssertionError("no service " + name);
  }

  /** Where a service of a directory's run is. */
  String endpoint(Path directory, String service) throws IOException, InterruptedException {
    return service(directory, service).path("endpoint").asText();
  }

  /** The database of demo-tv's run, as its Secret says. */
  static Connection database(Path directory) throws IOException, SQLException {
    return database(directory, "tv-mysql");
  }

  /** The MariaDB of a run, as its Secret says. */
  static Connection database(Path directory, String name) throws IOException, SQLException {
    Path secret = directory.resolve(".millrace/secrets").resolve(name);
    return DriverManager.getConnection(
        "jdbc:mariadb://%s:%s/%s?sslMode=disable"
            .formatted(
                Files.readString(secret.resolve("host")),
                Files.readString(secret.resolve("port")),
                Files.readString(secret.resolve("database"))),
        Files.readString(secret.resolve("username")),
        Files.readString(secret.resolve("password")));
  }

  /** Copies a pipeline directory of the repository, without what a run left in it. */
  Path copy(String name, Path into) throws IOException {
    Path from = home.resolve(name);
    Path to = into.resolve(name);
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        Path relative = from.relativize(file);
        if (relative.toString().contains(".millrace") || relative.startsWith("simulator/src")) {
          continue;
        }
        if (Files.isDirectory(file)) {
          Files.createDirectories(to.resolve(relative));
        } else {
          Files.copy(file, to.resolve(relative));
        }
      }
    }
    return to;
  }
}
