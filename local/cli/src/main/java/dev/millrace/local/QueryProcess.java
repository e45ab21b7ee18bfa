package dev.millrace.local;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The process that has Spark in it and answers one question: it writes to this one's stdout and
 * stderr, and ends with it.
 */
final class QueryProcess {
  private static final int STOPPED = 130;
  private static final long PATIENCE_S = 3;

  private final Checkout checkout;

  QueryProcess(Checkout checkout) {
    this.checkout = checkout;
  }

  /**
   * Asks, and waits for the last row.
   *
   * @return the exit code
   * @throws Refusal if the process was killed
   */
  int ask(ObjectNode question) throws IOException, InterruptedException, Refusal {
    Path folder = Files.createTempDirectory("millrace-query");
    SparkJvm jvm = SparkJvm.query(checkout, folder);
    ProcessBuilder builder =
        new ProcessBuilder(jvm.command())
            .redirectOutput(ProcessBuilder.Redirect.INHERIT)
            .redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().put("SPARK_LOCAL_IP", "127.0.0.1");
    Process process = builder.start();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> end(process, jvm, folder), "end"));
    int code = -1;
    try {
      // Open until this process ends: the other one sees that.
      OutputStream stdin = process.getOutputStream();
      try {
        stdin.write((question + "\n").getBytes(StandardCharsets.UTF_8));
        stdin.flush();
      } catch (IOException e) {
        // It has ended, and its exit code says how.
      }
      code = process.waitFor();
    } finally {
      jvm.archive(code == 0);
    }
    if (code != 0 && code != Main.FAILED && code != STOPPED) {
      throw new Refusal("the process that answers has ended with exit code " + code);
    }
    return code;
  }

  /** Ctrl-C reaches both processes; kill only one of them. */
  private static void end(Process process, SparkJvm jvm, Path folder) {
    try {
      process.destroy();
      if (!process.waitFor(PATIENCE_S, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor(PATIENCE_S, TimeUnit.SECONDS);
      }
      delete(folder);
      jvm.forget();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      System.err.println("millrace: " + e.getMessage());
    }
  }

  private static void delete(Path folder) {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (NoSuchFileException e) {
      return;
    } catch (IOException | UncheckedIOException e) {
      System.err.println("millrace: " + folder + " can not be deleted: " + e.getMessage());
    }
  }
}
